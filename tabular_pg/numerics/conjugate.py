"""Dual variables of policies and optima to twice the digits, of the entropy (q = 1) and of the
regularizers of ``numerics.duals``.

A gap near an optimum is a function of y - y*, which is known to no more digits than y and y* agree
to: for a policy near to it pairs of floats are needed.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.numerics.double_double import add, ahead_of_top, divide, exp, log, multiply

WITHIN = 690.0  # logarithms whose exponentials are in range
EDGE = 1e-15  # of a dual variable: how far below that of 0 one is put that stands for 0


@njit
def losses(A, A_low, tau, high, low):
    """Fill ``high + low`` (S, A) with A less the maximum of its row, divided by tau."""
    for s in range(A.shape[0]):
        ahead_of_top(A, A_low, tau, high, low, s)


@njit
def dual_residual(A, A_low, tau, regularizer, top_dual, high, low, out):
    """Fill ``out`` (S,) with max_p <A / tau, p> - h(p), by its dual: max A / tau + h*(y) - t, where
    y = high + low + t.

    ``top_dual`` (S,) is t where probabilities sum to 1. A float is enough for it: its error has no
    effect of first order.
    """
    for s in range(A.shape[0]):
        top, t = np.argmax(high[s]), top_dual[s]
        value, value_low = divide(A[s, top], A_low[s, top], tau, 0.0)
        value, value_low = add(value, value_low, -t, 0.0)
        value, value_low = add(value, value_low, -regularizer.constant, 0.0)
        added, added_low = _conjugate(regularizer.q, high, low, t, s)
        out[s] = add(value, value_low, added, added_low)[0]


@njit
def _conjugate(q, high, low, t, s):
    """h*(y), without its constant, of row ``s``: (sum_a p^q - 1) / q, or 1 + sum_a (log p - 1)."""
    total, total_low = (1.0 if q == 0.0 else -1.0), 0.0
    for a in range(high.shape[1]):
        if high[s, a] == -math.inf:
            continue
        y, y_low = add(high[s, a], low[s, a], t, 0.0)
        log_p, log_p_low = _log_probability(y, y_low, q)
        if q == 0.0:
            term, term_low = add(log_p, log_p_low, -1.0, 0.0)
        elif log_p > -math.inf:
            log_p, log_p_low = multiply(log_p, log_p_low, q, 0.0)
            term, term_low = exp(log_p, log_p_low)
        else:
            continue
        total, total_low = add(total, total_low, term, term_low)
    return (total, total_low) if q == 0.0 else divide(total, total_low, q, 0.0)


@njit
def _log_probability(y, y_low, q):
    """log(1 + (q-1) y) / (q-1) as a pair of floats; -inf where p is 0."""
    m, m_low = add(q, 0.0, -1.0, 0.0)
    base, base_low = multiply(y, y_low, m, m_low)
    base, base_low = add(base, base_low, 1.0, 0.0)
    if base <= 0.0:
        return -math.inf, 0.0
    base, base_low = log(base, base_low)
    return divide(base, base_low, m, m_low)


@njit
def subtract_dual(policy, logarithms, q, high, low, out):
    """Fill ``out`` (S, A) with the dual variables of a policy less ``high + low``, up to a constant
    in each state: log p, or (p^(q-1) - 1) / (q-1).

    ``policy`` holds probabilities, or logarithms if so told. Entries where ``high`` is -inf are 0.
    """
    for s in range(out.shape[0]):
        top, best = 0, -math.inf
        for a in range(out.shape[1]):
            value = policy[s, a]  # or its logarithm: the order is the same
            if high[s, a] > -math.inf and value > best:
                top, best = a, value
        base, base_low = _dual(policy[s, top], logarithms, q)
        for a in range(out.shape[1]):
            out[s, a] = 0.0
            if high[s, a] > -math.inf and a != top:
                x, x_low = _dual(policy[s, a], logarithms, q)
                x, x_low = add(x, x_low, -base, -base_low)
                h, h_low = add(high[s, a], low[s, a], -high[s, top], -low[s, top])
                out[s, a] = add(x, x_low, -h, -h_low)[0]
                if _is_zero(policy[s, a], logarithms):  # and stays so: rounding revives nothing
                    out[s, a] -= EDGE * (abs(x) + abs(h))


@njit
def _is_zero(p, logarithm):
    return p == (-math.inf if logarithm else 0.0)


@njit
def _dual(p, logarithm, q):
    if _is_zero(p, logarithm):  # phi' is finite there: else it has been refused
        return divide(-1.0, 0.0, *add(q, 0.0, -1.0, 0.0))
    x, x_low = (p, 0.0) if logarithm else log(p, 0.0)
    if q == 1.0:
        return x, x_low
    m, m_low = add(q, 0.0, -1.0, 0.0)
    x, x_low = multiply(x, x_low, m, m_low)
    if x > WITHIN:
        return math.exp(x) / m, 0.0
    x, x_low = exp(x, x_low)
    x, x_low = add(x, x_low, -1.0, 0.0)
    return divide(x, x_low, m, m_low)
