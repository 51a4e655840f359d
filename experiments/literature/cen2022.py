"""Entropy-regularized natural policy gradient: linear at every step size, quadratic at the end."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import NaturalPG, SoftPolicyIteration, instances, optimize
from tabular_pg.plotting import Panel


def draw(quick):
    gamma, S, A = 0.99, (20 if quick else 50), (5 if quick else 10)
    count = 100 if quick else 1000
    mdp = instances.random_dense(S, A, gamma, seed=0)
    panels, runs, seen = [], [], {}
    for tau in (1.0, 0.1, 0.01):
        curves = []
        for share in (0.01, 0.1, 0.5, 1.0):  # eta_C tau / (1 - gamma); 1 is soft policy iteration
            if share == 1.0:
                rule, label = SoftPolicyIteration(), r"$\eta=(1-\gamma)/\tau$"
            else:
                rule = NaturalPG((1 / (1 - share) - 1) / tau)
                label = rf"$\eta={share:g}\,(1-\gamma)/\tau$"
            run = optimize(mdp, rule, count if share < 1 else 30, tau=tau)
            runs.append(run)
            curves.append(error_curve(label, run))
            if share == 1.0:
                first = ", ".join(f"{x:.3g}" for x in run.sup_gap[:6])
                seen[f"tau = {tau:g}, {label}: errors at k = 0, ..., 5"] = first
            if share < 1:
                i = int(np.argmax(run.log_sup_gap < run.log_sup_gap[0] - 20))
                i = i or len(run.k) - 2
                factor = np.exp(run.log_sup_gap[i + 1] - run.log_sup_gap[i])
                what = f"tau = {tau:g}, {label}: factor per iteration, at most {1 - share:g}"
                seen[what] = f"{factor:.4f}"
        panels.append(
            Panel(rf"$\tau={tau:g}$", r"iteration $k$", r"$\|V^*_\tau-V^k_\tau\|_\infty$",
                  tuple(curves), y_range=(-40, 2), key=f"{tau:g}")
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "cen2022",
    """Random MDPs with gamma = 0.99, four step sizes up to (1 - gamma)/tau, which is soft policy
    iteration, at three weights of the entropy. A random dense MDP with 50 states and 10 actions;
    the rate that is proved there is 1 - eta tau per iteration.""",
    """Linear convergence at every step size, faster with longer steps, and quadratic convergence
    with the longest.""",
    draw,
    shared_legend=True,
)

if __name__ == "__main__":
    FIGURE.main()
