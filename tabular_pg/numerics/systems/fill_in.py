"""What elimination without a dense array would cost, from the shape of the graph alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit

GROWTH = 16  # levels of a planar-like graph grow by at most this much per step
PLANAR = 8  # entries of the factors per state and per doubling of the width


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
