r"""
Three multiplicative updates
============================

Natural policy gradient, SPMA and Hadamard policy gradient multiply probabilities by
:math:`\varphi(\eta_s A)` with :math:`\varphi(t) = e^t,\ 1+t` and :math:`(1+2t)^2`. Once the error
is below the smallest advantage gap :math:`\Delta`, the probability of bad actions falls by
:math:`\varphi(-\eta_s(\Delta - e_k))` in every step (H5). In one state one sees the rates directly.
"""

import matplotlib.pyplot as plt
import numpy as np

from tabular_pg import SPMA, HadamardPG, NaturalPG, instances, optimize_many

mdp = instances.bandit([1.0, 0.7, 0.2])
eta, gap = 0.25, 0.3
rules = [NaturalPG(eta), SPMA(eta), HadamardPG(eta)]
proved = [np.exp(-eta * gap), 1 - eta * gap, (1 - 2 * eta * gap) ** 2]
runs = optimize_many(mdp, rules, iterations=2000)

figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
for run, rate in zip(runs, proved, strict=True):
    name = type(run.rule).__name__
    measured = np.exp(run.log_gap[-1] - run.log_gap[-2])
    print(f"{name:10s} measured rate {measured:.9f}, proved {rate:.9f}")
    (line,) = axes.plot(run.k, run.log_gap / np.log(10), label=name)
    end = run.log_gap[-1] + np.log(rate) * (run.k - run.k[-1])
    axes.plot(run.k[::200], end[::200] / np.log(10), "x", color=line.get_color())
axes.set(xlabel="iteration $k$", ylabel=r"$\log_{10}$ error", title="crosses: proved")
axes.legend(frameon=False)
plt.show()
