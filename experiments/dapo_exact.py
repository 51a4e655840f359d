"""DAPO with exact advantages: its iterates against natural policy gradient on all 1,362 solvable
Games of 24, its Lambert-W tilt against the exponential one, and the horizon law.

Nothing is sampled: success rates are dynamic programming, so that every difference is a fact.
"""

from __future__ import annotations

import sys

import numpy as np
from common import quick_options
from verdicts import markdown_table

from tabular_pg import check
from tabular_pg.dapo import iterate, minimizer, natural_step
from tabular_pg.episodic.evaluation import backup
from tabular_pg.episodic.segments import state_sums
from tabular_pg.plotting import Curve, Panel, log10, save_figure, write_whole
from tabular_pg.tasks import countdown, game_of_24, modular_chain

BETAS = (0.02, 0.1)
ROUNDING = 1e-14  # a failure rate below is drawn as none
HORIZONS = (2, 4, 8, 16, 32, 64)


def failure_panel(mdp, iterations, checked):
    """1 - success along exact iterates of DAPO and of natural policy gradient."""
    curves, rows = [], []
    for beta in BETAS:
        run = iterate(mdp, mdp.uniform_policy(), beta, iterations)
        checked += check(run)
        policy, natural = mdp.uniform_policy(), []
        for _ in range(iterations + 1):
            natural.append(mdp.value(policy)[: mdp.n_roots].mean())
            policy = natural_step(mdp, policy, beta)
        for label, success in (("DAPO", run.success), ("natural PG", np.array(natural))):
            failure = np.where(success < 1 - ROUNDING, 1 - success, 0.0)
            curves.append(Curve(rf"{label}, $\beta={beta:g}$", run.k, log10(failure)))
            rows.append([label, f"{beta:g}", *(f"{x:.4f}" for x in success)])
    title = "Game of 24, from the uniform policy"
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


def horizon_panel(horizons):
    """The ratio of the second moments against the horizon, uniform and after steps of DAPO."""
    ratios = {0: [], 1: [], 2: []}
    for horizon in horizons:
        mdp = modular_chain(horizon)
        for k, policy in enumerate(iterate(mdp, mdp.uniform_policy(), 0.1, 2).policies):
            response, step = second_moments(mdp, policy)
            ratios[k].append(response / step)
    x = log10(np.array(horizons, dtype=float))
    names = {0: "uniform policy", 1: "after 1 step of DAPO", 2: "after 2 steps"}
    curves = [Curve(names[k], x, log10(np.array(y))) for k, y in ratios.items()]
    curves.append(Curve("horizon", x, None, x))
    title = "second moments, response / step level"
    return Panel(title, "horizon $H$", "ratio", tuple(curves), x_log=True), ratios


def uniform_panel(mdp):
    """How many puzzles the uniform policy solves how often."""
    success = log10(mdp.value(mdp.uniform_policy())[: mdp.n_roots])
    counts, edges = np.histogram(success, bins=24)
    curve = Curve("puzzles", (edges[1:] + edges[:-1]) / 2, counts)
    labels = "success rate of the uniform policy", "number of puzzles"
    return Panel("1,362 solvable puzzles", *labels, (curve,), x_log=True, y_log=False)


def main(arguments=None):
    """Draw the figure; exit with status 1 if a theorem is violated."""
    options = quick_options(__doc__, "shorter chains, fewer iterations", arguments)
    out = options.out
    mdp, checked = game_of_24(), []
    failure, rows = failure_panel(mdp, 3 if options.quick else 6, checked)
    horizon, ratios = horizon_panel(HORIZONS[:4] if options.quick else HORIZONS)
    panels = [uniform_panel(mdp), failure, tilt_panel(), horizon]
    record = {
        "statement": " ".join(__doc__.split()),
        "quick": options.quick,
        "problem": repr(mdp),
        "success": {f"{row[0]}, beta = {row[1]}": row[2:] for row in rows},
        "second moment ratio, uniform policy": [round(float(x), 9) for x in ratios[0]],
    }
    save_figure("dapo_exact", panels, out, record, columns=False)
    heads = ["method", "beta", *(f"step {k}" for k in range(len(rows[0]) - 2))]
    table = markdown_table(heads, rows)
    write_whole(out / "dapo_exact.md", table)
    print(table)
    print("ratio of second moments, uniform policy:", *(f"{x:.9g}" for x in ratios[0]))
    failed = [v for v in checked if v.holds is False]
    print(f"{len(checked)} verdicts, {len(failed)} violated", *failed, sep="\n")
    print(f"results are in {out}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
