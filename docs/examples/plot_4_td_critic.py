r"""
A critic that learns with the policy
====================================

``TDPMD`` improves its critic by one Bellman update per step; ``NaturalPG`` evaluates every policy
exactly. With entropy regularization the error of the second falls like
:math:`(1+\eta\tau)^{-2k}` in the end (G3r). For the first
:math:`\max\{\gamma, 1/(1+\eta\tau)\}^k` is proved (G6). Large steps help the exact critic
without end, the learned one only up to the pace of its Bellman updates.
"""

import matplotlib.pyplot as plt
import numpy as np

from tabular_pg import TDPMD, NaturalPG, instances, optimize

mdp = instances.river_swim(20, gamma=0.9)
tau = 0.1
figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
for eta, color in ((1.0, "C0"), (10.0, "C1"), (50.0, "C2")):
    for kind, style in ((NaturalPG, "-"), (TDPMD, "--")):
        run = optimize(mdp, kind(eta), iterations=150, tau=tau)
        label = rf"{kind.__name__}, $\eta\tau = {eta * tau:g}$"
        axes.plot(run.k, run.log_gap / np.log(10), style, color=color, label=label)
k = np.arange(151)
axes.plot(k, k * np.log10(mdp.gamma), "k:", label=r"$\gamma^k$")
axes.set(xlabel="iteration $k$", ylabel=r"$\log_{10}\,(V^*_\tau(\rho) - V^k_\tau(\rho))$")
axes.set_ylim(-60, 2)
axes.legend(frameon=False, fontsize=8)
plt.show()
