"""Policy iteration (Howard), the limit of every method here for infinite step size.

    pi^{k+1}(.|s)  puts all mass on one action of argmax_a Q^k(s, a)

and keeps a row that is greedy already, so that ties never make it cycle. Its theorems are
in ``theorems.policy_iteration``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.references import cited

TIE = 1e-12  # relative to max_a Q* - Q: a smaller lead is rounding


@cited("howard1960")
class PolicyIteration(NamedTuple):
    """Howard's policy iteration; it has no hyper-parameters."""


@method(PolicyIteration, space=Space.SIMPLEX, statewise=True)
def policy_iteration(rule, k, problem, point):
    """All mass on the first action that maximizes Q^k + const = A* - q, unless the row is greedy.

    Near the maximum A* and q are at most max_a q, and their rounding is relative to that: a row
    that is not greedy gains something real by the switch, so that no policy comes back.
    """
    x, common = point.x, problem.gamma * point.base[0]
    for s in range(x.shape[0]):
        best, largest = _q(problem, point, s, 0), 0.0
        for a in range(x.shape[1]):
            best = max(best, _q(problem, point, s, a))
            largest = max(largest, point.q[s, a] + common)
        first, greedy = -1, True
        for a in range(x.shape[1]):
            tied = best - _q(problem, point, s, a) <= TIE * largest
            if tied and first < 0:
                first = a
            greedy = greedy and (x[s, a] == 0.0 or tied)
        if not greedy:
            x[s] = 0.0
            x[s, first] = 1.0


@njit
def _q(problem, point, s, a):
    return problem.A_star[s, a] - point.q[s, a]
