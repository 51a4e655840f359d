"""Policy iteration that makes the one switch by which V(mu) grows most: the simplex method with the
largest-increase rule, also known as greatest improvement.

    pi^{k+1}(.|s)  puts all mass on a,   other rows stay,
    (s, a)  maximizes  V^{pi + switch}(mu) - V^k(mu)  =  A^k(s, a) n(s) / (1 + gamma (p - p_a) z),

with n = mu^T (I - gamma P_pi)^{-1} the visits of pi^k, z(t) = (I - gamma P_pi)^{-1}(t, s) those of
s from t, p and p_a the rows of P that pi^k and a take in s: the matrix changes by one row (the
formula of Sherman and Morrison). As z(s) = 1 + gamma p z, the denominator is z(s) - gamma p_a z, a
sum of nonnegative terms since z is largest at s. Theorems are in ``theorems.simplex_method``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.methods.iterations.simplex_policy_iteration import better_above, switch
from tabular_pg.methods.policy_iteration import TIE, greedy_action, is_greedy, relative_q
from tabular_pg.numerics.systems.elimination import UNBLOCKED, eliminate, eliminate_blocks, solve
from tabular_pg.numerics.systems.products import add_row, fill_slack
from tabular_pg.references import cited


@cited("kitahara2013")
class LargestIncreasePolicyIteration(NamedTuple):
    """Policy iteration with pivots of the largest increase of V(mu); it has no hyper-parameters."""


@method(LargestIncreasePolicyIteration, space=Space.SIMPLEX, visitation=True)
def largest_increase_policy_iteration(rule, k, problem, point):
    """All mass on an action where V(mu) grows most by it: the first such pair, up to rounding."""
    chosen = largest_increase(problem, point)
    if chosen >= 0:
        A = point.x.shape[1]
        switch(point, chosen // A, chosen % A)


@njit
def largest_increase(problem, point):
    """The pair s A + a whose switch increases V(mu) most; -1 if every row is greedy.

    The system is eliminated once, densely, and solved for every state that is not greedy.
    """
    S, A = point.x.shape
    N, pivot, slack = np.zeros((S, S)), np.empty(S), np.empty(S)
    z, row, chosen, lead = np.empty(S), np.empty(S), -1, 0.0
    P, gamma, ends = problem.P, problem.gamma, problem.ends
    for s in range(S):
        for a in range(A):
            if point.pi[s, a] > 0.0:
                add_row(P, s, a, gamma * point.pi[s, a], N[s])
    fill_slack(gamma, ends, point.pi, slack)
    if S > UNBLOCKED:
        eliminate_blocks(N, pivot, slack)
    else:
        eliminate(N, pivot, slack)
    for s in range(S):
        if not is_greedy(problem, point, s):
            z[:] = 0.0
            z[s] = 1.0
            solve(N, pivot, z)
            bar, best = better_above(problem, point, s), greedy_action(problem, point, s)
            for a in range(A):
                if a == best or relative_q(problem, point, s, a) > bar:
                    visits = point.d[s] / (problem.unit * leaving(P, gamma, ends, z, s, a, row))
                    increase = point.A[s, a] * visits
                    if chosen < 0 or increase > lead * (1.0 + TIE):
                        chosen, lead = s * A + a, increase
    return chosen


@njit_inlined
def leaving(P, gamma, ends, z, s, a, row):
    """z(s) - gamma p_a z, for z that is largest at s."""
    total = (1.0 - gamma) * z[s]
    if ends is not None:
        total += ends[s, a] * z[s]
    row[:] = 0.0
    add_row(P, s, a, gamma, row)
    for t in range(row.size):
        total += row[t] * max(z[s] - z[t], 0.0)
    return total
