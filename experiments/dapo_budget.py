"""Success against environment steps: a critic of steps or the outcomes of whole responses, on 200
Games of 24, with states merged and as the tree of prefixes that a language model sees.

Every method gets the same environment steps per puzzle, in three rounds, and its best
hyper-parameters on a grid (so that no method suffers from a bad choice; all grids are in the
record). Success rates are exact. The table has 95% intervals of the mean over seeds.
"""

from __future__ import annotations

import json

import numpy as np
from common import quick_options
from scipy import stats
from verdicts import markdown_table

from tabular_pg.baselines import Baseline, response_level_signal, response_signals, rft
from tabular_pg.dapo import TabularCritic, minimizer, outcomes, respond, signal, states_of, train
from tabular_pg.plotting import Curve, Panel, log10, save_figure, write_whole
from tabular_pg.tasks import game_of_24

PUZZLES, ROUNDS, PRIOR, LEVEL, ANCHOR = 200, 3, 1.0, 0.01, 0.01
BETAS = (0.002, 0.005, 0.02, 0.1)
PRIORS = (0.01, 0.1, 1.0)
LEAST = 1e-300


def step_level(every_action):
    """DAPO with a tabular critic fitted to the responses. It compares the actions that they took
    or, in their states, all: then the verifier is also asked about final steps that nobody took,
    which costs no environment step here."""

    def method(mdp, policy, found, beta):
        values = TabularCritic(PRIOR, LEVEL).fit(mdp, outcomes(mdp, policy, found))
        seen = np.zeros(mdp.n_edges, dtype=bool)
        seen[found.edges[found.edges >= 0]] = True
        if every_action:
            passed = np.zeros(mdp.n_states, dtype=bool)
            passed[states_of(found)] = True
            seen = passed[mdp.source]
        target = signal(mdp, policy, values, seen, anchor=ANCHOR)
        return minimizer(mdp, policy, beta, target.advantage, target.nu)

    return method


def response_level(baseline):
    """The same loss with the outcome of the response less ``baseline`` for every step."""

    def method(mdp, policy, found, beta):
        signals = response_signals(found, baseline)
        target = response_level_signal(mdp, policy, found, signals, ANCHOR)
        return minimizer(mdp, policy, beta, target.advantage, target.nu)

    return method


def algorithm_1(mdp, responses, beta, seed):
    """(success, environment steps per puzzle) of the paper's Algorithm 1: states of a balanced few
    responses are completed anew, the critic is fitted to the completions."""
    done = train(
        mdp, mdp.uniform_policy(), beta=beta, iterations=ROUNDS, critic=TabularCritic(PRIOR, LEVEL),
        responses=max(2, responses // 4), completions=max(2, responses // 12), gap=0.0,
        anchor=ANCHOR, every_action=True, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return done.success[-1], done.steps[-1] / mdp.n_roots


def in_rounds(method):
    """(success, environment steps per puzzle) after rounds of responses and of ``method``."""

    def final_success(mdp, responses, parameter, seed):
        rng, policy, paid = np.random.default_rng(seed), mdp.uniform_policy(), 0
        for _ in range(ROUNDS):
            found = respond(mdp, policy, responses, rng)
            paid += found.n_steps
            policy = np.maximum(method(mdp, policy, found, parameter), LEAST)
        return mdp.value(policy)[: mdp.n_roots].mean(), paid / mdp.n_roots

    return final_success


METHODS = {  # name: (all its rounds, its grid)
    "DAPO, all actions": (in_rounds(step_level(every_action=True)), BETAS),
    "DAPO, sampled actions": (in_rounds(step_level(every_action=False)), BETAS),
    "DAPO, Algorithm 1, all actions": (algorithm_1, BETAS),
    "RLOO": (in_rounds(response_level(Baseline.RLOO)), BETAS),
    "GRPO": (in_rounds(response_level(Baseline.GRPO)), BETAS),
    "RFT": (in_rounds(rft), PRIORS),
}


def panel(title, mdp, budgets, seeds):
    """Best success on each method's grid against steps, and rows of the table."""
    curves, rows = [], []
    for name, (method, grid) in METHODS.items():
        means, steps = [], []
        for responses in budgets:
            runs = np.array(
                [[method(mdp, responses, parameter, seed) for seed in seeds] for parameter in grid]
            )  # (grid, seeds, 2)
            best = runs[:, :, 0].mean(axis=1).argmax()
            success = runs[best, :, 0]
            half = stats.t.ppf(0.975, len(seeds) - 1) * stats.sem(success)
            means.append(success.mean())
            steps.append(runs[best, :, 1].mean())
            chosen, interval = f"{grid[best]:g}", f"{success.mean():.3f} +- {half:.3f}"
            rows.append([title, name, f"{steps[-1]:.0f}", interval, chosen])
        curves.append(Curve(name, log10(np.array(steps)), np.array(means)))
    labels = "environment steps per puzzle", "success rate"
    return Panel(title, *labels, tuple(curves), x_log=True, y_log=False), rows


def main(arguments=None):
    """Draw the figure and write the table."""
    options = quick_options(__doc__, "40 puzzles, two seeds, two budgets", arguments)
    out = options.out
    everything = game_of_24()
    n = 40 if options.quick else PUZZLES
    roots = np.sort(np.random.default_rng(0).choice(everything.n_roots, n, replace=False))
    merged = everything.subproblem(roots)
    seeds = range(2 if options.quick else 5)
    budgets = (10, 32) if options.quick else (10, 32, 100, 316)
    drawn = [
        panel(f"{n} puzzles, merged states", merged, budgets, seeds),
        panel(f"{n} puzzles, tree of prefixes", merged.unfold(), budgets, seeds),
    ]
    rows = [row for _, more in drawn for row in more]
    heads = ["problem", "method", "steps per puzzle", "success", "best parameter"]
    table = markdown_table(heads, rows)
    record = {
        "statement": " ".join(__doc__.split()),
        "quick": options.quick,
        "seeds": list(seeds),
        "rounds": ROUNDS,
        "grids": {name: grid for name, (_, grid) in METHODS.items()},
        "prior of the critic": [PRIOR, LEVEL],
        "anchor": ANCHOR,
        "rows": rows,
    }
    save_figure(
        "dapo_budget", [p for p, _ in drawn], out, json.loads(json.dumps(record)), columns=False
    )
    write_whole(out / "dapo_budget.md", table)
    print(table)
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
