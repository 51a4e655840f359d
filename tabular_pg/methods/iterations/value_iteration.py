"""Value iteration, seen through the policies that are greedy in its values.

    V_{k+1} = T V_k,   V_0 = V^{pi^0};
    pi^{k+1}(.|s)  puts all mass on one action of argmax_a r(s, a) + gamma E V_k(s')

and keeps a row that is greedy already. What is remembered are gaps of what the actions are worth,
E_k = Q* - (r + gamma P V_k) >= 0, for which E_{k+1} = gamma P [min_a E_k - A*], less what all of
them have in common: that moves no policy, unless episodes end (gamma = 1). Its theorems are in
``theorems.value_iteration``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.point import copy_table
from tabular_pg.numerics.systems.products import drop_common, next_values
from tabular_pg.references import cited

TIE = 1e-12  # relative to max_a Q* - Q: a smaller lead is rounding


@cited("bellman1957")
class ValueIteration(NamedTuple):
    """Value iteration from the value of the first policy; it has no hyper-parameters."""


def first_values(rule, problem, point):
    """E_0 = Q* - Q^{pi^0}, less what all have in common."""
    copy_table(point.q, point.memory[:, 0])


def next_backup(rule, k, problem, point):
    """One Bellman update of E."""
    backup(problem, point.memory[:, 0])


@method(ValueIteration, space=Space.SIMPLEX, memory=1, start=first_values, learn=next_backup)
def value_iteration(rule, k, problem, point):
    """All mass on the first action that maximizes A* - E, unless the row is greedy in that."""
    take_greedy(problem, point.x, point.memory[:, 0])


@njit
def backup(problem, E):
    """Overwrite ``E`` (S, A) by gamma P [min_a E - A*], less what all have in common."""
    lost = np.empty(E.shape[0])
    for s in range(lost.size):
        lost[s] = math.inf
        for a in range(E.shape[1]):
            lost[s] = min(lost[s], E[s, a] - problem.A_star[s, a])
    if problem.ends is None:
        drop_common(lost)
    next_values(problem.P, problem.gamma, lost, E)


@njit_inlined
def take_greedy(problem, x, E):
    """Put all mass of a row on the first action that maximizes A* - E, unless it is greedy."""
    A_star = problem.A_star
    for s in range(x.shape[0]):
        best, largest, first, greedy = -math.inf, 0.0, -1, True
        for a in range(x.shape[1]):
            best = max(best, A_star[s, a] - E[s, a])
            largest = max(largest, E[s, a])
        for a in range(x.shape[1]):
            tied = best - (A_star[s, a] - E[s, a]) <= TIE * largest
            if tied and first < 0:
                first = a
            greedy = greedy and (x[s, a] == 0.0 or tied)
        if not greedy:
            x[s] = 0.0
            x[s, first] = 1.0
