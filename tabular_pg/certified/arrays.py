"""Arrays of balls that numpy's functions work on, so that formulas written for floats are proofs.

A formula only ever sees ``BallArray`` in place of ``numpy.ndarray``. Arithmetic and functions
enclose; comparisons are decided, or are a ``Tristate``; what is not listed here is refused
(``NotComputable``), so that no formula is evaluated in a way that is not rigorous.

One ball object stands for one number: two entries that are the same object are equal.
"""

from __future__ import annotations

import math
import operator
from functools import reduce

import numpy as np
from flint import arb, fmpq
from numpy.lib.mixins import NDArrayOperatorsMixin

from tabular_pg.certified.evaluation import Undecided, subtract

INFINITE = {math.inf: arb.pos_inf(), -math.inf: arb.neg_inf()}
UFUNCS = {}  # name of a ufunc: what it does to arrays of arb
FUNCTIONS = {}  # numpy function: what it does to arguments that contain balls


class NotComputable(TypeError):
    """A formula asks for something that is not implemented in ball arithmetic."""


class _Array(NDArrayOperatorsMixin):
    """What balls and undecided truth values have in common: how numpy finds their functions."""

    def __array__(self, *args, **kwargs):
        raise NotComputable("a conversion to a plain numpy array")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if ufunc.__name__ not in UFUNCS or options.pop("out", None) is not None:
            raise NotComputable(f"numpy's {ufunc.__name__}")
        function = UFUNCS[ufunc.__name__]
        if method == "__call__":
            return function(*inputs, **options)
        if method not in ("reduce", "accumulate"):
            raise NotComputable(f"numpy's {ufunc.__name__}.{method}")
        return globals()[f"_{method}"](function, ufunc, *inputs, **options)

    def __array_function__(self, function, types, args, kwargs):
        if function not in FUNCTIONS:
            raise NotComputable(f"numpy's {function.__name__}")
        return FUNCTIONS[function](*args, **kwargs)


class BallArray(_Array):
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
        key = decided(key)
        return BallArray(_wrapped(self.data[key]))

    def __bool__(self):
        return bool(self != 0)

    def __index__(self):
        return int(self.item().unique_fmpz())

    def __format__(self, spec):
        return format(float(self.item().mid()), spec)

    def __repr__(self):
        return f"BallArray({self.data})"

    def item(self) -> arb:
        """The only entry."""
        return self.data.item()

    def astype(self, kind):
        """Truth values of the entries, or the array itself: balls are the only numbers here."""
        return decided(self != 0) if kind is bool else self

    def sum(self, axis=None, keepdims=False):
        return np.add.reduce(self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False, initial=None):
        return np.maximum.reduce(self, axis=axis, keepdims=keepdims, initial=initial)

    def min(self, axis=None, keepdims=False, initial=None):
        return np.minimum.reduce(self, axis=axis, keepdims=keepdims, initial=initial)

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
        return bool(self.decided())

    def decided(self):
        """The truth values; Undecided if any is open."""
        if not np.array_equal(self.certain, self.possible):
            raise Undecided("a comparison is open")
        return self.certain

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
    """A plain boolean array, or Undecided."""
    return condition.decided() if isinstance(condition, Tristate) else condition


def ball_array(x) -> BallArray:
    """Balls that enclose ``x``: numbers, an array of numbers, or of fmpq or arb."""
    if isinstance(x, BallArray):
        return x
    return BallArray(_wrapped(_TO_BALL(np.asarray(x))))


def data(x) -> np.ndarray:
    return ball_array(x).data


def _wrapped(x):
    """An object array also where numpy has unpacked a single object."""
    if isinstance(x, np.ndarray):
        return x
    array = np.empty((), dtype=object)
    array[()] = x
    return array


def _to_ball(x):
    if isinstance(x, arb):
        return x
    if isinstance(x, fmpq):
        return arb(x)
    if isinstance(x, float | np.floating):
        return INFINITE[float(x)] if math.isinf(x) else arb(float(x))
    return arb(operator.index(x))


_TO_BALL = np.frompyfunc(_to_ball, 1, 1)


def _elementwise(function, inputs=1):
    apply = np.frompyfunc(function, inputs, 1)
    return lambda *args: BallArray(_wrapped(apply(*map(data, args))))


def _compared(decide, agree=None):
    """A comparison; ``decide`` maps two balls, and whether they are the same object, to True,
    False or None, and ``agree`` compares truth values."""

    def entry(x, y):
        same = x is y and not x.is_nan()
        return decide(x, y, same)

    apply = np.frompyfunc(entry, 2, 1)

    def compare(x, y):
        if isinstance(x, Tristate) or isinstance(y, Tristate):
            return agree(x, y)
        x, y = data(x), data(y)
        found = np.asarray(apply(x, y))
        return truth(found == True, found != False)[()]  # noqa: E712  (None is neither)

    return compare


def _less(x, y, same):
    return False if same or x >= y else True if x < y else None


def _less_equal(x, y, same):
    return True if same or x <= y else False if x > y else None


def _equal(x, y, same):
    return True if same or x == y else False if x != y else None


def _not(value):
    return None if value is None else not value


def _logical(function):
    def apply(*args):
        certain = [a.certain if isinstance(a, Tristate) else np.asarray(a) for a in args]
        possible = [a.possible if isinstance(a, Tristate) else np.asarray(a) for a in args]
        return truth(function(*certain), function(*possible))

    return apply


def _invert(x):
    return truth(~x.possible, ~x.certain)


def _divide(x, y):
    if not y.is_zero():
        return x / y
    if x > 0 or x < 0:
        return INFINITE[math.inf if x > 0 else -math.inf]
    return arb.nan()


def _power(x, y):
    if y.is_integer():
        return x**y if not (x.is_zero() and y < 0) else INFINITE[math.inf]
    return x**y


def _log(x):
    return INFINITE[-math.inf] if x.is_zero() else x.log()


def larger(x, y):
    """max(x, y), the same object as one of them if that is decided."""
    if x is y or x >= y:
        return x
    return y if y >= x else x.max(y)


def smaller(x, y):
    """min(x, y), likewise."""
    if x is y or x <= y:
        return x
    return y if y <= x else x.min(y)


def _omega(x):
    """Wright's omega function W(e^x)."""
    return x.exp().lambertw()


def _is_finite(x):
    return True if x.is_finite() else False if _is_infinite(x) else None


def _is_infinite(x):
    return x == INFINITE[math.inf] or x == INFINITE[-math.inf]


def _log_add(x, y):
    top, other = (x, y) if x.mid() >= y.mid() else (y, x)
    return top if other == INFINITE[-math.inf] else top + (other - top).exp().log1p()


def _known(test):
    apply = np.frompyfunc(test, 1, 1)

    def condition(x):
        found = np.asarray(apply(data(x)))
        return truth(found == True, found != False)[()]  # noqa: E712

    return condition


UFUNCS |= {
    "add": _elementwise(operator.add, 2),
    "subtract": _elementwise(subtract, 2),
    "multiply": _elementwise(operator.mul, 2),
    "divide": _elementwise(_divide, 2),
    "power": _elementwise(_power, 2),
    "maximum": _elementwise(larger, 2),
    "minimum": _elementwise(smaller, 2),
    "logaddexp": _elementwise(_log_add, 2),
    "negative": _elementwise(operator.neg),
    "absolute": _elementwise(abs),
    "square": _elementwise(lambda x: x * x),
    "sqrt": _elementwise(arb.sqrt),
    "exp": _elementwise(arb.exp),
    "expm1": _elementwise(arb.expm1),
    "log": _elementwise(_log),
    "log1p": _elementwise(lambda x: _log(arb(0)) if x == -1 else x.log1p()),
    "sinh": _elementwise(arb.sinh),
    "ceil": _elementwise(arb.ceil),
    "rint": _elementwise(lambda x: (x + arb(0.5)).floor()),
    "wrightomega": _elementwise(_omega),
    "less": _compared(_less),
    "less_equal": _compared(_less_equal),
    "greater": _compared(lambda x, y, same: _not(_less_equal(x, y, same))),
    "greater_equal": _compared(lambda x, y, same: _not(_less(x, y, same))),
    "equal": _compared(_equal, lambda x, y: (x & y) | (~x & ~y)),
    "not_equal": _compared(lambda x, y, same: _not(_equal(x, y, same))),
    "isfinite": _known(_is_finite),
    "isinf": _known(lambda x: _is_infinite(x) or (None if x.is_nan() else False)),
    "isnan": _known(lambda x: None if x.is_nan() else False),  # a wide ball is no number's fault
    "bitwise_and": _logical(np.bitwise_and),
    "bitwise_or": _logical(np.bitwise_or),
    "invert": _invert,
    "matmul": lambda x, y: BallArray(_wrapped(data(x) @ data(y))),
}


def _reduce(function, ufunc, x, axis=0, keepdims=False, initial=None, **options):
    x = data(x)
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % max(x.ndim, 1)
    kept = [i for i in range(x.ndim) if i not in axes]
    rows = x.transpose([*axes, *kept]).reshape(-1, *(x.shape[i] for i in kept))
    start = [] if initial is None or initial is np._NoValue else [ball_array(initial)]
    if not start and ufunc is np.add:
        start = [ball_array(0)]
    total = reduce(function, [*start, *(BallArray(_wrapped(row)) for row in rows)])
    total = np.broadcast_to(total.data, rows.shape[1:])
    if keepdims:
        total = total.reshape([1 if i in axes else n for i, n in enumerate(x.shape)])
    return BallArray(_wrapped(total))


def _accumulate(function, ufunc, x, axis=0, **options):
    rows = np.moveaxis(data(x), axis, 0)
    result = np.empty(rows.shape, dtype=object)
    for i, row in enumerate(rows):
        before = BallArray(_wrapped(result[i - 1]))
        row = BallArray(_wrapped(row))
        result[i] = (function(before, row) if i else row).data[()]
    return BallArray(np.moveaxis(result, 0, axis))
