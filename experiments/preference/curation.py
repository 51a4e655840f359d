"""Is curated data better than more data? What a reward model learns from the crowd, from the pool,
and from what the rules of Skywork-Reward, or chance, select from the pool, over biases and flips.

The same Bradley-Terry model is fitted to each; its ridge is the one with the least loss on pairs
of a fifth of the prompts, held out from the same data, without any access to the true reward.
Measured exactly on prompts held out: the share of pairs of responses that are ranked as by the true
reward, mean over four categories, and the true reward lost by a policy that is optimized for the
fitted one, at a KL divergence of 1. Sizes are a tenth of the paper's. Intervals are 95% intervals
of the mean over seeds; each seed has its own world, and differences are within seeds.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from itertools import product

import numpy as np

from experiments.preference.fits import (
    REGIMES,
    drawn,
    kept_whole,
    learned,
    measured,
    random_subset,
    world_of,
)
from experiments.shared.estimates import counted, estimates, mean, only, select, table, values
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import HeatMap
from tabular_pg.preference import pooled, skywork_rules
from tabular_pg.preference.world.sources import CROWD

RIDGES = (1.0, 10.0, 100.0)
CATEGORIES = ("Chat", "Chat Hard", "Safety", "Reasoning")
SETS = {  # and which of the paper's it is
    "crowd": "700K",
    "pool": "378K",
    "random subset": "",
    "all rules": "80K",
    "WildGuard whole": "",
    "random with OffsetBias": "",
    "oracle: right labels only": "",
}
DIFFERENCES = {  # what is compared, and the title
    ("all rules", "pool"): "all rules - pool",
    ("all rules", "random subset"): "all rules - random",
    ("WildGuard whole", "pool"): "WildGuard whole - pool",
    ("WildGuard whole", "random with OffsetBias"): "WG whole - random with OffsetBias",
    ("crowd", "pool"): "crowd - pool",
    ("all rules", "crowd"): "",  # not shown
    ("all rules", "WildGuard whole"): "",
}
SHOWN = {pair: title for pair, title in DIFFERENCES.items() if title}
PAPER = {  # average, Chat, Chat Hard, Safety, Reasoning on RewardBench (Tables 2 and 3)
    "Llama-3.1-8B": {
        "700K": (86.9, 98.0, 67.3, 89.4, 93.0),
        "378K": (91.8, 94.6, 84.5, 91.5, 96.5),
        "80K": (92.5, 95.8, 87.3, 90.6, 96.2),
    },
    "Gemma-2-27B": {
        "700K": (88.1, 97.5, 71.7, 90.0, 93.4),
        "378K": (92.6, 94.4, 87.5, 91.9, 96.7),
        "80K": (93.8, 95.8, 91.4, 92.0, 96.1),
    },
}


def selections(world, scale, bias, flip, seed):
    """The data sets by name, and the fitted rewards with which WildGuardMix had to agree."""
    by_name, rng, judges = drawn(world, scale, bias, flip, seed), np.random.default_rng(seed), []
    pool = pooled(by_name)

    def judge(data):
        judges.append(learned(world, data, RIDGES, seed).fit)
        return judges[-1]

    rules = skywork_rules(rewards=judge, benchmark=world.benchmark_tokens)
    curated, whole = rules.run(pool).data, kept_whole(world, pool)
    made = (
        by_name[CROWD],
        pool,
        random_subset(pool, len(curated), rng),
        curated,
        whole,
        random_subset(pool, len(whole), rng, always=pool.of("OffsetBias")),
        pool.select(world.correct(pool)),
    )
    return dict(zip(SETS, made, strict=True)), judges[0].scores


def measure(prompts, scale, bias, flip, seed):
    """{data set: its size, right labels, accuracies, regret and ridge}, and of the agreement filter
    the accuracy of its rewards, and right labels before and after."""
    world = world_of(prompts, seed)
    sets, judge = selections(world, scale, bias, flip, seed)
    results = {}
    for name, data in sets.items():
        found, ridge = learned(world, data, RIDGES, seed)
        about = {"pairs": len(data), "right labels": float(world.correct(data).mean())}
        results[name] = about | measured(world, found.scores) | {"ridge": ridge}
    pool = sets["pool"]
    judged = pool.select(pool.of("WildGuardMix") & pool.adversarial)
    right = world.correct(judged)
    agrees = judge[judged.chosen] > judge[judged.rejected]
    shares = agrees == right, right, right[agrees]
    names = "accuracy of its rewards", "right labels before", "right labels after"
    results["filter"] = {n: float(x.mean()) for n, x in zip(names, shares, strict=True)}
    return results


def results(run, prompts, scale, biases, flips, seeds):
    """Rows for every data set, every difference within seeds, and the filter, in every cell."""
    cells = list(product(biases, flips))
    every = over_seeds(run, measure, [(prompts, scale, *cell) for cell in cells], seeds)
    rows, differences, filters = [], [], []
    for (bias, flip), found in zip(cells, every, strict=True):
        cell = {"bias": bias, "flip": flip}
        for name in SETS:
            mine = [each[name] for each in found]
            rows.append(cell | {"data": name} | estimates(mine))
        for one, other in DIFFERENCES:
            rises = [gain(each[one], each[other]) for each in found]
            differences.append(cell | {"data": one, "minus": other} | estimates(rises))
        judged = [each["filter"] for each in found]
        filters.append(cell | {name: mean(judged, name) for name in judged[0]})
    return {"data": rows, "differences": differences, "filter": filters}


def gain(one, other):
    """What one data set is better, in accuracy, and in Chat Hard beyond the gain in Chat."""
    gains = {name: one[name] - other[name] for name in (*CATEGORIES, "average")}
    return gains | {"Chat Hard beyond Chat": gains["Chat Hard"] - gains["Chat"]}


def panels(found):
    """Heat maps over bias and flips."""
    biases, flips = (
        tuple(dict.fromkeys(row[axis] for row in found["filter"])) for axis in ("bias", "flip")
    )
    axes = "bias of annotators", "rate of flips", biases, flips

    def grid(rows, **names):
        cells = [[only(rows, bias=b, flip=f, **names) for b in biases] for f in flips]
        return np.array([[100 * cell["average"].mean for cell in row] for row in cells])

    for (one, other), title in SHOWN.items():
        values = grid(found["differences"], data=one, minus=other)
        yield HeatMap(title, *axes, values, center=0.0, limits=(-15.0, 15.0), digits=1)
    yield HeatMap("accuracy of the pool (%)", *axes, grid(found["data"], data="pool"), digits=1)


def regime_rows(found):
    """Every data set in the three regimes with a name, and in the paper."""
    for regime, (bias, flip) in REGIMES.items():
        for name, paper in SETS.items():
            row = only(found["data"], bias=bias, flip=flip, data=name)
            means = {key: row[key].mean for key in ("pairs", "right labels")}
            yield row | means | {"labels": regime, "data": name + f" ({paper})" * bool(paper)}
    unknown = dict.fromkeys(("pairs", "right labels", "regret"))
    for model, scores in PAPER.items():
        for name, numbers in scores.items():
            its = dict(zip(("average", *CATEGORIES), (f"{x:.1f}" for x in numbers), strict=True))
            yield unknown | its | {"labels": f"paper, {model}", "data": name}


def tables(found):
    """The regimes, the signs of the differences, and all cells."""
    gains = {
        title: values(select(found["differences"], data=one, minus=other), "average")
        for (one, other), title in SHOWN.items()
    }
    signs = [{"difference": title} | counted(of_all)._asdict() for title, of_all in gains.items()]
    cells = [
        row | {title: of_all[i] for title, of_all in gains.items()}
        for i, row in enumerate(found["filter"])
    ]
    return [table(OF_REGIMES, regime_rows(found)), table(OF_SIGNS, signs), table(OF_CELLS, cells)]


OF_REGIMES = {
    "labels": "{labels}", "data": "{data}", "pairs": "{pairs:.0f}",
    "right labels": "{right labels:.1%}",
    **{name: f"{{{name}:p1}}" for name in ("average", *CATEGORIES)}, "regret": "{regret:.3f}",
}  # fmt: skip
OF_SIGNS = {
    "difference": "{difference}", "above 0 in": "{better}", "neither in": "{equal}",
    "below 0 in": "{worse}",
}  # fmt: skip
OF_CELLS = {
    "bias": "{bias:g}", "flips": "{flip:g}", **{t: f"{{{t}:+p1}}" for t in SHOWN.values()},
    "filter: accuracy of its rewards": "{accuracy of its rewards:.1%}",
    "right labels before": "{right labels before:.1%}", "after": "{right labels after:.1%}",
}  # fmt: skip
STUDY = Study(
    "reward_curation",
    __doc__,
    full={"prompts": 4000, "scale": 0.1, "biases": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
          "flips": (0.0, 0.1, 0.25, 0.4), "seeds": range(5)},
    quick={"prompts": 1000, "scale": 0.02, "biases": (0.0, 1.0), "flips": (0.0, 0.25),
           "seeds": range(2)},
    results=results,
    tables=tables,
    figures={"reward_curation": panels},
    constants={"ridges": RIDGES},
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
