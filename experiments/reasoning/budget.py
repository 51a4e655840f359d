"""Success against environment steps: critics of steps, outcomes of whole responses, preferences and
co-trained actor-critics on 200 Games of 24, with states merged and as the tree of prefixes that a
language model sees, from base policies that solve 0.6%, 9% and 60%.

Every method may use the same environment steps, in three rounds. Its parameter is the best of a
grid on seeds of their own (all are in the record; where the best is the smallest, the curve has
become flat). Success rates are exact. Bands and the table have 95% intervals of the mean over
seeds.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.reasoning.methods import ANCHOR, LEVEL, METHODS, PRIOR, ROUNDS
from experiments.reasoning.problems import SUCCESS, problem, success
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, Panel, log10, save_figure

DRAWN = (
    "DAPO, all actions", "DAPO, sampled actions", "Algorithm 1, sampled actions", "RLOO", "RFT",
    "outcome DPO", "DRO", "actor-critic, MC",
)  # fmt: skip
PANELS = [(tree, base) for tree in (False, True) for base in SUCCESS if base != "SFT 9%"]


def measure(puzzles, tree, base, name, responses, parameter, seed):
    """[success, environment steps per puzzle] of one method with one seed."""
    mdp, policy = problem(puzzles, tree, base)
    trained, steps = METHODS[name][0](mdp, policy, responses, parameter, seed)
    return [success(mdp, trained), steps / mdp.n_roots]


def tuned(run, where, budgets, seeds):
    """{(method, responses): (its best parameter, mean success of every parameter)}."""
    settings = [(name, n) for name in METHODS for n in budgets]
    jobs = {
        setting: [[(*where, *setting, x, seed) for seed in seeds] for x in METHODS[setting[0]][1]]
        for setting in settings
    }
    run(measure, [job for grid in jobs.values() for of_one in grid for job in of_one])
    chosen = {}
    for setting, grid in jobs.items():
        means = [np.mean(run(measure, of_one), axis=0)[0] for of_one in grid]
        chosen[setting] = METHODS[setting[0]][1][int(np.argmax(means))], means
    return chosen


def panel(run, puzzles, tree, base, budgets, seeds, tuning_seeds):
    """Success against steps, rows of the table, and how the parameters were chosen."""
    where = puzzles, tree, base
    states = "tree of prefixes" if tree else "merged states"
    level = success(*problem(*where))
    chosen = tuned(run, where, budgets, tuning_seeds)
    jobs = {s: [(*where, *s, x, seed) for seed in seeds] for s, (x, _) in chosen.items()}
    run(measure, [job for of_one in jobs.values() for job in of_one])
    curves, rows, tuning = [], [], {}
    for name in METHODS:
        found = np.array([run(measure, jobs[name, n]) for n in budgets])
        means, half = np.array([interval(values) for values in found[:, :, 0]]).T
        steps = found[:, :, 1].mean(axis=1)
        for i, n in enumerate(budgets):
            parameter, tried = chosen[name, n]
            text = f"{means[i]:.3f} +- {half[i]:.3f}"
            rows.append([states, base, name, f"{steps[i]:.0f}", text, str(parameter)])
            tuning[f"{states}, {base}, {name}, {n}"] = [round(x, 4) for x in tried]
        if name in DRAWN:
            band = (np.maximum(means - half, 0), np.minimum(means + half, 1))
            curves.append(Curve(name, log10(steps), means, band=band))
    curves.append(Curve("base policy", curves[0].x, None, np.full(len(budgets), level)))
    labels = "environment steps per puzzle", "success rate"
    style = {"x_log": True, "y_log": False, "y_range": (0, 1.02)}
    return Panel(f"{states}, base {level:.1%}", *labels, tuple(curves), **style), rows, tuning


def main(arguments=None):
    """Draw the figure and write the table."""
    options = quick_options(__doc__, "20 puzzles, two seeds, two budgets", arguments)
    out = options.out
    puzzles = 20 if options.quick else 200
    seeds, tuning_seeds = (range(2), range(5, 6)) if options.quick else (range(5), range(5, 8))
    budgets = (16, 48) if options.quick else (10, 32, 100, 316)
    with resumed(out / ".dapo_budget.partial.json") as run:
        found = [
            panel(run, puzzles, tree, base, budgets, seeds, tuning_seeds)
            for tree, base in (*PANELS, (False, "SFT 9%"))
        ]
        panels, rows, tuning = zip(*found, strict=True)
        rows = [row for of_one in rows for row in of_one]
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": options.quick,
            "puzzles": puzzles,
            "seeds": list(seeds),
            "seeds for tuning": list(tuning_seeds),
            "rounds": ROUNDS,
            "grids": {name: list(grid) for name, (_, grid) in METHODS.items()},
            "mean success on the grids": {k: v for of_one in tuning for k, v in of_one.items()},
            "prior of the critic": [PRIOR, LEVEL],
            "anchor": ANCHOR,
            "rows": rows,
        }
        drawn = panels[: len(PANELS)]
        save_figure("dapo_budget", drawn, out, record, columns=False, shared_legend=True)
        heads = ["states", "base", "method", "steps per puzzle", "success", "parameter"]
        write_whole(out / "dapo_budget.md", markdown_table(heads, rows))
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
