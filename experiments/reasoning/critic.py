"""What DAPO's critic and its settings are worth on 200 Games of 24: which states share a value, how
many completions each gets, the regularization beta, and the filter that drops states whose actions
differ by little.

Success rates are exact, means over seeds with 95% intervals; where a panel does not vary beta,
every point has the beta that is best on other seeds. Sharing and completions: three iterations of
Algorithm 1 on the tree of prefixes from the uniform policy, 16 responses per puzzle, the states of
6 of them completed. Beta and filter: one iteration on merged states.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

from functools import cache
from itertools import product

import numpy as np

from experiments.reasoning.methods import ANCHOR, BETAS, CRITIC, LEVEL, PRIOR, ROUNDS
from experiments.reasoning.problems import merged, problem, success, tuned
from experiments.shared.estimates import curve, estimate, estimates, mean, select, table, values
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Curve, Panel, log10
from tabular_pg.reasoning.dapo import AggregatedCritic, ExactCritic, minimizer, train
from tabular_pg.reasoning.episodic import unfolded

BASES = ("uniform", "RL 9%", "RL 60%")
SHARING = ("nothing", "within a puzzle", "between puzzles", "exact critic")
ACTIONS = {"all": True, "sampled": False}  # compared


@cache
def critic(puzzles, sharing):
    """For the tree of prefixes."""
    if sharing == "nothing":
        return CRITIC
    if sharing == "exact critic":
        return ExactCritic()
    mdp = merged(puzzles)
    states = unfolded(mdp).states
    if sharing == "within a puzzle":
        tree = problem(puzzles, True, "uniform")[0]
        puzzle = np.arange(tree.n_states)
        for e, s in enumerate(tree.source):  # a state's edges come before those of its successors
            puzzle[tree.successor[e]] = puzzle[s]
        _, states = np.unique(puzzle * mdp.n_states + states, return_inverse=True)
    return AggregatedCritic(states, PRIOR, LEVEL)


def shared(puzzles, sharing, completions, every_action, beta, seed):
    """Success, steps per puzzle and error of the first critic, with that critic."""
    mdp, base = problem(puzzles, True, "uniform")
    done = train(
        mdp, base, beta=beta, iterations=ROUNDS, critic=critic(puzzles, sharing), responses=16,
        completions=completions, gap=0.0, anchor=ANCHOR, every_action=every_action,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    first = done.critic_error[0]
    return {"success": done.success[-1], "steps": done.n_steps / mdp.n_roots, "error": first}


def one_iteration(puzzles, base, completions, gap, beta, seed):
    """Success and steps per puzzle after one iteration with sampled actions; without completions
    the critic is fitted to the responses, otherwise as in the paper."""
    mdp, policy = problem(puzzles, False, base)
    done = train(
        mdp, policy, beta=beta, iterations=1, critic=CRITIC, responses=32, gap=gap, anchor=ANCHOR,
        completions=completions or None, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return {"success": done.success[-1], "steps": done.n_steps / mdp.n_roots}


def at_best_beta(run, function, jobs, seeds, tuning_seeds):
    """Results of all seeds for every job, each with the beta that is best on seeds of its own."""
    best, _ = tuned(run, function, jobs, [BETAS] * len(jobs), tuning_seeds)
    return over_seeds(run, function, [(*j, b) for j, b in zip(jobs, best, strict=True)], seeds)


def results(run, puzzles, completions, betas, gaps, seeds, tuning_seeds):
    """A row for every critic and number of completions, for every base and beta, and for every base
    and filter."""
    settings = list(product(ACTIONS, SHARING, completions))
    jobs = [(puzzles, sharing, n, ACTIONS[actions]) for actions, sharing, n in settings]
    found = at_best_beta(run, shared, jobs, seeds, tuning_seeds)
    names = "actions", "sharing", "completions"
    sharing = [
        dict(zip(names, setting, strict=True)) | measured(each)
        for setting, each in zip(settings, found, strict=True)
    ]
    base = {b: {"base": b, "base success": success(*problem(puzzles, False, b))} for b in BASES}
    settings = list(product(BASES, betas))
    found = over_seeds(run, one_iteration, [(puzzles, b, 0, 0.0, x) for b, x in settings], seeds)
    beta = []
    for (b, x), each in zip(settings, found, strict=True):
        mdp, policy = problem(puzzles, False, b)
        exact = {"beta": x, "exact": success(mdp, minimizer(mdp, policy, x))}
        beta.append(base[b] | exact | measured(each))
    jobs = [(puzzles, b, 16, gap) for b, gap in product(BASES, gaps)]
    found = iter(at_best_beta(run, one_iteration, jobs, seeds, tuning_seeds))
    filtered = []
    for b in BASES:
        all_kept, *_ = of_base = [next(found) for _ in gaps]
        for gap, each in zip(gaps, of_base, strict=True):
            gain = [x["success"] - y["success"] for x, y in zip(each, all_kept, strict=True)]
            filtered.append(base[b] | {"gap": gap, "gain": estimate(gain)} | measured(each))
    return {"sharing": sharing, "beta": beta, "filter": filtered}


def measured(found):
    """Estimates over seeds, and the mean number of steps."""
    return estimates(found) | {"steps": mean(found, "steps")}


def by_base(rows):
    """(label, rows) of every base policy."""
    for base in BASES:
        mine = select(rows, base=base)
        yield f"base {mine[0]['base success']:.1%}", mine


def panels(found):
    """Success and the critic's error against completions, success against beta, and the filter."""
    x_label = "completions per state"
    curves = {
        (actions, sharing): select(found["sharing"], actions=actions, sharing=sharing)
        for actions, sharing in product(ACTIONS, SHARING)
    }
    x = log10(values(next(iter(curves.values())), "completions"))
    style = {"x_log": True, "y_log": False}
    for actions in ACTIONS:
        drawn = [curve(s, x, values(curves[actions, s], "success")) for s in SHARING]
        yield Panel(f"{actions} actions compared", x_label, "success rate", tuple(drawn), **style)
    drawn = [curve(s, x, values(curves["all", s], "error")) for s in SHARING if s[:5] != "exact"]
    yield Panel("the first critic", x_label, "root mean square error", tuple(drawn), **style)
    rows = dict(by_base(found["beta"]))
    exact = [Curve(b, log10(values(r, "beta")), values(r, "exact")) for b, r in rows.items()]
    sampled = [curve(b, log10(values(r, "beta")), values(r, "success")) for b, r in rows.items()]
    labels = r"$\beta$", "success rate"
    yield Panel("one iteration, exact advantages", *labels, tuple(exact), **style)
    yield Panel("one iteration, 32 responses", *labels, tuple(sampled), **style)
    drawn = [curve(b, values(r, "gap"), values(r, "gain")) for b, r in by_base(found["filter"])]
    labels = "least difference of advantages", "success rate, with - without"
    yield Panel("the filter, 16 completions", *labels, tuple(drawn), y_log=False)


COLUMNS = {
    "critic or base": "{who}", "setting": "{setting}", "steps per puzzle": "{steps:.0f}",
    "success": "{success:.3f}",
}  # fmt: skip


def tables(found):
    """Every setting."""
    rows = []
    for row in found["sharing"]:
        who = f"shared: {row['sharing']}, {row['actions']} actions"
        rows.append(row | {"who": who, "setting": f"{row['completions']} completions"})
    for base, of_base in by_base(found["beta"]):
        for row in of_base:
            about = {"setting": f"beta = {row['beta']:g}"}
            rows.append(about | {"who": f"{base}, exact", "steps": None, "success": row["exact"]})
            rows.append(row | about | {"who": f"{base}, sampled"})
    for base, of_base in by_base(found["filter"]):
        about = {"who": f"{base}, filter"}
        rows += [row | about | {"setting": f"gap >= {row['gap']:g}"} for row in of_base]
    return [table(COLUMNS, rows)]


STUDY = Study(
    "dapo_critic",
    __doc__,
    full={
        "puzzles": 200, "completions": (1, 2, 4, 8, 16, 32),
        "betas": (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
        "gaps": (0.0, 0.02, 0.05, 0.1, 0.2), "seeds": range(5), "tuning_seeds": range(5, 8),
    },
    quick={
        "puzzles": 20, "completions": (1, 8, 16), "betas": (0.0001, 0.001, 0.01, 0.02, 0.1),
        "gaps": (0.0, 0.1), "seeds": range(2), "tuning_seeds": range(5, 6),
    },
    results=results,
    tables=tables,
    figures={"dapo_critic": panels},
    constants={"betas to choose": BETAS, "prior of the critic": [PRIOR, LEVEL], "anchor": ANCHOR},
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
