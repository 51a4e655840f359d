"""Kernels on P in compressed rows: one pass over the stored entries each, and no copy of them.

``M = I - gamma P_pi`` is never formed. Its rows are used as "row sum, off-diagonals -gamma P_pi",
so that no residual depends on how a diagonal or a row sum of P is rounded; the row sums are the
slack (S,) of ``products.fill_slack``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tabular_pg._jit import njit

MERGE = 2  # the rows of a state are merged if that shrinks their pattern by this factor, ...
WIDEST = 2**16  # ... and unless one has more entries: their places are counted in 2 bytes, ...
NARROW = 2**8  # ... and in one if none has more than this


class SparseModel(NamedTuple):
    """P in compressed rows, and the pattern of P_pi.

    The first three alias the arrays of ``mdp.P``. Where the actions of a state lead to much the
    same states, P_pi has a pattern of its own, with distinct entries; elsewhere its rows are the
    rows of P one after the other, in which an entry may occur several times.
    """

    indptr: np.ndarray  # (S*A + 1,)
    indices: np.ndarray  # (nnz,) unsigned: compiled code then need not test for negative ones
    data: np.ndarray  # (nnz,)
    n_states: int
    n_actions: int
    row: np.ndarray  # (S + 1,) P_pi(s, .) is in row[s]:row[s + 1]
    column: np.ndarray  # (pattern,) its successors; ``indices`` itself unless merged
    slot: np.ndarray  # (nnz,) where in its row of P_pi an entry of P goes; empty unless merged


def sparse_model(mdp) -> SparseModel:
    """The compressed rows of ``mdp.P`` (of its nonzeros, if it is dense)."""
    S, A = mdp.r.shape
    P = mdp.P if mdp.sparse else sparse.csr_array(mdp.P.reshape(S * A, S))
    indices = P.indices.view(np.uint32 if P.indices.dtype == np.int32 else np.uint64)
    none, slot = np.empty(0, dtype=indices.dtype), np.empty(0, dtype=np.uint8)
    row = np.zeros(S + 1, dtype=np.int64)
    merge(P.indptr, indices, A, row, none, slot)
    widest = np.diff(row).max()
    if MERGE * row[-1] <= P.nnz and widest <= WIDEST:
        column = np.empty(row[-1], indices.dtype)
        slot = np.empty(P.nnz, np.uint8 if widest <= NARROW else np.uint16)
        merge(P.indptr, indices, A, row, column, slot)
    else:
        row, column = P.indptr[::A].astype(np.int64), indices
    for array in (P.indptr, indices, P.data, row, column, slot):
        array.setflags(write=False)  # also so that kernels are compiled for one type
    return SparseModel(P.indptr, indices, P.data, S, A, row, column, slot)


@njit
def merge(indptr, indices, n_actions, row, column, slot):
    """Fill ``row`` and, unless they are empty, ``column`` and ``slot`` of the merged pattern."""
    S = row.size - 1
    place = np.full(S, -1)
    size = 0
    for s in range(S):
        start = size
        for k in range(np.int64(indptr[s * n_actions]), np.int64(indptr[(s + 1) * n_actions])):
            t = indices[k]
            if place[t] < start:
                place[t] = size
                if column.size > 0:
                    column[size] = t
                size += 1
            if slot.size > 0:
                slot[k] = place[t] - start
        row[s + 1] = size


@njit
def transitions(model, gamma, pi, values):
    """Fill ``values`` with ``gamma P_pi`` on the pattern of ``model``."""
    indptr, data, row, slot, A = model.indptr, model.data, model.row, model.slot, model.n_actions
    merged = slot.size > 0
    for s in range(model.n_states):
        if merged:
            for k in range(row[s], row[s + 1]):
                values[k] = 0.0
        for a in range(A):
            weight = gamma * pi[s, a]
            for k in range(np.int64(indptr[s * A + a]), np.int64(indptr[s * A + a + 1])):
                if merged:
                    values[row[s] + slot[k]] += weight * data[k]
                else:
                    values[k] = weight * data[k]


@njit
def next_values(model, gamma, v, out):
    """Fill ``out`` (S, A) with ``gamma sum_t P(t|s,a) v(t)``."""
    indptr, indices, data, A = model.indptr, model.indices, model.data, model.n_actions
    for s in range(model.n_states):
        for a in range(A):
            total = 0.0
            for k in range(np.int64(indptr[s * A + a]), np.int64(indptr[s * A + a + 1])):
                total += data[k] * v[indices[k]]
            out[s, a] = gamma * total


@njit
def add_row(model, s, a, weight, row):
    """Add ``weight P(.|s,a)`` to ``row`` (S,)."""
    at = s * model.n_actions + a
    for k in range(np.int64(model.indptr[at]), np.int64(model.indptr[at + 1])):
        row[model.indices[k]] += weight * model.data[k]


@njit
def residual(model, values, slack, b, x, out, scale, low, high):
    """Fill ``out`` with ``b - M x`` and ``scale`` with ``|M| |x| + |b|``, in a part of the rows.

    Successors enter as differences ``x(t) - x(s)``, which is exact in the row sums and loses
    nothing to the large common part of values. Returns the componentwise backward error
    ``max |out| / scale`` (nan if anything is).
    """
    row, column = model.row, model.column
    omega = 0.0
    for s in range(low, high):
        own, step, size = x[s], 0.0, 0.0
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t != s:
                step += values[k] * (x[t] - own)
                size += values[k] * (abs(x[t]) + abs(own))
        out[s] = b[s] - slack[s] * own + step
        scale[s] = abs(b[s]) + slack[s] * abs(own) + size
        omega = worst(out[s], scale[s], omega)
    return omega


@njit
def adjoint_residual(model, values, slack, c, y, out, scale):
    """Fill ``out`` with ``c - M^T y`` and, for c, y >= 0, ``scale`` with ``M^T`` likewise.

    What leaves a state is what arrives at the others, so the row sums are exact.
    Returns the same as ``residual``.
    """
    row, column = model.row, model.column
    for s in range(model.n_states):
        out[s] = c[s]
    for s in range(model.n_states):
        leaving = slack[s] * y[s]
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t != s:
                flow = values[k] * y[s]
                out[t] += flow
                leaving += flow
        out[s] -= leaving
        scale[s] = 2.0 * leaving
    omega = 0.0
    for s in range(model.n_states):
        scale[s] += out[s]  # what arrives, plus c, is what leaves plus the residual
        omega = worst(out[s], scale[s], omega)
    return omega


@njit
def worst(r, scale, omega):
    """The larger of ``omega`` and ``|r| / scale``; nan if anything is."""
    if r != r:
        return r
    return abs(r) / scale if abs(r) > omega * scale else omega
