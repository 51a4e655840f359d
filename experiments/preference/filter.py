"""When does it help to keep only the pairs with which another reward model agrees?

A source as WildGuardMix is: about safety; in half of the pairs the better response has less of the
spurious attributes, in half it has more (were it less in all, labels would teach that less is
better). A first reward model, fitted to other pairs about safety, has a share a of them right; the
labels are right with probability p. Kept are the pairs where the two agree, and a Bradley-Terry
model is fitted to them. Its accuracy on prompts held out is compared to that of one that is fitted
to all of the source. Their ridges are chosen on pairs of a fifth of the prompts, held out from the
same data, with no access to the true reward; the first model's is 10.

Independent errors: labels are flipped by chance, the first model had few pairs. Shared bias:
annotators of both are drawn to the spurious attributes, more or less, and nobody flips. Of the
pairs kept, p' = p a / (p a + (1-p)(1-a)) are right if errors are independent. Intervals are 95%
intervals of the mean over seeds, each of which has its own world.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from functools import cache
from itertools import product

import numpy as np

from experiments.preference.fits import fitted, learned, world_of
from experiments.shared.estimates import curve, estimates, select, table, values
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Curve, HeatMap, Panel
from tabular_pg.preference import (
    Annotated,
    BradleyTerry,
    agreement_filter,
    agreement_purity,
    scorecard,
    sources,
)

SAFETY = (0, 0, 1, 0)
PAIRS, RIDGES = 1000, (1.0, 10.0, 100.0)
FIRST = 10.0  # ridge of the first model, which need not be the best one
SHARP = 0.1  # temperature of annotators: they err by flips and bias only
SIZES = (10, 20, 40, 80, 160, 640)  # of what the first model is fitted to
FLIPS = (0.45, 0.4, 0.3, 0.2, 0.1, 0.0)
BIASES = (1.5, 0.8, 0.5, 0.3, 0.15, 0.0)
MODES = {  # settings of the first model and of the labels, worst first
    "independent errors": (SIZES, FLIPS),
    "shared bias": (BIASES, BIASES),
}
RULES = {  # what is said to decide whether the filter helps
    "first model better than one fitted to all pairs": ("first model", "all pairs"),
    "a > p": ("a", "p"),
    "labels become purer": ("right labels kept", "p"),
}


@cache
def first_model(prompts, mode, setting, seed):
    """Rewards of all items fitted to other pairs about safety."""
    world = world_of(prompts, seed)
    size, bias = (setting, 0.0) if mode == "independent errors" else (SIZES[-1], setting)
    spec = {"first": Annotated(size, SAFETY, temperature=SHARP)}
    data = sources(world, 1.0, bias=bias, flip=0.0, seed=2000 + seed, specs=spec)["first"]
    return fitted(world, data, BradleyTerry(), FIRST)


def adversarial(world, mode, setting, seed):
    """The source whose labels are to be filtered."""
    bias, flip = (0.0, setting) if mode == "independent errors" else (setting, 0.0)
    spec = {"source": Annotated(PAIRS, SAFETY, temperature=SHARP, opposed=0.5, flagged=True)}
    return sources(world, 1.0, bias=bias, flip=flip, seed=3000 + seed, specs=spec)["source"]


def measure(prompts, mode, row, column, seed):
    """a and p; right labels after the filter, and what the formula says of them; pairs kept; and
    accuracy of the first model, of one fitted to all pairs, and of one fitted to those kept."""
    world, first = world_of(prompts, seed), first_model(prompts, mode, row, seed)
    data = adversarial(world, mode, column, seed)
    kept, rewards = agreement_filter(data, first, sources=("source",)).data, first.scores
    a = float(((rewards[data.chosen] > rewards[data.rejected]) == world.correct(data)).mean())
    fits = [rewards, *(learned(world, each, RIDGES, seed).scores for each in (data, kept))]
    p, purity = (float(world.correct(each).mean()) for each in (data, kept))
    first, everything, filtered = (scorecard(world, each).accuracy["Safety"] for each in fits)
    formula = float(agreement_purity(p, a))
    return {
        "a": a, "p": p, "pairs kept": len(kept), "right labels kept": purity, "formula": formula,
        "right labels minus formula": purity - formula, "first model": first,
        "all pairs": everything, "filtered": filtered, "filtered - all": filtered - everything,
        "first - all": first - everything,
    }  # fmt: skip


def results(run, prompts, every, seeds):
    """A row for every cell of first model and labels; ``every`` so many settings one is tried."""
    rows = []
    for mode, axes in MODES.items():
        cells = list(product(*(axis[::every] for axis in axes)))
        found = over_seeds(run, measure, [(prompts, mode, *cell) for cell in cells], seeds)
        for (first, labels), of_seeds in zip(cells, found, strict=True):
            cell = {"errors": mode, "first model's": first, "labels'": labels}
            rows.append(cell | estimates(of_seeds))
    return {"cells": rows}


def grid(found, mode):
    """The cells of a mode in rows, one for each setting of the first model."""
    cells = select(found["cells"], errors=mode)
    firsts = dict.fromkeys(cell["first model's"] for cell in cells)
    return [[c for c in cells if c["first model's"] == first] for first in firsts]


def means(cells, name):
    return np.array([cell[name].mean for cell in cells])


def heat_maps(found):
    """What the filter adds to the accuracy, in points."""
    for mode in MODES:
        rows = grid(found, mode)
        gain = [100 * means(row, "filtered - all") for row in rows]
        a = [f"{means(row, 'a').mean():.2f}" for row in rows]
        p = [f"{means(column, 'p').mean():.2f}" for column in zip(*rows, strict=True)]
        labels = "p, right labels", "a, accuracy of the first model"
        yield HeatMap(f"filtered - all pairs, {mode}", *labels, p, a, gain, center=0.0,
                      limits=(-20.0, 20.0), digits=1)  # fmt: skip


def purity_panels(found):
    """Right labels among the pairs kept against the formula, a curve for each p."""
    for mode in MODES:
        curves = []
        for column in zip(*grid(found, mode), strict=True):
            cells = sorted(column, key=lambda cell: cell["formula"].mean)
            x, kept = means(cells, "formula"), values(cells, "right labels kept")
            curves.append(curve(f"p = {means(column, 'p').mean():.2f}", x, kept))
        ends = np.array([min(each.x.min() for each in curves), 1.0])
        curves.append(Curve("formula", ends, None, ends))
        labels = f"purity, {mode}", "p a / (p a + (1-p)(1-a))", "right labels of pairs kept"
        yield Panel(*labels, tuple(curves), y_log=False)


def agreements(found):
    """How often the sign of the gain is that of what is said to decide it."""
    for mode in MODES:
        cells = select(found["cells"], errors=mode)
        sure = [cell for cell in cells if cell["filtered - all"].sign]
        helps = means(sure, "filtered - all") > 0
        for name, (one, other) in RULES.items():
            right = (means(sure, one) > means(sure, other)) == helps
            yield {"errors": mode, "rule": name, "cells": len(sure), "right": right.sum(),
                   "helps": helps.sum()}  # fmt: skip


OF_RULES = {
    "errors": "{errors}", "the filter helps where": "{rule}",
    "in so many cells": "{right} of {cells}", "where it helps": "{helps}",
}  # fmt: skip
OF_CELLS = {
    "errors": "{errors}", "a": "{a.mean:.1%}", "p": "{p.mean:.1%}",
    "pairs kept": "{pairs kept.mean:.0f}", "right labels kept": "{right labels kept:p1}",
    "minus formula": "{right labels minus formula:+p1}", "first model": "{first model:p1}",
    "all pairs": "{all pairs:p1}", "filtered": "{filtered:p1}",
    "filtered - all": "{filtered - all:+p1}",
}  # fmt: skip
STUDY = Study(
    "reward_filter",
    __doc__,
    full={"prompts": 4000, "every": 1, "seeds": range(5)},
    quick={"prompts": 1000, "every": 3, "seeds": range(2)},
    results=results,
    tables=lambda found: [table(OF_RULES, agreements(found)), table(OF_CELLS, found["cells"])],
    figures={"reward_filter": heat_maps, "reward_filter_purity": purity_panels},
    constants={
        "pairs": PAIRS, "ridges": RIDGES, "ridge of the first model": FIRST,
        "grids, first model and labels": MODES,
    },
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
