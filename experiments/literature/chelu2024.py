"""Functional acceleration on MDPs with two states: momentum and extragradients."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.literature.figure import Drawn, Figure, error_curve, iterations_to
from tabular_pg import (
    MDP,
    ExtragradientPMD,
    MomentumPMD,
    NaturalPG,
    PolicyIteration,
    instances,
    optimize,
)
from tabular_pg.plotting import Panel


def problems():
    """The first of their four MDPs, and the example of the value polytope."""
    first = MDP(
        [[[0.01, 0.99], [0.92, 0.08]], [[0.08, 0.92], [0.70, 0.30]]],
        [[0.06, 0.38], [-0.13, 0.64]], 0.9, name="two states, two actions",
    )  # fmt: skip
    yield first
    yield instances.random_dense(2, 3, 0.9, seed=1)
    yield instances.garnet(20, 4, 3, 0.95, seed=0)


def draw(quick):
    eta, count = 0.5, 60 if quick else 300
    panels, runs, seen = [], [], {}
    for mdp in problems():
        curves = []
        for label, rule in (
            ("PMD", NaturalPG(eta)),
            (r"momentum, $\beta=1$", MomentumPMD(eta, 1.0)),
            (r"momentum, $\beta=5$", MomentumPMD(eta, 5.0)),
            ("extragradient", ExtragradientPMD(eta)),
            ("policy iteration", PolicyIteration()),
        ):
            run = optimize(mdp, rule, count, at=range(count + 1))
            runs.append(run)
            two = type(rule) is ExtragradientPMD
            curves.append(error_curve(label, run, every=2 if two else None))
            done = iterations_to(run, 1e-2)
            seen[f"{mdp.name}, {label}: evaluations to 1e-2"] = (
                f"more than {count}" if done is None else done
            )
        panels.append(
            Panel(mdp.name, r"evaluation", r"$\|V^*-V^k\|_\infty$", tuple(curves),
                  y_range=(-12, 1.5), key=str(len(panels)))
        )  # fmt: skip
    return Drawn(panels, seen, runs)


FIGURE = Figure(
    "chelu2024",
    """Two-state MDPs with trajectories in the value polytope, and random MDPs; adaptive steps in
    every state. Here the first of their MDPs, a random one with two states and a Garnet, with a
    constant step, which shows what acceleration adds; evaluations are counted, so that an
    extragradient step costs two.""",
    """Accelerated variants need fewer iterations than policy mirror descent where values change
    direction on the way.""",
    draw,
    shared_legend=True,
)

if __name__ == "__main__":
    FIGURE.main()
