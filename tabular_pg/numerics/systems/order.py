"""An order of states that follows the graph: from where values come from, step by step outwards."""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.numerics.systems.fill_in import transposed


def order_towards(model, roots) -> np.ndarray:
    """(S,) states by their distance to ``roots`` (S,) bool, along the transitions of a SparseModel.

    States from which no root can be reached come last, in their own order.
    """
    row = model.indptr[:: model.n_actions].astype(np.int64)
    start, source = transposed(row, model.indices)
    return breadth_first(start, source, np.asarray(roots))


@njit
def breadth_first(start, source, roots):
    """(S,) states by their distance from ``roots`` along ``source``, those of ``transposed``."""
    S = roots.size
    seen, queue = roots.copy(), np.empty(S, dtype=np.int64)
    first, last = 0, 0
    for s in range(S):
        if roots[s]:
            queue[last] = s
            last += 1
    while first < last:
        t = queue[first]
        first += 1
        for k in range(start[t], start[t + 1]):
            s = np.int64(source[k])
            if not seen[s]:
                seen[s] = True
                queue[last] = s
                last += 1
    for s in range(S):
        if not seen[s]:
            queue[last] = s
            last += 1
    return queue
