"""Projected policy gradient and projected Q-ascent (mirror descent in the Euclidean norm).

    pi_s^{k+1} = projection of pi_s^k + eta_s^k Q^k(s, .) onto the simplex,
    eta_s^k = eta_k d_mu^k(s) / (1 - gamma)  (projected PG)  or  eta_k  (projected Q-ascent),
    eta_k = eta growth^k,  constant for growth = 1 (the default).

The projection is the same for the advantage A in place of Q. The theorems are in
``theorems.projected_pg``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.numerics.simplex import project

LARGEST_STEP = 1e250  # growing steps stop growing here, far beyond where they act like infinity


class ProjectedPG(NamedTuple):
    """Projected policy gradient with step size ``eta * growth**k`` at iteration k."""

    eta: float
    growth: float = 1.0


class ProjectedQAscent(NamedTuple):
    """Projected Q-ascent with step size ``eta * growth**k`` at iteration k."""

    eta: float
    growth: float = 1.0


@method(ProjectedPG, space=Space.SIMPLEX, visitation=True, statewise=True)
def projected_pg(rule, k, problem, point):
    """Project each row after a step of eta_k d(s) / (1 - gamma) along its advantages."""
    x, A, d = point.x, point.A, point.d
    eta = _step_size(rule.eta, rule.growth, k)
    for s in range(x.shape[0]):
        _ascend(problem, x, A, s, eta * d[s] / (1.0 - problem.gamma))


@method(ProjectedQAscent, space=Space.SIMPLEX, statewise=True)
def projected_q_ascent(rule, k, problem, point):
    """Project each row after a step of eta_k along its advantages."""
    x, A = point.x, point.A
    eta = _step_size(rule.eta, rule.growth, k)
    for s in range(x.shape[0]):
        _ascend(problem, x, A, s, eta)


@njit
def _step_size(eta, growth, k):
    if k * math.log(growth) > 700.0:  # growth^k would overflow
        return LARGEST_STEP
    return min(eta * growth**k, LARGEST_STEP)


@njit
def _ascend(problem, x, A, s, eta):
    """Replace row ``s`` of ``x`` by the projection of ``x + eta A``; the step is capped.

    Actions that do not exist have no part in the cap.
    """
    least, top = math.inf, -math.inf
    for a in range(A.shape[1]):
        if problem.A_star[s, a] >= -problem.largest:
            least, top = min(least, A[s, a]), max(top, A[s, a])
    project(x, A, s, min(eta, LARGEST_STEP / max(top - least, 1.0)))
