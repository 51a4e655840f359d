"""Kakade's natural gradient: the predicted local rate, from every start."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure, error_curve
from tabular_pg import MDP, NaturalPG, optimize
from tabular_pg.plotting import Curve, Panel

STEP = 0.05  # of the flow, by explicit Euler steps in logits, which are exact in closed form


def problem(seed):
    """A random MDP with two states and two actions."""
    rng = np.random.default_rng(seed)
    return MDP(
        rng.dirichlet(np.ones(2), (2, 2)), rng.random((2, 2)), 0.9, name=f"two states, seed {seed}"
    )


def draw(quick):
    starts, count = (5 if quick else 30), 400 if quick else 10_000
    panels, runs, seen = [], [], {}
    for seed in (2, 5):
        mdp, rng, rates, curves = problem(seed), np.random.default_rng(0), [], []
        for i in range(starts):
            policy = rng.dirichlet(np.ones(2), 2)
            run = optimize(mdp, NaturalPG(STEP), count, policy=policy)
            runs.append(run)
            rates.append(float((run.log_sup_gap[-2] - run.log_sup_gap[-1])
                               / (run.k[-1] - run.k[-2]) / STEP))  # fmt: skip
            if i < 5:
                curves.append(error_curve(f"start {i + 1}", run))
        Delta, k = run.optimum.Delta, np.array([0.4, 0.8]) * count
        last = run.log_sup_gap[-1] / np.log(10)
        curves.append(Curve(r"slope $-\eta\Delta$", k, None,
                            last + 6 - (k - k[0]) * STEP * Delta / np.log(10)))  # fmt: skip
        rates = np.array(rates)
        seen[f"{mdp.name}: Delta, the predicted rate"] = f"{Delta:.6f}"
        seen[f"{mdp.name}: rates measured at the end, least and largest of {starts}"] = (
            f"{rates.min():.6f}, {rates.max():.6f}"
        )
        panels.append(
            Panel(mdp.name, r"iteration $k$", r"$\|V^*-V^k\|_\infty$", tuple(curves),
                  key=str(seed))
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "mueller2024",
    """Flows of Kakade's natural gradient on two MDPs with two states and two actions, 30 random
    starts, against the predicted rate, the smallest nonzero |A*|, times 1/(1 - gamma) in their
    time. Here steps of 0.05 in ours, on two random MDPs, of which five starts are drawn; KL and
    error fall alike.""",
    """The error falls at the predicted rate in the end, from every start.""",
    draw,
)

if __name__ == "__main__":
    FIGURE.main()
