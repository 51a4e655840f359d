"""Success against environment steps: critics of steps, outcomes of whole responses, preferences and
co-trained actor-critics on 200 Games of 24, with states merged and as the tree of prefixes that a
language model sees, from base policies that solve 0.6%, 9% and 60%.

Every method gets the same environment steps per puzzle, in three rounds, and its best
hyper-parameters on a grid (so that no method suffers from a bad choice; all grids are in the
record). Success rates are exact. Bands and the table have 95% intervals of the mean over seeds.
"""

from __future__ import annotations

import numpy as np
from common import interval, quick_options
from dapo_methods import ANCHOR, LEVEL, METHODS, PRIOR, ROUNDS
from dapo_problems import SUCCESS, problem, success
from jobs import resumed
from verdicts import markdown_table

from tabular_pg.plotting import Curve, Panel, log10, save_figure, write_whole

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


def best(run, puzzles, tree, base, name, responses, seeds):
    """(parameter, (seeds, 2) results) with the highest mean success on the method's grid."""
    grid = METHODS[name][1]
    jobs = [(puzzles, tree, base, name, responses, x, seed) for x in grid for seed in seeds]
    found = np.array(run(measure, jobs)).reshape(len(grid), len(seeds), 2)
    chosen = found[:, :, 0].mean(axis=1).argmax()
    return grid[chosen], found[chosen]


def panel(run, puzzles, tree, base, budgets, seeds):
    """Success against steps, and rows of the table, on one problem from one base policy."""
    states = "tree of prefixes" if tree else "merged states"
    level = success(*problem(puzzles, tree, base))
    curves, rows = [], []
    for name in METHODS:
        found = [best(run, puzzles, tree, base, name, n, seeds) for n in budgets]
        for parameter, results in found:
            means, half = interval(results[:, 0])
            steps = f"{results[:, 1].mean():.0f}"
            rows.append([states, base, name, steps, f"{means:.3f} +- {half:.3f}", str(parameter)])
        if name in DRAWN:
            steps = np.array([results[:, 1].mean() for _, results in found])
            means, half = np.array([interval(results[:, 0]) for _, results in found]).T
            band = (np.maximum(means - half, 0), np.minimum(means + half, 1))
            curves.append(Curve(name, log10(steps), means, band=band))
    curves.append(Curve("base policy", curves[0].x, None, np.full(len(budgets), level)))
    labels = "environment steps per puzzle", "success rate"
    title = f"{states}, base {level:.1%}"
    return Panel(title, *labels, tuple(curves), x_log=True, y_log=False, y_range=(0, 1.02)), rows


def main(arguments=None):
    """Draw the figure and write the table."""
    options = quick_options(__doc__, "20 puzzles, two seeds, one budget", arguments)
    out = options.out
    puzzles, seeds = (20, range(2)) if options.quick else (200, range(5))
    budgets = (16, 48) if options.quick else (10, 32, 100, 316)
    with resumed(out / ".dapo_budget.partial.json") as run:
        drawn = [panel(run, puzzles, tree, base, budgets, seeds) for tree, base in PANELS]
        _, more = panel(run, puzzles, False, "SFT 9%", budgets, seeds)
        rows = [row for _, some in drawn for row in some] + more
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": options.quick,
            "puzzles": puzzles,
            "seeds": list(seeds),
            "rounds": ROUNDS,
            "grids": {name: list(grid) for name, (_, grid) in METHODS.items()},
            "prior of the critic": [PRIOR, LEVEL],
            "anchor": ANCHOR,
            "rows": rows,
        }
        save_figure(
            "dapo_budget", [p for p, _ in drawn], out, record, columns=False, shared_legend=True
        )
        heads = ["states", "base", "method", "steps per puzzle", "success", "best parameter"]
        write_whole(out / "dapo_budget.md", markdown_table(heads, rows))
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
