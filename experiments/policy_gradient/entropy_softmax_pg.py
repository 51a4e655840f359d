"""Entropy-regularized softmax policy gradient: globally linear for steps up to
eta_s tau = 4, where it stops being monotone; on two equal arms the 4 is sharp."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, main
from tabular_pg import SoftmaxPG, instances, optimize, optimum
from tabular_pg.plotting import Curve, Panel, decades, log10
from tabular_pg.theorem import REGISTRY, verdict
from tabular_pg.verdicts.visits import visitation

STEPS = (0.4, 1.6, 3.9, 4.1, 9.0)  # largest eta_s tau, at the optimum's visitation


def panel(mdp, quick):
    iterations, tau = (100 if quick else 400), 0.2
    visits = visitation(mdp, optimum(mdp, tau).pi, mdp.mu)
    largest = visits.max() * tau / (1 - mdp.gamma)  # eta_s tau of a unit step
    start = np.full((mdp.n_states, mdp.n_actions), 1.0)
    start[:, 0] += 1.0
    start /= start.sum(axis=1, keepdims=True)
    runs, curves = [], []
    for h in STEPS:
        reach = iterations if h < 5 else 20  # chaotic beyond: rounding doubles at every step
        eta = float(f"{h / largest:.9g}")  # as in tables: the last digit is the processor's
        run = optimize(mdp, SoftmaxPG(eta=eta), reach, tau=tau, policy=start)
        runs.append(run)
        curves.append(_curve(run, h))
    eta = (1 - mdp.gamma) ** 3 / (8 + tau * (4 + 8 * np.log(mdp.n_actions)))
    runs.append(optimize(mdp, SoftmaxPG(eta=eta), iterations, tau=tau))
    labels = (r"iteration $k$", r"$\|V^*_\tau-V^k_\tau\|_\infty$")
    shown = (-25.0, 1.5) if min(curve.measured.min() for curve in curves) < -25 else None
    return Panel(mdp.name, *labels, tuple(curves), y_range=shown), runs


def _curve(run, h):
    label = rf"$\eta_s\tau\approx{h:g}$"
    found = verdict(REGISTRY["E3"], run)
    if not found.applies:  # beyond 4: the beginning is enough to see it jump
        return Curve(label, run.k[:60], decades(run.log_sup_gap[:60]))
    e = run.sup_gap[:-1]
    factors = np.divide(found.proved, e, out=np.ones(e.shape), where=e > 0)
    proved = log10(run.sup_gap[0]) + np.concatenate([[0.0], np.cumsum(log10(factors))])
    return Curve(label, run.k, decades(run.log_sup_gap), proved)


CLAIM = Claim(
    "entropy-softmax-pg", __doc__, panel, bandit=lambda: instances.bandit([0.5, 0.5])
)  # fmt: skip

if __name__ == "__main__":
    main([CLAIM])
