"""Conservative policy iteration with a constant mixing weight.

    pi^{k+1}  =  (1 - alpha) pi^k + alpha g^k,   g^k greedy: all mass on one action of argmax Q^k

in every state. With alpha = 1 it would be policy iteration. Kept are logarithms, in which
(1 - alpha)^k cannot underflow, and g^k is remembered. Its theorems are in
``theorems.policy_iteration``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.methods.policy_iteration import TIE, greedy_action
from tabular_pg.numerics.systems.products import next_values
from tabular_pg.references import cited


@cited("kakade2002")
class ConservativePolicyIteration(NamedTuple):
    """Conservative policy iteration with mixing weight ``alpha`` in (0, 1)."""

    alpha: float

    def refuse(self):
        """ValueError unless ``alpha`` < 1."""
        if self.alpha >= 1:
            raise ValueError(f"alpha is {self.alpha}; expected a number in (0, 1)")


def first_greedy(rule, problem, point):
    """The greedy policy is what is remembered."""
    fill_greedy(problem, point)


def next_greedy(rule, k, problem, point):
    """The same at a later iterate."""
    fill_greedy(problem, point)


@njit
def fill_greedy(problem, point):
    """Fill the memory by the greedy policy, which takes the first of the best actions.

    Where gaps are below the range of floats all of these are optimal, and compared by Q-gaps in
    units of the largest losses, as ``point.f`` is.
    """
    greedy, kappa = point.memory[:, 0], np.zeros(point.e.size)
    log_scale = policy_error(problem.coordinates, point.x, point.log_pi, point.pi, kappa)
    if log_scale != 0.0:
        next_values(problem.P, problem.gamma, point.f, greedy)
    common = problem.gamma * (point.e[0] - point.f[0])
    for s in range(greedy.shape[0]):
        chosen = first_least(problem, greedy, s, common)
        if log_scale == 0.0:
            chosen = greedy_action(problem, point, s)
        greedy[s] = 0.0
        greedy[s, chosen] = 1.0


@njit
def first_least(problem, q, s, common):
    """The first optimal action with the least entry of ``q`` + ``common``, up to rounding."""
    least, largest, chosen = math.inf, 0.0, -1
    for a in range(q.shape[1]):
        if problem.optimal[s, a]:
            least, largest = min(least, q[s, a]), max(largest, q[s, a] + common)
    for a in range(q.shape[1]):
        if chosen < 0 and problem.optimal[s, a] and q[s, a] <= least + TIE * largest:
            chosen = a
    return chosen


@method(
    ConservativePolicyIteration,
    space=Space.SOFTMAX,
    memory=1,
    start=first_greedy,
    learn=next_greedy,
)
def conservative_policy_iteration(rule, k, problem, point):
    """log pi <- log pi + log(1 - alpha), and log((1 - alpha) pi + alpha) for the greedy action."""
    x, kept = point.x, math.log1p(-rule.alpha)
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if point.memory[s, 0, a] == 1.0:
                x[s, a] = math.log((1.0 - rule.alpha) * point.pi[s, a] + rule.alpha)
            else:
                x[s, a] += kept
