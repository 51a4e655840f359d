"""What is done with P: ``gamma P_pi`` of a policy and ``gamma P v`` of a value."""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from tabular_pg._jit import njit_inlined, njit_reordered_inlined
from tabular_pg.numerics.systems import compressed_rows


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


def next_values(P, gamma, v, out):
    """Fill ``out`` (S, A) with ``gamma sum_t P(t|s,a) v(t)``; P is an array or a SparseModel."""
    (dense_values if isinstance(P, np.ndarray) else compressed_rows.next_values)(P, gamma, v, out)


@overload(next_values, inline="never")
def _next_values(P, gamma, v, out):
    kernel = dense_values if isinstance(P, types.Array) else compressed_rows.next_values
    return lambda P, gamma, v, out: kernel(P, gamma, v, out)


@njit_reordered_inlined
def dense_values(P, gamma, v, out):
    for s in range(P.shape[0]):
        for a in range(P.shape[1]):
            total = 0.0
            for t in range(P.shape[2]):
                total += P[s, a, t] * v[t]
            out[s, a] = gamma * total
