"""What the Skywork-Reward paper claims beside what was measured here, from the records of the
figures.

Outcomes are computed. Differences are paired by seed and count where their 95% interval is on one
side of 0; a claim is reproduced where that is so in most settings, and the other way round in none.
What it depends on is prose.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import argparse

import numpy as np

from experiments.shared.paper_claims import Claim, Score, record, together, write_claims
from experiments.shared.statistics import interval

AVERAGE, CATEGORIES = 6, {"Chat": 2, "Chat Hard": 3}  # columns of a result
BIASED, CLEAN = "bias 1, flip 0", "bias 0, flip 0"
WORST, SIMILAR = 1.0, 0.5  # points of accuracy


def counted(differences) -> Score:
    """How many differences, each an array over seeds, are above, about and below 0."""
    score = [0, 0, 0]
    for values in differences:
        mean, half = interval(values)
        score[1 if abs(mean) <= half else 0 if mean > 0 else 2] += 1
    return Score(*score)


def column(cell, data, which) -> np.ndarray:
    """(seeds,) of one setting, in percent."""
    return 100 * np.array([of_seed[data][which] for of_seed in cell])


def against(cells, data, other, which=AVERAGE) -> Score:
    """One data set and another, over all settings of bias and flips."""
    return counted(column(c, data, which) - column(c, other, which) for c in cells.values())


def means(cell, which, *names) -> str:
    """Means of some data sets, in words."""
    return ", ".join(f"{name} {column(cell, name, which).mean():.1f}" for name in names)


def curation() -> list[Claim]:
    """Claims about data sets."""
    cells = record("reward_curation")["results"]
    n = len(cells)
    pool, crowd = (against(cells, "all rules", other) for other in ("pool", "crowd"))
    unbiased = {name: cell for name, cell in cells.items() if name.startswith("bias 0,")}
    same = against(cells, "WildGuard whole", "random with OffsetBias")
    filtered = against(cells, "all rules", "WildGuard whole")
    gain = {
        name: column(cells[BIASED], "all rules", i) - column(cells[BIASED], "crowd", i)
        for name, i in CATEGORIES.items()
    }
    hard = counted([gain["Chat Hard"] - gain["Chat"]])
    fall = counted([-gain["Chat"]])
    return [
        Claim(
            "80 thousand curated pairs beat the 378 thousand that they are from",
            f"of {n} settings of bias and flips {pool}; without bias "
            f"{against(unbiased, 'all rules', 'pool')}",
            pool.outcome,
            "bias: curation wins where annotators err the same way, and loses where they err at "
            "random or not at all",
        ),
        Claim(
            "and beat 700 thousand of a crowd",
            f"{crowd}; without bias {against(unbiased, 'all rules', 'crowd')}",
            crowd.outcome,
            "the same, and how badly the crowd is biased",
        ),
        Claim(
            "378 thousand selected pairs beat 700 thousand of a crowd",
            str(against(cells, "pool", "crowd")),
            against(cells, "pool", "crowd").outcome,
            "whether labels are biased: without bias and flips the crowd is as good",
        ),
        Claim(
            "the gain is in Chat Hard; plain Chat loses a little",
            "biased labels, in Chat Hard: "
            + means(cells[BIASED], CATEGORIES["Chat Hard"], "crowd", "pool", "all rules")
            + "; in Chat: "
            + means(cells[BIASED], CATEGORIES["Chat"], "crowd", "pool", "all rules"),
            together([hard.outcome, fall.outcome]),
            "the gain is, the loss is not reproduced",
        ),
        Claim(
            "it is the rules of selection that make the difference",
            "rules but for WildGuard's, against as many pairs at random with all of OffsetBias: "
            f"{same}",
            same.outcome,
            "one source of well-labelled pairs that oppose the bias does as much as all rules",
        ),
        Claim(
            "WildGuardMix is better filtered by the agreement of a first model",
            f"all rules against WildGuardMix kept whole: {filtered}",
            filtered.outcome,
            "the first model, see the next line",
        ),
        agreement(),
    ]


def agreement() -> Claim:
    """When the filter by agreement helps."""
    results = record("reward_filter")["results"]
    right, decided, helps = 0, 0, 0
    for grid in results.values():
        for cell in (cell for row in grid for cell in row):
            first, everything, filtered = np.array(cell)[:, 4:7].T
            gain, better = counted([filtered - everything]), counted([first - everything])
            helps += gain.better
            if gain.equal == 0 and better.equal == 0:
                decided += 1
                right += gain.better == better.better
    total = sum(len(row) for grid in results.values() for row in grid)
    return Claim(
        "(that filter by itself)",
        f"helps in {helps} of {total} cells of first model and labels; it helps where the first "
        f"model is better than one fitted to all pairs, and only there, in {right} of {decided} "
        "cells where both are decided",
        "depends",
        "whether the first model is better than what it filters",
    )


def losses() -> list[Claim]:
    """Claims about the eight losses."""
    found = record("reward_losses")
    accuracy = {}
    for key, values in found["results"].items():
        regime, name, which = key.split(", ")
        values = np.array(values)  # (seeds, ridges, 3)
        chosen = values[:, :, 1].argmax(axis=1)  # the best accuracy on pairs held out
        best = 100 * values[np.arange(len(values)), chosen, 2]
        accuracy.setdefault((which, regime), {})[name] = best
    plain, pointwise = "Bradley-Terry", "cross-entropy"
    others = [name for name in next(iter(accuracy.values())) if name not in (plain, pointwise)]
    best = counted(
        cell[plain] - max((cell[name] for name in others), key=np.mean)
        for cell in accuracy.values()
    )
    lag = max(
        max(cell[name].mean() for name in others) - cell[plain].mean() for cell in accuracy.values()
    )
    worst = counted(
        min((cell[name] for name in (*others, plain)), key=np.mean) - cell[pointwise]
        for cell in accuracy.values()
    )
    return [
        Claim(
            "Bradley-Terry's is the best of eight losses",
            f"against the best of the others in each of {len(accuracy)} settings: {best}; it is "
            f"never more than {lag:.1f} points behind",
            best.outcome,
            "the noise, and which parameters and ridges the others are given",
        ),
        Claim(
            "cross-entropy of single responses is the worst",
            f"the worst of the others against it: {worst}",
            worst.outcome,
            "",
        ),
    ]


def verifier() -> list[Claim]:
    """The joint experiment: rewards in place of a verifier."""
    results = record("reward_verifier")["results"]
    settings = {
        regime: [
            np.array([s["all rules"][way]["last"] - s[other][way]["last"] for s in seeds])
            for way in ("optimum", "DAPO, exact", "DAPO, critic")
            for other in ("crowd", "pool")
        ]
        for regime, seeds in results.items()
    }
    scores = {regime: counted(differences) for regime, differences in settings.items()}
    return [
        Claim(
            "(rewards from curated data are better verifiers: puzzles solved at last)",
            "; ".join(f"{regime} labels: {score}" for regime, score in scores.items()),
            together(score.outcome for score in scores.values()),
            "bias, as above",
        )
    ]


def main(arguments=None):
    """Write the table."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    write_claims("reward_claims", [*curation(), *losses(), *verifier()])


if __name__ == "__main__":
    main()
