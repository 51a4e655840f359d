"""The arrays of a CSR matrix: sums over its rows, and whether somebody else may write to them."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def row_sums(data, indptr) -> np.ndarray:
    """Sums over the rows, by pairs: one million equal entries add up to 1 within rounding."""
    counts = np.diff(indptr)
    sums = np.zeros(counts.size)
    filled = counts > 0
    if filled.any():
        sums[filled] = np.add.reduceat(data, indptr[:-1][filled])
    return sums


def kept(data, indices, indptr) -> tuple:
    """These arrays, those copied that are views of memory which can still be written to."""
    return tuple(x.copy() if x.base is not None and _writeable(x) else x
                 for x in (data, indices, indptr))  # fmt: skip


def _writeable(array) -> bool:
    """Whether the array, or what it is a view of, can be written to, as far as can be told."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    if array is None:
        return False
    try:
        return not memoryview(array).readonly
    except TypeError:
        return True


def freeze(value):
    """Make an array, or those of a sparse matrix, read-only; leave anything else as it is."""
    parts = (value.data, value.indices, value.indptr) if sparse.issparse(value) else (value,)
    for array in parts:
        if isinstance(array, np.ndarray):
            array.setflags(write=False)


def freeze_shared(given, own):
    """Make those arrays of the CSR matrix ``given`` read-only that ``own`` shares with it."""
    for name in ("data", "indices", "indptr"):
        array = getattr(given, name)
        if np.may_share_memory(array, getattr(own, name)):
            array.setflags(write=False)
