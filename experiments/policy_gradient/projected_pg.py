"""Projected policy gradient: linear, then 1/k, then optimal after finitely many steps, for any
constant step size."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.shared.claim import Claim, bound_curve, main, step_label
from tabular_pg import PolicyIteration, ProjectedPG, ProjectedQAscent, optimize
from tabular_pg.plotting import Panel, log10


def panel(mdp, quick):
    iterations = 2_000 if quick else 20_000
    scale = (1 - mdp.gamma) * mdp.n_states  # eta_s is near eta / scale
    start = np.eye(mdp.n_actions)[mdp.r.argmin(axis=1)]  # the vertex with the least reward
    runs, curves = [], []
    for factor in (0.01, 0.1, 0.5, 3.0):
        run = optimize(mdp, ProjectedPG(eta=factor * scale), iterations, policy=start)
        label = step_label(run.rule.eta)
        curves.append(bound_curve("P2e", run, label, log_x=True))
        runs.append(run)
    classical = (1 - mdp.gamma) ** 3 / (2 * mdp.gamma * mdp.n_actions) if mdp.gamma else 1.0
    extra = [
        ProjectedPG(eta=classical),
        ProjectedPG(eta=scale, growth=mdp.gamma**-2 if mdp.gamma else 4.0),
        ProjectedPG(eta=1e12),
        ProjectedQAscent(eta=1.0),
        ProjectedQAscent(eta=100.0),
        PolicyIteration(),
    ]
    runs += [optimize(mdp, rule, 200) for rule in extra]
    labels = (r"iteration $k$", r"$\|V^*-V^k\|_\infty$")
    errors = np.concatenate([run.sup_gap for run in runs[:4]])
    shown = (log10(errors[errors > 0].min()) - 0.5, log10(errors.max()) + 1)
    return Panel(mdp.name, *labels, tuple(curves), x_log=True, y_range=shown), runs


CLAIM = Claim("projected-pg", __doc__, panel)

if __name__ == "__main__":
    main([CLAIM])
