"""How far rounding of the data of two actions may move their advantages apart.

P and r are floats that may stand for numbers nearby: 1/3, or an expected reward. What the rounding
of the two rows and rewards that are compared can do, and that of the values they lead to, is the
unit in which a small advantage is judged; nothing else in the MDP has a part in it. In particular
gamma is taken to be the float that it is: actions that are tied at 19/20 but not at the float 0.95
need not count as tied.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit_borrowing, njit_inlined
from tabular_pg.compiled.choice import chosen_by_storage

HALF_ULP = 2.0**-53  # relative rounding error of one float
EXACT = 2.0**53  # integers below are no rounded numbers


@njit_inlined
def reward_rounding(r):
    """By how much a reward may be rounded: an integer is not."""
    return 0.0 if abs(r) < EXACT and r == math.floor(r) else HALF_ULP * abs(r)


@njit_inlined
def entry_rounding(p, change):
    """What the rounding of one transition probability moves; 0 and 1 are not rounded."""
    return 0.0 if p == 0.0 or p == 1.0 else HALF_ULP * p * abs(change)


@njit_borrowing
def value_rounding(P, r, gamma, V, chosen, out):
    """Fill ``out`` (S,) with what the rounding of the chosen row and reward may add to a state."""
    for s in range(V.size):
        out[s] = reward_rounding(r[s, chosen[s]]) + gamma * row_rounding(P, V, s, chosen[s])


@njit_borrowing
def difference_rounding(P, r, gamma, V, drift, chosen, out, certain):
    """Fill ``out`` (S, A) with the unit of each advantage, and ``certain`` where both actions lead
    to the same state for sure: then the rewards decide, and are no means over successors.

    ``drift`` (S,) is what rounding may move the values by, less what it moves all of them by. Of
    two equal rows only the rewards count.
    """
    for s in range(r.shape[0]):
        c = chosen[s]
        for a in range(r.shape[1]):
            rows = rows_rounding(P, V, drift, s, a, c)
            certain[s, a] = rows == -2.0
            out[s, a] = reward_rounding(r[s, a]) + reward_rounding(r[s, c])
            out[s, a] += gamma * max(rows, 0.0)


def row_rounding(P, V, s, a):
    """What the rounding of one row of P moves its mean of V by; P is an array or a SparseModel."""
    return (_dense_row if isinstance(P, np.ndarray) else _sparse_row)(P, V, s, a)


def rows_rounding(P, V, drift, s, a, c):
    """The same for the difference of the rows of actions ``a`` and ``c``; -1 if they are equal, and
    -2 if their one successor is."""
    kernel = _dense_rows if isinstance(P, np.ndarray) else _sparse_rows
    return kernel(P, V, drift, s, a, c)


@njit_inlined
def _dense_row(P, V, s, a):
    total = 0.0
    for t in range(V.size):
        total += entry_rounding(P[s, a, t], V[t] - V[s])
    return total


@njit_inlined
def _sparse_row(P, V, s, a):
    total, row = 0.0, s * P.n_actions + a
    for k in range(np.int64(P.indptr[row]), np.int64(P.indptr[row + 1])):
        total += entry_rounding(P.data[k], V[P.indices[k]] - V[s])
    return total


@njit_inlined
def _add_entry(total, p, q, V_t, V_s, drift):
    """``total`` and what rounding of two different entries of P moves the rows apart by."""
    total += entry_rounding(p, V_t - V_s) + entry_rounding(q, V_t - V_s)
    return total + abs(p - q) * drift


@njit_inlined
def _dense_rows(P, V, drift, s, a, c):
    total, equal, certain = 0.0, True, False
    for t in range(V.size):
        p, q = P[s, a, t], P[s, c, t]
        certain = certain or p == 1.0
        if p != q:
            equal = False
            total = _add_entry(total, p, q, V[t], V[s], drift[t])
    return (-2.0 if certain else -1.0) if equal else total


@njit_inlined
def _sparse_rows(P, V, drift, s, a, c):
    total, equal, certain = 0.0, True, False
    i, j = s * P.n_actions + a, s * P.n_actions + c
    i, stop = np.int64(P.indptr[i]), np.int64(P.indptr[i + 1])
    j, end = np.int64(P.indptr[j]), np.int64(P.indptr[j + 1])
    while i < stop or j < end:
        here = np.int64(P.indices[i]) if i < stop else V.size
        there = np.int64(P.indices[j]) if j < end else V.size
        t, p, q = min(here, there), 0.0, 0.0
        if here == t:
            p = P.data[i]
            i += 1
        if there == t:
            q = P.data[j]
            j += 1
        certain = certain or p == 1.0
        if p != q:
            equal = False
            total = _add_entry(total, p, q, V[t], V[s], drift[t])
    return (-2.0 if certain else -1.0) if equal else total


chosen_by_storage(row_rounding, _dense_row, _sparse_row)
chosen_by_storage(rows_rounding, _dense_rows, _sparse_rows)
