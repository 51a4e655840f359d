"""Eight losses, on curated pairs and on the pool, with labels that are biased, flipped or clean:
which of them learns the true reward best, and is the order that of the paper?

Every loss has its best ridge, by three judges: its own value on pairs of a fifth of the prompts,
held out from the data; the accuracy on them, which is the same measure for all losses; and an
oracle, the ridge that is best on the benchmark for the other seeds, which nobody has. Measured
exactly on prompts held out: the share of pairs of responses that are ranked as by the true reward,
mean over four categories. Curated are the rules of Skywork-Reward but for WildGuardMix, which is
kept whole. Sizes are a tenth of the paper's. Intervals are 95% intervals of the mean over seeds,
each of which has its own world; differences from Bradley-Terry are within seeds.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from itertools import product

import numpy as np
from scipy import stats

from experiments.preference.fits import (
    REGIMES,
    drawn,
    fitted,
    held_out,
    kept_whole,
    measured,
    text,
    world_of,
)
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import HeatMap, save_figure
from tabular_pg.preference import (
    BradleyTerry,
    CrossEntropy,
    Focal,
    FocalPenalty,
    Hinge,
    MarginMSE,
    TemperatureBT,
    TemperedLog,
    pooled,
)

RIDGES = (1.0, 10.0, 100.0, 1000.0, 10000.0)
LOSSES = {  # with their scores on RewardBench (Table 5, Gemma-2-27B)
    "Bradley-Terry": (BradleyTerry(), 93.8),
    "temperature BT": (TemperatureBT(), 93.7),
    "focal": (Focal(), 93.6),
    "focal + penalty": (FocalPenalty(), 93.4),
    "hinge": (Hinge(), 93.3),
    "tempered log": (TemperedLog(), 92.9),
    "margin MSE": (MarginMSE(), 92.3),
    "cross-entropy": (CrossEntropy(), 87.6),
}
NAMES, PAPER = tuple(LOSSES), np.array([score for _, score in LOSSES.values()])
JUDGES = ("own loss held out", "accuracy held out", "oracle")
DRAWN = ("accuracy held out", "oracle")
SETS = ("curated", "pool")


def measure(prompts, scale, ridges, regime, name, which, seed):
    """[loss held out, accuracy held out, accuracy on the benchmark] for each ridge."""
    world, loss = world_of(prompts, seed), LOSSES[name][0]
    data = pooled(drawn(world, scale, *REGIMES[regime], seed))
    data = kept_whole(world, data) if which == "curated" else data
    judged = held_out(world, data, loss, ridges, seed)
    return [[*of_one, measured(world, fitted(world, data, loss, ridge).scores)[4]]
            for of_one, ridge in zip(judged, ridges, strict=True)]  # fmt: skip


def chosen(found, judge):
    """(seeds,) positions of the ridges; ``found`` is (seeds, ridges, 3). Of equals the first."""
    if judge == "own loss held out":
        return found[:, :, 0].argmin(axis=1)
    if judge == "accuracy held out":
        return found[:, :, 1].argmax(axis=1)
    others = found[:, :, 2].sum(axis=0) - found[:, :, 2]
    return others.argmax(axis=1)


def accuracies(results, judge):
    """{(data, regime): (losses, seeds) accuracy in percent with the ridges of this judge}."""
    tables = {}
    for (regime, name, which), found in results.items():
        ridge = chosen(found, judge)
        row = 100 * found[np.arange(len(found)), ridge, 2]
        tables.setdefault((which, regime), {})[name] = row
    return {key: np.array([rows[name] for name in NAMES]) for key, rows in tables.items()}


def panels(results):
    """Accuracy of each loss minus that of Bradley-Terry; beside it the paper's."""
    for judge in DRAWN:
        tables = accuracies(results, judge)
        for which in SETS:
            columns = [(tables[which, r] - tables[which, r][0]).mean(axis=1) for r in REGIMES]
            values = np.column_stack([*columns, PAPER - PAPER[0]])[::-1]
            by = judge if judge == "oracle" else f"by {judge}"
            yield HeatMap(f"{which}, ridge {by}", "labels", "", (*REGIMES, "paper"), NAMES[::-1],
                          values, center=0.0, limits=(-10.0, 10.0), digits=1)  # fmt: skip


def table(results, judge):
    """Accuracy of all losses, differences from Bradley-Terry, and how the order goes with the
    paper's."""
    tables = accuracies(results, judge)
    rows = []
    for i, name in enumerate(NAMES):
        cells = []
        for found in tables.values():
            gain = f" ({text(found[i] - found[0], 2, 1.0, '+')})" if i else ""
            cells.append(text(found[i], 2, 1.0) + gain)
        rows.append([name, f"{PAPER[i]:.1f}", *cells])
    orders = [stats.spearmanr(found.mean(axis=1), PAPER).statistic for found in tables.values()]
    rows.append(["Spearman's correlation with the paper", "1", *(f"{x:+.2f}" for x in orders)])
    places = [np.argsort(np.argsort(-found.mean(axis=1))) + 1 for found in tables.values()]
    for name in ("Bradley-Terry", "cross-entropy"):
        i = NAMES.index(name)
        rows.append([f"place of {name}", str(1 if i == 0 else 8), *(str(p[i]) for p in places)])
    heads = [f"ridge by {judge}", "paper", *(f"{which}, {regime}" for which, regime in tables)]
    return markdown_table(heads, rows)


def ridge_table(results, ridges):
    """Which ridges were chosen, over seeds."""
    rows = []
    for (regime, name, which), found in results.items():
        cells = [", ".join(f"{ridges[i]:g}" for i in chosen(found, judge)) for judge in JUDGES]
        rows.append([which, regime, name, *cells])
    return markdown_table(["data", "labels", "loss", *JUDGES], rows)


def main(arguments=None):
    """Draw the figure and write the tables."""
    options = quick_options(__doc__, "smaller data, three ridges, two seeds", arguments)
    out, quick = options.out, options.quick
    prompts, scale = (500, 0.01) if quick else (4000, 0.1)
    ridges = RIDGES[::2] if quick else RIDGES
    seeds = range(2) if quick else range(5)
    with resumed(out / ".reward_losses.partial.json") as run:
        settings = [(r, name, which) for which, r, name in product(SETS, REGIMES, NAMES)]
        jobs = {s: [(prompts, scale, ridges, *s, seed) for seed in seeds] for s in settings}
        run(measure, [job for of_one in jobs.values() for job in of_one])
        results = {s: np.array(run(measure, of_one)) for s, of_one in jobs.items()}
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": quick,
            "prompts": prompts,
            "scale": scale,
            "seeds": list(seeds),
            "ridges": list(ridges),
            "losses": {name: repr(loss) for name, (loss, _) in LOSSES.items()},
            "columns": "for each seed and ridge: loss and accuracy held out, accuracy on benchmark",
            "results": {", ".join(s): found.tolist() for s, found in results.items()},
        }
        save_figure("reward_losses", list(panels(results)), out, record, columns=False)
        tables = "\n".join(
            [*(table(results, judge) for judge in JUDGES), ridge_table(results, ridges)]
        )
        write_whole(out / "reward_losses.md", tables)
    print(tables)
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
