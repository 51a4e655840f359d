"""What becomes of the true reward as a policy is optimized for a fitted one, further and further
from the uniform policy: for rewards fitted to the crowd, the pool, and what is selected from it.

True reward is what the policy gains over the uniform one on prompts held out, exactly, at a given
KL divergence, mean over these prompts: over all four categories, and in Chat Hard, where spurious
attributes oppose quality; what is lost is lost to the policy for the true reward. Policies are
ref exp(r / beta) / Z with beta for the divergence; best of n; and the iterates of natural and of
softmax policy gradient on the prompts as a contextual bandit, interpolated to the same divergences.
Natural policy gradient must be at ref exp(eta k r) / Z after k steps, and direct preference
optimization where Bradley and Terry's scores and that formula lead: how far they are from it is
printed. Labels are biased, flipped or clean; bands and tables have 95% intervals of the mean over
seeds; each seed has its own world.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.preference.curation import RIDGES
from experiments.preference.fits import REGIMES
from experiments.preference.optimizers import (
    ALL,
    COMPARED,
    DIVERGENCES,
    SETS,
    TRUE,
    WAYS,
    climb,
    direct,
    measure,
)
from experiments.shared.estimates import curve, estimate, estimates, log_curve, mean, only, table
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Panel, log10
from tabular_pg.preference.world.world import CATEGORIES

HARD = "Chat Hard"
SHOWN = (0.2, 1.0, 2.6)  # in the table


def at_all(gained) -> dict:
    """What is gained at each of ``DIVERGENCES`` in each category, over seeds."""
    return {
        name: list(map(estimate, zip(*(of_seed[name] for of_seed in gained), strict=True)))
        for name in gained[0]
    }


def results(run, prompts, scale, iterations, climbed, seeds):
    """A row for every data set, and for every way to optimize; ``climbed`` are the regimes in which
    these are compared."""
    jobs = {regime: (prompts, scale, regime) for regime in REGIMES}
    every = dict(zip(REGIMES, over_seeds(run, measure, list(jobs.values()), seeds), strict=True))
    of_ways = over_seeds(run, climb, [(*jobs[r], iterations) for r in climbed], seeds)
    of_dpo = over_seeds(run, direct, list(jobs.values()), seeds)
    rows, ways = [], []
    for regime, found in every.items():
        best = [each[TRUE]["gains"] for each in found]
        for name in (*SETS, TRUE):
            mine = [each[name] for each in found]
            gained = [each["gains"] for each in mine]
            lost = np.array([t[ALL] for t in best]) - np.array([own[ALL] for own in gained])
            rows.append({
                "labels": regime, "data": name, "pairs": mean(mine, "pairs"),
                "right labels": mean(mine, "right labels"),
                "accuracy": estimates([each["accuracy"] for each in mine]),
                "gained": at_all(gained),
                "lost": [None if name == TRUE else estimate(each) for each in lost.T],
                "worse": estimate([each["worse"] for each in mine]),
            })  # fmt: skip
    for regime, found in zip(climbed, of_ways, strict=True):
        for name in COMPARED:
            gained = {"optimum": [each[name]["gains"] for each in every[regime]]}
            gained |= {way: [each[name][way] for each in found] for way in WAYS}
            for way, mine in gained.items():
                about = {"labels": regime, "data": name, "policy": way}
                ways.append(about | {"gained": at_all(mine)})
    apart = {
        "natural": max(each[n]["apart"] for found in of_ways for each in found for n in COMPARED),
        "DPO": max(max(each) for each in of_dpo),
    }
    return {"data": rows, "ways": ways, "largest difference of a probability": apart}


def gain_panels(columns):
    """A row for all categories and one for Chat Hard, of rows by title and by label."""
    for which, where in ((ALL, "all categories"), (HARD, "Chat Hard")):
        for title, of in columns.items():
            x = log10(DIVERGENCES)
            curves = tuple(curve(name, x, row["gained"][which]) for name, row in of.items())
            labels = f"{title}: {where}", "KL from uniform", "true reward gained"
            yield Panel(*labels, curves, x_log=True, y_log=False)


def panels(found):
    """What is gained by data set, and what is lost by who does not optimize the true reward."""
    columns = {
        regime: {name: only(found["data"], labels=regime, data=name) for name in (*SETS, TRUE)}
        for regime in REGIMES
    }
    yield from gain_panels(columns)
    for title, of in columns.items():
        curves = [log_curve(n, log10(DIVERGENCES), row["lost"], 0.1) for n, row in of.items()]
        labels = f"{title}: loss", "KL from uniform", "true reward lost"
        yield Panel(*labels, tuple(curves), x_log=True)


def way_panels(found):
    """What every way to optimize gains where labels are biased."""
    about = {"labels": "biased"}
    return gain_panels({
        name: {way: only(found["ways"], **about, data=name, policy=way)
               for way in ("optimum", *WAYS)}
        for name in COMPARED
    })  # fmt: skip


def gained_at(digits) -> dict:
    """Columns of what is gained, in all categories and in Chat Hard."""
    return {
        f"{head}, KL {x:g}": f"{{gained[{which}][{DIVERGENCES.index(x)}]:.{digits}f}}"
        for head, which in (("gain", ALL), (HARD, HARD))
        for x in SHOWN
    }


OF_DATA = {
    "labels": "{labels}", "data": "{data}", "pairs": "{pairs:.0f}",
    "right labels": "{right labels:.1%}", "accuracy": "{accuracy[all]:p1}",
    **{c: f"{{accuracy[{c}]:p1}}" for c in CATEGORIES}, **gained_at(2),
    "prompts worse than uniform, KL 2.6": "{worse:p1}",
}  # fmt: skip
OF_WAYS = {"labels": "{labels}", "data": "{data}", "policy": "{policy}", **gained_at(3)}
APART = """Natural policy gradient is within {natural:.1e} of the optima, DPO within {DPO:.1e} \
of the formula, in every probability.
"""


def tables(found):
    """Every data set, every way to optimize, and how far two of them are from the formulas."""
    apart = found["largest difference of a probability"]
    return [table(OF_DATA, found["data"]), table(OF_WAYS, found["ways"]), APART.format(**apart)]


STUDY = Study(
    "reward_optimization",
    __doc__,
    full={"prompts": 4000, "scale": 0.1, "iterations": 800, "climbed": tuple(REGIMES),
          "seeds": range(5)},
    quick={"prompts": 1000, "scale": 0.02, "iterations": 100, "climbed": ("biased",),
           "seeds": range(2)},
    results=results,
    tables=tables,
    figures={"reward_optimization": panels, "reward_optimization_ways": way_panels},
    constants={"ridges": RIDGES, "divergences": DIVERGENCES},
    shared_legend=True,
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
