"""What ``optimize`` accepts: each check names the argument, its value and what was expected."""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._machine import refuse_beyond_memory
from tabular_pg.checks.arrays import plain_array
from tabular_pg.checks.numbers import check_number, checked_iterations, shown
from tabular_pg.checks.tables import refuse_shapes
from tabular_pg.engine.method import Regularization
from tabular_pg.engine.rules import checked_rule, method_of, shown_rule
from tabular_pg.engine.step_size import is_constant, registered_step, step_of
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.choice import FEW, check_solver, is_sparse
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import checked_tau

RECORD_ALL = 2000  # iterations up to which every iterate is recorded
RECORD_ENTRIES = 5_000_000  # and the number of recorded probabilities up to which it is
RECORD_PER_DECADE = 30
LARGEST_MOVE = 1e304  # of eta times the largest value


def is_defined(method, tau) -> bool:
    """Whether a method is defined with this tau."""
    excluded = Regularization.NONE if tau > 0 else Regularization.REQUIRED
    return method.regularization is not excluded


def refuse_regularization(name, method, tau):
    if is_defined(method, tau):
        return
    if tau > 0:
        other = "; GPMD regularizes by its map" if " with " in name else ""  # which has one
        other = "; without lookahead it is NaturalPG" if "Entropy()" in name else other
        raise ValueError(f"tau is {tau}; {name} is defined for tau = 0 only{other}")
    raise ValueError(f"tau is 0; {name} is defined for tau > 0 only")


def refuse_combination(name, method, mdp, tau):
    refuse_regularization(name, method, tau)
    if method.visitation and not (mdp.mu > 0).all():
        s = int(np.argmin(mdp.mu))
        raise ValueError(
            f"mu[{s}]{mdp.called(s)} is {mdp.mu[s]}; {name} takes its gradient under mu and needs "
            "mu > 0 in every state"
        )


def refuse_distance(name, method, rule, tau):
    """ValueError for step sizes that need the geometry of a method that has none, or trials of
    policies that are dual variables."""
    size = registered_step(rule)
    if size is not None and size.searched and method.is_dual(tau):
        raise ValueError(
            f"eta is {step_of(rule)}, which tries steps; {name} takes a number, or steps that are "
            "known from k or from the iterate"
        )
    if size is None or not size.distance:
        return
    if method.to_greedy is None:
        raise ValueError(
            f"eta is {step_of(rule)}, which adapts to the distance of the greedy policy; {name} "
            "has none: expected policy mirror descent with a map that has a finite to_action, "
            "NaturalPG or ProjectedQAscent"
        )
    if tau > 0:
        raise ValueError(f"tau is {tau}; {step_of(rule)} is defined for tau = 0 only")


def refuse_overflow(rule, best):
    eta, Q = step_of(rule), best.Q
    if not isinstance(eta, float):  # none, or one that is cut where it gets so large
        return
    largest = float(np.abs(Q).max(where=np.isfinite(Q), initial=0.0))
    if eta * largest > LARGEST_MOVE:
        raise ValueError(
            f"eta is {eta}; expected at most {LARGEST_MOVE / largest:.3g}: with values up to "
            f"{largest:.3g} a step would overflow"
        )


def recorded(at, iterations, entries) -> np.ndarray:
    if at is not None:
        chosen = plain_array("at", at, "integers")
        if chosen.ndim != 1 or chosen.size == 0 or chosen.dtype.kind not in "iu":
            raise ValueError(f"at is {shown(at)}; expected a non-empty sequence of integers")
        wrong = (chosen < 0) | (chosen > iterations)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ValueError(f"at[{i}] is {chosen[i]}; expected an integer in 0..{iterations}")
        return np.unique(chosen.astype(np.int64))
    if iterations <= RECORD_ALL and iterations * entries <= RECORD_ENTRIES:
        return np.arange(iterations + 1)
    count = 2 + int(RECORD_PER_DECADE * np.log10(iterations))
    spaced = np.geomspace(1, iterations, count).round().astype(np.int64)
    pairs = np.concatenate([[0, 1, iterations - 1], spaced, spaced + 1])
    return np.unique(pairs[pairs <= iterations])


def memory_of(mdp, rule, at, sparse) -> int:
    """Bytes that a run allocates, roughly."""
    systems = 2 * mdp.n_states**2
    if sparse:
        systems = mdp.n_nonzeros if mdp.sparse else 2 * mdp.n_nonzeros
    elif mdp.sparse:
        systems += mdp.n_states * mdp.r.size
    steps = 0 if is_constant(rule) else int(at[-1])
    return 8 * ((3 * at.size + 8) * mdp.r.size + systems + steps)


class Plan(NamedTuple):
    """What is asked for in one run, checked but for what the optimum decides."""

    mdp: MDP
    rule: tuple
    tau: float
    start: tuple  # policy and log_policy, as they were given
    at: np.ndarray
    solver: Solver | None
    tie_tolerance: float | None
    until: float | None


def planned(each, iterations, at, solver, tie_tolerance, until=None) -> list[Plan]:
    """Checked runs; all are checked, and have room, before the first is begun."""
    iterations, plans, needed, settled = checked_iterations(iterations), [], 0, {}
    if until is not None:
        until = check_number("until", until, 0, kind=Real, open_ends=True)
    for mdp, rule, tau, *start in each:
        if not isinstance(mdp, MDP):
            several = " (optimize_many takes lists)" if isinstance(mdp, list | tuple) else ""
            raise TypeError(f"mdp is of type {type(mdp).__name__}; expected MDP{several}")
        own = mdp.sparse or mdp.n_states > FEW  # what it needs depends on how many entries are 0
        key = id(rule), id(tau), mdp.r.shape, id(mdp) if own else None
        if key not in settled:
            settled[key] = _settled(mdp, rule, tau, iterations, at, solver)
        rule, tau, stops, bytes_ = settled[key]
        if method_of(rule).visitation:
            refuse_combination(shown_rule(rule), method_of(rule), mdp, tau)
        needed += bytes_
        if until is not None and mdp.gamma == 1:
            raise ValueError(f"until is {until} beside gamma = 1; expected None: advantages bound "
                             "errors in units of 1 / (1 - gamma)")  # fmt: skip
        plans.append(Plan(mdp, rule, tau, tuple(start), stops, solver, tie_tolerance, until))
    refuse_beyond_memory(needed, f"{len(each)} run(s) of {iterations} iterations")
    return plans


def _settled(mdp, rule, tau, iterations, at, solver):
    """The rule and tau checked, the iterations to record, and the bytes that this takes."""
    if isinstance(tau, list | tuple) or (isinstance(tau, np.ndarray) and tau.ndim > 0):
        raise ValueError(f"tau is {shown(tau)}; expected one number (optimize_many takes lists)")
    rule, tau = checked_rule(rule), checked_tau(tau)
    refuse_combination(shown_rule(rule), method_of(rule), mdp, tau)
    refuse_distance(shown_rule(rule), method_of(rule), rule, tau)
    refuse_shapes(rule, mdp.r.shape)
    check_solver(mdp, solver)
    stops = recorded(at, iterations, mdp.r.size)
    return rule, tau, stops, memory_of(mdp, rule, stops, is_sparse(mdp, solver))
