"""Exact policy evaluation in gap coordinates.

Everything about a policy is expressed through the gap ``e = V* - V^pi >= 0``, which solves

    (I - gamma P_pi) e = kappa,   kappa(s) = sum_a pi(a|s) |A*(s, a)|           for tau = 0,
                                  kappa(s) = tau KL(pi(.|s) || pi*_tau(.|s))    for tau > 0

(the performance-difference lemma and its soft version), by an elimination that never subtracts:
each entry of ``e`` has a small *relative* error, however small it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.coordinates import Logits, Offsets, Probabilities, normalize, policy_error
from tabular_pg.simplex import argmax
from tabular_pg.systems.elimination import (
    UNBLOCKED,
    eliminate,
    eliminate_blocks,
    solve,
    solve_adjoint,
)
from tabular_pg.systems.products import next_values, transitions
from tabular_pg.systems.sparse import SparseModel

UNAVAILABLE = 1e200  # what an action that does not exist is said to lose


class Problem(NamedTuple):
    """What stays fixed during a run."""

    P: np.ndarray | SparseModel  # (S, A, S)
    gamma: float
    mu: np.ndarray  # (S,)
    A_star: np.ndarray  # (S, A), exactly 0 on optimal actions; all 0 for tau > 0
    optimal: np.ndarray  # (S, A), whether the action is optimal
    tau: float
    coordinates: Logits | Offsets | Probabilities  # of ``Point.x``
    visitation: bool  # whether the rule reads ``Point.d``


def problem_of(mdp, best, coordinates, visitation, P=None) -> Problem:
    """The problem of running a method on ``mdp``, whose optimum is ``best``, in these coordinates
    (a class); P is an array or a SparseModel, that of ``mdp`` by default."""
    A_star = np.maximum(best.A, -UNAVAILABLE) if np.isinf(best.A).any() else best.A
    if coordinates is Offsets:
        record = Offsets(best.log_pi, best.pi, best.tau)
    elif coordinates is Logits:
        with np.errstate(divide="ignore"):
            record = Logits(A_star, np.log(-A_star))
    else:
        record = Probabilities(A_star)
    return Problem(
        mdp.P if P is None else P,
        mdp.gamma,
        mdp.mu,
        A_star,
        best.optimal,
        best.tau,
        record,
        visitation,
    )


class Point(NamedTuple):
    """One iterate and its evaluation, overwritten in place."""

    x: np.ndarray  # (S, A), log pi, xi = log pi - log pi*_tau, or pi
    pi: np.ndarray  # (S, A)
    e: np.ndarray  # (S,), V* - V^pi, divided by exp(log_scale)
    q: np.ndarray  # (S, A), Q* - Q^pi = gamma P e
    A: np.ndarray  # (S, A), the advantage; soft for tau > 0
    d: np.ndarray  # (S,), visitation under mu, summing to 1
    critic: np.ndarray  # (S, A), Q* - Q, up to a constant, for rules that learn their own Q
    least_policy: np.ndarray  # (S, A), least probability over earlier iterates
    least_optimal_mass: np.ndarray  # (S,), the same for all optimal actions together
    N: np.ndarray  # (S, S), gamma P_pi, then its elimination; empty for sparse P
    pivot: np.ndarray  # (S,)
    slack: np.ndarray  # (S,)
    blocks: bool | None  # None where there are few states: the loop is compiled without blocks


def empty_point(x, dense=True) -> Point:
    """A point at coordinates ``x`` that has not been evaluated yet."""
    S, A = x.shape
    shapes = [(S, A), (S,), (S, A), (S, A), (S,), (S, A)]
    least = np.ones((S, A)), np.ones(S)
    system = [(S, S), (S,), (S,)] if dense else [(0, 0), (0,), (0,)]
    zeros = (np.zeros(shape) for shape in shapes)
    blocks = True if S > UNBLOCKED else None
    return Point(np.array(x), *zeros, *least, *(np.empty(shape) for shape in system), blocks)


@njit_inlined
def factorize(N, pivot, slack, blocks):
    """Eliminate ``I - gamma P_pi`` in place, see ``elimination``."""
    if blocks is None:
        eliminate(N, pivot, slack)
    else:
        eliminate_blocks(N, pivot, slack)


@njit_inlined
def evaluate(problem, point):
    """Normalize ``point.x``, fill every other field from it, and return ``log_scale``.

    ``e`` is stored divided by ``exp(log_scale)``; ``log_scale`` is 0 unless the gap is too small
    for float64. ``q`` and ``A`` are not scaled: there the underflow of ``e`` is harmless.
    """
    normalize(problem.coordinates, point.x, point.pi)
    log_scale = policy_error(problem.coordinates, point.x, point.pi, point.e)
    N, pivot, slack = point.N, point.pivot, point.slack
    transitions(problem.P, problem.gamma, point.pi, N)
    for s in range(slack.size):
        slack[s] = 1.0 - problem.gamma
    factorize(N, pivot, slack, point.blocks)
    solve(N, pivot, point.e)
    if problem.visitation:
        d, mu = point.d, problem.mu
        for s in range(d.size):
            d[s] = (1.0 - problem.gamma) * mu[s]
        solve_adjoint(N, pivot, d)
    next_values(problem.P, problem.gamma, point.e, point.q)
    advantages(problem, point, math.exp(log_scale))
    return log_scale


@njit_inlined
def advantages(problem, point, unit):
    """Multiply ``point.q`` by ``unit`` and fill ``point.A`` with ``A* - q - tau xi``, centred.

    The mean under pi is taken relative to the likeliest action's entry: that becomes a sum over
    the *other* actions, so that it keeps its relative accuracy when their probabilities vanish.
    """
    x, pi, q, A, A_star = point.x, point.pi, point.q, point.A, problem.A_star
    for s in range(A.shape[0]):
        for a in range(A.shape[1]):
            q[s, a] *= unit
            A[s, a] = A_star[s, a] - q[s, a]
            if problem.tau > 0.0:
                A[s, a] -= problem.tau * x[s, a]
        reference = A[s, argmax(pi, s)]
        mean = 0.0
        for a in range(A.shape[1]):
            A[s, a] -= reference
            mean += pi[s, a] * A[s, a]
        for a in range(A.shape[1]):
            A[s, a] -= mean


@njit_inlined
def keep_least(problem, point):
    """Update the running minima by the present iterate."""
    pi, optimal = point.pi, problem.optimal
    least_policy, least_optimal_mass = point.least_policy, point.least_optimal_mass
    for s in range(pi.shape[0]):
        mass = 0.0
        for a in range(pi.shape[1]):
            least_policy[s, a] = min(least_policy[s, a], pi[s, a])
            if optimal[s, a]:
                mass += pi[s, a]
        least_optimal_mass[s] = min(least_optimal_mass[s], mass)
