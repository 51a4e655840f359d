"""The arrays of a CSR matrix: sums over its rows, and whether somebody else may write to them."""

from __future__ import annotations

import sys

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
    """These arrays, those copied that are views of memory which somebody else may write to."""
    return tuple(x.copy() if _is_shared(x) else x for x in (data, indices, indptr))


def _is_shared(array) -> bool:
    """Whether it is a view of memory that can be written to, and that others refer to as well."""
    if array.base is None:
        return False
    if isinstance(array.base, np.ndarray) and array.base.base is None:
        alone = _references(array) <= _references(np.empty(2)[:1])
        return array.base.flags.writeable and not alone
    try:
        return not memoryview(array.base).readonly
    except (TypeError, ValueError, BufferError):
        return True


def _references(view) -> int:
    return sys.getrefcount(view.base)


def freeze(value):
    """Make an array, or those of a sparse matrix, read-only; leave anything else as it is."""
    parts = (value,)
    if not isinstance(value, np.ndarray) and sparse.issparse(value):
        parts = (value.data, value.indices, value.indptr)
    for array in parts:
        while isinstance(array, np.ndarray):  # and what it is a view of
            array.setflags(write=False)
            array = array.base


def freeze_shared(given, own):
    """Make those arrays of the CSR matrix ``given`` read-only that ``own`` shares with it."""
    for name in ("data", "indices", "indptr"):
        array = getattr(given, name)
        if np.may_share_memory(array, getattr(own, name)):
            array.setflags(write=False)
