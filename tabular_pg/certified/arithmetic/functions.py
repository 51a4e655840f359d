"""Numpy's functions, and those of this package that a formula calls, on arrays of balls."""

from __future__ import annotations

import numpy as np
from flint import acb_mat, arb, arb_mat

from tabular_pg.certified.arithmetic import balls, ufuncs  # noqa: F401  (arithmetic, filled in on import)
from tabular_pg.certified.arithmetic.arrays import (
    FUNCTIONS,
    BallArray,
    NotComputable,
    Tristate,
    ball_array,
    data,
    decided,
    wrapped,
)
from tabular_pg.certified.arithmetic.balls import kl_terms, solution
from tabular_pg.verdicts.quantities import exp_remainder, likeliest, relative_entropy


def implements(*functions):
    """Register the decorated function for these functions of numpy."""

    def register(implementation):
        FUNCTIONS.update(dict.fromkeys(functions, implementation))
        return implementation

    return register


def _on_data(function):
    """The same function on object arrays: it only moves entries about, or adds and multiplies."""

    def plain(x):
        return x.data if isinstance(x, BallArray) else x

    def apply(x, *args, **kwargs):
        kwargs = {name: plain(value) for name, value in kwargs.items()}
        return ball_array(function(data(x), *map(plain, args), **kwargs))

    return apply


for _function in (np.broadcast_to, np.reshape, np.diag, np.tensordot, np.outer, np.take_along_axis):
    FUNCTIONS[_function] = _on_data(_function)


@implements(np.where)
def where(condition, x, y):
    """Where the condition is open, a ball around both; no ball encloses something infinite."""
    if isinstance(condition, BallArray):
        raise NotComputable("balls as a condition")
    if not isinstance(condition, Tristate):
        return wrapped(np.where(condition, data(x), data(y)))
    condition, x, y = np.broadcast_arrays(condition, ball_array(x), ball_array(y))
    return wrapped(_CHOICE(condition.certain, condition.possible, x.data, y.data))


def _choice(certain, possible, x, y):
    if certain or x is y:
        return x
    if not possible:
        return y
    return x.union(y) if x.is_finite() and y.is_finite() else arb.nan()


_CHOICE = np.frompyfunc(_choice, 4, 1)


@implements(np.broadcast_arrays)
def broadcast_arrays(*arrays):
    """Balls and truth values alike."""
    shape = np.broadcast_shapes(*(np.shape(x) if np.isscalar(x) else x.shape for x in arrays))
    return [_broadcast(x, shape) for x in arrays]


def _broadcast(x, shape):
    if isinstance(x, Tristate):
        return Tristate(*(np.broadcast_to(part, shape) for part in (x.certain, x.possible)))
    return np.broadcast_to(ball_array(x), shape)


@implements(np.concatenate)
def concatenate(arrays, axis=0):
    return BallArray(np.concatenate([data(x) for x in arrays], axis=axis))


@implements(np.stack)
def stack(arrays, axis=0):
    return BallArray(np.stack([data(x) for x in arrays], axis=axis))


@implements(np.einsum)
def einsum(subscripts, *operands, optimize=False):
    return ball_array(np.einsum(subscripts, *map(data, operands)))


@implements(np.cumprod)
def cumprod(x, axis=None):
    if axis is None and x.ndim > 1:
        x, axis = BallArray(x.data.ravel()), 0
    return np.multiply.accumulate(x, axis=axis or 0)


@implements(np.sum)
def total(x, axis=None):
    return x.sum(axis=axis)


@implements(np.array_equal)
def array_equal(x, y):
    return x.shape == y.shape and bool((x == y).all())


@implements(np.linalg.solve)
def solve(matrix, b):
    return BallArray(solution(arb_mat(data(matrix).tolist()), data(b)))


@implements(np.linalg.eigh)
def eigh(matrix):
    """Eigenvalues in increasing order and orthonormal eigenvectors of a symmetric matrix, of which
    the lower triangle is read.

    Raises
    ------
    NotComputable
        If the eigenvalues cannot be told apart.
    """
    rows = data(matrix)
    size = len(rows)
    symmetric = [[rows[max(i, j), min(i, j)] for j in range(size)] for i in range(size)]
    try:
        values, vectors = acb_mat(arb_mat(symmetric)).eig(right=True)
    except ValueError:
        raise NotComputable("eigenvectors of a matrix with multiple eigenvalues") from None
    order = sorted(range(size), key=lambda i: values[i].real.mid())
    vectors = np.array([[vectors[i, j].real for j in order] for i in range(size)], dtype=object)
    length = np.sqrt((vectors * vectors).sum(axis=0))
    values = np.array([values[i].real for i in order], dtype=object)
    return BallArray(values), BallArray(vectors / length)


@implements(np.interp)
def interp(x, points, values):
    """Piecewise linear interpolation at one number; the points increase."""
    x, points, values = map(ball_array, (x, points, values))
    if x.ndim or not (points[1:] > points[:-1]).all():
        raise NotComputable("numpy's interp at several numbers, or between points out of order")
    after = decided(points >= x)
    if not after.any() or after[0]:
        return values[0 if after.any() else -1]
    j = int(after.argmax())
    share = (x - points[j - 1]) / (points[j] - points[j - 1])
    return values[j - 1] + share * (values[j] - values[j - 1])


@implements(np.flatnonzero)
def flatnonzero(condition):
    if isinstance(condition, BallArray):
        raise NotComputable("balls as a condition")
    return np.flatnonzero(decided(condition))


@relative_entropy.register
def _(log_ratio: BallArray, numerator, denominator):
    return (ball_array(denominator) * wrapped(kl_terms(log_ratio.data))).sum(axis=-1)


@likeliest.register
def _(p: BallArray):
    rows = p.data.reshape(-1, p.shape[-1])
    return np.array(balls.likeliest(rows)).reshape(p.shape[:-1])


@exp_remainder.register
def _(x: BallArray):
    return np.expm1(x) - x
