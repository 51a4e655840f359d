r"""
Growing steps against policy iteration
======================================

On the chain ``instances.gamma_chain`` information moves by one state in every iteration, so that
policy iteration attains its factor :math:`\gamma`. Mirror descent with steps that grow
geometrically keeps up with it; constant steps fall behind.
"""

import matplotlib.pyplot as plt
import numpy as np

from tabular_pg import (
    DualAveragedSPI,
    NaturalPG,
    PolicyIteration,
    ProjectedQAscent,
    instances,
    optimize,
)

mdp = instances.gamma_chain(n=40, gamma=0.9)
wrong = np.tile([0.0, 1.0], (mdp.n_states, 1))
compared = {
    "policy iteration": (PolicyIteration(), wrong),
    r"projected Q-ascent, growth $1/\gamma^2$": (ProjectedQAscent(1.0, mdp.gamma**-2), wrong),
    "projected Q-ascent, constant": (ProjectedQAscent(1.0), wrong),
    r"dual-averaged SPI, $\beta = 1-\gamma$": (DualAveragedSPI(1 - mdp.gamma), None),
    "natural PG, constant": (NaturalPG(1.0), None),
}

figure, axes = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
for name, (rule, policy) in compared.items():
    run = optimize(mdp, rule, iterations=60, policy=policy)
    shown = run.sup_gap > 0
    dashes = "--" if "growth" in name else "-"  # it covers the curve of policy iteration
    axes.semilogy(run.k[shown], run.sup_gap[shown], dashes, label=name)
    if not shown.all():
        print(f"{rule}: optimal after {run.k[~shown][0]} steps")
k = np.arange(61)
axes.semilogy(k, mdp.gamma**k / (1 - mdp.gamma), "k:", label=r"$\gamma^k/(1-\gamma)$")
axes.set(xlabel="iteration $k$", ylabel=r"$\max_s V^*(s) - V^k(s)$", ylim=(1e-6, 30))
axes.legend(frameon=False, fontsize=8)
plt.show()
