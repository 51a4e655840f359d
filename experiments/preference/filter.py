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

from experiments.preference.fits import fitted, learned, text, world_of
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, HeatMap, Panel, save_figure
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
    """[a, p, right labels after the filter, pairs kept, accuracy on the benchmark of the first
    model, of a model fitted to all pairs, and of one fitted to those kept]."""
    world, first = world_of(prompts, seed), first_model(prompts, mode, row, seed)
    data = adversarial(world, mode, column, seed)
    kept, rewards = agreement_filter(data, first, sources=("source",)).data, first.scores
    a = (rewards[data.chosen] > rewards[data.rejected]) == world.correct(data)
    fits = [rewards, *(learned(world, each, RIDGES, seed).scores for each in (data, kept))]
    right = [float(world.correct(each).mean()) for each in (data, kept)]
    safety = [scorecard(world, scores).accuracy["Safety"] for scores in fits]
    return [float(a.mean()), *right, len(kept), *safety]


def heat_map(mode, found):
    """What the filter adds to the accuracy, in points; ``found`` is (rows, columns, seeds, 7)."""
    gain = 100 * (found[..., 6] - found[..., 5]).mean(axis=2)
    a = [f"{x:.2f}" for x in found[..., 0].mean(axis=(1, 2))]
    p = [f"{x:.2f}" for x in found[..., 1].mean(axis=(0, 2))]
    return HeatMap(f"filtered - all pairs, {mode}", "p, right labels",
                   "a, accuracy of the first model", p, a, gain, center=0.0, limits=(-20.0, 20.0),
                   digits=1)  # fmt: skip


def purity_panel(mode, found):
    """Right labels among the pairs kept against the formula, a curve for each p."""
    curves = []
    for j in range(found.shape[1]):
        x = agreement_purity(found[:, j, :, 1], found[:, j, :, 0]).mean(axis=1)
        means, half = np.array([interval(values) for values in found[:, j, :, 2]]).T
        order, label = np.argsort(x), f"p = {found[:, j, :, 1].mean():.2f}"
        curves.append(Curve(label, x[order], means[order],
                            band=((means - half)[order], (means + half)[order])))  # fmt: skip
    ends = np.array([min(curve.x.min() for curve in curves), 1.0])
    curves.append(Curve("formula", ends, None, ends))
    return Panel(f"purity, {mode}", "p a / (p a + (1-p)(1-a))", "right labels of pairs kept",
                 tuple(curves), y_log=False)  # fmt: skip


def rows(mode, found):
    """Rows of the table, one per cell."""
    for i, j in np.ndindex(found.shape[:2]):
        a, p, purity, kept, *accuracy = found[i, j].T
        gap = purity - agreement_purity(p, a)
        gain = text(accuracy[2] - accuracy[1], sign="+")
        yield [mode, f"{a.mean():.1%}", f"{p.mean():.1%}", f"{kept.mean():.0f}", text(purity),
               text(gap, sign="+"), *(text(x) for x in accuracy), gain]  # fmt: skip


def agreements(mode, found):
    """How often the sign of the gain is that of what is said to decide it."""
    mean = found.mean(axis=2)
    first, everything, filtered = mean[..., 4], mean[..., 5], mean[..., 6]
    ends = [interval(x[:, 6] - x[:, 5]) for x in found.reshape(-1, *found.shape[2:])]
    sure = np.array([abs(middle) > half for middle, half in ends]).reshape(first.shape)
    helps = filtered > everything
    rules = {
        "first model better than one fitted to all pairs": first > everything,
        "a > p": mean[..., 0] > mean[..., 1],
        "labels become purer": mean[..., 2] > mean[..., 1],
    }
    for name, rule in rules.items():
        right = (rule == helps)[sure].sum()
        yield [mode, name, f"{right} of {sure.sum()}", f"{helps[sure].sum()}"]


def main(arguments=None):
    """Draw the figures and write the table."""
    options = quick_options(__doc__, "a smaller world, two seeds, fewer settings", arguments)
    out, quick = options.out, options.quick
    prompts, seeds = (1000, range(2)) if quick else (4000, range(5))
    some = slice(None, None, 3 if quick else 1)
    with resumed(out / ".reward_filter.partial.json") as run:
        results = {}
        for mode, axes in MODES.items():
            row, column = (axis[some] for axis in axes)
            jobs = [(prompts, mode, *job) for job in product(row, column, seeds)]
            results[mode] = np.array(run(measure, jobs)).reshape(
                len(row), len(column), len(seeds), 7
            )
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": quick,
            "prompts": prompts,
            "pairs": PAIRS,
            "seeds": list(seeds),
            "ridges": list(RIDGES),
            "ridge of the first model": FIRST,
            "settings": {mode: [list(axis[some]) for axis in axes] for mode, axes in MODES.items()},
            "columns": "a, p, right labels kept, pairs kept, accuracy of first, all, filtered",
            "results": {mode: found.tolist() for mode, found in results.items()},
        }
        maps = [heat_map(*item) for item in results.items()]
        save_figure("reward_filter", maps, out, record, columns=False)
        purity = [purity_panel(*item) for item in results.items()]
        save_figure("reward_filter_purity", purity, out, record, columns=False)
        heads = ["errors", "the filter helps where", "in so many cells", "where it helps"]
        table = markdown_table(heads, [r for item in results.items() for r in agreements(*item)])
        heads = ["errors", "a", "p", "pairs kept", "right labels kept", "minus formula",
                 "first model", "all pairs", "filtered", "filtered - all"]  # fmt: skip
        table += "\n" + markdown_table(heads, [r for item in results.items() for r in rows(*item)])
        write_whole(out / "reward_filter.md", table)
    print(table)
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
