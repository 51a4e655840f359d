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
    world_of,
)
from experiments.shared.estimates import estimate, only, select, table, values
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import HeatMap
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
from tabular_pg.report import markdown_table

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
NAMED = ("Bradley-Terry", "cross-entropy")  # others are compared with these
JUDGES = ("own loss held out", "accuracy held out", "oracle")
DRAWN = ("accuracy held out", "oracle")
SETS = ("curated", "pool")


def measure(prompts, scale, ridges, regime, name, which, seed):
    """For each ridge: loss and accuracy held out, and accuracy on the benchmark."""
    world, loss = world_of(prompts, seed), LOSSES[name][0]
    data = pooled(drawn(world, scale, *REGIMES[regime], seed))
    data = kept_whole(world, data) if which == "curated" else data
    judged = held_out(world, data, loss, ridges, seed)
    return [
        {"loss held out": of_one.loss, "accuracy held out": of_one.accuracy,
         "accuracy": measured(world, fitted(world, data, loss, ridge).scores)["average"]}
        for of_one, ridge in zip(judged, ridges, strict=True)
    ]  # fmt: skip


def chosen(found, judge):
    """For every seed the position of its ridge, of equals the first; ``found`` is by seed and
    ridge."""
    loss, held, accuracy = (
        np.array([values(of_seed, name) for of_seed in found])
        for name in ("loss held out", "accuracy held out", "accuracy")
    )
    if judge == "own loss held out":
        return loss.argmin(axis=1)
    if judge == "accuracy held out":
        return held.argmax(axis=1)
    return (accuracy.sum(axis=0) - accuracy).argmax(axis=1)


def picked(found, place):
    """For every seed the accuracy on the benchmark with its ridge."""
    return np.array([each[i]["accuracy"] for each, i in zip(found, place, strict=True)])


def results(run, prompts, scale, ridges, seeds):
    """A row for every judge of ridges, data set, kind of labels and loss."""
    settings = list(product(SETS, REGIMES, LOSSES))
    jobs = [(prompts, scale, ridges, regime, name, data) for data, regime, name in settings]
    found = dict(zip(settings, over_seeds(run, measure, jobs, seeds), strict=True))
    rows = []
    for judge, data, regime in product(JUDGES, SETS, REGIMES):
        places = {name: chosen(found[data, regime, name], judge) for name in LOSSES}
        accuracy = {name: picked(found[data, regime, name], places[name]) for name in LOSSES}
        for name, mine in accuracy.items():
            about = {"ridge by": judge, "data": data, "labels": regime, "loss": name}
            about["ridges"] = [ridges[i] for i in places[name]]
            gains = {f"minus {other}": estimate(mine - accuracy[other]) for other in NAMED}
            rows.append(about | {"accuracy": estimate(mine)} | gains)
    return {"losses": rows}


def panels(found):
    """Accuracy of each loss minus that of Bradley-Terry; beside it the paper's."""
    for judge, data in product(DRAWN, SETS):
        columns = [
            [100 * gain.mean for gain in values(column, "minus Bradley-Terry")]
            for column in by_labels(found, judge, data)
        ]
        cells = np.column_stack([*columns, PAPER - PAPER[0]])[::-1]
        by = judge if judge == "oracle" else f"by {judge}"
        yield HeatMap(f"{data}, ridge {by}", "labels", "", (*REGIMES, "paper"), NAMES[::-1],
                      cells, center=0.0, limits=(-10.0, 10.0), digits=1)  # fmt: skip


def by_labels(found, judge, data):
    """The rows of all losses, for each kind of labels."""
    about = {"ridge by": judge, "data": data}
    return [select(found["losses"], **about, labels=regime) for regime in REGIMES]


def judged(found, judge):
    """Accuracy of all losses, differences from Bradley-Terry, and how the order goes with the
    paper's."""
    cells = [column for data in SETS for column in by_labels(found, judge, data)]
    lines = []
    for name, paper in zip(NAMES, PAPER, strict=True):
        line = [name, f"{paper:.1f}"]
        for row in (only(column, loss=name) for column in cells):
            gain = f" ({row['minus Bradley-Terry']:+p2})" if name != NAMES[0] else ""
            line.append(f"{row['accuracy']:p2}{gain}")
        lines.append(line)
    means = [np.array([each.mean for each in values(column, "accuracy")]) for column in cells]
    orders = [stats.spearmanr(each, PAPER).statistic for each in means]
    lines.append(["Spearman's correlation with the paper", 1, *(f"{x:+.2f}" for x in orders)])
    places = [np.argsort(np.argsort(-each)) + 1 for each in means]
    for name, paper in zip(NAMED, (1, 8), strict=True):
        mine = (place[NAMES.index(name)] for place in places)
        lines.append([f"place of {name}", paper, *mine])
    heads = [f"{data}, {regime}" for data, regime in product(SETS, REGIMES)]
    return markdown_table([f"ridge by {judge}", "paper", *heads], lines)


def ridge_table(found):
    """Which ridges were chosen, over seeds."""
    rows = []
    for row in select(found["losses"], **{"ridge by": JUDGES[0]}):
        about = {name: row[name] for name in ("data", "labels", "loss")}
        mine = {each["ridge by"]: each["ridges"] for each in select(found["losses"], **about)}
        rows.append(about | {j: ", ".join(f"{x:g}" for x in mine[j]) for j in JUDGES})
    return table({name: f"{{{name}}}" for name in rows[0]}, rows)


STUDY = Study(
    "reward_losses",
    __doc__,
    full={"prompts": 4000, "scale": 0.1, "ridges": (1.0, 10.0, 100.0, 1000.0, 10000.0),
          "seeds": range(5)},
    quick={"prompts": 500, "scale": 0.01, "ridges": (1.0, 100.0, 10000.0), "seeds": range(2)},
    results=results,
    tables=lambda found: [*(judged(found, judge) for judge in JUDGES), ridge_table(found)],
    figures={"reward_losses": panels},
    constants={"losses": {name: repr(loss) for name, (loss, _) in LOSSES.items()}},
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
