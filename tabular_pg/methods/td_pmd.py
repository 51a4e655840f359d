"""Policy mirror descent with a temporal-difference critic: one Bellman update per step.

    pi^{k+1}  proportional to  (pi^k)^alpha exp(beta Q^k),
    Q^{k+1} = F_tau^{pi^{k+1}} Q^k,
    F_tau^pi Q(s, a) = r(s, a) + gamma E[Q(s', a') - tau log pi(a'|s')],

with alpha = 1 / (1 + eta tau) and beta = eta alpha.

The critic starts at Q^0 = Q_tau^{pi^0} and is kept as its error E^k = Q*_tau - Q^k >= 0, for which
E^{k+1} = gamma P [sum_a pi^{k+1} E^k + tau KL(pi^{k+1} || pi*)]. A constant in E moves no policy
and outlives everything else in it (P keeps constants), so E is kept less its least entry, but for
gamma = 1, where it ends with the episodes.
Its theorem is in ``theorems.mirror_descent.td_pmd``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.engine.method import Regularization, Space, method
from tabular_pg.gaps.bookkeeping import MEASURABLE
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.numerics.simplex import EPS, argmax
from tabular_pg.numerics.systems.products import next_values
from tabular_pg.references import cited


@cited("chen2026")
class TDPMD(NamedTuple):
    """Temporal-difference policy mirror descent in KL; ``eta`` is a number or one of ``steps``."""

    eta: float


def first_critic(rule, problem, point):
    """E^0 = Q*_tau - Q_tau^{pi^0}."""
    point.memory[:, 0] = point.q


def td_critic(rule, k, problem, point):
    """One Bellman update of E, with the policy that it has not seen yet."""
    pi, E, error = point.pi, point.memory[:, 0], np.zeros(point.pi.shape[0])
    unit = math.exp(policy_error(problem.coordinates, point.x, point.log_pi, pi, error))
    for s in range(pi.shape[0]):
        error[s] *= unit
        for a in range(pi.shape[1]):
            error[s] += pi[s, a] * E[s, a]
    level = problem.gamma * error.max()
    if problem.ends is None:
        error -= error.min()
    next_values(problem.P, problem.gamma, error, E)
    if level > MEASURABLE:
        watch_critic(rule, problem, point, EPS * level)


@njit
def watch_critic(rule, problem, point, noise):
    """Keep in ``point.flaws[1]`` what the rounding of E may cost the next offsets, in which only
    differences of its entries are left."""
    x, E, moved = point.x, point.memory[:, 0], 0.0
    for s in range(x.shape[0]):
        least = E[s, 0]
        for a in range(x.shape[1]):
            least = min(least, E[s, a])
        for a in range(x.shape[1]):
            moved = max(moved, abs(x[s, a]) / rule.eta, E[s, a] - least)
    if moved > 0.0:
        point.flaws[1] = max(point.flaws[1], noise / moved)


@method(
    TDPMD,
    space=Space.SOFTMAX,
    regularization=Regularization.REQUIRED,
    memory=1,
    start=first_critic,
    learn=td_critic,
)
def td_pmd(rule, k, problem, point):
    """xi <- alpha xi - beta E + const."""
    x, pi, E = point.x, point.pi, point.memory[:, 0]
    alpha = 1.0 / (1.0 + rule.eta * problem.tau)
    beta = 1.0 / (1.0 / rule.eta + problem.tau)
    for s in range(x.shape[0]):
        common = E[s, argmax(pi, s)]  # would leave its rounding error behind
        for a in range(x.shape[1]):
            x[s, a] = alpha * x[s, a] - beta * (E[s, a] - common)
