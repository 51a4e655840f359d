"""Softmax policy gradient: 1/t, and long plateaus where it starts badly."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import SoftmaxPG, instances, optimize
from tabular_pg.plotting import Panel, log10

REWARDS = (1.0, 0.9, 0.1)


def draw(quick):
    arms, count = instances.bandit(REWARDS), 10**5 if quick else 10**7
    curves, notes, runs, seen = [], [], [], {}
    for name, start in (
        ("uniform", (1 / 3, 1 / 3, 1 / 3)),
        ("(0.05, 0.01, 0.94)", (0.05, 0.01, 0.94)),
        ("(0.01, 0.05, 0.94)", (0.01, 0.05, 0.94)),
        ("(0.001, 0.05, 0.949)", (0.001, 0.05, 0.949)),
    ):
        run = optimize(arms, SoftmaxPG(0.4), count, policy=[start])
        runs.append(run)
        curves.append(error_curve(name, run, log_x=True))
        leaves = int(run.k[np.argmax(run.policies[:, 0, 0] > 0.5)])
        seen[f"start {name}: first iteration with pi(best) > 1/2"] = leaves
        seen[f"start {name}: k times the gap at the last iteration"] = (
            f"{run.gap[-1] * run.k[-1]:.4f}"
        )
        if leaves:
            notes.append((float(log10(leaves)), ""))
    seen["limit of k times the gap, (A-1)/(A eta), by S6"] = f"{2 / (3 * 0.4):.4f}"
    panel = Panel("three arms, rewards (1, 0.9, 0.1)", r"iteration $k$", r"$V^*-V^k$",
                  tuple(curves), x_log=True, y_range=(-7.5, 0.5), notes=tuple(notes))  # fmt: skip
    return Drawn([panel], seen, runs)


FIGURE = Figure(
    "mei2020",
    """A bandit with three arms and rewards (1, 0.9, 0.1), eta = 2/5, from the uniform policy and
    from policies that favour the worst arm; 1e7 steps.""",
    """1/t in the end for every start; before that a plateau near the second best arm, the longer
    the less likely the best one is at first.""",
    draw,
)

if __name__ == "__main__":
    FIGURE.main()
