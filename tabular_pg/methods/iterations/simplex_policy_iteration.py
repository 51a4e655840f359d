"""Policy iteration that switches one state at a time: the simplex method with Dantzig's pivots.

    (s, a)  maximizes  A^k(s, a) over all states and actions;
    pi^{k+1}(.|s)  puts all mass on a,   other rows stay.

Its theorems are in ``theorems.policy_iteration``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.methods.policy_iteration import TIE, greedy_action, is_greedy
from tabular_pg.references import cited


@cited("ye2011")
class SimplexPolicyIteration(NamedTuple):
    """Policy iteration with Dantzig's pivots; it has no hyper-parameters."""


@method(SimplexPolicyIteration, space=Space.SIMPLEX)
def simplex_policy_iteration(rule, k, problem, point):
    """All mass on the greedy action of the first state with the largest advantage."""
    x, chosen, lead = point.x, -1, 0.0
    for s in range(x.shape[0]):
        if not is_greedy(problem, point, s):
            advantage = point.A[s, greedy_action(problem, point, s)]
            if chosen < 0 or advantage > lead * (1.0 + TIE):
                chosen, lead = s, advantage
    if chosen >= 0:
        first = greedy_action(problem, point, chosen)
        x[chosen] = 0.0
        x[chosen, first] = 1.0
