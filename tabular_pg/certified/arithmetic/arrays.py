"""Arrays of balls that numpy's functions work on, so that formulas written for floats are proofs.

A formula only ever sees ``BallArray`` in place of ``numpy.ndarray``. Arithmetic and functions
enclose (``ufuncs``, ``functions``); comparisons are decided, or are a ``Tristate``; what is not
listed there is refused (``NotComputable``), so that no formula is evaluated in a way that is not
rigorous. One ball object stands for one number: two entries that are the same object are equal.
"""

from __future__ import annotations

import math
import operator

import numpy as np
from flint import arb, fmpq
from numpy.lib.mixins import NDArrayOperatorsMixin

from tabular_pg._reprs import WHOLE, cut
from tabular_pg.certified.arithmetic.balls import Undecided
from tabular_pg.numerics.wide import Reductions

INFINITY, MINUS_INFINITY = arb.pos_inf(), arb.neg_inf()
UFUNCS = {}  # name of a ufunc: what it does to arrays of balls, filled by ``ufuncs``
REDUCTIONS = {}  # name of "reduce" or "accumulate": how it is done with one of them
FUNCTIONS = {}  # numpy function: what it does to arguments with balls, filled by ``functions``


class NotComputable(TypeError):
    """A formula asks for something that is not implemented in ball arithmetic."""


class _Array(NDArrayOperatorsMixin):
    """What balls and undecided truth values have in common: how numpy finds their functions."""

    def __array__(self, *args, **kwargs):
        raise NotComputable(
            "a conversion to a plain numpy array; in place of np.full(len(run.k), x) or float(x) "
            "write x + 0 * run.sup_gap"
        )

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        name = ufunc.__name__
        if name not in UFUNCS or out is not None:
            raise NotComputable(f"numpy's {name}" + (" with out" if out is not None else ""))
        if method == "__call__":
            return UFUNCS[name](*inputs, **options)
        if method not in REDUCTIONS:
            raise NotComputable(f"numpy's {name}.{method}")
        return REDUCTIONS[method](name, *inputs, **options)

    def __array_function__(self, function, types, args, kwargs):
        if function not in FUNCTIONS:
            raise NotComputable(f"numpy's {function.__name__}")
        return FUNCTIONS[function](*args, **kwargs)


class BallArray(Reductions, _Array):
    """An array of balls; ``data`` is an object array of flint.arb."""

    def __init__(self, data):
        self.data = data

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    T = property(lambda self: BallArray(self.data.T))
    real = property(lambda self: self)

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key):
        return wrapped(self.data[decided(key)])

    def __bool__(self):
        return bool(self != 0)

    def __index__(self):
        number = self.item()
        if not (number.is_exact() and number.is_integer()):
            raise NotComputable("an integer from a ball")
        return int(number.unique_fmpz())

    def __float__(self):
        raise NotComputable("a float from a ball")

    def __complex__(self):
        raise NotComputable("a complex number from a ball")

    def __format__(self, spec):
        return format(float(self.item().mid()), spec)

    def __repr__(self):
        return f"BallArray({cut(str(self.data), WHOLE)})"

    def item(self) -> arb:
        """The only entry."""
        return self.data.item()

    def astype(self, kind):
        """Truth values of the entries, or the array itself for float: no other numbers here."""
        if kind in (bool, np.bool_):
            return decided(self != 0)
        if kind is not float:
            raise NotComputable(f"a conversion to {kind}")
        return self

    def argmax(self, axis=None):
        """The first index at which the array is certainly largest."""
        largest = self.max(axis=axis, keepdims=axis is not None)
        return decided(self == largest).argmax(axis=axis)


class Tristate(_Array):
    """Truth values that balls may leave open: those that are true, and those that may be."""

    def __init__(self, certain, possible):
        self.certain, self.possible = certain, possible

    shape = property(lambda self: self.certain.shape)

    def __getitem__(self, key):
        return truth(self.certain[key], self.possible[key])

    def __bool__(self):
        return bool(decided(self))

    def any(self, axis=None):
        return truth(self.certain.any(axis=axis), self.possible.any(axis=axis))

    def all(self, axis=None):
        return truth(self.certain.all(axis=axis), self.possible.all(axis=axis))


def truth(certain, possible):
    """A plain boolean array if everything is decided, else a Tristate."""
    if np.array_equal(certain, possible):
        return certain
    return Tristate(np.asarray(certain), np.asarray(possible))


def decided(condition):
    """``condition``, a plain boolean array if it was a Tristate; Undecided if any of it is open."""
    if not isinstance(condition, Tristate):
        return condition
    if not np.array_equal(condition.certain, condition.possible):
        raise Undecided("a comparison is open")
    return condition.certain


def wrapped(x) -> BallArray:
    """A BallArray of an object array, or of the single ball that numpy has unpacked from one."""
    if isinstance(x, np.ndarray):
        return BallArray(x)
    array = np.empty((), dtype=object)
    array[()] = x
    return BallArray(array)


def ball_array(x) -> BallArray:
    """Balls that enclose ``x``: numbers, an array of numbers, or of fmpq or arb."""
    return x if isinstance(x, BallArray) else wrapped(_TO_BALL(np.asarray(x)))


def data(x) -> np.ndarray:
    """The object array of :func:`ball_array`."""
    return ball_array(x).data


def _to_ball(x):
    if isinstance(x, arb):
        return x
    if isinstance(x, fmpq):
        return arb(x)
    if isinstance(x, float | np.float32 | np.float16):
        if math.isinf(x):
            return INFINITY if x > 0 else MINUS_INFINITY
        return arb(float(x))
    try:
        return arb(operator.index(x))
    except TypeError:
        raise NotComputable(f"a ball from {type(x).__name__}") from None


_TO_BALL = np.frompyfunc(_to_ball, 1, 1)
