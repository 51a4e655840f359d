"""Kernels on rows of the simplex, each written so that its result does not cancel.

A softmax policy is a row of log-probabilities, a projected one a row of probabilities with exact
zeros; regularized ones are in ``offsets``.
"""

from __future__ import annotations

import math

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.lanes.exponentials import exp
from tabular_pg.numerics.lanes.operators import choose

EPS = 2.0**-52
SUBNORMAL = -708.0  # exp of less has lost digits, and is slow to compute with


@njit_inlined
def argmax(rows, s):
    """The first column of the largest entry of row ``s``."""
    top = 0
    for a in range(1, rows.shape[1]):
        if rows[s, a] > rows[s, top]:
            top = a
    return top


@njit_inlined
def of_likeliest(values, pi, s):
    """The entry of row ``s`` of ``values`` that belongs to the first of the likeliest actions."""
    top, found = pi[s, 0], values[s, 0]
    for a in range(1, pi.shape[1]):
        found = choose(pi[s, a] > top, values[s, a], found)
        top = max(top, pi[s, a])
    return found


@njit_inlined
def best_of(problem, q, s):
    """max_a A* - q in row ``s``: the largest advantage, before the mean is subtracted.

    Differences of advantages are differences of ``A* - q``. The mean may be far larger than they
    are, where one action is forbidden by a penalty, and would leave its rounding error behind.
    """
    best = problem.A_star[s, 0] - q[s, 0]
    for a in range(1, q.shape[1]):
        best = max(best, problem.A_star[s, a] - q[s, a])
    return best


@njit_inlined
def best_of_likely(pi, A, s):
    """The largest entry in row ``s`` of ``A`` of an action at least half as likely as any."""
    bar, best = 0.0, -math.inf
    for a in range(pi.shape[1]):
        bar = max(bar, 0.5 * pi[s, a])
    for a in range(pi.shape[1]):
        if pi[s, a] >= bar:
            best = max(best, A[s, a])
    return best


@njit_inlined
def log_normalize(x, pi):
    """Shift each row of ``x`` in place so that its exponentials sum to 1, and fill ``pi``."""
    for s in range(x.shape[0]):
        largest = x[s, argmax(x, s)]
        for a in range(x.shape[1]):
            x[s, a] -= largest
    exponentials(x, pi)
    for s in range(x.shape[0]):
        top = argmax(x, s)
        rest = 0.0  # without the largest term, so that a row near (0, -large) keeps its small ones
        for a in range(x.shape[1]):
            if a != top:
                rest += pi[s, a]
        shift, share = math.log1p(rest), 1.0 / (1.0 + rest)
        for a in range(x.shape[1]):
            x[s, a] -= shift
            pi[s, a] *= share


@njit_inlined
def exponentials(x, out):
    """Fill ``out`` with e^x; 0 where that has lost digits."""
    for i in range(x.size):
        low = x.flat[i] < SUBNORMAL
        power = exp(SUBNORMAL if low else x.flat[i])
        out.flat[i] = 0.0 if low else power
