"""DAPO with exact advantages: its iterates against those of natural and softmax policy gradient and
of soft policy iteration on all 1,362 solvable Games of 24, its Lambert-W tilt against the
exponential one, the horizon law, and how often the outcome has the sign of the step.

Nothing is sampled: success rates are dynamic programming, so that every difference is a fact.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import sys

import numpy as np

from experiments.reasoning.problems import SUCCESS, merged, problem, success
from experiments.shared.claim import quick_options
from experiments.shared.verdicts import markdown_table
from tabular_pg import NaturalPG, SoftmaxPG, check, optimize
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, Panel, log10, save_figure
from tabular_pg.reasoning.dapo import iterate, minimizer, natural_step
from tabular_pg.reasoning.episodic.evaluation import backup
from tabular_pg.reasoning.episodic.segments import state_softmax, state_sums
from tabular_pg.reasoning.puzzles import countdown, game_of_24, modular_chain

BETAS = (0.02, 0.1)
ROUNDING = 1e-14  # a failure rate below is drawn as none
EQUAL = 1e-12  # advantages up to this are rounding
NEARLY_ONE = 1 - 1e-6  # the discount of the core's methods, which need one
HORIZONS = (2, 4, 8, 16, 32, 64)


def core_policies(mdp, rule, iterations):
    """(K, E) iterates of one of the core's methods on the same problem with hardly a discount."""
    discounted = mdp.to_discounted(NEARLY_ONE)
    run = optimize(discounted, rule, iterations, at=range(iterations + 1))
    available = np.arange(discounted.n_actions) < np.diff(mdp.action_ptr)[:, None]
    return run.policies[:, available]


def soft_policy_iteration(mdp, beta, iterations):
    """Iterates of soft policy iteration with a KL penalty to the uniform policy, which stays."""
    uniform = mdp.uniform_policy()
    policies = [uniform]
    for _ in range(iterations):
        Q = mdp.kl_value(policies[-1], uniform, beta)[mdp.successor]
        policies.append(state_softmax(mdp.action_ptr, np.log(uniform) + Q / beta))
    return policies


def failure_panel(mdp, beta, iterations, checked):
    """1 - success along exact iterates."""
    run = iterate(mdp, mdp.uniform_policy(), beta, iterations)
    checked += check(run)
    iterates = {
        "DAPO": run.policies,
        "natural PG": core_policies(mdp, NaturalPG(1 / beta), iterations),
        "soft policy iteration": soft_policy_iteration(mdp, beta, iterations),
        "softmax PG": core_policies(mdp, SoftmaxPG(mdp.n_states / beta), iterations),
    }
    curves, rows = [], []
    for name, policies in iterates.items():
        rate = np.array([success(mdp, policy) for policy in policies])
        failure = np.where(rate < 1 - ROUNDING, 1 - rate, 0.0)
        curves.append(Curve(name, run.k, log10(failure)))
        rows.append([name, f"{beta:g}", *(f"{x:.4f}" for x in rate)])
    title = rf"Game of 24, uniform start, $\beta={beta:g}$"
    return Panel(title, "iteration", "1 - success rate", tuple(curves)), rows


def tilt_panel():
    """log pi / ref of one step against A / beta, in the state with the most distinct A."""
    mdp, beta = countdown((3, 4, 6, 12)), 0.002
    uniform = mdp.uniform_policy()
    A = mdp.advantage(uniform) / beta
    different = [np.unique(A[mdp.source == s].round(9)).size for s in range(mdp.n_states)]
    chosen = mdp.source == np.argmax(different)
    order = np.flatnonzero(chosen)[np.argsort(A[chosen])]
    steps = {
        "DAPO (Lambert W)": minimizer(mdp, uniform, beta),
        "natural PG (exponential)": natural_step(mdp, uniform, beta),
    }
    curves = tuple(
        Curve(label, A[order], np.log(policy / uniform)[order]) for label, policy in steps.items()
    )
    return Panel(
        "one step, first move of 3 4 6 12", r"$A/\beta$", r"$\log\,\pi^+/\pi$", curves, y_log=False
    )


def second_moments(mdp, policy):
    """Of the response-level gradient, with the mean reward as baseline, and of the step-level one.

    Logits of different states are orthogonal, so that a step contributes its signal squared times
    ||e_a - pi_s||^2.
    """
    V = mdp.value(policy)
    second = backup(mdp.action_ptr, mdp.successor, mdp.terminal_reward**2, policy)
    size = 1 - 2 * policy + state_sums(mdp.action_ptr, policy**2)[mdp.source]
    taken = mdp.visitation(policy)[mdp.source] * policy * size
    mean = V[: mdp.n_roots].mean()
    response = second[mdp.successor] - 2 * mean * V[mdp.successor] + mean**2
    return taken @ response, taken @ mdp.advantage(policy) ** 2


def sign_mismatch(mdp, policy):
    """Of the steps that change the chance of success, the share with another sign than the outcome.

    They lower the chance in a right response, or raise it in a wrong one.
    """
    A, Q = mdp.advantage(policy), mdp.q_value(policy)
    taken = mdp.visitation(policy)[mdp.source] * policy
    against = np.where(A > EQUAL, 1 - Q, np.where(A < -EQUAL, Q, 0.0))
    return float(taken @ against / taken[np.abs(A) > EQUAL].sum())


def horizon_panels(horizons):
    """Ratio of the second moments and sign mismatch against H, uniform and after steps of DAPO."""
    names = "uniform policy", "after 1 step of DAPO", "after 2 steps"
    ratios, mismatches = np.zeros((2, len(names), len(horizons)))
    for i, horizon in enumerate(horizons):
        mdp = modular_chain(horizon)
        for k, policy in enumerate(iterate(mdp, mdp.uniform_policy(), 0.1, 2).policies):
            response, step = second_moments(mdp, policy)
            ratios[k, i], mismatches[k, i] = response / step, sign_mismatch(mdp, policy)
    x = log10(np.array(horizons, dtype=float))
    curves = [Curve(name, x, log10(y)) for name, y in zip(names, ratios, strict=True)]
    curves.append(Curve("horizon", x, None, x))
    title = "second moments, response / step level"
    law = Panel(title, "horizon $H$", "ratio", tuple(curves), x_log=True)
    curves = tuple(Curve(name, x, y) for name, y in zip(names, mismatches, strict=True))
    labels = "horizon $H$", "share of steps with $A \\neq 0$"
    title = "sign of the outcome against the step's"
    return [law, Panel(title, *labels, curves, x_log=True, y_log=False)], ratios


def level_table(mdp):
    """How many states of each level there are, and can be solved."""
    V, sizes = mdp.optimal_value(), np.diff(mdp.level_offsets)
    solvable = np.add.reduceat(V > 0, mdp.level_offsets[:-1])
    rows = [
        [f"{level}", f"{sizes[level]:,}", f"{solvable[level]:,}"] for level in range(sizes.size)
    ]
    return markdown_table(["steps taken", "states", "solvable"], rows)


def uniform_panel(mdp):
    """How many puzzles the uniform policy solves how often."""
    success = log10(mdp.value(mdp.uniform_policy())[: mdp.n_roots])
    counts, edges = np.histogram(success, bins=24)
    curve = Curve("puzzles", (edges[1:] + edges[:-1]) / 2, counts)
    labels = "success rate of the uniform policy", "number of puzzles"
    return Panel(f"{mdp.n_roots:,} solvable puzzles", *labels, (curve,), x_log=True, y_log=False)


def main(arguments=None):
    """Draw the figure and write the tables; exit with status 1 if a theorem is violated."""
    options = quick_options(__doc__, "shorter chains, fewer iterations, 200 puzzles", arguments)
    out = options.out
    mdp, checked = (merged(200) if options.quick else game_of_24()), []
    failures = [failure_panel(mdp, b, 3 if options.quick else 6, checked) for b in BETAS]
    rows = [row for _, some in failures for row in some]
    horizon, ratios = horizon_panels(HORIZONS[:4] if options.quick else HORIZONS)
    panels = [uniform_panel(mdp), *(panel for panel, _ in failures), tilt_panel(), *horizon]
    mismatches = [
        [f"{success(*found):.3f}", f"{sign_mismatch(*found):.3f}"]
        for found in (problem(200, True, base) for base in SUCCESS if base != "SFT 9%")
    ]
    record = {
        "statement": " ".join(__doc__.split()),
        "quick": options.quick,
        "problem": repr(mdp),
        "success": {f"{row[0]}, beta = {row[1]}": row[2:] for row in rows},
        "second moment ratio, uniform policy": [round(float(x), 9) for x in ratios[0]],
        "success and sign mismatch": mismatches,
        "theorems": {
            id: all(v.holds for v in checked if v.theorem.id == id and v.applies)
            for id in sorted({v.theorem.id for v in checked if v.applies})
        },
    }
    save_figure("dapo_exact", panels, out, record, columns=False)
    iterations = len(rows[0]) - 2
    tables = [
        markdown_table(["method", "beta", *(f"step {k}" for k in range(iterations))], rows),
        level_table(mdp),
        markdown_table(["success rate, 200 puzzles", "sign mismatch"], mismatches),
    ]
    write_whole(out / "dapo_exact.md", "\n".join(tables))
    print(*tables, sep="\n")
    print("ratio of second moments, uniform policy:", *(f"{x:.9g}" for x in ratios[0]))
    failed = [v for v in checked if v.holds is False]
    print(f"{len(checked)} verdicts, {len(failed)} violated", *failed, sep="\n")
    print(f"results are in {out}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
