"""What the Skywork-Reward paper claims beside what was measured here, from the records of the
figures.

Outcomes are computed. Differences are paired by seed and count where their 95% interval is on one
side of 0; a claim is reproduced where that is so in most settings, and the other way round in none.
What it depends on is prose.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from experiments.shared.estimates import Score, counted, select, values
from experiments.shared.paper_claims import Claim, main, together


def against(rows, data, other, name="average", **cell) -> Score:
    """One data set and another, in all of these cells of bias and flips."""
    return counted(values(select(rows, data=data, minus=other, **cell), name))


def means(rows, name, *data) -> str:
    """Means of some data sets where labels are biased, in words."""
    found = {d: select(rows, data=d, bias=1.0, flip=0.0)[0][name].mean for d in data}
    return ", ".join(f"{d} {100 * mean:.1f}" for d, mean in found.items())


def curation(results) -> list[Claim]:
    """Claims about data sets."""
    found = results("reward_curation")
    rows, data, n = found["differences"], found["data"], len(found["filter"])
    pool, crowd = (against(rows, "all rules", other) for other in ("pool", "crowd"))
    of_pool = against(rows, "crowd", "pool").other_way
    same = against(rows, "WildGuard whole", "random with OffsetBias")
    filtered = against(rows, "all rules", "WildGuard whole")
    (gain,) = select(rows, data="all rules", minus="crowd", bias=1.0, flip=0.0)
    hard, fall = counted([gain["Chat Hard beyond Chat"]]), counted([gain["Chat"]]).other_way
    sets = "crowd", "pool", "all rules"
    return [
        Claim(
            "80 thousand curated pairs beat the 378 thousand that they are from",
            f"of {n} settings of bias and flips {pool}; without bias "
            f"{against(rows, 'all rules', 'pool', bias=0.0)}",
            pool.outcome,
            "bias: curation wins where annotators err the same way, and loses where they err at "
            "random or not at all",
        ),
        Claim(
            "and beat 700 thousand of a crowd",
            f"{crowd}; without bias {against(rows, 'all rules', 'crowd', bias=0.0)}",
            crowd.outcome,
            "the same, and how badly the crowd is biased",
        ),
        Claim(
            "378 thousand selected pairs beat 700 thousand of a crowd",
            str(of_pool),
            of_pool.outcome,
            "whether labels are biased: without bias and flips the crowd is as good",
        ),
        Claim(
            "the gain is in Chat Hard; plain Chat loses a little",
            f"biased labels, in Chat Hard: {means(data, 'Chat Hard', *sets)}; in Chat: "
            f"{means(data, 'Chat', *sets)}",
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
        agreement(results),
    ]


def agreement(results) -> Claim:
    """When the filter by agreement helps."""
    cells = results("reward_filter")["cells"]
    signs = [(c["filtered - all"].sign, c["first - all"].sign) for c in cells]
    helps = sum(gain > 0 for gain, _ in signs)
    decided = [gain == better for gain, better in signs if gain and better]
    return Claim(
        "(that filter by itself)",
        f"helps in {helps} of {len(cells)} cells of first model and labels; it helps where the "
        f"first model is better than one fitted to all pairs, and only there, in {sum(decided)} of "
        f"{len(decided)} cells where both are decided",
        "depends",
        "whether the first model is better than what it filters",
    )


def losses(results) -> list[Claim]:
    """Claims about the eight losses."""
    rows = select(results("reward_losses")["losses"], **{"ridge by": "accuracy held out"})
    settings = {(row["data"], row["labels"]): [] for row in rows}
    for row in rows:
        settings[row["data"], row["labels"]].append(row)
    leads, worst = [], []  # of the best loss on Bradley-Terry's, of the worst on cross-entropy
    for cell in settings.values():
        named = ("Bradley-Terry", "cross-entropy")
        others = [row for row in cell if row["loss"] not in named]
        top = max(others, key=lambda row: row["accuracy"].mean)
        leads.append(top["minus Bradley-Terry"])
        others += select(cell, loss="Bradley-Terry")
        last = min(others, key=lambda row: row["accuracy"].mean)
        worst.append(last["minus cross-entropy"])
    best, worst, lag = counted(leads).other_way, counted(worst), max(x.mean for x in leads)
    return [
        Claim(
            "Bradley-Terry's is the best of eight losses",
            f"against the best of the others in each of {len(settings)} settings: {best}; it is "
            f"never more than {100 * lag:.1f} points behind",
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


def verifier(results) -> list[Claim]:
    """The joint experiment: rewards in place of a verifier."""
    rows = results("reward_verifier")["differences"]
    scores = {
        regime: counted(values(select(rows, labels=regime), "last"))
        for regime in sorted({row["labels"] for row in rows})
    }
    return [
        Claim(
            "(rewards from curated data are better verifiers: puzzles solved at last)",
            "; ".join(f"{regime} labels: {score}" for regime, score in scores.items()),
            together(score.outcome for score in scores.values()),
            "bias, as above",
        )
    ]


def claims(results) -> list[Claim]:
    """All rows of the table."""
    return [*curation(results), *losses(results), *verifier(results)]


if __name__ == "__main__":
    main("reward_claims", __doc__, claims)
