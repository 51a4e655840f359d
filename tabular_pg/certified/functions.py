"""Numpy's functions, and those of this package that a formula calls, on arrays of balls."""

from __future__ import annotations

import numpy as np
from flint import acb_mat, arb, arb_mat

from tabular_pg.certified.arrays import (
    FUNCTIONS,
    BallArray,
    Tristate,
    ball_array,
    data,
    decided,
)
from tabular_pg.certified.evaluation import Undecided, kl_term, solution
from tabular_pg.quantities import exp_remainder, likeliest, relative_entropy


def implements(*functions):
    """Register the decorated function for these functions of numpy."""

    def register(implementation):
        FUNCTIONS.update(dict.fromkeys(functions, implementation))
        return implementation

    return register


def _on_data(function):
    """The same function on object arrays: it only moves entries about, or adds and multiplies."""

    def apply(x, *args, **kwargs):
        args = [a.data if isinstance(a, BallArray) else a for a in args]
        return BallArray(np.asarray(function(data(x), *args, **kwargs), dtype=object))

    return apply


for _function in (np.broadcast_to, np.reshape, np.diag, np.tensordot, np.outer, np.take_along_axis):
    FUNCTIONS[_function] = _on_data(_function)


@implements(np.where)
def where(condition, x, y):
    """Where the condition is open, a ball around both; no ball encloses something infinite."""
    x, y = data(x), data(y)
    if not isinstance(condition, Tristate):
        return BallArray(np.asarray(np.where(condition, x, y), dtype=object))
    chosen = np.where(condition.certain, x, np.where(condition.possible, _HULL(x, y), y))
    return BallArray(np.asarray(chosen, dtype=object))


def _hull(x, y):
    if x is y:
        return x
    return x.union(y) if x.is_finite() and y.is_finite() else arb.nan()


_HULL = np.frompyfunc(_hull, 2, 1)


@implements(np.concatenate)
def concatenate(arrays, axis=0):
    return BallArray(np.concatenate([data(x) for x in arrays], axis=axis))


@implements(np.stack)
def stack(arrays, axis=0):
    return BallArray(np.stack([data(x) for x in arrays], axis=axis))


@implements(np.broadcast_arrays)
def broadcast_arrays(*arrays):
    return [BallArray(x) for x in np.broadcast_arrays(*map(data, arrays))]


@implements(np.einsum)
def einsum(subscripts, *operands, **options):
    return BallArray(np.einsum(subscripts, *map(data, operands)))


@implements(np.cumprod)
def cumprod(x):
    return np.multiply.accumulate(x)


@implements(np.sum)
def total(x, axis=None):
    return x.sum(axis=axis)


@implements(np.array_equal)
def array_equal(x, y):
    return bool(x is y or (x.shape == y.shape and (x == y).all()))


@implements(np.round)
def nearest(x):
    return np.rint(x)


@implements(np.linalg.solve)
def solve(matrix, b):
    return BallArray(solution(arb_mat(data(matrix).tolist()), data(b)))


@implements(np.linalg.eigh)
def eigh(matrix):
    """Eigenvalues in increasing order and orthonormal eigenvectors of a symmetric matrix.

    Raises
    ------
    Undecided
        If the eigenvalues cannot be told apart.
    """
    try:
        values, vectors = acb_mat(arb_mat(data(matrix).tolist())).eig(right=True)
    except ValueError:
        raise Undecided("eigenvalues cannot be told apart") from None
    order = sorted(range(len(values)), key=lambda i: values[i].real.mid())
    size = len(order)
    vectors = np.array([[vectors[i, j].real for j in order] for i in range(size)], dtype=object)
    length = np.sqrt((vectors * vectors).sum(axis=0))
    values = np.array([values[i].real for i in order], dtype=object)
    return BallArray(values), BallArray(vectors / length)


@implements(np.interp)
def interp(x, points, values):
    """Piecewise linear interpolation at a number; the points increase."""
    points, values = ball_array(points), ball_array(values)
    after = decided(points >= x)
    if not after.any() or after[0]:
        return values[0 if after.any() else -1]
    j = int(after.argmax())
    share = (x - points[j - 1]) / (points[j] - points[j - 1])
    return values[j - 1] + share * (values[j] - values[j - 1])


@implements(np.flatnonzero)
def flatnonzero(condition):
    return np.flatnonzero(decided(condition))


@relative_entropy.register
def _(log_ratio: BallArray, numerator, denominator):
    return (ball_array(denominator) * BallArray(_KL_TERM(log_ratio.data))).sum(axis=-1)


@likeliest.register
def _(p: BallArray):
    return np.array([max(range(len(row)), key=lambda a, row=row: row[a].mid()) for row in p.data])


@exp_remainder.register
def _(x: BallArray):
    return np.expm1(x) - x


def _kl_term(x):
    return arb(1) if x == arb.neg_inf() else kl_term(x)


_KL_TERM = np.frompyfunc(_kl_term, 1, 1)
