"""Fill-in: what it costs elimination without a dense array, and elimination that leaves it out.

The latter gives ``K = K1 D^-1 K2``, close to M: ``D`` are the pivots, and off the diagonal K1 and
K2 are M below and above it. Krylov methods work on ``K1^-1 M K2^-1 D``, which is close to 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit

GROWTH = 16  # levels of a planar-like graph grow by at most this much per step
PLANAR = 8  # entries of the factors per state and per doubling of the width
LUMPED = 0.97  # part of the fill-in that goes to the diagonal


class Cost(NamedTuple):
    """Of factors: their entries, of 12 bytes each, and the multiplications to compute them."""

    entries: float
    work: float


def elimination_cost(row, column) -> Cost:
    """What factors of a matrix of pattern (row, column) cost in a good order, roughly at most.

    Breadth-first levels of the undirected graph separate it. Where they widen linearly, as on a
    grid, nested dissection leaves S log(width) entries; else S times the width, as if every
    level were dense (a random graph is about as wide as it has states). States with very many
    neighbours, such as an end that is reached from everywhere, come last in any good order; they
    are left out of the levels and cost S entries each.

    References
    ----------
    George (1973), Nested dissection of a regular finite element mesh.
    """
    S = row.size - 1
    width, linear, hubs = levels(row, column, max(64.0, 4.0 * S**0.5), GROWTH)
    per_state = (PLANAR * np.log2(width + 2.0) if linear else 2.0 * width) + 2.0 * hubs
    return Cost(S * per_state, S * PLANAR * width if linear else S * per_state**2 / 4)


@njit
def levels(row, column, hub, growth):
    """``(width, linear, hubs)`` of breadth-first levels that avoid states of degree over ``hub``.

    ``linear`` says that no level is wider than ``growth`` times its distance from the root.
    """
    S = row.size - 1
    start, source = transposed(row, column)
    seen, queue = np.zeros(S, dtype=np.bool_), np.empty(S, dtype=np.int64)
    widest, linear, hubs, last = 0, True, 0, 0
    for s in range(S):
        if row[s + 1] - row[s] + start[s + 1] - start[s] > hub:
            seen[s] = True
            hubs += 1
    for root in range(S):
        if seen[root]:
            continue
        seen[root] = True
        queue[last] = root
        first, last, depth = last, last + 1, 1
        while first < last:
            widest = last - first if last - first > widest else widest
            linear = linear and last - first <= growth * depth
            end = last
            for i in range(first, end):
                s = queue[i]
                last = _visit(column, row[s], row[s + 1], seen, queue, last)
                last = _visit(source, start[s], start[s + 1], seen, queue, last)
            first, depth = end, depth + 1
    return widest, linear, hubs


@njit
def _visit(neighbour, begin, end, seen, queue, last):
    for k in range(begin, end):
        t = neighbour[k]
        if not seen[t]:
            seen[t] = True
            queue[last] = t
            last += 1
    return last


@njit
def transposed(row, column):
    """(start, source): the entries of column t come from ``source[start[t]:start[t + 1]]``."""
    S = row.size - 1
    start, source = np.zeros(S + 2, dtype=np.int64), np.empty(column.size, column.dtype)
    for k in range(column.size):
        start[np.int64(column[k]) + 2] += 1
    for s in range(S):
        start[s + 2] += start[s + 1]
    for s in range(S):
        for k in range(row[s], row[s + 1]):
            t = np.int64(column[k]) + 1
            source[start[t]] = s
            start[t] += 1
    return start, source


@njit
def incomplete(model, values, slack, inverse, share):
    """Fill ``inverse`` with 1 / the pivots of an elimination of M that makes no entries: most of
    what they would be is added to the diagonal, so that constants are mapped much as by M.

    All terms are nonnegative. ``share`` (S,) is spent.

    References
    ----------
    Gustafsson (1978), A class of first order factorization methods.
    """
    row, column = model.row, model.column
    for s in range(model.n_states):
        total, above = slack[s], 0.0
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t > s:
                above += values[k]
            elif t < s:
                total += values[k] * (1.0 - share[t])
        total += above
        inverse[s] = 1.0 / total if total > 0 else 1.0
        share[s] = LUMPED * above * inverse[s]


@njit
def below(model, values, inverse, unit, r, u, out):
    """``out = K1^-1 r``, in the given units, perhaps ``r`` itself; ``u`` (S,) is spent."""
    row, column = model.row, model.column
    for s in range(model.n_states):
        total = r[s]
        for k in range(row[s], row[s + 1]):
            if column[k] < s:
                total += values[k] * u[column[k]]
        u[s] = total * inverse[s]
        out[s] = u[s] / unit[s]


@njit
def above(model, values, inverse, unit, v, u):
    """``u = K2^-1 D v``, where ``v`` is in the given units."""
    row, column, S = model.row, model.column, model.n_states
    for i in range(S):
        s = S - 1 - i
        total = 0.0
        for k in range(row[s], row[s + 1]):
            if column[k] > s:
                total += values[k] * u[column[k]]
        u[s] = unit[s] * v[s] + total * inverse[s]


@njit
def between(model, values, slack, inverse, unit, v, u, out):
    """``out = K1^-1 M u`` in the given units, where ``u`` is of ``above`` for ``v``, and is spent.

    States that had their turn have in ``u`` what the product adds to it.
    """
    row, column = model.row, model.column
    for s in range(model.n_states):
        own, leaving, total = u[s], slack[s], 0.0
        for k in range(row[s], row[s + 1]):
            t = column[k]
            if t != s:
                leaving += values[k]
                total += values[k] * u[t] if t < s else -values[k] * u[t]
        total = (leaving * own + total) * inverse[s]
        u[s] = total - own
        out[s] = total / unit[s]


@njit
def adjoint_below(model, values, inverse, unit, r, u, out):
    """``out = K2^-T r``, in the given units, perhaps ``r`` itself; ``u`` (S,) is spent."""
    row, column = model.row, model.column
    for s in range(model.n_states):
        u[s] = r[s]
    for s in range(model.n_states):
        move = u[s] * inverse[s]
        for k in range(row[s], row[s + 1]):
            if column[k] > s:
                u[column[k]] += values[k] * move
        out[s] = move / unit[s]


@njit
def adjoint_above(model, values, inverse, unit, v, u):
    """``u = K1^-T D v``, where ``v`` is in the given units."""
    row, column, S = model.row, model.column, model.n_states
    for s in range(S):
        u[s] = unit[s] * v[s] / inverse[s]
    for i in range(S):
        s = S - 1 - i
        u[s] *= inverse[s]
        for k in range(row[s], row[s + 1]):
            if column[k] < s:
                u[column[k]] += values[k] * u[s]


@njit
def adjoint_between(model, values, slack, inverse, unit, v, u, out):
    """``out = K2^-T M^T u`` in the given units, where ``u`` is of ``adjoint_above`` for ``v``.

    What states get from those after them is in ``u`` already.

    References
    ----------
    Eisenstat (1981), Efficient implementation of a class of preconditioned conjugate gradient
    methods.
    """
    row, column = model.row, model.column
    for s in range(model.n_states):
        out[s] = 0.0
    for s in range(model.n_states):
        leaving = slack[s]
        for k in range(row[s], row[s + 1]):
            if column[k] != s:
                leaving += values[k]
        move = (leaving * u[s] + out[s]) * inverse[s] + (unit[s] * v[s] - 2.0 * u[s])
        for k in range(row[s], row[s + 1]):
            if column[k] > s:
                out[column[k]] += values[k] * move
        out[s] = (move + u[s]) / unit[s]
