"""Gaps of states that are below the range of floats while others are not.

Natural policy gradient is done with one state at e^-1000 while another is still at e^-3. One scale
for all states cannot show both, so that the states concerned are solved for once more, with
numbers ``m R^n`` whose exponents n are integers of their own: by the same elimination, which never
subtracts.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.compiled.choice import chosen_by_storage
from tabular_pg.gaps.point import fill
from tabular_pg.numerics.radix import LOG_RADIX, add, from_log, normal, to_float

MOST = 400  # states that are solved for in this way


@njit
def resolve(P, gamma, ends, e, log_e, log_kappa, log_pi, log_scale, bar):
    """Fill ``log_e`` (S,), and correct the gaps in ``e`` that are below ``bar``.

    ``log_kappa`` (S,) and ``log_pi`` (S, A) are logarithms of the error and the policy. If no
    state below ``bar`` has a gap, ``log_e[0]`` stays nan. Returns how many states are left as they
    are because they are too many.
    """
    states, place = _live(P, e, log_kappa, log_pi, bar)
    if states.size == 0:
        return 0
    if states.size > MOST:
        return states.size
    m, n = _solved(P, gamma, ends, e, log_kappa, log_pi, place, states, log_scale)
    for s in range(e.size):
        log_e[s] = math.log(e[s]) + log_scale if e[s] > 0.0 else -math.inf
    for i in range(states.size):
        s = states[i]
        log_e[s] = math.log(m[i]) + n[i] * LOG_RADIX if m[i] > 0.0 else -math.inf
        e[s] = math.exp(log_e[s] - log_scale) if log_e[s] - log_scale > -745.0 else 0.0
    return 0


@njit
def _live(P, e, log_kappa, log_pi, bar):
    """(states below ``bar`` that have a gap, the number of each state among them or -1).

    Until all are found, 0 marks those that are."""
    S, A = log_pi.shape
    states, place = np.empty(S, dtype=np.int64), np.empty(S, dtype=np.int64)
    fill(place, -1)
    size, changed = 0, True
    while changed:
        changed = False
        for s in range(S):
            if e[s] < bar and place[s] < 0:
                live = log_kappa[s] > -math.inf
                for a in range(A):
                    if not live and log_pi[s, a] > -math.inf:
                        live = _leads_to(P, s, a, e, place)
                if live:
                    place[s], changed = 0, True
    for s in range(S):
        if place[s] == 0:
            states[size], place[s] = s, size
            size += 1
    return states[:size], place


@njit
def _solved(P, gamma, ends, e, log_kappa, log_pi, place, states, log_scale):
    """Mantissas and exponents of the gaps in ``states``."""
    c = states.size
    m, n = np.empty((c, c)), np.empty((c, c), dtype=np.int64)
    b, b_n, slack = np.empty(c), np.empty(c, dtype=np.int64), np.empty(c)
    fill(m, 0.0)
    fill(n, 0)
    fill(slack, 1.0 - gamma)
    unit, unit_n = from_log(log_scale)
    for i in range(c):
        s = states[i]
        b[i], b_n[i] = from_log(log_kappa[s])
        for a in range(log_pi.shape[1]):
            if log_pi[s, a] > -math.inf:
                w, w_n = from_log(log_pi[s, a])
                _add_row(P, s, a, gamma * w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack)
                if ends is not None:
                    slack[i] += to_float(w * ends[s, a], w_n)
    _eliminate(m, n, b, b_n, slack)
    return b, b_n


@njit
def _eliminate(m, n, b, b_n, slack):
    """Overwrite ``b`` by the solution; pivots are sums of what is left of a row."""
    c = b.size
    pivot = np.empty(c)
    for k in range(c):
        pivot[k] = slack[k]
        for j in range(k + 1, c):
            pivot[k] += to_float(m[k, j], n[k, j])
        for i in range(k + 1, c):
            if m[i, k] == 0.0:
                continue
            f, f_n = normal(m[i, k] / pivot[k], n[i, k])
            slack[i] += to_float(f, f_n) * slack[k]
            for j in range(k + 1, c):
                if j != i and m[k, j] > 0.0:
                    m[i, j], n[i, j] = add(m[i, j], n[i, j], f * m[k, j], f_n + n[k, j])
            b[i], b_n[i] = add(b[i], b_n[i], f * b[k], f_n + b_n[k])
    for i in range(c - 1, -1, -1):
        for j in range(i + 1, c):
            b[i], b_n[i] = add(b[i], b_n[i], m[i, j] * b[j], n[i, j] + b_n[j])
        b[i], b_n[i] = normal(b[i] / pivot[i], b_n[i])


@njit
def _add_entry(p, s, t, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack):
    """Add what moves from ``s`` to ``t``: to the system, or what is known of ``t`` to ``b``."""
    j = place[t]
    if t == s or p == 0.0:
        return
    if j >= 0:
        m[i, j], n[i, j] = add(m[i, j], n[i, j], w * p, w_n)
        return
    slack[i] += to_float(w * p, w_n)
    if e[t] > 0.0:
        value, value_n = normal(e[t], 0)
        value, value_n = normal(value * unit, value_n + unit_n)
        b[i], b_n[i] = add(b[i], b_n[i], w * p * value, w_n + value_n)


@njit
def _add_dense(P, s, a, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack):
    for t in range(e.size):
        _add_entry(P[s, a, t], s, t, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack)


@njit
def _add_sparse(P, s, a, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack):
    row = s * P.n_actions + a
    for k in range(np.int64(P.indptr[row]), np.int64(P.indptr[row + 1])):
        t = np.int64(P.indices[k])
        _add_entry(P.data[k], s, t, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack)


@njit
def _leads_dense(P, s, a, e, place):
    found = False
    for t in range(e.size):
        found = found or (P[s, a, t] > 0.0 and (e[t] > 0.0 or place[t] >= 0))
    return found


@njit
def _leads_sparse(P, s, a, e, place):
    row = s * P.n_actions + a
    for k in range(np.int64(P.indptr[row]), np.int64(P.indptr[row + 1])):
        t = np.int64(P.indices[k])
        if P.data[k] > 0.0 and (e[t] > 0.0 or place[t] >= 0):
            return True
    return False


def _leads_to(P, s, a, e, place):
    """Whether action ``a`` may lead to a state that has a gap."""
    return (_leads_dense if isinstance(P, np.ndarray) else _leads_sparse)(P, s, a, e, place)


def _add_row(P, s, a, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack):
    """Add action ``a``, of weight ``w``, to row ``i`` of the system."""
    kernel = _add_dense if isinstance(P, np.ndarray) else _add_sparse
    kernel(P, s, a, w, w_n, place, e, unit, unit_n, i, m, n, b, b_n, slack)


chosen_by_storage(_leads_to, _leads_dense, _leads_sparse)
chosen_by_storage(_add_row, _add_dense, _add_sparse)


def leaves(P, s, a):
    """Whether action ``a`` may lead from state ``s`` to another one."""
    return (_leaves_dense if isinstance(P, np.ndarray) else _leaves_sparse)(P, s, a)


@njit_inlined
def _leaves_dense(P, s, a):
    if P[s, a, s] == 1.0:
        return False
    found = False
    for t in range(P.shape[2]):
        found = found or (t != s and P[s, a, t] > 0.0)
    return found


@njit_inlined
def _leaves_sparse(P, s, a):
    row = s * P.n_actions + a
    for k in range(np.int64(P.indptr[row]), np.int64(P.indptr[row + 1])):
        if P.data[k] > 0.0 and np.int64(P.indices[k]) != s:
            return True
    return False


chosen_by_storage(leaves, _leaves_dense, _leaves_sparse)
