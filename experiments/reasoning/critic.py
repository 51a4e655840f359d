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

import numpy as np

from experiments.reasoning.methods import ANCHOR, BETAS, CRITIC, LEVEL, PRIOR, ROUNDS
from experiments.reasoning.problems import merged, problem, success
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, Panel, log10, save_figure
from tabular_pg.reasoning.dapo import AggregatedCritic, ExactCritic, minimizer, train
from tabular_pg.reasoning.episodic import unfolded

BASES = ("uniform", "RL 9%", "RL 60%")
SHARING = ("nothing", "within a puzzle", "between puzzles", "exact critic")
COMPLETIONS = (1, 2, 4, 8, 16, 32)
MANY_BETAS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
GAPS = (0.0, 0.02, 0.05, 0.1, 0.2)


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
    """[success, steps per puzzle, error of the last critic] with that critic."""
    mdp, base = problem(puzzles, True, "uniform")
    done = train(
        mdp, base, beta=beta, iterations=ROUNDS, critic=critic(puzzles, sharing), responses=16,
        completions=completions, gap=0.0, anchor=ANCHOR, every_action=every_action,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return [done.success[-1], done.n_steps / mdp.n_roots, done.critic_error[0]]


def one_iteration(puzzles, base, completions, gap, beta, seed):
    """[success, steps per puzzle] after one iteration with sampled actions; without completions the
    critic is fitted to the responses, otherwise as in the paper."""
    mdp, policy = problem(puzzles, False, base)
    done = train(
        mdp, policy, beta=beta, iterations=1, critic=CRITIC, responses=32, gap=gap, anchor=ANCHOR,
        completions=completions or None, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return [done.success[-1], done.n_steps / mdp.n_roots]


def at_best_beta(run, function, jobs, seeds, tuning_seeds):
    """(jobs, seeds, ...) results, each with the beta that is best on seeds of its own."""
    grid = [[[(*job, b, seed) for seed in tuning_seeds] for b in BETAS] for job in jobs]
    found = np.array(run(function, [x for job in grid for of_one in job for x in of_one]))
    found = found.reshape(len(jobs), len(BETAS), len(tuning_seeds), -1)
    best = [BETAS[i] for i in found[..., 0].mean(axis=2).argmax(axis=1)]
    pairs = zip(jobs, best, strict=True)
    found = run(function, [(*job, beta, seed) for job, beta in pairs for seed in seeds])
    return np.array(found).reshape(len(jobs), len(seeds), -1)


def curve(label, x, results):
    """Means and intervals of (points, seeds) results."""
    means, half = np.array([interval(values) for values in results]).T
    return Curve(label, x, means, band=(means - half, means + half))


def sharing_panels(run, puzzles, completions, *seeds):
    """Success and the critic's error against completions, and rows of the table."""
    x, panels, rows = log10(np.array(completions, dtype=float)), [], []
    error = []
    for every_action in (True, False):
        curves = []
        for sharing in SHARING:
            jobs = [(puzzles, sharing, n, every_action) for n in completions]
            found = at_best_beta(run, shared, jobs, *seeds)
            curves.append(curve(sharing, x, found[:, :, 0]))
            if every_action and sharing != "exact critic":
                error.append(curve(sharing, x, found[:, :, 2]))
            for n, results in zip(completions, found, strict=True):
                mean, half = interval(results[:, 0])
                which = "all actions" if every_action else "sampled actions"
                steps = f"{results[:, 1].mean():.0f}"
                rows.append([f"shared: {sharing}, {which}", f"{n} completions", steps,
                             f"{mean:.3f} +- {half:.3f}"])  # fmt: skip
        title = f"{'all' if every_action else 'sampled'} actions compared"
        labels = "completions per state", "success rate"
        panels.append(Panel(title, *labels, tuple(curves), x_log=True, y_log=False))
    labels = "completions per state", "root mean square error"
    panels.append(Panel("the first critic", *labels, tuple(error), x_log=True, y_log=False))
    return panels, rows


def beta_panels(run, puzzles, betas, seeds):
    """Success after one iteration against beta, with exact and with estimated advantages."""
    x, exact, sampled, rows = log10(np.array(betas)), [], [], []
    for base in BASES:
        mdp, policy = problem(puzzles, False, base)
        label = f"base {success(mdp, policy):.1%}"
        true = np.array([success(mdp, minimizer(mdp, policy, beta)) for beta in betas])
        jobs = [(puzzles, base, 0, 0.0, beta, seed) for beta in betas for seed in seeds]
        found = np.array(run(one_iteration, jobs)).reshape(len(betas), len(seeds), 2)
        exact.append(Curve(label, x, true))
        sampled.append(curve(label, x, found[:, :, 0]))
        for beta, at_all, results in zip(betas, true, found, strict=True):
            mean, half = interval(results[:, 0])
            rows.append([f"{label}, exact", f"beta = {beta:g}", "-", f"{at_all:.3f}"])
            rows.append([f"{label}, sampled", f"beta = {beta:g}", f"{results[:, 1].mean():.0f}",
                         f"{mean:.3f} +- {half:.3f}"])  # fmt: skip
    labels = r"$\beta$", "success rate"
    style = {"x_log": True, "y_log": False}
    return [
        Panel("one iteration, exact advantages", *labels, tuple(exact), **style),
        Panel("one iteration, 32 responses", *labels, tuple(sampled), **style),
    ], rows


def gap_panel(run, puzzles, gaps, *seeds):
    """What the filter adds to the success of one iteration of Algorithm 1."""
    curves, rows = [], []
    for base in BASES:
        label = f"base {success(*problem(puzzles, False, base)):.1%}"
        jobs = [(puzzles, base, 16, gap) for gap in gaps]
        found = at_best_beta(run, one_iteration, jobs, *seeds)
        gain = found[:, :, 0] - found[0, :, 0]
        curves.append(curve(label, np.array(gaps), gain))
        for gap, results in zip(gaps, found, strict=True):
            mean, half = interval(results[:, 0])
            rows.append([f"{label}, filter", f"gap >= {gap:g}", f"{results[:, 1].mean():.0f}",
                         f"{mean:.3f} +- {half:.3f}"])  # fmt: skip
    labels = "least difference of advantages", "success rate, with - without"
    return Panel("the filter, 16 completions", *labels, tuple(curves), y_log=False), rows


def main(arguments=None):
    """Draw the figure and write the table."""
    options = quick_options(__doc__, "20 puzzles, two seeds, few settings", arguments)
    out = options.out
    puzzles = 20 if options.quick else 200
    seeds, tuning_seeds = (range(2), range(5, 6)) if options.quick else (range(5), range(5, 8))
    some = slice(None, None, 3 if options.quick else 1)
    with resumed(out / ".dapo_critic.partial.json") as run:
        panels, rows = sharing_panels(run, puzzles, COMPLETIONS[some], seeds, tuning_seeds)
        more, beta_rows = beta_panels(run, puzzles, MANY_BETAS[some], seeds)
        last, gap_rows = gap_panel(run, puzzles, GAPS[some], seeds, tuning_seeds)
        rows += beta_rows + gap_rows
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": options.quick,
            "puzzles": puzzles,
            "seeds": list(seeds),
            "seeds for beta": list(tuning_seeds),
            "betas": list(BETAS),
            "prior of the critic": [PRIOR, LEVEL],
            "anchor": ANCHOR,
            "rows": rows,
        }
        save_figure("dapo_critic", [*panels, *more, last], out, record, columns=False)
        heads = ["critic or base", "setting", "steps per puzzle", "success"]
        write_whole(out / "dapo_critic.md", markdown_table(heads, rows))
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
