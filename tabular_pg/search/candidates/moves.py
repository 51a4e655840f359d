"""Random candidates, and small changes of one: worst cases have vertices, zeros, ties and starts
that are nearly deterministic, and all of these are reached exactly."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg.search.candidates.instance import Instance

FRESH = 0.2  # of the rows of start policies that are tried beside a given one
LEAST_LOG = math.log(1e-80)  # of a start probability: fractions that floats still hold


class Limits(NamedTuple):
    """What candidates may be."""

    S: int
    A: int
    zeros: bool  # whether start policies may have probabilities 0
    uniform: bool  # whether they are uniform
    together: bool  # whether mu is rho
    visited: bool  # whether mu is positive
    low: np.ndarray  # of the parameters of the rule
    high: np.ndarray
    fixed: np.ndarray  # which parameters stay as they are, at ``low``


def random_instance(rng, limits) -> Instance:
    """A candidate with rows of P at vertices, sparse or dense, and rewards of all kinds."""
    S, A = limits.S, limits.A
    P = np.array([[_distribution(rng, S) for _ in range(A)] for _ in range(S)])
    r = rng.random((S, A))
    kind = rng.random()
    if kind < 0.4:
        r = np.round(r)
    elif kind < 0.6:
        r = np.where(rng.random((S, A)) < 0.5, 0.0, r)
    rho = _distribution(rng, S) if rng.random() < 0.6 else np.full(S, 1.0 / S)
    mu = rho if rng.random() < 0.5 else _distribution(rng, S)
    log_policy = np.array([_log_row(rng, A, limits) for _ in range(S)])
    return _kept(Instance(P, r, rho, mu, log_policy, _parameters(rng, limits)), limits)


def changed(rng, instance, limits, sigma) -> Instance:
    """One to three random changes, of size ``sigma`` where they have one."""
    P, r, rho, mu, log_policy, parameters = (x.copy() for x in instance)
    S, A = r.shape
    for _ in range(rng.integers(1, 4)):
        s, a, kind = rng.integers(S), rng.integers(A), rng.random()
        if kind < 0.3:
            P[s, a] = _moved_row(rng, P, s, a, sigma)
        elif kind < 0.55:
            r[s, a] = _moved_reward(rng, r, s, a, sigma)
        elif kind < 0.75:
            log_policy[s] = _moved_policy(rng, log_policy[s], limits, sigma)
        elif kind < 0.85 and S > 1:
            which = rho if limits.together or rng.random() < 0.5 else mu
            which[:] = _moved_weights(rng, which, sigma)
        elif not limits.fixed.all():
            i = rng.choice(np.flatnonzero(~limits.fixed))
            if rng.random() < 0.1:
                parameters[i] = _parameters(rng, limits)[i]
            else:
                parameters[i] *= math.exp(3.0 * sigma * rng.standard_normal())
    return _kept(Instance(P, r, rho, mu, log_policy, parameters), limits)


def starts_around(rng, log_policy, limits, sigma, n) -> np.ndarray:
    """(n, S, A) start policies: the given one, changes of it, and some that are new."""
    shape = n, *log_policy.shape
    moved = log_policy + 5.0 * sigma * rng.standard_normal(shape) * (rng.random(shape) < 0.5)
    new = rng.uniform(0.25 * LEAST_LOG * rng.random((n, 1, 1)), 0.0, shape)
    if limits.zeros:
        new = np.where(rng.random(shape) < 0.3, -np.inf, new)
        new[np.isneginf(new).all(axis=2)] = 0.0
    starts = np.where(rng.random((n, shape[1], 1)) < FRESH, new, moved)
    starts[0] = log_policy
    return _normal(starts)


def _kept(instance, limits) -> Instance:
    """The candidate within its limits."""
    P, r, rho, mu, log_policy, parameters = instance
    if limits.uniform:
        log_policy = np.full(r.shape, -math.log(r.shape[1]))
    mu = rho if limits.together else mu
    if limits.visited and mu.min() < 1e-6:
        mu = 0.99 * mu + 0.01 / mu.size
        rho = mu if limits.together else rho
    parameters = np.where(limits.fixed, limits.low, np.clip(parameters, limits.low, limits.high))
    return Instance(P, r, rho, mu, log_policy, parameters)


def _distribution(rng, n):
    kind = rng.random()
    if kind < 0.55 or n == 1:
        return np.eye(n)[rng.integers(n)]
    p = rng.dirichlet(np.ones(n))
    if kind < 0.8:
        p = np.where(rng.random(n) < 0.5, 0.0, p)
        if p.sum() == 0:
            return np.eye(n)[rng.integers(n)]
    return p / p.sum()


def _parameters(rng, limits):
    return np.exp(rng.uniform(np.log(limits.low), np.log(limits.high)))


def _log_row(rng, A, limits):
    """The logarithm of a start policy in one state."""
    kind = rng.random()
    if kind < 0.3 or A == 1:
        return np.full(A, -math.log(A))
    if kind < 0.6:
        p = rng.dirichlet(np.ones(A))
    else:
        least = 0.25 * LEAST_LOG * rng.random()
        p = np.exp(rng.uniform(least, 0.0, A))
        if kind > 0.8:  # all but one of the same, small size
            p = math.exp(least) * np.log(p) / least
        p[rng.integers(A)] = 1.0
    if limits.zeros and rng.random() < 0.4:
        p = np.eye(A)[rng.integers(A)]
    with np.errstate(divide="ignore"):
        return _normal(np.log(np.maximum(p, 0.0 if limits.zeros else 1e-300)))


def _normal(log_p):
    log_p = log_p - log_p.max(axis=-1, keepdims=True)
    zeros = np.isneginf(log_p).any(axis=-1, keepdims=True)
    log_p = np.where(log_p < LEAST_LOG, np.where(zeros, -np.inf, LEAST_LOG), log_p)
    return log_p - np.log(np.exp(log_p).sum(axis=-1, keepdims=True))


def _moved_row(rng, P, s, a, sigma):
    kind, row = rng.random(), P[s, a].copy()
    n = row.size
    if kind < 0.35:
        return np.eye(n)[rng.integers(n)]
    if kind < 0.5:
        return P[rng.integers(n), rng.integers(P.shape[1])].copy()
    if kind < 0.75:
        weight = min(1.0, abs(sigma * rng.standard_normal()))
        return (1.0 - weight) * row + weight * np.eye(n)[rng.integers(n)]
    return _moved_weights(rng, row, sigma)


def _moved_weights(rng, p, sigma):
    """Mass moved, an entry dropped, a vertex or the uniform distribution."""
    n, kind = p.size, rng.random()
    if kind < 0.15:
        return np.full(n, 1.0 / n)
    if kind < 0.4:
        return np.eye(n)[rng.integers(n)]
    if kind < 0.6:
        p = p.copy()
        p[rng.integers(n)] = 0.0
    else:
        p = p * np.exp(2.0 * sigma * rng.standard_normal(n))
    return p / p.sum() if p.sum() > 0 else np.eye(n)[rng.integers(n)]


def _moved_reward(rng, r, s, a, sigma):
    kind = rng.random()
    if kind < 0.15:
        return 0.0
    if kind < 0.3:
        return 1.0
    if kind < 0.45:
        return r[rng.integers(r.shape[0]), rng.integers(r.shape[1])]
    if kind < 0.6:
        return min(1.0, r[s, a] * math.exp(3.0 * sigma * rng.standard_normal()))
    return float(np.clip(r[s, a] + sigma * rng.standard_normal(), 0.0, 1.0))


def _moved_policy(rng, log_p, limits, sigma):
    kind = rng.random()
    if kind < 0.1:
        return np.full(log_p.size, -math.log(log_p.size))
    if kind < 0.25:
        return _log_row(rng, log_p.size, limits)
    log_p = log_p.copy()
    a = rng.integers(log_p.size)
    if np.isneginf(log_p[a]):
        log_p[a] = math.log(rng.random())
    else:
        log_p[a] += 5.0 * sigma * rng.standard_normal()
    return _normal(log_p)
