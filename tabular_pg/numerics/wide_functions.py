"""What numpy's functions do to numbers of any size."""

from __future__ import annotations

import numpy as np
from scipy.special import wrightomega

from tabular_pg._floats import RESOLVED
from tabular_pg.numerics.wide import (
    FUNCTIONS,
    REDUCTIONS,
    UFUNCS,
    Wide,
    log_size,
    plain,
    representable,
    wide,
)

LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # their sum is log 2, to 1e-26
MODERATE = 700.0  # beyond it, and below RESOLVED, functions equal their last or first term


def _shift(m, by):
    return np.ldexp(m, np.clip(by, -2100, 0).astype(np.int32))  # ten times faster than with int64


def _add(x, y):
    top = np.maximum(np.where(x.m == 0, -np.inf, x.e), np.where(y.m == 0, -np.inf, y.e))
    top = np.where(np.isfinite(top), top, 0.0)
    return Wide(_shift(x.m, x.e - top) + _shift(y.m, y.e - top), top)


def _negative(x):
    return Wide.of_parts(-x.m, x.e)


def _power(x, y):
    y = plain(y)
    logarithm = y * (np.log2(np.abs(x.m)) + x.e)
    whole = np.where(np.isfinite(logarithm), np.floor(logarithm), 0.0)
    odd = np.where((x.m < 0) & (np.abs(y) % 2 == 1), -1.0, 1.0)
    undefined = (x.m < 0) & (y != np.floor(y))
    m = np.where(undefined, np.nan, odd * np.exp2(logarithm - whole))
    general = Wide(np.where(y == 0, 1.0, m), np.where(y == 0, 0.0, whole))
    return _where(y == 1, x, _where(y == 2, x * x, general))


def _exp(x):
    x = plain(x)
    finite = np.isfinite(x)
    n = np.where(finite, np.rint(x / np.log(2)), 0.0)
    rest = np.clip((x - n * LN2_HIGH) - n * LN2_LOW, -1.0, 1.0)  # beyond 1e15 it has no digits
    return Wide(np.exp(np.where(finite, rest, x)), n)


def _log(x):
    return Wide(np.where((x.m < 0) | np.isnan(x.m), np.nan, log_size(x)))


def _first_term(function, beyond):
    """A function that is x for tiny x, ``beyond(x)`` where floats overflow, and known between."""

    def apply(x):
        X = plain(x)
        between = (np.abs(X) >= RESOLVED) & (np.abs(X) <= MODERATE)
        known = Wide(function(np.where(between, X, 0.0)))
        return _where(between, known, _where(np.abs(X) < RESOLVED, x, beyond(x, X)))

    return apply


def _log1p(x):
    X = plain(x)
    middle = Wide(np.log1p(np.where(np.abs(X) < 1 / RESOLVED, X, 0.0)))
    return _where(np.abs(X) < RESOLVED, x, _where(np.abs(X) < 1 / RESOLVED, middle, _log(x)))


def _wrightomega(x):
    X = plain(x)
    return _where(X < -MODERATE, _exp(x), Wide(wrightomega(np.maximum(X, -MODERATE)).real))


def _sqrt(x):
    odd = x.e % 2
    return Wide(np.sqrt(x.m * (1 + odd)), (x.e - odd) / 2)


def _less(x, y):
    return (x - y).m < 0


def _equal(x, y):
    return ((x.m == y.m) & (x.e == y.e)) | ((x - y).m == 0)


def _where(condition, x, y):
    x, y = wide(x), wide(y)
    return Wide.of_parts(np.where(condition, x.m, y.m), np.where(condition, x.e, y.e))


def _matmul(x, y):
    if y.ndim == 1:
        return (x * y).sum(axis=-1)
    if x.ndim == 1 and y.ndim == 2:
        return (x[:, None] * y).sum(axis=0)
    raise TypeError("a product of two matrices of any size")


def _reduce(name, x, axis=0, keepdims=False, initial=None, **others):
    if others or name not in ("add", "maximum", "minimum", "logaddexp"):
        raise TypeError(f"numpy's {name}.reduce of numbers of any size")
    if name == "logaddexp":
        return Wide(np.logaddexp.reduce(plain(x), axis=axis, keepdims=keepdims))
    if name == "add":
        top = np.where(x.m == 0, -np.inf, x.e).max(axis=axis, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0.0)
        total = _shift(x.m, x.e - top).sum(axis=axis, keepdims=True)
        found = Wide(total, top)
    else:
        found = _extreme(name, x, axis)
        found = found if initial is None else UFUNCS[name](found, wide(initial))
    return (
        found
        if keepdims
        else Wide.of_parts(*(np.squeeze(part, axis=axis) for part in (found.m, found.e)))
    )


def _extreme(name, x, axis):
    """By halves, so that comparisons are as those of pairs."""
    if axis is None or isinstance(axis, tuple):
        axes = tuple(range(x.ndim)) if axis is None else axis
        for each in axes:
            x = _extreme(name, x, each)
        return x
    parts = [Wide.of_parts(x.m.take([i], axis), x.e.take([i], axis)) for i in range(x.shape[axis])]
    if not parts:
        return Wide(np.full([n if i != axis else 1 for i, n in enumerate(x.shape)],
                            -np.inf if name == "maximum" else np.inf))  # fmt: skip
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [UFUNCS[name](*pair) for pair in pairs] + parts[len(parts) // 2 * 2 :]
    return parts[0]


def _accumulate(name, x, axis=0):
    function = UFUNCS[name]
    rows = [x[(slice(None),) * axis + (0,)]]
    for i in range(1, x.shape[axis]):
        rows.append(function(rows[-1], x[(slice(None),) * axis + (i,)]))
    return _stack(rows, axis)


def _stack(arrays, axis=0):
    arrays = [wide(x) for x in arrays]
    return Wide.of_parts(*(np.stack([getattr(x, part) for x in arrays], axis) for part in "me"))


def _by_parts(function):
    """A numpy function that only moves entries about."""

    def apply(x, *args, **kwargs):
        x = wide(x)
        return Wide.of_parts(*(function(part, *args, **kwargs) for part in (x.m, x.e)))

    return apply


def _in_floats(function):
    """A numpy function of numbers that floats can hold."""

    def apply(*args, **kwargs):
        args = [representable(x) if isinstance(x, Wide) else x for x in args]
        found = function(*args, **kwargs)
        return tuple(map(wide, found)) if isinstance(found, tuple) else wide(found)

    return apply


REDUCTIONS |= {"reduce": _reduce, "accumulate": _accumulate}
UFUNCS |= {
    "add": _add,
    "subtract": lambda x, y: _add(x, _negative(y)),
    "multiply": lambda x, y: Wide(x.m * y.m, x.e + y.e),
    "divide": lambda x, y: Wide(x.m / y.m, x.e - y.e),
    "power": _power,
    "negative": _negative,
    "absolute": lambda x: Wide.of_parts(np.abs(x.m), x.e),
    "square": lambda x: x * x,
    "sqrt": _sqrt,
    "exp": _exp,
    "expm1": _first_term(np.expm1, lambda x, X: _where(X < 0, -1.0, _exp(x))),
    "sinh": _first_term(np.sinh, lambda x, X: np.sign(X) * _exp(wide(np.abs(X))) / 2),
    "log": _log,
    "log1p": _log1p,
    "logaddexp": lambda x, y: Wide(np.logaddexp(plain(x), plain(y))),
    "ceil": lambda x: Wide(np.ceil(plain(x))),
    "wrightomega": _wrightomega,
    "maximum": lambda x, y: _where(_less(x, y) | np.isnan(y.m), y, x),
    "minimum": lambda x, y: _where(_less(y, x) | np.isnan(y.m), y, x),
    "matmul": _matmul,
    "less": _less,
    "greater": lambda x, y: _less(y, x),
    "less_equal": lambda x, y: _less(x, y) | _equal(x, y),
    "greater_equal": lambda x, y: _less(y, x) | _equal(x, y),
    "equal": _equal,
    "not_equal": lambda x, y: ~_equal(x, y),
    "isfinite": lambda x: np.isfinite(x.m),
    "isnan": lambda x: np.isnan(x.m),
    "isinf": lambda x: np.isinf(x.m),
}
FUNCTIONS |= {np.where: _where, np.stack: _stack}
FUNCTIONS |= {f: _by_parts(f) for f in (np.broadcast_to, np.reshape, np.take_along_axis)}
FUNCTIONS |= {
    f: _in_floats(f)
    for f in (
        np.einsum,
        np.tensordot,
        np.outer,
        np.diag,
        np.interp,
        np.linalg.solve,
        np.linalg.eigh,
    )
}
FUNCTIONS[np.concatenate] = lambda arrays, axis=0: Wide(
    *(np.concatenate([getattr(wide(x), part) for x in arrays], axis) for part in "me")
)
FUNCTIONS[np.cumprod] = lambda x, axis=0: np.multiply.accumulate(x, axis=axis)
FUNCTIONS[np.sum] = lambda x, axis=None: x.sum(axis=axis)
