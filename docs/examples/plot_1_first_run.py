r"""
A run and its bounds
====================

Natural policy gradient on a random MDP. The error falls by a hundred decades without a rounding
floor; beside it are the bound :math:`O(1/k)` that holds from the first step on (N1) and the exact
local rate :math:`e^{-\eta\Delta}` (N4r).
"""

import matplotlib.pyplot as plt
import numpy as np

from tabular_pg import NaturalPG, check, instances, optimize

mdp = instances.garnet(n_states=20, n_actions=4, branching=5, gamma=0.9, seed=0)
run = optimize(mdp, NaturalPG(eta=1.0), iterations=10_000)
verdicts = {v.theorem.id: v for v in check(run)}
print(*(v for v in verdicts.values() if v.applies), sep="\n")

# %%
# A verdict holds both sides of its inequality. The line of N4r is drawn from the last iterate
# backwards: it is a slope, not a bound.

bound = verdicts["N1"]
slope = run.log_gap[-1] + run.optimum.Delta * (run.k[-1] - run.k)

figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
axes.plot(run.k, run.log_gap / np.log(10), label="natural PG, measured")
axes.plot(bound.k, np.log10(bound.proved), "--", label="N1, proved")
axes.plot(run.k, slope / np.log(10), ":", color="black", label=r"slope $-\eta\Delta$")
axes.set(xlabel="iteration $k$", ylabel=r"$\log_{10}\,(V^*(\rho) - V^k(\rho))$", ylim=(-110, 8))
axes.legend(frameon=False)
plt.show()
