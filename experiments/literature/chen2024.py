"""Nesterov's momentum for softmax policy gradient: 1/t^2 against 1/t, and with the steps of the
authors' code that grow or have one length, faster than linear."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import (
    AcceleratedPG,
    HeavyBallPG,
    NaturalPG,
    NesterovPG,
    NormalizedAcceleratedPG,
    SoftmaxPG,
    Status,
    instances,
    optimize,
    optimum,
    steps,
)
from tabular_pg.plotting import Panel

SMALL = 1e-100


def speed(run):
    """When the error is below SMALL, else d log(error) / d log(k) over the last factor of ten."""
    if run.status is Status.SETTLED:
        return f"below {SMALL} at k = {run.k[-1]}"
    shown = run.k > 0
    k, log_gap = np.log(run.k[shown]), run.log_sup_gap[shown]
    first = np.searchsorted(k, k[-1] - np.log(10))
    slope = (log_gap[-1] - log_gap[first]) / (k[-1] - k[first])
    return f"slope {slope:.2f} over the last factor of ten"


def draw(quick):
    count, gamma = 10**5 if quick else 3 * 10**7, 0.9
    eta, g, S, A = (1 - gamma) ** 3 / 16, 1 - gamma, 5, 5
    growth = np.exp(g / (4 * np.sqrt(A) * S * (4 - g)))
    length = g / (np.sqrt(S) * (8 * S - 2 * g))  # mu is uniform
    panels, runs, seen = [], [], {}
    for name, start in (("uniform start", None), ("hard start", 0.02)):
        mdp = instances.random_dense(5, 5, gamma, seed=0)
        policy = None
        if start is not None:  # most of the probability on the worst action of every state
            worst = np.eye(5)[optimum(mdp).A.argmin(axis=1)]
            policy = start / 5 + (1 - start) * worst
        curves = []
        for label, rule in (
            ("PG", SoftmaxPG(eta)),
            (r"heavy ball, $\beta=0.9$", HeavyBallPG(eta, 0.9)),
            ("APG", AcceleratedPG(eta)),
            ("NAPG (no test)", NesterovPG(eta)),
            ("adaptive APG", AcceleratedPG(steps.Geometric(eta, growth**0.5))),
            ("APG, normalized", NormalizedAcceleratedPG(length)),
            ("natural PG", NaturalPG(eta / (1 - gamma))),
        ):
            run = optimize(mdp, rule, count, policy=policy, until=SMALL)
            runs.append(run)
            curves.append(error_curve(label, run, log_x=True))
            seen[f"{name}, {label}"] = speed(run)
        panels.append(
            Panel(name, r"iteration $k$", r"$\|V^*-V^k\|_\infty$", tuple(curves), x_log=True,
                  y_range=(-12, 1.2), key=str(len(panels)))
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "chen2024",
    """An MDP with five states and five actions, uniform and hard starts, the step size
    (1 - gamma)^3 / 16 of the theory; 1e8 iterations there, 3e7 here, of which APG takes two a
    step. Ours is a random MDP: theirs is in a file of their repository. Growing steps and steps of
    one length have the constants of their code.""",
    """1/t^2 for accelerated policy gradient against 1/t for policy gradient, and linear
    convergence of natural policy gradient.""",
    draw,
    shared_legend=True,
    differs="""From the hard start 3e7 iterations are too few for rates: policy gradient and the
    heavy ball are on a plateau still, and so is APG until it falls by six orders at once, so that
    slopes over the last factor of ten say nothing about limits there.""",
)

if __name__ == "__main__":
    FIGURE.main()
