"""Policy iteration that switches one state at a time: the simplex method, with two pivot rules.

    pi^{k+1}(.|s)  puts all mass on a,   other rows stay,

where (s, a) maximizes A^k(s, a) over all states and actions (Dantzig), or is the first pair of
states and actions in their order with A^k(s, a) > 0 (Bland). Theorems are in
``theorems.simplex_method``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.methods.policy_iteration import TIE, greedy_action, is_greedy, relative_q
from tabular_pg.references import cited


@cited("ye2011")
class SimplexPolicyIteration(NamedTuple):
    """Policy iteration with Dantzig's pivots; it has no hyper-parameters."""


@cited("melekopoglou1994")
class BlandPolicyIteration(NamedTuple):
    """Policy iteration with Bland's pivots, also known as simple; it has no hyper-parameters."""


@method(SimplexPolicyIteration, space=Space.SIMPLEX)
def simplex_policy_iteration(rule, k, problem, point):
    """All mass on the greedy action of the first state with the largest advantage."""
    chosen, lead = -1, 0.0
    for s in range(point.x.shape[0]):
        if not is_greedy(problem, point, s):
            advantage = point.A[s, greedy_action(problem, point, s)]
            if chosen < 0 or advantage > lead * (1.0 + TIE):
                chosen, lead = s, advantage
    if chosen >= 0:
        switch(point, chosen, greedy_action(problem, point, chosen))


@method(BlandPolicyIteration, space=Space.SIMPLEX)
def bland_policy_iteration(rule, k, problem, point):
    """All mass on the first action that is better, in the first state that has one."""
    s = 0
    while s < point.x.shape[0] and is_greedy(problem, point, s):
        s += 1
    if s < point.x.shape[0]:
        switch(point, s, first_better(problem, point, s))


@njit_inlined
def switch(point, s, a):
    """Put all mass of row ``s`` on ``a``."""
    point.x[s] = 0.0
    point.x[s, a] = 1.0


@njit_inlined
def first_better(problem, point, s):
    """The first action with a positive advantage, up to rounding; the greedy one if all of them
    are that small."""
    bar, a = better_above(problem, point, s), 0
    while a < point.x.shape[1] and relative_q(problem, point, s, a) <= bar:
        a += 1
    return a if a < point.x.shape[1] else greedy_action(problem, point, s)


@njit_inlined
def better_above(problem, point, s):
    """What Q^k + const of an action is above that has a positive advantage, up to rounding."""
    mean, largest = 0.0, 0.0
    for a in range(point.x.shape[1]):
        if point.pi[s, a] > 0.0:
            mean += point.pi[s, a] * relative_q(problem, point, s, a)
        largest = max(largest, point.q[s, a] + problem.gamma * point.base[0])
    return mean + TIE * largest
