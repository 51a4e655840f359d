"""Softmax policy gradient: sublinear for any constant step size; k times the error tends to a
constant that depends on eta and the visitation alone, S (A - 1) / (A eta) for rho = mu."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, main, step_label
from tabular_pg import SoftmaxPG, optimize
from tabular_pg.plotting import Curve, Panel, log10
from tabular_pg.theorems.softmax_pg.limits import limit_constant


def panel(mdp, quick):
    iterations = 10_000 if quick else 300_000
    scale = (1 - mdp.gamma) * mdp.n_states  # eta_s is near eta / scale
    runs, curves = [], []
    for factor in (0.1, 1.0, 10.0):
        run = optimize(mdp, SoftmaxPG(eta=factor * scale), iterations)
        k, constant = run.k[1:], limit_constant(run)
        label = step_label(run.rule.eta)
        limit = np.full(k.size, log10(constant))  # of theorem S6
        curves.append(Curve(label, log10(k), log10(k * run.gap[1:]), limit=limit))
        runs.append(run)
    for eta in dict.fromkeys([(1 - mdp.gamma) ** 3 / 8, (1 - mdp.gamma) ** 2 / 5, 0.4]):
        runs.append(optimize(mdp, SoftmaxPG(eta=eta), iterations // 10))
    if mdp.n_states == 1 and mdp.n_actions == 2:  # the plateau: start far from the better arm
        eps = 1e-3 if quick else 1e-4
        start = np.where(mdp.r == mdp.r.max(), eps, 1 - eps)
        eta = 0.01 / (mdp.r.max() - mdp.r.min())
        runs.append(optimize(mdp, SoftmaxPG(eta=eta), int(80 / eps), policy=start))
    labels = (r"iteration $k$", r"$k\,(V^*(\rho)-V^k(\rho))$")
    return Panel(mdp.name, *labels, tuple(curves), x_log=True), runs


CLAIM = Claim("softmax-pg", __doc__, panel)

if __name__ == "__main__":
    main([CLAIM])
