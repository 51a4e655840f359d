"""Softmax policy gradient with backtracking, against natural gradients and policy iteration."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import (
    NaturalPG,
    PolicyIteration,
    PolicyMirrorDescent,
    SoftmaxPG,
    instances,
    mirrors,
    optimize,
    steps,
)
from tabular_pg.plotting import Panel


def draw(quick):
    gamma, seeds, count = 0.9, 1 if quick else 3, 25
    rules = {
        "softmax PG, backtracking": SoftmaxPG(steps.Backtracking()),
        "softmax PG, Armijo": SoftmaxPG(steps.Armijo(grow=10.0)),
        "natural PG, backtracking": NaturalPG(steps.Backtracking()),
        "Q-ascent, Armijo": PolicyMirrorDescent(mirrors.Euclidean(), steps.Armijo(grow=10.0)),
        "policy iteration": PolicyIteration(),
    }
    panels, runs, seen = [], [], {}
    for seed in range(seeds):
        mdp, curves = instances.random_dense(50, 10, gamma, seed=seed), []
        for label, rule in rules.items():
            run = optimize(mdp, rule, count, at=range(count + 1))
            runs.append(run)
            curves.append(error_curve(label, run))
            seen[f"seed {seed}, {label}: error after {run.k[-1]} iterations"] = (
                f"{run.sup_gap[-1]:.2g}"
            )
        panels.append(
            Panel(f"seed {seed}", r"iteration $k$", r"$\|V^*-V^k\|_\infty$", tuple(curves),
                  y_range=(-12, 1.5), key=str(seed))
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "bhandari2021",
    """Random MDPs with 50 states, 10 actions, gamma = 0.9, and 25 iterations of softmax policy
    gradient; each step is halved from 10 / |gradient| until V(mu) rises by half of what the
    gradient promises, as in their public code.""",
    """With a search softmax policy gradient is linear, and needs no more than 25 iterations.""",
    draw,
    shared_legend=True,
)

if __name__ == "__main__":
    FIGURE.main()
