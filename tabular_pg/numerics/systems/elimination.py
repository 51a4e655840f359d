"""Solving ``(I - gamma P_pi) x = b`` by an elimination that never subtracts.

``M = I - gamma P_pi`` is given by its off-diagonal, ``N = gamma P_pi``, and its row sums, the
slack. Pivots are sums of what is left of a row, as in Grassmann, Taksar and Heyman (1985), and
everything else is a sum of products of nonnegative numbers: every entry of the factors, and of a
solution with ``b >= 0``, is accurate to a few units in the last place times the number of states.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from tabular_pg._jit import njit, njit_reordered, njit_reordered_inlined
from tabular_pg.compiled.apart import apart

BLOCK = 16  # rows and columns that are eliminated together
UNBLOCKED = 48  # states up to which matrix products do not pay

# BLAS as numba binds it for np.dot, which has no way to add a product to part of a matrix.
_xxgemm = types.ExternalFunction(
    "numba_xxgemm",
    types.intc(
        types.char, types.char, types.char, types.intp, types.intp, types.intp,
        types.voidptr, types.voidptr, types.intp, types.voidptr, types.intp,
        types.voidptr, types.voidptr, types.intp,
    ),
)  # fmt: skip


def backward_error_bound(n_states) -> float:
    """What the componentwise backward error of an elimination is at most, to first order."""
    return 3 * n_states * np.finfo(float).eps


def add_product(C, A, B):
    """Add ``A @ B`` to ``C``; all three may be parts of larger matrices with contiguous rows."""
    C += A @ B


@overload(add_product, inline="never")
def _add_product(C, A, B):
    kind = ord("d" if C.dtype == types.float64 else "s")
    plain = ord("n")  # not transposed

    def add(C, A, B):
        one = np.ones(1, C.dtype)
        # BLAS stores columns: it sees the transposes, whose product is taken in reverse order.
        _xxgemm(
            kind, plain, plain, C.shape[1], C.shape[0], A.shape[1],
            one.ctypes, B.ctypes, B.strides[0] // B.itemsize, A.ctypes, A.strides[0] // A.itemsize,
            one.ctypes, C.ctypes, C.strides[0] // C.itemsize,
        )  # fmt: skip

    return add


@njit_reordered_inlined
def eliminate(N, pivot, slack):
    """Eliminate ``M`` in place, two pivots at a time: half as many passes over what is left.

    Afterwards ``N`` holds the multipliers below and the negated factor above the diagonal, and
    ``slack`` is spent. The diagonal of ``N`` is ignored.
    """
    S = N.shape[0]
    for k in range(0, S - 1, 2):
        total = slack[k]
        for j in range(k + 1, S):
            total += N[k, j]
        factor = N[k + 1, k] / total
        N[k + 1, k] = factor
        slack[k + 1] += factor * slack[k]
        next_total = slack[k + 1]
        for j in range(k + 2, S):
            N[k + 1, j] += factor * N[k, j]
            next_total += N[k + 1, j]
        pivot[k], pivot[k + 1] = total, next_total
        for i in range(k + 2, S):
            factor = N[i, k] / total
            next_factor = (N[i, k + 1] + factor * N[k, k + 1]) / next_total
            N[i, k], N[i, k + 1] = factor, next_factor
            slack[i] += factor * slack[k] + next_factor * slack[k + 1]
            for j in range(k + 2, S):
                N[i, j] += factor * N[k, j] + next_factor * N[k + 1, j]
    if S % 2 == 1:
        pivot[S - 1] = slack[S - 1]


@njit_reordered
def eliminate_blocks(N, pivot, slack):
    """The same by blocks, so that matrix products do the work: nearly as fast as LAPACK's getrf.

    One step, with ``block = L U`` and what is above and to the left done before::

          low     high
           +-------+-----------+
      low  | block |   right   |       right  <-  L^-1 right
           |       |           |
      high +-------+-----------+
           | below |  corner   |       below  <-  below U^-1
           |       |           |       corner <-  corner + below right
           +-------+-----------+

    The block's inverse factors are nonnegative, and so are the products with them.
    """
    S = pivot.size
    inverse = np.empty((BLOCK, BLOCK), N.dtype)
    for low in range(0, S, BLOCK):
        high = min(low + BLOCK, S)
        block, right = N[low:high, low:high], N[low:high, high:]
        below, corner = N[high:, low:high], N[high:, high:]
        inverse_factor = inverse[: high - low, : high - low]
        _eliminate_diagonal(N, low, high, pivot, slack)
        if high == S:
            break
        _inverse_lower(block, inverse_factor)
        old = right.copy()
        right[:] = 0.0
        add_product(right, inverse_factor, old)
        _inverse_upper(block, pivot[low:high], inverse_factor)
        old = below.copy()
        below[:] = 0.0
        add_product(below, old, inverse_factor)
        _add_slack(N, low, high, slack)
        add_product(corner, below, right)


eliminate_blocks_apart = apart(eliminate_blocks)


@njit_reordered
def _eliminate_diagonal(N, low, high, pivot, slack):
    """Eliminate within the block. The columns to its right act as one, which is added to the
    slack; what is left of the slack itself is then the same for all of these columns."""
    rest = slack[low:high].copy()
    for i in range(high - low):
        for j in range(high, pivot.size):
            rest[i] += N[low + i, j]
    block = N[low:high, low:high]
    eliminate(block, pivot[low:high], rest)
    for i in range(high - low):
        for k in range(i):
            slack[low + i] += block[i, k] * slack[low + k]


@njit_reordered
def _add_slack(N, low, high, slack):
    """What the multipliers below the block do to the slack of their rows."""
    for i in range(high, slack.size):
        for k in range(low, high):
            slack[i] += N[i, k] * slack[k]


@njit
def _inverse_lower(block, inverse):
    """Fill ``inverse`` with that of the unit lower factor."""
    size = block.shape[0]
    for i in range(size):
        for j in range(size):
            inverse[i, j] = 1.0 if i == j else 0.0
        for k in range(i):
            for j in range(k + 1):
                inverse[i, j] += block[i, k] * inverse[k, j]


@njit
def _inverse_upper(block, pivot, inverse):
    """Fill ``inverse`` with that of the upper factor."""
    size = block.shape[0]
    for i in range(size - 1, -1, -1):
        for j in range(size):
            inverse[i, j] = 1.0 / pivot[i] if i == j else 0.0
        for k in range(i + 1, size):
            factor = block[i, k] / pivot[i]
            for j in range(k, size):
                inverse[i, j] += factor * inverse[k, j]


@njit_reordered_inlined
def solve(N, pivot, b):
    """Overwrite ``b`` by the solution of ``(I - gamma P_pi) x = b``; nonnegative if ``b`` is."""
    S = pivot.size
    for i in range(S):
        total = b[i]
        for k in range(i):
            total += N[i, k] * b[k]
        b[i] = total
    for i in range(S - 1, -1, -1):
        total = b[i]
        for j in range(i + 1, S):
            total += N[i, j] * b[j]
        b[i] = total / pivot[i]


@njit_reordered_inlined
def solve_adjoint(N, pivot, c):
    """Overwrite ``c`` by the solution of ``(I - gamma P_pi)^T y = c``."""
    S = pivot.size
    for i in range(S):
        c[i] /= pivot[i]
        value = c[i]
        for j in range(i + 1, S):
            c[j] += N[i, j] * value
    for i in range(S - 1, -1, -1):
        value = c[i]
        for k in range(i):
            c[k] += N[i, k] * value
