"""What numpy's ufuncs do to arrays of balls: enclosures, and comparisons that may stay open."""

from __future__ import annotations

import operator
from functools import reduce

import numpy as np
from flint import arb

from tabular_pg.certified.arithmetic.arrays import (
    INFINITY,
    MINUS_INFINITY,
    REDUCTIONS,
    UFUNCS,
    BallArray,
    NotComputable,
    Tristate,
    ball_array,
    data,
    truth,
    wrapped,
)
from tabular_pg.certified.arithmetic.balls import log, subtract

REDUCIBLE = ("add", "subtract", "multiply", "maximum", "minimum", "logaddexp")


def _elementwise(function, inputs=1):
    apply = np.frompyfunc(function, inputs, 1)
    return lambda *args: wrapped(apply(*map(data, args)))


def _divide(x, y):
    if not y.is_zero():
        return x / y
    return INFINITY if x > 0 else MINUS_INFINITY if x < 0 else arb.nan()


def _power(x, y):
    return INFINITY if x.is_zero() and y < 0 else x**y


def _log1p(x):
    return MINUS_INFINITY if x == -1 else x.log1p()


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


def _log_add(x, y):
    top, other = (x, y) if x.mid() >= y.mid() else (y, x)
    return top if other == MINUS_INFINITY else top + (other - top).exp().log1p()


def _wright_omega(x):
    return x.exp().lambertw()


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
    "log": _elementwise(log),
    "log1p": _elementwise(_log1p),
    "sinh": _elementwise(arb.sinh),
    "ceil": _elementwise(arb.ceil),
    "wrightomega": _elementwise(_wright_omega),
    "matmul": lambda x, y: ball_array(data(x) @ data(y)),
}


def _condition(decide, inputs=1):
    """A test of balls, or of pairs of them, by a function to True, False or None (open)."""
    apply = np.frompyfunc(decide, inputs, 1)

    def test(*args):
        found = np.asarray(apply(*map(data, args)))
        return truth(found == True, found != False)[()]  # noqa: E712  (None is neither)

    return test


def _same(x, y):
    return x is y and not x.is_nan()


def _less(x, y):
    return False if _same(x, y) or x >= y else True if x < y else None


def _less_equal(x, y):
    return True if _same(x, y) or x <= y else False if x > y else None


def _equal(x, y):
    return True if _same(x, y) or x == y else False if x != y else None


def _is_infinite(x):
    return True if x in (INFINITY, MINUS_INFINITY) else False if x.is_finite() else None


def _is_nan(x):
    return None if _is_infinite(x) is None else False


def _logical(function):
    def apply(*args):
        certain = [x.certain if isinstance(x, Tristate) else np.asarray(x) for x in args]
        possible = [x.possible if isinstance(x, Tristate) else np.asarray(x) for x in args]
        return truth(function(*certain), function(*possible))

    return apply


def _invert(x):
    return truth(~x.possible, ~x.certain) if isinstance(x, Tristate) else ~np.asarray(x)


def _compared(decide, agree=None):
    """A comparison of balls; of truth values, by ``agree``."""
    balls = _condition(decide, 2)

    def compare(x, y):
        if not (isinstance(x, Tristate) or isinstance(y, Tristate)):
            return balls(x, y)
        if agree is None:
            raise NotComputable("an order of truth values")
        return agree(x, y)

    return compare


def _agree(x, y):
    both, neither = UFUNCS["bitwise_and"](x, y), UFUNCS["bitwise_and"](_invert(x), _invert(y))
    return UFUNCS["bitwise_or"](both, neither)


UFUNCS |= {
    "less": _compared(_less),
    "less_equal": _compared(_less_equal),
    "greater": _compared(lambda x, y: _less(y, x)),
    "greater_equal": _compared(lambda x, y: _less_equal(y, x)),
    "equal": _compared(_equal, _agree),
    "not_equal": lambda x, y: _invert(UFUNCS["equal"](x, y)),
    "isfinite": _condition(lambda x: True if x.is_finite() else False if _is_infinite(x) else None),
    "isinf": _condition(_is_infinite),
    "isnan": _condition(_is_nan),
    "bitwise_and": _logical(np.bitwise_and),
    "bitwise_or": _logical(np.bitwise_or),
    "invert": _invert,
}


def _reduced(name, x, axis=0, keepdims=False, initial=None, **others):
    """What ``x.sum()``, ``max``, ``min``, ``any``, ``all`` and ``np.add.reduce`` come down to, with
    numpy's meaning of ``axis``, ``keepdims`` and ``initial``: axes first, then rows one by one."""
    function, x = _reducing(name, x, others), data(x)
    axes = range(x.ndim) if axis is None else [_axis(i, x) for i in np.atleast_1d(axis)]
    kept = [i for i in range(x.ndim) if i not in axes]
    rows = x.transpose([*axes, *kept]).reshape(-1, *(x.shape[i] for i in kept))
    parts = [wrapped(row) for row in rows]
    if not (initial is None or initial is np._NoValue):
        parts.insert(0, ball_array(initial))
    elif not parts and name == "add":
        parts = [ball_array(0)]
    if not parts:
        raise ValueError(f"numpy's {name}.reduce of an empty axis; expected an entry")
    total = np.broadcast_to(reduce(function, parts).data, rows.shape[1:])
    if keepdims:
        total = total.reshape([1 if i in axes else n for i, n in enumerate(x.shape)])
    return wrapped(total)


def _accumulated(name, x, axis=0, **others):
    function, x = _reducing(name, x, others), data(x)
    rows = np.moveaxis(x, _axis(axis, x), 0)
    result = np.empty(rows.shape, dtype=object)
    for i, row in enumerate(rows):
        total = function(wrapped(result[i - 1]), wrapped(row)) if i else wrapped(row)
        result[i] = total.data[()]
    return BallArray(np.moveaxis(result, 0, axis))


def _reducing(name, x, others):
    """The function of two arrays that is reduced by; options not listed are refused."""
    usual = (None, np._NoValue, True)  # where=True, and what was not given
    wanted = {option for option, value in others.items() if all(value is not x for x in usual)}
    if name not in REDUCIBLE or wanted or not isinstance(x, BallArray):
        raise NotComputable(f"numpy's {name}.reduce " + ", ".join(sorted(wanted)))
    return UFUNCS[name]


def _axis(axis, x):
    axis = operator.index(axis)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis is {axis}; expected one of an array with {x.ndim} dimensions")
    return axis % x.ndim


REDUCTIONS |= {"reduce": _reduced, "accumulate": _accumulated}
