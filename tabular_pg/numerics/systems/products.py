"""What is done with P: ``gamma P_pi`` of a policy and the row sums of ``I - gamma P_pi``, single
rows, ``gamma P v`` of a value, and for dense P the residuals of the systems of a policy."""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from tabular_pg._jit import njit_inlined, njit_reordered, njit_reordered_inlined
from tabular_pg.compiled.choice import chosen_by_storage
from tabular_pg.numerics.systems import compressed_rows
from tabular_pg.numerics.systems.compressed_rows import worst


@njit_inlined
def transitions(P, gamma, pi, N):
    """Fill ``N`` with ``gamma P_pi``."""
    for s in range(P.shape[0]):
        weight = gamma * pi[s, 0]
        for t in range(P.shape[2]):
            N[s, t] = weight * P[s, 0, t]
        for a in range(1, P.shape[1]):
            weight = gamma * pi[s, a]
            if weight > 0.0:
                for t in range(P.shape[2]):
                    N[s, t] += weight * P[s, a, t]


@njit_inlined
def fill_slack(gamma, ends, pi, slack):
    """Fill ``slack`` (S,) with the row sums of ``I - gamma P_pi``: 1 - gamma, and where episodes
    end the probability of that, which is no difference of what is left."""
    for s in range(slack.size):
        slack[s] = 1.0 - gamma
    if ends is not None:
        for s in range(slack.size):
            for a in range(pi.shape[1]):
                slack[s] += pi[s, a] * ends[s, a]


def next_values(P, gamma, v, out):
    """Fill ``out`` (S, A) with ``gamma sum_t P(t|s,a) v(t)``; P is an array or a SparseModel."""
    (dense_values if isinstance(P, np.ndarray) else compressed_rows.next_values)(P, gamma, v, out)


@njit_reordered_inlined
def dense_values(P, gamma, v, out):
    for s in range(P.shape[0]):
        for a in range(P.shape[1]):
            total = 0.0
            for t in range(P.shape[2]):
                total += P[s, a, t] * v[t]
            out[s, a] = gamma * total


chosen_by_storage(next_values, dense_values, compressed_rows.next_values)


@njit_inlined
def drop_common(v):
    """Take the least entry of ``v`` (S,) from all (``v -= v.min()`` would compile for a second)."""
    least = v[0]
    for s in range(1, v.size):
        least = min(least, v[s])
    for s in range(v.size):
        v[s] -= least


def add_row(P, s, a, weight, row):
    """Add ``weight P(.|s,a)`` to ``row`` (S,); P is an array or a SparseModel."""
    (dense_row if isinstance(P, np.ndarray) else compressed_rows.add_row)(P, s, a, weight, row)


@njit_inlined
def dense_row(P, s, a, weight, row):
    for t in range(row.size):
        row[t] += weight * P[s, a, t]


chosen_by_storage(add_row, dense_row, compressed_rows.add_row)


def of_row(slack, s):
    """The sum of row ``s`` where ``slack`` has one for each, or is that of all rows."""
    return slack if np.ndim(slack) == 0 else slack[s]


@overload(of_row, inline="never")
def _of_row(slack, s):
    if isinstance(slack, types.Array):
        return lambda slack, s: slack[s]
    return lambda slack, s: slack


@njit_reordered
def residual(N, slack, b, x, out, scale):
    """Fill ``out`` with ``b - M x`` and return ``max |out| / (|M| x + b)``.

    Successors enter as differences ``x(t) - x(s)``: exact in the row sums, and without the part
    that all values have in common.
    """
    omega = 0.0
    for s in range(b.size):
        own, change, mass = x[s], 0.0, 1.0 - of_row(slack, s) - N[s, s]
        for t in range(b.size):
            change += N[s, t] * (x[t] - own)
        out[s] = b[s] - of_row(slack, s) * own + change
        scale[s] = b[s] + of_row(slack, s) * own + change + 2.0 * mass * own
        omega = worst(out[s], abs(scale[s]), omega)
    return omega


@njit_reordered
def adjoint_residual(N, slack, c, y, out, scale):
    """The same for ``c - M^T y``: what leaves a state is what arrives at the others."""
    for s in range(c.size):
        out[s] = c[s]
        scale[s] = c[s]
    for s in range(c.size):
        own, leaving = y[s], 0.0
        for t in range(c.size):
            flow = N[s, t] * own
            out[t] += flow
            scale[t] += flow
            leaving += flow
        leaving += of_row(slack, s) * own
        out[s] -= leaving
        scale[s] += leaving - 2.0 * N[s, s] * own
    omega = 0.0
    for s in range(c.size):
        omega = worst(out[s], abs(scale[s]), omega)
    return omega
