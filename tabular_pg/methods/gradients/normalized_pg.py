"""Normalized policy gradient under the softmax parametrization.

    theta^{k+1} = theta^k + eta grad V^k(mu) / ||grad V^k(mu)||_2,  that is,
    pi^{k+1}(a|s)  proportional to  pi^k(a|s) exp(eta_s pi^k(a|s) A^k(s, a)),
    eta_s = eta d_mu^k(s) / ((1 - gamma) ||grad V^k(mu)||_2).

Its theorems are in ``theorems.softmax_pg.normalized``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.methods.softmax_pg import climb
from tabular_pg.numerics.systems.products import next_values
from tabular_pg.references import cited


@cited("mei2021")
class NormalizedPG(NamedTuple):
    """Normalized softmax policy gradient with step size ``eta``, a number or one of ``steps``."""

    eta: float


def first_direction(rule, problem, point):
    """The gradient in units of its norm, which is what is remembered; 0 where it is 0."""
    fill_direction(problem, point, point.memory[:, 0])


def next_direction(rule, k, problem, point):
    """The same at a later iterate."""
    fill_direction(problem, point, point.memory[:, 0])


@njit
def fill_direction(problem, point, direction):
    """Fill ``direction`` (S, A) by grad V(mu) / ||grad V(mu)||, less what actions of a state have
    in common.

    Where the whole gradient is below the range of floats, it is formed in units of its largest
    losses, as the gap is then.
    """
    kappa = np.zeros(point.e.size)
    log_scale = policy_error(problem.coordinates, point.x, point.log_pi, point.pi, kappa)
    if log_scale != 0.0:
        fill_scaled(problem, point, log_scale, direction)
        norm = norm_of(direction)
    else:
        direction[:] = 0.0
        for s in range(direction.shape[0]):
            for a in range(direction.shape[1]):
                if point.pi[s, a] > 0.0:
                    direction[s, a] = point.d[s] * point.pi[s, a] * point.A[s, a]
        norm = norm_of(direction) / problem.unit
        direction[:] = 0.0
        climb(problem, point, 1.0, direction)
    for s in range(direction.shape[0]):
        for a in range(direction.shape[1]):
            direction[s, a] = direction[s, a] / norm if norm > 0.0 else 0.0


@njit
def norm_of(values):
    """The Euclidean norm; squares may be below the range of floats."""
    largest, total = 0.0, 0.0
    for s in range(values.shape[0]):
        for a in range(values.shape[1]):
            largest = max(largest, abs(values[s, a]))
    for s in range(values.shape[0]):
        for a in range(values.shape[1]):
            if largest > 0.0:
                total += (values[s, a] / largest) ** 2
    return largest * math.sqrt(total)


@njit
def fill_scaled(problem, point, log_scale, out):
    """Fill ``out`` (S, A) by (1 - gamma) grad V(mu) divided by exp(log_scale), as ``point.f`` is.

    Every likely action is optimal here: others enter by A* alone, and optimal ones by their gaps.
    """
    pi, x, A_star = point.pi, point.x, problem.A_star
    next_values(problem.P, problem.gamma, point.f, out)
    for s in range(pi.shape[0]):
        likely = 0
        for a in range(pi.shape[1]):
            if pi[s, a] > pi[s, likely]:
                likely = a
        reference, mean = out[s, likely], 0.0
        for a in range(pi.shape[1]):
            if problem.optimal[s, a]:
                out[s, a] = pi[s, a] * (reference - out[s, a])
            else:
                out[s, a] = math.exp(x[s, a] - log_scale) * A_star[s, a]
            mean += out[s, a]
        for a in range(pi.shape[1]):
            out[s, a] = point.d[s] * (out[s, a] - pi[s, a] * mean)


@method(
    NormalizedPG,
    space=Space.SOFTMAX,
    visitation=True,
    memory=1,
    start=first_direction,
    learn=next_direction,
)
def normalized_pg(rule, k, problem, point):
    """theta <- theta + eta grad V(mu) / ||grad V(mu)||, in logarithms of probabilities."""
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            if point.x[s, a] > -math.inf:
                point.x[s, a] += rule.eta * point.memory[s, 0, a]
