"""Policy iteration (Howard), the limit of every method here for infinite step size.

    pi^{k+1}(.|s)  puts all mass on one action of argmax_a Q^k(s, a)

and keeps a row that is greedy already, so that ties never make it cycle. Its theorems are
in ``theorems.policy_iteration``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.references import cited

TIE = 1e-12  # relative to max_a Q* - Q: a smaller lead is rounding


@cited("howard1960")
class PolicyIteration(NamedTuple):
    """Howard's policy iteration; it has no hyper-parameters."""


@method(PolicyIteration, space=Space.SIMPLEX, statewise=True)
def policy_iteration(rule, k, problem, point):
    """All mass on the first action that maximizes Q^k + const = A* - q, unless the row is greedy.

    A row that is not greedy gains something real by the switch, so that no policy comes back.
    """
    x = point.x
    for s in range(x.shape[0]):
        if not is_greedy(problem, point, s):
            first = greedy_action(problem, point, s)
            x[s] = 0.0
            x[s, first] = 1.0


@njit_inlined
def greedy_action(problem, point, s):
    """The first action that maximizes Q^k, up to rounding."""
    bar, a = least_greedy(problem, point, s), 0
    while relative_q(problem, point, s, a) < bar:
        a += 1
    return a


@njit_inlined
def is_greedy(problem, point, s):
    """Whether every action that the policy takes maximizes Q^k, up to rounding."""
    bar, greedy = least_greedy(problem, point, s), True
    for a in range(point.x.shape[1]):
        greedy = greedy and (point.pi[s, a] == 0.0 or relative_q(problem, point, s, a) >= bar)
    return greedy


@njit_inlined
def least_greedy(problem, point, s):
    """What Q^k + const of an action is at least that counts as greedy.

    Near the maximum A* and q are at most max_a q, and their rounding is relative to that.
    """
    best, largest = relative_q(problem, point, s, 0), 0.0
    for a in range(point.x.shape[1]):
        best = max(best, relative_q(problem, point, s, a))
        largest = max(largest, point.q[s, a] + problem.gamma * point.base[0])
    return best - TIE * largest


@njit_inlined
def relative_q(problem, point, s, a):
    """Q^k less what all actions of a state have in common."""
    return problem.A_star[s, a] - point.q[s, a]
