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

from itertools import product

from experiments.reasoning.methods import ANCHOR, LEVEL, METHODS, PRIOR, ROUNDS
from experiments.reasoning.problems import problem, success, tuned
from experiments.shared.estimates import curve, estimate, mean, select, table, values
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Curve, Panel, log10

DRAWN = (
    "DAPO, all actions", "DAPO, sampled actions", "Algorithm 1, sampled actions", "RLOO", "RFT",
    "outcome DPO", "DRO", "actor-critic, MC",
)  # fmt: skip
STATES = {"merged states": False, "tree of prefixes": True}
BASES = ("uniform", "RL 9%", "RL 60%")
PROBLEMS = [*product(STATES, BASES), ("merged states", "SFT 9%")]  # the last one is not drawn


def measure(puzzles, tree, base, name, responses, parameter, seed):
    """Success and environment steps per puzzle of one method with one seed."""
    mdp, policy = problem(puzzles, tree, base)
    trained, steps = METHODS[name][0](mdp, policy, responses, parameter, seed)
    return {"success": success(mdp, trained), "steps": steps / mdp.n_roots}


def results(run, puzzles, budgets, seeds, tuning_seeds):
    """A row for every problem, method and budget."""
    settings = list(product(PROBLEMS, METHODS, budgets))
    jobs = [(puzzles, STATES[states], base, *rest) for (states, base), *rest in settings]
    grids = [METHODS[name][1] for _, name, _ in settings]
    best, tried = tuned(run, measure, jobs, grids, tuning_seeds)
    found = over_seeds(run, measure, [(*job, x) for job, x in zip(jobs, best, strict=True)], seeds)
    rows = []
    for ((states, base), name, n), *its in zip(settings, best, tried, found, strict=True):
        parameter, on_grid, of_seeds = its
        rows.append({
            "states": states, "base": base,
            "base success": success(*problem(puzzles, STATES[states], base)), "method": name,
            "responses": n, "steps": mean(of_seeds, "steps"),
            "success": estimate([each["success"] for each in of_seeds]),
            "parameter": parameter, "success on the grid": on_grid,
        })  # fmt: skip
    return {"methods": rows}


def panels(found):
    """Success against steps."""
    for states, base in product(STATES, BASES):
        curves = []
        for name in DRAWN:
            rows = select(found["methods"], states=states, base=base, method=name)
            curves.append(
                curve(name, log10(values(rows, "steps")), values(rows, "success"), (0, 1))
            )
        level = rows[0]["base success"]
        curves.append(Curve("base policy", curves[0].x, None, [level] * len(rows)))
        labels = f"{states}, base {level:.1%}", "environment steps per puzzle", "success rate"
        yield Panel(*labels, tuple(curves), x_log=True, y_log=False, y_range=(0, 1.02))


COLUMNS = {
    "states": "{states}", "base": "{base}", "method": "{method}",
    "steps per puzzle": "{steps:.0f}", "success": "{success:.3f}", "parameter": "{parameter}",
}  # fmt: skip


def tables(found):
    """Every method in every setting; parameters that are two are in parentheses."""
    rows = [
        row | {"parameter": tuple(x) if isinstance(x := row["parameter"], list) else x}
        for row in found["methods"]
    ]
    return [table(COLUMNS, rows)]


STUDY = Study(
    "dapo_budget",
    __doc__,
    full={"puzzles": 200, "budgets": (10, 32, 100, 316), "seeds": range(5),
          "tuning_seeds": range(5, 8)},
    quick={"puzzles": 20, "budgets": (16, 48), "seeds": range(2), "tuning_seeds": range(5, 6)},
    results=results,
    tables=tables,
    figures={"dapo_budget": panels},
    constants={
        "rounds": ROUNDS,
        "grids": {name: grid for name, (_, grid) in METHODS.items()},
        "prior of the critic": [PRIOR, LEVEL],
        "anchor": ANCHOR,
    },
    shared_legend=True,
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
