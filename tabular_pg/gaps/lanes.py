"""Policy evaluation for several MDPs at once, of log-probabilities for tau = 0.

It is ``evaluation.evaluate`` line by line, with choices in place of decisions. What that does where
numbers leave the range of floats is not done here: such a run is begun anew, alone.
"""

from __future__ import annotations

import math

from tabular_pg._jit import njit_inlined
from tabular_pg.gaps.evaluation import LOST, set_aside
from tabular_pg.gaps.offset_error import TINY
from tabular_pg.numerics.lanes.operators import choose
from tabular_pg.numerics.simplex import SUBNORMAL
from tabular_pg.numerics.systems.elimination import eliminate, solve, solve_adjoint
from tabular_pg.numerics.systems.products import dense_values
from tabular_pg.numerics.systems.refinement import least


@njit_inlined
def evaluate_lanes(problem, point):
    """Normalize ``point.x``, fill every other field from it, and return where that is accurate."""
    normalize_lanes(point.x, point.pi)
    e, f, N, pivot, slack = point.e, point.f, point.N, point.pivot, point.slack
    largest = error_lanes(problem.A_star, point.pi, e)
    common = set_aside(e, problem.gamma)
    transitions_lanes(problem.P, problem.gamma, point.pi, N)
    for s in range(slack.size):
        slack[s] = 1.0 - problem.gamma
    eliminate(N, pivot, slack)
    solve(N, pivot, e)
    if problem.visitation:
        for s in range(e.size):
            point.d[s] = (1.0 - problem.gamma) * problem.mu[s]
        solve_adjoint(N, pivot, point.d)
    smallest = least(e)
    widest, total = smallest * 0.0, smallest * 0.0
    for s in range(e.size):
        f[s] = e[s] - smallest
        e[s] += common
        widest, total = max(widest, f[s]), total + e[s]
    base = smallest + common
    point.base[0] = base
    dense_values(problem.P, problem.gamma, f, point.q)
    advantages_lanes(problem, point)
    bar = LOST * point.x.shape[1] * max(widest + base, max(1.0, problem.largest))
    return (largest > TINY) & (base >= bar) & (total < math.inf)


@njit_inlined
def normalize_lanes(x, pi):
    """``numerics.simplex.log_normalize``."""
    for s in range(x.shape[0]):
        largest = x[s, 0]
        for a in range(1, x.shape[1]):
            largest = max(largest, x[s, a])
        rest = largest * 0.0
        left = rest + 1.0  # whether the largest term, which is not added up, is still to come
        for a in range(x.shape[1]):
            lead = x[s, a] - largest
            other = choose(lead < 0.0, 1.0, 1.0 - left)
            left = left - (1.0 - other)
            p = choose(lead < SUBNORMAL, 0.0, math.exp(lead))
            x[s, a], pi[s, a] = lead, p
            rest += p * other
        shift, share = math.log1p(rest), 1.0 / (1.0 + rest)
        for a in range(x.shape[1]):
            x[s, a] -= shift
            pi[s, a] *= share


@njit_inlined
def error_lanes(A_star, pi, kappa):
    """Fill ``kappa``, and return its largest entry."""
    largest = pi[0, 0] * 0.0
    for s in range(kappa.size):
        total = pi[s, 0] * 0.0
        for a in range(pi.shape[1]):
            total -= pi[s, a] * A_star[s, a]
        kappa[s] = total
        largest = max(largest, total)
    return largest


@njit_inlined
def transitions_lanes(P, gamma, pi, N):
    """Fill ``N`` with ``gamma P_pi``."""
    for s in range(P.shape[0]):
        for t in range(P.shape[2]):
            total = pi[s, 0] * P[s, 0, t]
            for a in range(1, P.shape[1]):
                total += pi[s, a] * P[s, a, t]
            N[s, t] = gamma * total


@njit_inlined
def advantages_lanes(problem, point):
    """Fill ``A`` with ``A* - q``, relative to a likely action and then centred."""
    pi, q, A, A_star = point.pi, point.q, point.A, problem.A_star
    for s in range(A.shape[0]):
        bar = pi[s, 0]
        for a in range(1, A.shape[1]):
            bar = max(bar, pi[s, a])
        reference = pi[s, 0] * 0.0 - math.inf
        for a in range(A.shape[1]):
            A[s, a] = A_star[s, a] - q[s, a]
            reference = max(reference, choose(pi[s, a] >= 0.5 * bar, A[s, a], -math.inf))
        mean = pi[s, 0] * 0.0
        for a in range(A.shape[1]):
            A[s, a] -= reference
            mean += pi[s, a] * A[s, a]
        for a in range(A.shape[1]):
            A[s, a] -= mean


@njit_inlined
def keep_least_lanes(problem, point):
    """``bookkeeping.keep_least``; ``problem.optimal`` is 1 or 0."""
    pi, least_policy, least_mass = point.pi, point.least_policy, point.least_optimal_mass
    for s in range(pi.shape[0]):
        mass = pi[s, 0] * 0.0
        for a in range(pi.shape[1]):
            least_policy[s, a] = min(least_policy[s, a], pi[s, a])
            mass += problem.optimal[s, a] * pi[s, a]
        least_mass[s] = min(least_mass[s], mass)
