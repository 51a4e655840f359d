"""Kernels over the rows of long arrays, in blocks that several threads may work on.

Blocks are the same whatever the number of threads, and sums are taken block by block in their
order: results do not depend on the machine.
"""

from __future__ import annotations

import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg._machine import cores

BLOCK = 2**12  # rows: some vectors of these stay in the cache from one loop to the next
LARGE = 2**18  # rows from which a second thread gains more than it takes to wake it


def by_rows(kernel, n_rows, *arguments) -> list:
    """What ``kernel(*arguments, low, high)`` returns for some parts of the rows, in their order.

    Parts consist of whole blocks. There is one for each core where there are many rows and this is
    the main thread: other threads share the cores with their like, as in ``optimize_many``.
    """
    threads = cores() if n_rows >= LARGE else 1
    if threads == 1 or threading.current_thread() is not threading.main_thread():
        return [kernel(*arguments, 0, n_rows)]
    blocks = -(-n_rows // BLOCK)
    cuts = [min(BLOCK * (blocks * i // threads), n_rows) for i in range(threads + 1)]
    others = [
        _pool(threads).submit(kernel, *arguments, low, high)
        for low, high in zip(cuts[1:-1], cuts[2:], strict=True)
    ]
    try:
        first = kernel(*arguments, 0, cuts[1])
    finally:  # nobody else may work on the arrays afterwards
        results = [other.result() for other in others]
    return [first, *results]


def sums_by_rows(kernel, n_rows, n_sums, *arguments) -> list[float]:
    """The ``n_sums`` sums of which ``kernel(*arguments, sums, low, high)`` writes the part that is
    due to the block b into ``sums[b]``."""
    sums = np.empty((-(-n_rows // BLOCK), n_sums))
    by_rows(kernel, n_rows, *arguments, sums)
    return np.add.accumulate(sums)[-1].tolist()


@njit_inlined
def dot(a, b, low, high):
    """``a @ b`` over the rows from ``low`` to ``high``, as four sums that do not wait for each
    other."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    fours = low + (high - low) // 4 * 4
    for i in range(low, fours, 4):
        first += a[i] * b[i]
        second += a[i + 1] * b[i + 1]
        third += a[i + 2] * b[i + 2]
        fourth += a[i + 3] * b[i + 3]
    for i in range(fours, high):
        first += a[i] * b[i]
    return (first + second) + (third + fourth)


@functools.cache
def _pool(threads) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="rows")


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
