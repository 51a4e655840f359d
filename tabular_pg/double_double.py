"""Sums of two floats: about 32 digits, for the few places where 16 are not enough.

Error-free transformations after Dekker (1971) and Knuth; see Hida, Li and Bailey, "Library for
double-double and quad-double arithmetic" (2007).
"""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit


@njit
def two_sum(a, b):
    """``(s, t)`` with ``s = fl(a + b)`` and ``s + t = a + b`` exactly."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


@njit
def two_product(a, b):
    """``(p, t)`` with ``p = fl(a b)`` and ``p + t = a b`` exactly (no overflow assumed)."""
    p = a * b
    c = 134217729.0 * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = 134217729.0 * b
    b_high = c - (c - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit
def add(a, a_low, b, b_low):
    s, t = two_sum(a, b)
    return two_sum(s, t + a_low + b_low)


@njit
def multiply(a, a_low, b, b_low):
    p, t = two_product(a, b)
    return two_sum(p, t + (a * b_low + a_low * b))


@njit
def divide(a, a_low, b, b_low):
    first = a / b
    p, p_low = multiply(first, 0.0, b, b_low)
    rest, rest_low = add(a, a_low, -p, -p_low)
    return two_sum(first, (rest + rest_low) / b)


@njit
def add_successor(sums, p, v, v_low, own, own_low):
    """``sums`` after the successor of probability ``p`` and value ``v``: of p (v - own), and p."""
    mean, mean_low, mass, mass_low = sums
    step, step_low = add(v, v_low, -own, -own_low)
    step, step_low = multiply(step, step_low, p, 0.0)
    mean, mean_low = add(mean, mean_low, step, step_low)
    mass, mass_low = add(mass, mass_low, p, 0.0)
    return mean, mean_low, mass, mass_low


@njit
def advantage(sums, r, gamma, kept, kept_low):
    """``r + gamma mean / mass - kept`` as a pair of floats; 0 for an all-zero row."""
    mean, mean_low, mass, mass_low = sums
    if mass == 0.0:
        return 0.0, 0.0
    mean, mean_low = divide(mean, mean_low, mass, mass_low)
    mean, mean_low = multiply(mean, mean_low, gamma, 0.0)
    mean, mean_low = add(mean, mean_low, -kept, -kept_low)
    return add(mean, mean_low, r, 0.0)


@njit
def advantages(P, r, gamma, V, V_low):
    """``r + gamma P V - V`` (S, A) as a pair of floats; the rows of P are divided by their sums.

    Entries of unavailable actions, whose rows are all zero, are 0.
    """
    S, A = r.shape
    high, low = np.empty((S, A)), np.empty((S, A))
    one, one_low = two_sum(1.0, -gamma)
    for s in range(S):
        kept, kept_low = multiply(one, one_low, V[s], V_low[s])
        for a in range(A):
            sums = (0.0, 0.0, 0.0, 0.0)
            for t in range(S):
                if P[s, a, t] > 0.0:
                    sums = add_successor(sums, P[s, a, t], V[t], V_low[t], V[s], V_low[s])
            high[s, a], low[s, a] = advantage(sums, r[s, a], gamma, kept, kept_low)
    return high, low


@njit
def sparse_advantages(model, r, gamma, V, V_low):
    """``advantages`` for a ``SparseModel``."""
    S, A = r.shape
    indptr, indices, data = model.indptr, model.indices, model.data
    high, low = np.empty((S, A)), np.empty((S, A))
    one, one_low = two_sum(1.0, -gamma)
    for s in range(S):
        kept, kept_low = multiply(one, one_low, V[s], V_low[s])
        for a in range(A):
            sums = (0.0, 0.0, 0.0, 0.0)
            for k in range(indptr[s * A + a], indptr[s * A + a + 1]):
                t = indices[k]
                if data[k] > 0.0:
                    sums = add_successor(sums, data[k], V[t], V_low[t], V[s], V_low[s])
            high[s, a], low[s, a] = advantage(sums, r[s, a], gamma, kept, kept_low)
    return high, low


@njit
def accumulate(V, V_low, step):
    """Add the vector ``step`` to ``V + V_low`` in place."""
    for s in range(V.size):
        V[s], V_low[s] = add(V[s], V_low[s], step[s], 0.0)
