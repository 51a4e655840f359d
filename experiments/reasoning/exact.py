"""DAPO with exact advantages: its iterates against those of natural and softmax policy gradient and
of soft policy iteration on all 1,362 solvable Games of 24, its Lambert-W tilt against the
exponential one, the horizon law, and how often the outcome has the sign of the step.

Nothing is sampled: success rates are dynamic programming, so that every difference is a fact.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np

from experiments.reasoning.problems import SUCCESS, merged, problem, success
from experiments.shared.estimates import select, table, values
from experiments.shared.study import Study
from tabular_pg import NaturalPG, SoftmaxPG, check, optimize
from tabular_pg.plotting import Curve, Panel, log10
from tabular_pg.reasoning.dapo import iterate, minimizer, natural_step
from tabular_pg.reasoning.episodic.evaluation import backup
from tabular_pg.reasoning.episodic.segments import state_softmax, state_sums
from tabular_pg.reasoning.puzzles import countdown, game_of_24, modular_chain

BETAS = (0.02, 0.1)
ROUNDING = 1e-14  # a failure rate below is drawn as none
EQUAL = 1e-12  # advantages up to this are rounding
NEARLY_ONE = 1 - 1e-6  # the discount of the core's methods, which need one
STEPS = ("uniform policy", "after 1 step of DAPO", "after 2 steps")


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


def iterates(mdp, beta, iterations, checked):
    """Rows of exact success rates, one for each method; verdicts are added to ``checked``."""
    run = iterate(mdp, mdp.uniform_policy(), beta, iterations)
    checked += check(run)
    found = {
        "DAPO": run.policies,
        "natural PG": core_policies(mdp, NaturalPG(1 / beta), iterations),
        "soft policy iteration": soft_policy_iteration(mdp, beta, iterations),
        "softmax PG": core_policies(mdp, SoftmaxPG(mdp.n_states / beta), iterations),
    }
    return [
        {"method": name, "beta": beta, "success": [success(mdp, policy) for policy in policies]}
        for name, policies in found.items()
    ]


def tilt():
    """A / beta, and log pi / ref of one step, in the state with the most distinct A."""
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
    logs = {name: np.log(policy / uniform)[order] for name, policy in steps.items()}
    return {"A / beta": A[order]} | logs


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


def horizon_row(horizon):
    """Ratio of the second moments and sign mismatch, uniform and after steps of DAPO."""
    mdp = modular_chain(horizon)
    policies = iterate(mdp, mdp.uniform_policy(), 0.1, 2).policies
    moments = [second_moments(mdp, policy) for policy in policies]
    ratios = [response / step for response, step in moments]
    against = [sign_mismatch(mdp, policy) for policy in policies]
    found = {"ratio": ratios, "sign mismatch": against}
    return {"horizon": horizon} | {k: dict(zip(STEPS, v, strict=True)) for k, v in found.items()}


def levels(mdp):
    """How many states of each level there are, and can be solved."""
    solvable = np.add.reduceat(mdp.optimal_value() > 0, mdp.level_offsets[:-1])
    pairs = enumerate(zip(np.diff(mdp.level_offsets), solvable, strict=True))
    return [{"steps taken": i, "states": n, "solvable": m} for i, (n, m) in pairs]


def uniform_policy(mdp):
    """How many puzzles the uniform policy solves how often."""
    rate = log10(mdp.value(mdp.uniform_policy())[: mdp.n_roots])
    counts, edges = np.histogram(rate, bins=24)
    return {"log10 of success": (edges[1:] + edges[:-1]) / 2, "puzzles": counts}


def results(run, puzzles, iterations, horizons):
    """Named numbers, all of them exact; nothing here takes so long that it must resume."""
    mdp, checked = (merged(puzzles) if puzzles else game_of_24()), []
    found = [row for beta in BETAS for row in iterates(mdp, beta, iterations, checked)]
    mismatches = []
    for base in (name for name in SUCCESS if name != "SFT 9%"):
        its = problem(200, True, base)
        share = sign_mismatch(*its)
        mismatches.append({"base": base, "success": success(*its), "sign mismatch": share})
    decided = [(v.theorem.id, v.holds) for v in checked if v.applies]
    holds = {id: all(h for other, h in decided if other == id) for id, _ in sorted(decided)}
    return {
        "problem": repr(mdp),
        "puzzles": mdp.n_roots,
        "iterates": found,
        "levels": levels(mdp),
        "success of the uniform policy": uniform_policy(mdp),
        "one step": tilt(),
        "horizons": [horizon_row(horizon) for horizon in horizons],
        "outcomes": mismatches,
        "theorems": holds,
        "verdicts": {
            "all": len(checked),
            "violated": [str(v) for v in checked if v.holds is False],
        },
    }


def panels(found):
    """Success of the uniform policy, failure along iterates, one step, and the horizon."""
    uniform = found["success of the uniform policy"]
    curve = Curve("puzzles", uniform["log10 of success"], uniform["puzzles"])
    labels = "success rate of the uniform policy", "number of puzzles"
    title = f"{found['puzzles']:,} solvable puzzles"
    yield Panel(title, *labels, (curve,), x_log=True, y_log=False)
    for beta in BETAS:
        curves = []
        for row in select(found["iterates"], beta=beta):
            rate = np.array(row["success"])
            failure = log10(np.where(rate < 1 - ROUNDING, 1 - rate, 0.0))
            curves.append(Curve(row["method"], np.arange(rate.size), failure))
        title = rf"Game of 24, uniform start, $\beta={beta:g}$"
        yield Panel(title, "iteration", "1 - success rate", tuple(curves))
    x, *steps = found["one step"].items()
    curves = tuple(Curve(name, x[1], values) for name, values in steps)
    labels = "one step, first move of 3 4 6 12", r"$A/\beta$", r"$\log\,\pi^+/\pi$"
    yield Panel(*labels, curves, y_log=False)
    x = log10(values(found["horizons"], "horizon"))
    ratios, mismatches = (
        {name: [row[what][name] for row in found["horizons"]] for name in STEPS}
        for what in ("ratio", "sign mismatch")
    )
    curves = [Curve(name, x, log10(y)) for name, y in ratios.items()]
    curves.append(Curve("horizon", x, None, x))
    title = "second moments, response / step level"
    yield Panel(title, "horizon $H$", "ratio", tuple(curves), x_log=True)
    curves = tuple(Curve(name, x, y) for name, y in mismatches.items())
    labels = "horizon $H$", "share of steps with $A \\neq 0$"
    title = "sign of the outcome against the step's"
    yield Panel(title, *labels, curves, x_log=True, y_log=False)


LEVELS = {"steps taken": "{steps taken}", "states": "{states:,}", "solvable": "{solvable:,}"}
OUTCOMES = {"success rate, 200 puzzles": "{success:.3f}", "sign mismatch": "{sign mismatch:.3f}"}


def tables(found):
    """Success along iterates, the sizes of the levels, and how often outcomes mislead."""
    iterates = {"method": "{method}", "beta": "{beta:g}"}
    for k in range(len(found["iterates"][0]["success"])):
        iterates[f"step {k}"] = f"{{success[{k}]:.4f}}"
    return [
        table(iterates, found["iterates"]),
        table(LEVELS, found["levels"]),
        table(OUTCOMES, found["outcomes"]),
    ]


STUDY = Study(
    "dapo_exact",
    __doc__,
    full={"puzzles": None, "iterations": 6, "horizons": (2, 4, 8, 16, 32, 64)},  # None: all
    quick={"puzzles": 200, "iterations": 3, "horizons": (2, 4, 8, 16)},
    results=results,
    tables=tables,
    figures={"dapo_exact": panels},
    violated=lambda found: found["verdicts"]["violated"],
)

if __name__ == "__main__":
    STUDY.main()
