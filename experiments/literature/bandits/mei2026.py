"""How long softmax policy gradient stays in a corner, and how gates shorten that."""

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.literature.figure import Drawn, Figure
from tabular_pg import DelightfulPG, EnlightenedPG, SoftmaxPG, instances, optimize
from tabular_pg.plotting import Curve, Panel, log10

START = np.exp([-1.0, 5.0, 1.0]) / np.exp([-1.0, 5.0, 1.0]).sum()


def escape(mdp, rule, most):
    """The first iteration at which the best arm has more than half, found by halving; None if
    there is none."""
    run = optimize(mdp, rule, most, policy=[START])
    out = run.policies[:, 0, 0] > 0.5
    if not out.any():
        return None, run
    i = int(np.argmax(out))
    low, high = int(run.k[i - 1]) if i else 0, int(run.k[i])
    around = np.unique(np.linspace(low, high, 2000).astype(int))
    run = optimize(mdp, rule, high, policy=[START], at=around)
    return int(run.k[np.argmax(run.policies[:, 0, 0] > 0.5)]), run


def draw(quick):
    most = 10**5 if quick else 10**7
    gaps = np.geomspace(0.5, 0.05 if quick else 0.01, 4 if quick else 9)
    curves, runs, seen = [], [], {}
    for label, rule in (
        ("softmax PG", SoftmaxPG(1.0)),
        ("enlightened PG", EnlightenedPG(1.0)),
        ("delightful PG, T = 1", DelightfulPG(1.0, 1.0)),
        ("delightful PG, T = 0.1", DelightfulPG(1.0, 0.1)),
    ):
        found = [escape(instances.bandit([1.0, 1.0 - gap, 0.0]), rule, most) for gap in gaps]
        runs += [run for _, run in found]
        kept = [i for i, (k, _) in enumerate(found) if k]
        k = np.array([found[i][0] for i in kept], dtype=float)
        curves.append(Curve(label, log10(1 / gaps[kept]), log10(k)))
        if len(kept) > 1:
            order = np.log(k[-1] / k[0]) / np.log(gaps[kept[0]] / gaps[kept[-1]])
            seen[f"{label}: escape from Delta = {gaps[kept[-1]]:.3g}"] = int(k[-1])
            seen[f"{label}: order in 1/Delta between the ends"] = f"{order:.2f}"
    panel = Panel("three arms, rewards $(1, 1-\\Delta, 0)$", r"$1/\Delta$",
                  "iterations to leave", tuple(curves), x_log=True)  # fmt: skip
    return Drawn([panel], seen, runs)


FIGURE = Figure(
    "mei2026",
    """A bandit with rewards (1, 1 - Delta, 0) and logits (-1, 5, 1) at first: Euler steps of
    length 1, at most 1e7 of them, until the best arm has more than half of the probability.""",
    """The escape takes policy gradient far longer than the gated methods, whose time is of the
    order of 1/Delta.""",
    draw,
    differs="""From Delta = 0.5 to 0.01 the order of the gated methods is 1.2 to 1.4, above 1:
    the third arm has seven times the probability of the best one at first, and below Delta = 0.12
    SD5, which proves the order 1, asks for less of it.""",
)

if __name__ == "__main__":
    FIGURE.main()
