"""Value iteration that is pulled back to where it started: Anc-VI.

    U_k = beta_k U_0 + (1 - beta_k) T U_{k-1},   U_0 = V^{pi^0}, 1/beta_k = sum_{i<=k} gamma^-2i;
    pi^{k+1}(.|s)  puts all mass on one action of argmax_a r(s, a) + gamma E U_k(s')

and keeps a row that is greedy already. For gamma = 1, beta_k = 1 / (k + 1). What is remembered are
E_k = Q* - (r + gamma P U_k) >= 0, as for value iteration, and E_0, for which E_k = beta_k E_0 +
(1 - beta_k) gamma P [min_a E_{k-1} - A*], less what all have in common. Its theorems are in
``theorems.value_iteration``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.point import copy_table
from tabular_pg.methods.iterations.value_iteration import backup, take_greedy
from tabular_pg.references import cited


@cited("lee2023")
class AnchoredValueIteration(NamedTuple):
    """Anchored value iteration from the value of the first policy; it has no hyper-parameters."""


def first_values(rule, problem, point):
    """E_0 = Q* - Q^{pi^0}, less what all have in common, twice."""
    for i in range(2):
        copy_table(point.q, point.memory[:, i])


def next_values(rule, k, problem, point):
    """One Bellman update of E, and beta_k of the way back to E_0."""
    E, first, beta = point.memory[:, 0], point.memory[:, 1], anchor(problem.gamma, k)
    backup(problem, E)
    for s in range(E.shape[0]):
        for a in range(E.shape[1]):
            E[s, a] = beta * first[s, a] + (1.0 - beta) * E[s, a]


@njit_inlined
def anchor(gamma, k):
    """beta_k = gamma^{2k} (1 - gamma^2) / (1 - gamma^{2k+2})."""
    if gamma == 0.0:
        return 0.0 if k > 0 else 1.0
    if gamma == 1.0:
        return 1.0 / (k + 1.0)
    log = math.log(gamma)
    scale = math.exp(2.0 * k * log) / -math.expm1((2.0 * k + 2.0) * log)
    return (1.0 - gamma) * (1.0 + gamma) * scale


@method(
    AnchoredValueIteration,
    space=Space.SIMPLEX,
    memory=2,
    start=first_values,
    learn=next_values,
)
def anchored_value_iteration(rule, k, problem, point):
    """All mass on the first action that maximizes A* - E, unless the row is greedy in that."""
    take_greedy(problem, point.x, point.memory[:, 0])
