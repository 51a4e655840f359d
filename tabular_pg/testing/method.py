"""The checks of a method, one by one."""

from __future__ import annotations

import importlib.util
from typing import NamedTuple

import numpy as np

from tabular_pg.engine.optimize import optimize, optimize_many
from tabular_pg.engine.rules import checked_rule, flat_rule, method_of
from tabular_pg.engine.step_size import step_of
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.testing.comparison import CLOSE, agree, fail
from tabular_pg.testing.situation import default_problems, default_taus, situation

ITERATIONS = 12
LOG_DIGITS = 1e-5  # a gap e^-1e6 is as accurate as its logarithm, ten times less
NO_DIGITS = 1e14  # log of a gap that has no digits as a number
RISE = 1e-10  # how much of a gap rounding may make it rise
BAD_VALUES = (float("nan"), float("inf"), -1.0, 0.0, None, "large", [1.0, 2.0])


class Report(NamedTuple):
    """The checks that a method passed, and why others were not made."""

    passed: tuple
    skipped: dict

    def __str__(self):
        lines = [f"passed   {name}" for name in self.passed]
        return "\n".join(lines + [f"skipped  {name}: {why}" for name, why in self.skipped.items()])


def check_method(rule, *, twin=None, monotone=False, tau=None, mdps=None) -> Report:
    """Check a registered method: its arguments, its iterates, and whether they are what it says.

    Parameters
    ----------
    rule : NamedTuple
        An instance of a rule that is registered with :func:`tabular_pg.method`, with
        hyper-parameters that suit rewards in [0, 1].
    twin : function (rule, k, situation), optional
        The same step, slowly and obviously: returns the next policy (S, A) from a
        :class:`Situation`; for rules with memory a pair, the policy and what the twin remembers.
        The step size in its rule is the number that was taken.
    monotone : bool
        Whether V^k(s) may never fall, in any state, from one iterate to the next.
    tau : float or tuple of floats, optional
        Weights of the entropy bonus; by default 0 and 0.1, as far as the rule takes them.
    mdps : list of MDP, optional
        By default random ones of up to five states, a bandit, and one with an unavailable action.

    Returns
    -------
    Report
        The names of the checks that were passed, and the others with the reason.

    Raises
    ------
    AssertionError
        If a check fails: names the check, the MDP, the iteration and what was expected.
    TypeError, ValueError
        If the rule is not registered, or refuses its own hyper-parameters.
    """
    rule = checked_rule(rule)
    taus = default_taus(method_of(rule).regularization) if tau is None else np.atleast_1d(tau)
    problems = default_problems() if mdps is None else list(mdps)
    passed, skipped = [_refuses_bad_values(rule)], {}
    for t in taus:
        for mdp in problems:
            run = optimize(mdp, rule, ITERATIONS, tau=float(t))
            names = [_policies(run), _recorded(run), _together(run), _solvers(run)]
            names += [_renamed(run), _shifted(run)]
            names += [] if run.steps is None else [_step_sizes(run)]
            if twin is None:
                skipped["twin"] = (
                    "no twin was given: nothing but its own kernel says what a step is"
                )
            else:
                names.append(_twin(run, twin))
            if monotone:
                names.append(_monotone(run))
            else:
                skipped["monotone"] = "it is not claimed"
            why_not = _not_certified(run)
            if why_not:
                skipped.setdefault("certified", why_not)
            else:
                names.append(_certified(run))
            passed += [name for name in names if name not in passed]
    skipped = {name: why for name, why in skipped.items() if name not in passed}
    return Report(tuple(passed), skipped)


def _refuses_bad_values(rule):
    check = "hyper-parameters"
    for i, name in enumerate(rule._fields):
        free = name in method_of(rule).any_sign
        for bad in (x for x in BAD_VALUES if not (free and x in (0.0, -1.0))):
            values = list(rule)
            values[i] = bad
            try:
                checked_rule(type(rule)(*values))
            except (TypeError, ValueError) as error:
                if name not in str(error):
                    raise AssertionError(
                        f"{check}: {name} = {bad!r} is refused by {str(error)!r}; expected a "
                        f"message that names {name}"
                    ) from error
            else:
                raise AssertionError(f"{check}: {name} = {bad!r} is taken; expected an error")
    return check


def _policies(run):
    check, pi = "policies", run.policies
    if not np.isfinite(pi).all() or (pi < 0).any():
        k = run.k[np.argwhere(~(pi >= 0))[0][0]]
        fail(check, run, k, "a probability is negative or not finite")
    agree(check, run, pi.sum(axis=2), np.ones(pi.shape[:2]), "the sum of policies", 1e-12)
    if run.mdp.actions is not None:
        given = np.where(run.mdp.actions, 0.0, pi)
        agree(check, run, given, np.zeros(pi.shape), "what unavailable actions get", 0.0)
    return check


def _recorded(run):
    at = [0, 1, ITERATIONS // 2, ITERATIONS]
    some = optimize(run.mdp, run.rule, ITERATIONS, tau=run.tau, at=at)
    check, found = "recording", np.full(run.policies.shape, np.nan)
    found[at] = some.policies
    expected = np.where(np.isin(run.k, at)[:, None, None], run.policies, np.nan)
    kept = np.where(np.isnan(expected), 0.0, found)
    return agree(check, run, kept, np.nan_to_num(expected), "policy of a run at some k", 0.0)


def _together(run):
    twice = optimize_many([run.mdp, run.mdp], run.rule, ITERATIONS, tau=run.tau)
    for other in twice:
        agree("side by side", run, other.policies, run.policies, "policy of optimize_many", 0.0)
    return "side by side"


def _solvers(run):
    """The compiled loop, the loop over large MDPs in blocks, and sparse transitions."""
    for solver in (Solver.REUSE, Solver.SWEEPS):
        other = optimize(run.mdp, run.rule, ITERATIONS, tau=run.tau, solver=solver)
        agree("solvers", run, other.policies, run.policies, f"policy with {solver.name}")
    return "solvers"


def _step_sizes(run):
    """Steps are positive, and what a schedule says of itself."""
    check, step = "step sizes", step_of(run.rule)
    if not (run.steps > 0).all():
        k = int(np.argmax(~(run.steps > 0)))
        fail(check, run, k, f"the step is {run.steps[k]}; expected a number > 0")
    if hasattr(step, "at"):
        said = np.array([float(step.at(k)) for k in range(ITERATIONS)])
        agree(check, run, run.steps / said, np.ones(ITERATIONS), f"the step over {step}.at(k)")
    return check


def _renamed(run):
    """States and actions under other names."""
    mdp, rng = run.mdp, np.random.default_rng(0)
    states, actions = rng.permutation(mdp.n_states), rng.permutation(mdp.n_actions)
    dense = mdp.P.toarray().reshape(*mdp.r.shape, -1) if mdp.sparse else mdp.P
    other = MDP(
        dense[states][:, actions][:, :, states], mdp.r[states][:, actions], mdp.gamma,
        rho=mdp.rho[states], mu=mdp.mu[states],
        actions=None if mdp.actions is None else mdp.actions[states][:, actions],
    )  # fmt: skip
    found = optimize(other, run.rule, ITERATIONS, tau=run.tau).policies
    expected = run.policies[:, states][:, :, actions]
    return agree("other names", run, found, expected, "policy under other names")


def _shifted(run):
    """The same constant added to every reward."""
    mdp = run.mdp
    other = MDP(mdp.P, mdp.r + 0.25, mdp.gamma, rho=mdp.rho, mu=mdp.mu, actions=mdp.actions)
    found = optimize(other, run.rule, ITERATIONS, tau=run.tau).policies
    return agree("shifted rewards", run, found, run.policies, "policy with shifted rewards")


def _twin(run, twin):
    check, memory, regularizer = "twin", None, run.optimum.regularizer
    for k in range(ITERATIONS):
        rule = run.rule if run.steps is None else run.rule._replace(eta=float(run.steps[k]))
        pi = twin(rule, k, situation(run.mdp, run.policies[k], run.tau, memory, regularizer))
        if run.method.memory:
            pi, memory = pi
        pi = np.asarray(pi, dtype=float)
        if pi.shape != run.mdp.r.shape:
            fail(
                check, run, k, f"the twin's policy has shape {pi.shape}; expected {run.mdp.r.shape}"
            )
        expected = np.array(run.policies)
        expected[k + 1] = pi
        agree(check, run, run.policies, expected, "policy")
    return check


def _monotone(run):
    before, after = run.value_gap[:-1], run.value_gap[1:]
    worse = after > before * (1 + RISE)
    if worse.any():
        k, s = np.argwhere(worse)[0].tolist()
        fail(
            "monotone", run, k,
            f"the gap of state {s} rises from {before[k, s]:.12g} to {after[k, s]:.12g}",
        )  # fmt: skip
    return "monotone"


def _not_certified(run) -> str:
    if importlib.util.find_spec("flint") is None:
        return "python-flint is not installed (tabular_pg[certified])"
    if run.mdp.actions is not None:
        return "no MDP has all actions available"
    from tabular_pg.certified.registration import UPDATES

    if type(flat_rule(run.rule)) not in UPDATES:
        return "it has no exact update (tabular_pg.certified.update)"
    return ""


def _certified(run):
    """The method once more in ball arithmetic, by its exact update."""
    from tabular_pg.certified import certify

    errors = certify(run).relative_errors
    size = np.abs(run.log_gap)
    wrong = (errors > CLOSE * np.maximum(1.0, LOG_DIGITS * size)) & (size < NO_DIGITS)
    if wrong.any():
        k = int(np.argmax(wrong))
        fail("certified", run, k, f"the gap is off by {errors[k]:.3g} of the exact update's")
    return "certified"
