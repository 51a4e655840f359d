"""The one loop: run a rule exactly and record its iterates in gap coordinates."""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit, njit_uncached
from tabular_pg.evaluation import LOGITS, empty_point, evaluate, problem_of
from tabular_pg.mdp import MDP
from tabular_pg.method import METHODS, Regularization, Space, checked_rule, step
from tabular_pg.optimal import checked_tau, optimum
from tabular_pg.run import Run, Status
from tabular_pg.simplex import argmax

RECORD_ALL = 2000  # iterations up to which every iterate is recorded
RECORD_ENTRIES = 5_000_000  # and the number of recorded probabilities up to which it is
RECORD_PER_DECADE = 30
LARGEST_MOVE = 1e304  # of eta times the largest value


def optimize(mdp, rule, iterations, *, tau=0.0, policy=None, at=None) -> Run:
    """Run ``rule`` for ``iterations`` steps with exact gradients.

    Parameters
    ----------
    mdp : MDP
    rule : an instance of a registered record, for example ``NaturalPG(eta=1.0)``
    iterations : int >= 0
    tau : float
        Weight of the entropy bonus; 0 for the plain problem.
    policy : array_like (S, A), optional
        Start policy; uniform by default.
    at : sequence of int, optional
        Iterations to record. By default all of them when they are few, else log-spaced ones,
        each with its successor (theorems about one step need both).

    Returns
    -------
    Run

    Raises
    ------
    TypeError, ValueError
        Names the argument, its value and what was expected.
    """
    if not isinstance(mdp, MDP):
        raise TypeError(f"mdp is of type {type(mdp).__name__}; expected MDP")
    rule = checked_rule(rule)
    method, tau = METHODS[type(rule)], checked_tau(tau)
    _refuse_combination(type(rule).__name__, method, mdp, tau)
    iterations = _checked_iterations(iterations)
    best = optimum(mdp, tau)
    _refuse_overflow(rule, best)
    at = _recorded(at, iterations, mdp.r.size)
    problem = problem_of(mdp, best, method.coordinates(tau), method.visitation)
    start = _start(policy, mdp, method)
    if problem.coordinates != LOGITS and method.space is Space.SOFTMAX:
        start -= best.log_pi
    fields = _iterate(rule, problem, empty_point(start), best.optimal, at)
    return Run(mdp, rule, tau, best, _status(fields, method, tau), at, **fields)


def _iterate(rule, problem, point, optimal, at):
    """Advance from one recorded iteration to the next, copying what a Run keeps."""
    loop = advance if METHODS[type(rule)].native else advance_uncached
    running = (np.ones(optimal.shape), np.ones(optimal.shape[0]), np.zeros(1))
    log_scale, k = evaluate(problem, point), 0
    point.critic[:] = point.q
    record = {}
    for i, stop in enumerate(at):
        log_scale = loop(rule, problem, point, optimal, running, log_scale, k, int(stop))
        k = int(stop)
        now = {
            "iterates": point.x,
            "scaled_gap": point.e,
            "log_scale": log_scale,
            "A": point.A,
            "d": point.d,
            "least_policy": running[0],
            "least_optimal_mass": running[1],
            "gap_sum": running[2][0],
        }
        for name, value in now.items():
            record.setdefault(name, np.empty((at.size, *np.shape(value))))[i] = value
    for array in record.values():
        array.setflags(write=False)
    return record


def _advance(rule, problem, point, optimal, running, log_scale, k, stop):
    """Take the steps k, ..., stop - 1, keeping running minima and the running sum of gaps."""
    least_policy, least_optimal_mass, gap_sum = running
    while k < stop:
        gap_sum[0] += np.exp(log_scale) * point.e[argmax(point.e)]
        for s in range(optimal.shape[0]):
            mass = 0.0
            for a in range(optimal.shape[1]):
                if point.pi[s, a] < least_policy[s, a]:
                    least_policy[s, a] = point.pi[s, a]
                if optimal[s, a]:
                    mass += point.pi[s, a]
            if mass < least_optimal_mass[s]:
                least_optimal_mass[s] = mass
        step(rule, k, problem, point)
        log_scale = evaluate(problem, point)
        k += 1
    return log_scale


advance = njit(_advance)
advance_uncached = njit_uncached(_advance)


def _refuse_combination(name, method, mdp, tau):
    if tau > 0 and method.regularization is Regularization.NONE:
        raise ValueError(f"tau is {tau}; {name} is defined for tau = 0 only")
    if tau == 0 and method.regularization is Regularization.REQUIRED:
        raise ValueError(f"tau is 0; {name} is defined for tau > 0 only")
    if method.visitation and not (mdp.mu > 0).all():
        s = int(np.argmin(mdp.mu))
        raise ValueError(
            f"mu[{s}] is {mdp.mu[s]}; {name} takes its gradient under mu and needs mu > 0 in "
            "every state"
        )


def _refuse_overflow(rule, best):
    eta, largest = getattr(rule, "eta", 0.0), float(np.abs(best.Q).max())
    if eta * largest > LARGEST_MOVE:
        raise ValueError(
            f"eta is {eta}; expected at most {LARGEST_MOVE / largest:.3g}: with values up to "
            f"{largest:.3g} a step would overflow"
        )


def _checked_iterations(iterations) -> int:
    if isinstance(iterations, bool) or not isinstance(iterations, int | np.integer):
        raise TypeError(f"iterations is {iterations!r}; expected an integer >= 0")
    if iterations < 0:
        raise ValueError(f"iterations is {iterations}; expected an integer >= 0")
    return int(iterations)


def _recorded(at, iterations, entries) -> np.ndarray:
    if at is not None:
        chosen = np.asarray(at)
        if chosen.ndim != 1 or chosen.size == 0 or chosen.dtype.kind not in "iu":
            raise ValueError(f"at is {at!r}; expected a non-empty sequence of integers")
        wrong = (chosen < 0) | (chosen > iterations)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ValueError(f"at[{i}] is {chosen[i]}; expected an integer in 0..{iterations}")
        return np.unique(chosen)
    if iterations <= RECORD_ALL and iterations * entries <= RECORD_ENTRIES:
        return np.arange(iterations + 1)
    count = 2 + int(RECORD_PER_DECADE * np.log10(iterations))
    spaced = np.geomspace(1, iterations, count).round().astype(np.int64)
    pairs = np.concatenate([[0, 1, iterations - 1], spaced, spaced + 1])
    return np.unique(pairs[pairs <= iterations])


def _start(policy, mdp, method) -> np.ndarray:
    """The start in log-probabilities or, for projected methods, in probabilities."""
    shape = mdp.r.shape
    softmax = method.space is Space.SOFTMAX
    if policy is None:
        return np.full(shape, -np.log(shape[1]) if softmax else 1.0 / shape[1])
    try:
        policy = np.array(policy, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"policy is not an array of real numbers: {error}") from None
    if policy.shape != shape:
        raise ValueError(f"policy has shape {policy.shape}; expected (S, A) = {shape}")
    wrong = ~(policy > 0) if softmax else ~(policy >= 0)
    if wrong.any():
        s, a = np.argwhere(wrong)[0]
        expected = "> 0 (a softmax method never revives an action)" if softmax else ">= 0"
        raise ValueError(f"policy[{s}, {a}] is {policy[s, a]}; expected a probability {expected}")
    sums = policy.sum(axis=1)
    wrong = ~(np.abs(sums - 1) <= 1e-12 * shape[1])
    if wrong.any():
        s = int(np.argmax(wrong))
        raise ValueError(f"policy[{s}] sums to {float(sums[s])!r}; expected 1")
    policy /= sums[:, None]
    return np.log(policy) if softmax else policy


def _status(fields, method, tau) -> Status:
    if not np.isfinite(fields["scaled_gap"][-1]).all():
        return Status.NOT_FINITE
    if fields["scaled_gap"][-1].max() > 0:
        return Status.COMPLETED
    softmax = method.space is Space.SOFTMAX
    return Status.UNDERFLOW if softmax and tau > 0 else Status.OPTIMAL
