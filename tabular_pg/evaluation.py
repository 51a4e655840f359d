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

from tabular_pg._jit import njit
from tabular_pg.simplex import argmax, log_kl_term, log_normalize, offset_kl, offset_normalize

TINY = 1e-250  # a kappa below this is rescaled before it underflows

LOGITS, OFFSETS, PROBABILITIES = 0, 1, 2  # what ``Point.x`` holds


class Problem(NamedTuple):
    """What stays fixed during a run."""

    P: np.ndarray  # (S, A, S)
    gamma: float
    mu: np.ndarray  # (S,)
    A_star: np.ndarray  # (S, A), exactly 0 on optimal actions; all 0 for tau > 0
    log_reference: np.ndarray  # (S, A), log pi*_tau; all 0 for tau = 0
    reference: np.ndarray  # (S, A), pi*_tau
    tau: float
    coordinates: int  # LOGITS, OFFSETS or PROBABILITIES
    visitation: bool  # whether the rule reads ``Point.d``


def problem_of(mdp, best, coordinates, visitation) -> Problem:
    """The problem of running a method on ``mdp``, whose optimum is ``best``."""
    log_reference = best.log_pi if best.tau > 0 else np.zeros_like(best.A)
    return Problem(
        mdp.P, mdp.gamma, mdp.mu, best.A, log_reference, best.pi, best.tau, coordinates, visitation
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
    work: np.ndarray  # (S, S)
    pivot: np.ndarray  # (S,)
    slack: np.ndarray  # (S,)


def empty_point(x) -> Point:
    """A point at coordinates ``x`` that has not been evaluated yet."""
    S, A = x.shape
    shapes = [(S, A), (S,), (S, A), (S, A), (S,), (S, A), (S, S), (S,), (S,)]
    return Point(np.array(x, dtype=np.float64), *(np.zeros(shape) for shape in shapes))


@njit
def factorize(N, pivot, slack):
    """Eliminate ``M = I - gamma P_pi`` in place, without a subtraction.

    ``N`` (S, S) holds the off-diagonal ``gamma P_pi`` (its diagonal is ignored) and ``slack`` (S,)
    the row sums of ``M``. Afterwards ``N`` holds the multipliers below and the negated factor
    above the diagonal, and ``slack`` is spent. Pivots are sums of what is left of the row, as in
    Grassmann, Taksar and Heyman (1985), so every entry is accurate to a few units in the last
    place.
    """
    S = pivot.size
    for k in range(S):
        total = slack[k]
        for j in range(k + 1, S):
            total += N[k, j]
        pivot[k] = total
        for i in range(k + 1, S):
            if N[i, k] == 0.0:
                continue
            factor = N[i, k] / total
            N[i, k] = factor
            slack[i] += factor * slack[k]
            for j in range(k + 1, S):
                N[i, j] += factor * N[k, j]


@njit
def solve(N, pivot, b):
    """Overwrite ``b`` by the solution of ``(I - gamma P_pi) x = b``; nonnegative if ``b`` is."""
    S = pivot.size
    for i in range(S):
        for k in range(i):
            b[i] += N[i, k] * b[k]
    for i in range(S - 1, -1, -1):
        for j in range(i + 1, S):
            b[i] += N[i, j] * b[j]
        b[i] /= pivot[i]


@njit
def solve_adjoint(N, pivot, c):
    """Overwrite ``c`` by the solution of ``(I - gamma P_pi)^T y = c``."""
    S = pivot.size
    for i in range(S):
        c[i] /= pivot[i]
        for j in range(i + 1, S):
            c[j] += N[i, j] * c[i]
    for i in range(S - 1, -1, -1):
        for k in range(i):
            c[k] += N[i, k] * c[i]


@njit
def transitions(P, gamma, pi, N):
    """Fill ``N`` with ``gamma P_pi``."""
    S, A, _ = P.shape
    for s in range(S):
        for t in range(S):
            N[s, t] = 0.0
        for a in range(A):
            weight = gamma * pi[s, a]
            if weight > 0.0:
                for t in range(S):
                    N[s, t] += weight * P[s, a, t]


def factors(mdp, pi):
    """``(N, pivot)``: ``I - gamma P_pi`` of a policy (S, A), eliminated, for the solves above."""
    N, pivot = np.empty((mdp.n_states, mdp.n_states)), np.empty(mdp.n_states)
    transitions(mdp.P, mdp.gamma, np.ascontiguousarray(pi), N)
    factorize(N, pivot, np.full(mdp.n_states, 1.0 - mdp.gamma))
    return N, pivot


@njit
def next_values(P, gamma, v, out):
    """Fill ``out`` (S, A) with ``gamma sum_t P(t|s,a) v(t)``."""
    S, A, _ = P.shape
    for s in range(S):
        for a in range(A):
            total = 0.0
            for t in range(S):
                total += P[s, a, t] * v[t]
            out[s, a] = gamma * total


@njit
def evaluate(problem, point):
    """Normalize ``point.x``, fill every other field from it, and return ``log_scale``.

    ``e`` is stored divided by ``exp(log_scale)``; ``log_scale`` is 0 unless the gap is too small
    for float64. ``q`` and ``A`` are not scaled: there the underflow of ``e`` is harmless.
    """
    x, pi, e, A = point.x, point.pi, point.e, point.A
    S, n_actions = x.shape
    for s in range(S):
        if problem.coordinates == LOGITS:
            log_normalize(x[s], pi[s])
        elif problem.coordinates == OFFSETS:
            offset_normalize(x[s], problem.log_reference[s], problem.reference[s], pi[s])
        else:
            for a in range(n_actions):
                pi[s, a] = x[s, a]
    log_scale = policy_error(problem, point)
    transitions(problem.P, problem.gamma, pi, point.work)
    for s in range(S):
        point.slack[s] = 1.0 - problem.gamma
    factorize(point.work, point.pivot, point.slack)
    solve(point.work, point.pivot, e)
    if problem.visitation:
        for s in range(S):
            point.d[s] = (1.0 - problem.gamma) * problem.mu[s]
        solve_adjoint(point.work, point.pivot, point.d)
    next_values(problem.P, problem.gamma, e, point.q)
    unit = math.exp(log_scale)
    for s in range(S):
        for a in range(n_actions):
            point.q[s, a] *= unit
            A[s, a] = problem.A_star[s, a] - point.q[s, a]
            if problem.coordinates == OFFSETS:
                A[s, a] -= problem.tau * x[s, a]
        _center(A[s], pi[s])
    return log_scale


@njit
def _center(row, pi):
    """Subtract from ``row`` its mean under ``pi``, relative to the likeliest action's entry.

    That entry becomes a sum over the *other* actions, so that it keeps its relative accuracy
    when their probabilities vanish.
    """
    likeliest = argmax(pi)
    reference = row[likeliest]
    mean = 0.0
    for a in range(row.size):
        row[a] -= reference
        mean += pi[a] * row[a]
    for a in range(row.size):
        row[a] -= mean


@njit
def policy_error(problem, point):
    """Fill ``point.e`` with kappa divided by ``exp(log_scale)``; return ``log_scale``."""
    if problem.coordinates == OFFSETS:
        return _divergence(problem, point)
    kappa = point.e
    largest = 0.0
    for s in range(kappa.size):
        kappa[s] = 0.0
        for a in range(point.pi.shape[1]):
            kappa[s] -= point.pi[s, a] * problem.A_star[s, a]
        if kappa[s] > largest:
            largest = kappa[s]
    if largest > TINY or problem.coordinates == PROBABILITIES:
        return 0.0
    return _scaled_error(problem, point)


@njit
def _divergence(problem, point):
    x = point.x
    largest = 0.0
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if abs(x[s, a]) > largest:
                largest = abs(x[s, a])
    scale = largest if 0.0 < largest < TINY**0.5 else 1.0
    for s in range(x.shape[0]):
        point.e[s] = problem.tau * offset_kl(x[s], problem.reference[s], point.pi[s], scale)
    if largest > 0.0 and point.e[argmax(point.e)] < TINY:  # the reference itself is near underflow
        return _scaled_error(problem, point)
    return 2.0 * math.log(scale)


@njit
def _scaled_error(problem, point):
    """``policy_error`` where kappa is too small for float64, from the logarithms of its terms."""
    kappa = point.e
    log_scale = -math.inf
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            log_term = _log_term(problem, point, s, a)
            if log_term > log_scale:
                log_scale = log_term
    if log_scale == -math.inf:
        return 0.0  # every policy is optimal, and kappa is 0 already
    weight = problem.tau if problem.coordinates == OFFSETS else 1.0
    for s in range(point.x.shape[0]):
        kappa[s] = 0.0
        for a in range(point.x.shape[1]):
            kappa[s] += weight * math.exp(_log_term(problem, point, s, a) - log_scale)
    return log_scale


@njit
def _log_term(problem, point, s, a):
    if problem.coordinates == OFFSETS:
        return log_kl_term(point.x[s, a], problem.log_reference[s, a])
    if problem.A_star[s, a] < 0.0:
        return point.x[s, a] + math.log(-problem.A_star[s, a])
    return -math.inf
