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
from itertools import product

import numpy as np

from experiments.reasoning.methods import ANCHOR, CRITIC, LEVEL, PRIOR
from experiments.reasoning.problems import problem, success
from experiments.shared.estimates import estimate, mean, only, table, values
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import HeatMap
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
    """Final success, largest fall on the way, and environment steps per puzzle."""
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
    return {"success": done.success[-1], "fall": fall, "steps": done.n_steps / mdp.n_roots}


def grid(run, job, seeds):
    """{(row, column): the results of all seeds} of a method's grid."""
    settings = list(product(*(setting for _, setting in axes(job[-1]))))
    found = over_seeds(run, measure, [(*job, *each) for each in settings], seeds)
    return dict(zip(settings, found, strict=True))


def results(run, puzzles, seeds, tuning_seeds):
    """A row for every base, critic and training; its best setting is that on other seeds."""
    rows = []
    for (base, aliased), name in product(SETTINGS, (*TOGETHER, *APART)):
        job = puzzles, base, aliased, name
        found, tuning = grid(run, job, seeds), grid(run, job, tuning_seeds)
        best = max(tuning, key=lambda setting, tuning=tuning: mean(tuning[setting], "success"))
        cells = [
            {"row": row, "column": column, "success": mean(of_seeds, "success"),
             "largest fall": max(each["fall"] for each in of_seeds)}
            for (row, column), of_seeds in found.items()
        ]  # fmt: skip
        final = [cell["success"] for cell in cells]
        steps = np.mean([[each["steps"] for each in of_seeds] for of_seeds in found.values()])
        rows.append({
            "way": "apart" if name in APART else "together", "optimistic": "optimistic" in name,
            "base": base, "base success": success(*problem(puzzles, False, base)),
            "critic": f"{BUCKETS} random buckets" if aliased else "tabular", "training": name,
            "steps": steps, "best setting": best,
            "success": estimate([each["success"] for each in found[best]]),
            "median success": np.median(final), "worst success": min(final),
            "largest fall, best setting": max(each["fall"] for each in found[best]),
            "largest fall": max(cell["largest fall"] for cell in cells), "grid": cells,
        })  # fmt: skip
    return {"training": rows}


def panels(found):
    """Heat maps of final success, and of the largest fall of any seed with the aliased critic."""
    for quantity, title, critic, limits in (
        ("success", "success", "tabular", (0, 1)),
        ("largest fall", "fall with aliased critic", f"{BUCKETS} random buckets", (0, 0.1)),
    ):
        for name, shown_as in DRAWN.items():
            (y_label, rows), (x_label, columns) = axes(name)
            mine = only(found["training"], base="uniform", critic=critic, training=name)
            cells = np.reshape(values(mine["grid"], quantity), (len(rows), len(columns)))
            texts = [tuple(f"{x:g}" for x in axis) for axis in (columns, rows)]
            yield HeatMap(f"{shown_as}: {title}", x_label, y_label, *texts, cells,
                          limits=limits, digits=3)  # fmt: skip


COLUMNS = {
    "base": "{base success:.1%}", "critic": "{critic}", "training": "{training}",
    "steps per puzzle": "{steps:.0f}", "best final success": "{success:.3f}",
    "with": "{best setting[0]:g}, {best setting[1]:g}",
    "median of the grid": "{median success:.3f}", "worst of the grid": "{worst success:.3f}",
    "largest fall, best setting": "{largest fall, best setting:.3f}",
    "largest fall, any setting": "{largest fall:.3f}",
}  # fmt: skip
STUDY = Study(
    "dapo_cotraining",
    __doc__,
    full={"puzzles": 200, "seeds": range(5), "tuning_seeds": range(5, 8)},
    quick={"puzzles": 20, "seeds": range(2), "tuning_seeds": range(5, 6)},
    results=results,
    tables=lambda found: [table(COLUMNS, found["training"])],
    figures={"dapo_cotraining": panels},
    constants={
        "grid together": {"row: rate of the critic": CRITIC_RATES,
                          "column: rate of the actor": ACTOR_RATES},
        "grid apart": {"row: phases": PHASES, "column: beta": BETAS},
    },
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
