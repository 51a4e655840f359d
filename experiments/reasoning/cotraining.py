"""Actor and critic trained apart or together, with 300 environment steps per puzzle on 200 Games of
24, over a grid of hyper-parameters: how good the best setting is, how good the median, and how far
success falls on the way.

Together: one response per puzzle, then both are updated; the critic moves to its own next value
(TD) or to the outcome (MC), the signal of a step is the difference of the critic's values, or the
outcome less the value of the state. Values start at 0 or, optimistic, at 0.2. Apart: DAPO in
phases; in each a critic is fitted to the new responses and the actor to it. Fall: the success lost
since the best of up to 20 checkpoints, at its largest. Means over seeds; the best setting is chosen
on other seeds. Equal in samples, not in computation: DAPO's regression is solved exactly.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from functools import cache

import numpy as np

from experiments.reasoning.methods import ANCHOR, CRITIC, LEVEL, PRIOR
from experiments.reasoning.problems import problem, success
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import HeatMap, save_figure
from tabular_pg.reasoning.baselines import Advantage, actor_critic
from tabular_pg.reasoning.dapo import AggregatedCritic, train

RESPONSES, BUCKETS = 100, 500
ACTOR_RATES, CRITIC_RATES, OPTIMISTIC = (1.0, 10.0, 100.0, 1000.0), (0.03, 0.2, 1.0), 0.2
PHASES, BETAS = (2, 4, 10, 20), (0.0005, 0.002, 0.005, 0.02, 0.1)
TOGETHER = {  # the signal, and the value that every state has first
    "together, TD": (Advantage.TD, 0.0),
    "together, MC": (Advantage.MC, 0.0),
    "together, outcome - V": (Advantage.OUTCOME, 0.0),
    "together, TD, optimistic": (Advantage.TD, OPTIMISTIC),
    "together, MC, optimistic": (Advantage.MC, OPTIMISTIC),
    "together, outcome - V, optimistic": (Advantage.OUTCOME, OPTIMISTIC),
}
APART = {"apart (DAPO), sampled actions": False, "apart (DAPO), all actions": True}
SETTINGS = [("uniform", False), ("RL 9%", False), ("uniform", True)]  # base, whether aliased
DRAWN = {  # and its title
    "together, TD": "together, TD",
    "together, MC": "together, MC",
    "apart (DAPO), sampled actions": "apart (DAPO)",
}


def axes(name):
    """((label, settings of the rows), (label, settings of the columns)) of a method's grid."""
    if name in APART:
        return ("phases", PHASES), (r"$\beta$", BETAS)
    return ("rate of the critic", CRITIC_RATES), ("rate of the actor", ACTOR_RATES)


@cache
def buckets(puzzles):
    """The state map of a critic that cannot tell states apart: each in one of 500, at random."""
    return np.random.default_rng(1).integers(
        BUCKETS, size=problem(puzzles, False, "uniform")[0].n_states
    )


def measure(puzzles, base, aliased, name, row, column, seed):
    """[final success, largest fall on the way, environment steps per puzzle]."""
    mdp, policy = problem(puzzles, False, base)
    state_map, rng = (buckets(puzzles) if aliased else None), np.random.default_rng(seed)
    if name in APART:
        critic = AggregatedCritic(state_map, PRIOR, LEVEL) if aliased else CRITIC
        done = train(
            mdp, policy, beta=column, iterations=row, critic=critic, responses=RESPONSES // row,
            completions=None, gap=0.0, anchor=ANCHOR, every_action=APART[name], rng=rng,
        )  # fmt: skip
    else:
        advantage, initial = TOGETHER[name]
        done = actor_critic(
            mdp, policy, updates=RESPONSES, responses=1, actor_rate=column, critic_rate=row,
            advantage=advantage, state_map=state_map, initial=initial,
            evaluate_every=RESPONSES // max(PHASES), rng=rng,
        )  # fmt: skip
    fall = (np.maximum.accumulate(done.success) - done.success).max()
    return [done.success[-1], fall, done.n_steps / mdp.n_roots]


def grid(run, puzzles, base, aliased, name, seeds):
    """(rows, columns, seeds, 3) results."""
    (_, rows), (_, columns) = axes(name)
    jobs = [(puzzles, base, aliased, name, r, c, s) for r in rows for c in columns for s in seeds]
    return np.array(run(measure, jobs)).reshape(len(rows), len(columns), len(seeds), 3)


def line(base, aliased, name, level, found, tuning):
    """A row of the table; the best setting is that of ``tuning``, the grid on other seeds."""
    (_, rows), (_, columns) = axes(name)
    final, fall = found[..., 0].mean(axis=2), found[..., 1]
    chosen = tuning[..., 0].mean(axis=2)
    i, j = np.unravel_index(chosen.argmax(), chosen.shape)
    mean, half = interval(found[i, j, :, 0])
    return [
        f"{level:.1%}", f"{BUCKETS} random buckets" if aliased else "tabular", name,
        f"{found[..., 2].mean():.0f}", f"{mean:.3f} +- {half:.3f}",
        f"{rows[i]:g}, {columns[j]:g}", f"{np.median(final):.3f}", f"{final.min():.3f}",
        f"{fall[i, j].max():.3f}", f"{fall.max():.3f}",
    ]  # fmt: skip


def panels(tabular, aliased):
    """Heat maps of final success, and of the largest fall of any seed with the aliased critic."""
    for quantity, found, values, limits in (
        ("success", tabular, lambda x: x[..., 0].mean(axis=2), (0, 1)),
        ("fall with aliased critic", aliased, lambda x: x[..., 1].max(axis=2), (0, 0.1)),
    ):
        for name, title in DRAWN.items():
            (y_label, rows), (x_label, columns) = axes(name)
            texts = [tuple(f"{x:g}" for x in axis) for axis in (columns, rows)]
            yield HeatMap(f"{title}: {quantity}", x_label, y_label, *texts, values(found[name]),
                          limits=limits, digits=3)  # fmt: skip


def main(arguments=None):
    """Draw the figure and write the table."""
    options = quick_options(__doc__, "20 puzzles, two seeds", arguments)
    out = options.out
    puzzles = 20 if options.quick else 200
    seeds, tuning_seeds = (range(2), range(5, 6)) if options.quick else (range(5), range(5, 8))
    with resumed(out / ".dapo_cotraining.partial.json") as run:
        results, table = {}, []
        for base, aliased in SETTINGS:
            level = success(*problem(puzzles, False, base))
            for name in (*TOGETHER, *APART):
                found = grid(run, puzzles, base, aliased, name, seeds)
                results.setdefault((base, aliased), {})[name] = found
                tuning = grid(run, puzzles, base, aliased, name, tuning_seeds)
                table.append(line(base, aliased, name, level, found, tuning))
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": options.quick,
            "puzzles": puzzles,
            "seeds": list(seeds),
            "seeds for the best setting": list(tuning_seeds),
            "grid together": {"critic": list(CRITIC_RATES), "actor": list(ACTOR_RATES)},
            "grid apart": {"phases": list(PHASES), "beta": list(BETAS)},
            "rows": table,
        }
        drawn = list(panels(results["uniform", False], results["uniform", True]))
        save_figure("dapo_cotraining", drawn, out, record, columns=False)
        heads = ["base", "critic", "training", "steps per puzzle", "best final success", "with",
                 "median of the grid", "worst of the grid", "largest fall, best setting",
                 "largest fall, any setting"]  # fmt: skip
        text = markdown_table(heads, table)
        write_whole(out / "dapo_cotraining.md", text)
    print(text)
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
