"""Solutions summed up from below: slow and sure, to the smallest entry.

``x <- (b + N x) / diagonal`` from x = 0 adds nonnegative terms only. States are swept in the order
in which the sources of ``b`` reach them, there and back, so that one sweep carries the first terms
to the far end of the graph.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tabular_pg._jit import njit
from tabular_pg.numerics.systems.fill_in import transposed
from tabular_pg.numerics.systems.order import breadth_first
from tabular_pg.numerics.systems.sparse_sweeps import diagonal

MOST_WORK = 2e10  # products of entries, a minute or less
SETTLED = 4e-16  # relative change of an entry in a sweep, at which all are
STALLED = 64  # sweeps without a smaller one


def sum_up(system, b, x):
    """Overwrite ``x`` by the solution, entry by entry as accurate as it gets; its ``Check``."""
    model = system.model
    weight = np.empty(model.n_states)
    diagonal(model, system.values, system.slack, weight)
    row, column, values = model.row, model.column.astype(np.int64), system.values
    if system.adjoint:
        shape = (model.n_states, model.n_states)
        columns = sparse.csr_array((values, column, row), shape=shape).T.tocsr()
        row, column = columns.indptr.astype(np.int64), columns.indices.astype(np.int64)
        values = columns.data
    order = breadth_first(*transposed(row, column), b > 0)
    x.fill(0.0)
    best, idle, limit = np.inf, 0, max(16, int(MOST_WORK / max(column.size, 1)))
    for i in range(limit):
        change = add_terms(row, column, values, weight, b, x, order, bool(i % 2))
        idle = 0 if change < best else idle + 1
        best = min(best, change)
        if change <= SETTLED or idle > STALLED:
            break
    system.products += i + 1
    return system.check(b, x)


@njit
def add_terms(row, column, values, weight, b, x, order, backward):
    """One Gauss-Seidel sweep in the given order; the largest relative change of an entry."""
    largest = 0.0
    for i in range(order.size):
        s = order[order.size - 1 - i] if backward else order[i]
        total = b[s]
        for k in range(row[s], row[s + 1]):
            if column[k] != s:
                total += values[k] * x[column[k]]
        total /= weight[s]
        if abs(total - x[s]) > largest * total:
            largest = abs(total - x[s]) / total
        x[s] = total
    return largest
