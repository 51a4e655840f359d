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
    text,
    world_of,
)
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import HeatMap, save_figure
from tabular_pg.preference import pooled, skywork_rules
from tabular_pg.preference.world.sources import CROWD

BIASES, FLIPS, RIDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 0.1, 0.25, 0.4), (1.0, 10.0, 100.0)
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
}
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
    """{data set: [pairs, right labels, four accuracies, their mean, regret, ridge]}, and of the
    agreement filter [accuracy of its rewards, right labels before, right labels after]."""
    world = world_of(prompts, seed)
    sets, judge = selections(world, scale, bias, flip, seed)
    results = {}
    for name, data in sets.items():
        found, ridge = learned(world, data, RIDGES, seed)
        size, right = len(data), float(world.correct(data).mean())
        results[name] = [size, right, *measured(world, found.scores), ridge]
    pool = sets["pool"]
    judged = pool.select(pool.of("WildGuardMix") & pool.adversarial)
    right = world.correct(judged)
    agrees = judge[judged.chosen] > judge[judged.rejected]
    results["filter"] = [float(x.mean()) for x in (agrees == right, right, right[agrees])]
    return results


def difference(found, one, other):
    """Accuracy of one data set minus that of another, in points, for every seed."""
    return [100 * (each[one][6] - each[other][6]) for each in found]


def panels(cells):
    """Heat maps over bias and flips; ``cells`` has what was found for each."""
    biases, flips = (tuple(dict.fromkeys(axis)) for axis in zip(*cells, strict=True))
    axes = "bias of annotators", "rate of flips", biases, flips

    def grid(value):
        return np.array([[np.mean(value(cells[b, f])) for b in biases] for f in flips])

    for pair, title in DIFFERENCES.items():
        values = grid(lambda found, pair=pair: difference(found, *pair))
        yield HeatMap(title, *axes, values, center=0.0, limits=(-15.0, 15.0), digits=1)
    pool = grid(lambda found: [100 * each["pool"][6] for each in found])
    yield HeatMap("accuracy of the pool (%)", *axes, pool, digits=1)


def regime_rows(cells):
    """Every data set in the three regimes with a name, and in the paper."""
    for regime, cell in REGIMES.items():
        for name, paper in SETS.items():
            found = np.array([each[name] for each in cells[cell]])
            rows = [text(found[:, i]) for i in (6, 2, 3, 4, 5)]
            yield [regime, name + f" ({paper})" * bool(paper), f"{found[:, 0].mean():.0f}",
                   f"{found[:, 1].mean():.1%}", *rows, text(found[:, 7], 3, 1.0)]  # fmt: skip
    for model, table in PAPER.items():
        for name, numbers in table.items():
            yield [f"paper, {model}", name, "-", "-", *(f"{x:.1f}" for x in numbers), "-"]


def grid_rows(cells):
    """The differences in every cell of the grid, and what the agreement filter did there."""
    for (bias, flip), found in cells.items():
        row = [text(difference(found, *pair), scale=1.0, sign="+") for pair in DIFFERENCES]
        a, before, after = np.mean([each["filter"] for each in found], axis=0)
        yield [f"{bias:g}", f"{flip:g}", *row, f"{a:.1%}", f"{before:.1%}", f"{after:.1%}"]


def signs(cells):
    """In how many cells a difference is above 0, below 0, or neither by its interval."""
    for pair, title in DIFFERENCES.items():
        ends = [interval(difference(found, *pair)) for found in cells.values()]
        above, below = (sum(s * mean > half for mean, half in ends) for s in (1, -1))
        yield [title, str(above), str(len(ends) - above - below), str(below)]


def main(arguments=None):
    """Draw the figure and write the tables."""
    options = quick_options(__doc__, "smaller data, two seeds, four cells", arguments)
    out, quick = options.out, options.quick
    prompts, scale = (1000, 0.02) if quick else (4000, 0.1)
    seeds = range(2) if quick else range(5)
    grid = list(product((0.0, 1.0), (0.0, 0.25)) if quick else product(BIASES, FLIPS))
    with resumed(out / ".reward_curation.partial.json") as run:
        jobs = [(prompts, scale, *cell, seed) for cell in grid for seed in seeds]
        found = run(measure, jobs)
        cells = {c: found[i * len(seeds) : (i + 1) * len(seeds)] for i, c in enumerate(grid)}
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": quick,
            "prompts": prompts,
            "scale": scale,
            "seeds": list(seeds),
            "ridges": list(RIDGES),
            "columns": "pairs, right labels, Chat, Chat Hard, Safety, Reasoning, mean, regret, "
            "ridge; filter: accuracy of its rewards, right labels before and after",
            "results": {f"bias {b:g}, flip {f:g}": r for (b, f), r in cells.items()},
        }
        save_figure("reward_curation", list(panels(cells)), out, record, columns=False)
        heads = ["labels", "data", "pairs", "right labels", "average", "Chat", "Chat Hard",
                 "Safety", "Reasoning", "regret"]  # fmt: skip
        table = markdown_table(heads, regime_rows(cells))
        heads = ["difference", "above 0 in", "neither in", "below 0 in"]
        table += "\n" + markdown_table(heads, signs(cells))
        heads = ["bias", "flips", *DIFFERENCES.values(), "filter: accuracy of its rewards",
                 "right labels before", "after"]  # fmt: skip
        table += "\n" + markdown_table(heads, grid_rows(cells))
        write_whole(out / "reward_curation.md", table)
    print(table)
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
