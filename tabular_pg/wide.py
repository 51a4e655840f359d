"""Arrays of floats whose exponents have no end, so that 1e-435 can be compared with 1e-434.

A number is m 2^e with a float m, 1/2 <= |m| < 1, and a whole number e (kept as a float). Arithmetic
is as accurate as that of float64 and never underflows or overflows. Formulas see ``Wide`` in place
of ``numpy.ndarray``, as they see balls in ``tabular_pg.certified``; what is not listed here is
refused (TypeError) rather than evaluated with what has underflowed.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from scipy.special import wrightomega

LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # their sum is log 2, to 1e-26
TINY, MODERATE = 1e-290, 700.0  # arguments at which functions equal their first or last term
UFUNCS, FUNCTIONS = {}, {}


class Wide(NDArrayOperatorsMixin):
    """An array of numbers ``m * 2**e``."""

    def __init__(self, m, e=0.0):
        m, exponent = np.frexp(np.asarray(m, dtype=float))
        kept = np.isfinite(m) & (m != 0)
        self.m, self.e = np.broadcast_arrays(m, np.where(kept, e + exponent, 0.0))

    shape = property(lambda self: self.m.shape)
    ndim = property(lambda self: self.m.ndim)
    size = property(lambda self: self.m.size)
    T = property(lambda self: Wide(self.m.T, self.e.T))
    real = property(lambda self: self)

    def __array__(self, *args, **kwargs):
        raise TypeError("a number of any size became a plain array")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        known = UFUNCS.get(ufunc.__name__)
        if known is None or options.get("out") is not None:
            raise TypeError(f"numpy's {ufunc.__name__} of numbers of any size")
        if method == "__call__":
            return known(*map(wide, inputs), **options)
        if method == "reduce":
            return _reduce(ufunc.__name__, *map(wide, inputs), **options)
        if method == "accumulate":
            return _accumulate(known, *map(wide, inputs), **options)
        raise TypeError(f"numpy's {ufunc.__name__}.{method} of numbers of any size")

    def __array_function__(self, function, types, args, kwargs):
        if function not in FUNCTIONS:
            raise TypeError(f"numpy's {function.__name__} of numbers of any size")
        return FUNCTIONS[function](*args, **kwargs)

    def __len__(self):
        return len(self.m)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key):
        return Wide(self.m[key], self.e[key])

    def __bool__(self):
        return bool(self.m != 0)

    def __float__(self):
        return float(representable(self))

    def __repr__(self):
        return f"Wide({self.m} * 2**{self.e})"

    def astype(self, kind):
        return self if kind is float else plain(self).astype(kind)

    def sum(self, axis=None, keepdims=False):
        return np.add.reduce(self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False, initial=None):
        return np.maximum.reduce(self, axis=axis, keepdims=keepdims, initial=initial)

    def min(self, axis=None, keepdims=False, initial=None):
        return np.minimum.reduce(self, axis=axis, keepdims=keepdims, initial=initial)

    def argmax(self, axis=None):
        return (self == self.max(axis=axis, keepdims=axis is not None)).argmax(axis=axis)


def wide(x) -> Wide:
    """``x`` itself if it is Wide, else the same numbers."""
    return x if isinstance(x, Wide) else Wide(x)


def plain(x) -> np.ndarray:
    """Floats; 0 or inf where they end."""
    if not isinstance(x, Wide):
        return np.asarray(x)
    return np.ldexp(x.m, np.clip(x.e, -2100, 2100).astype(int))


def representable(x) -> np.ndarray:
    """Floats, refused where one of them would not keep its digits."""
    if isinstance(x, Wide) and (np.abs(x.e) > 960).any():
        raise TypeError("a number outside the range of floats")
    return plain(x)


def log_size(x) -> np.ndarray:
    """log |x| as floats, for any size; -inf for 0."""
    x = wide(x)
    with np.errstate(divide="ignore"):
        size = np.abs(x.m)
        near = np.abs(x.e) < 1000  # e log 2 would cancel near 1
        return np.where(near, np.log(np.where(near, np.abs(plain(x)), 1.0)),
                        np.log(size) + x.e * np.log(2))  # fmt: skip


def _shift(m, by):
    return np.ldexp(m, np.clip(by, -2100, 0).astype(int))


def _add(x, y):
    top = np.maximum(np.where(x.m == 0, -np.inf, x.e), np.where(y.m == 0, -np.inf, y.e))
    top = np.where(np.isfinite(top), top, 0.0)
    return Wide(_shift(x.m, x.e - top) + _shift(y.m, y.e - top), top)


def _negative(x):
    return Wide(-x.m, x.e)


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
    n = np.where(np.isfinite(x), np.rint(x / np.log(2)), 0.0)
    return Wide(np.exp((x - n * LN2_HIGH) - n * LN2_LOW), n)


def _log(x):
    return Wide(np.where((x.m < 0) | np.isnan(x.m), np.nan, log_size(x)))


def _first_term(function, beyond):
    """A function that is x for tiny x, ``beyond(x)`` where floats overflow, and known between."""

    def apply(x):
        X = plain(x)
        between = (np.abs(X) >= TINY) & (np.abs(X) <= MODERATE)
        known = Wide(function(np.where(between, X, 0.0)))
        return _where(between, known, _where(np.abs(X) < TINY, x, beyond(x, X)))

    return apply


def _log1p(x):
    X = plain(x)
    middle = Wide(np.log1p(np.where(np.abs(X) < 1e290, X, 0.0)))
    return _where(np.abs(X) < TINY, x, _where(np.abs(X) < 1e290, middle, _log(x)))


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
    return Wide(np.where(condition, x.m, y.m), np.where(condition, x.e, y.e))


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
        found if keepdims else Wide(*(np.squeeze(part, axis=axis) for part in (found.m, found.e)))
    )


def _extreme(name, x, axis):
    """By halves, so that comparisons are as those of pairs."""
    if axis is None or isinstance(axis, tuple):
        axes = tuple(range(x.ndim)) if axis is None else axis
        for each in axes:
            x = _extreme(name, x, each)
        return x
    parts = [Wide(x.m.take([i], axis), x.e.take([i], axis)) for i in range(x.shape[axis])]
    if not parts:
        return Wide(np.full([n if i != axis else 1 for i, n in enumerate(x.shape)],
                            -np.inf if name == "maximum" else np.inf))  # fmt: skip
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [UFUNCS[name](*pair) for pair in pairs] + parts[len(parts) // 2 * 2 :]
    return parts[0]


def _accumulate(function, x, axis=0):
    rows = [x[(slice(None),) * axis + (0,)]]
    for i in range(1, x.shape[axis]):
        rows.append(function(rows[-1], x[(slice(None),) * axis + (i,)]))
    return _stack(rows, axis)


def _stack(arrays, axis=0):
    arrays = [wide(x) for x in arrays]
    return Wide(*(np.stack([getattr(x, part) for x in arrays], axis) for part in "me"))


def _by_parts(function):
    """A numpy function that only moves entries about."""

    def apply(x, *args, **kwargs):
        x = wide(x)
        return Wide(*(function(part, *args, **kwargs) for part in (x.m, x.e)))

    return apply


def _in_floats(function):
    """A numpy function of numbers that floats can hold."""

    def apply(*args, **kwargs):
        args = [representable(x) if isinstance(x, Wide) else x for x in args]
        found = function(*args, **kwargs)
        return tuple(map(wide, found)) if isinstance(found, tuple) else wide(found)

    return apply


UFUNCS |= {
    "add": _add,
    "subtract": lambda x, y: _add(x, _negative(y)),
    "multiply": lambda x, y: Wide(x.m * y.m, x.e + y.e),
    "divide": lambda x, y: Wide(x.m / y.m, x.e - y.e),
    "power": _power,
    "negative": _negative,
    "absolute": lambda x: Wide(np.abs(x.m), x.e),
    "square": lambda x: x * x,
    "sqrt": _sqrt,
    "exp": _exp,
    "expm1": _first_term(np.expm1, lambda x, X: _where(X > 0, _exp(x), -1.0)),
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
