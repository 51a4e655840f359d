"""Arrays of floats whose exponents have no end, so that 1e-435 can be compared with 1e-434.

A number is m 2^e with a float m, 1/2 <= |m| < 1, and a whole number e (kept as a float). Arithmetic
is as accurate as that of float64 and never underflows or overflows. Formulas see ``Wide`` in place
of ``numpy.ndarray``, as they see balls in ``tabular_pg.certified``; what ``wide_functions`` does
not list is refused (TypeError) rather than evaluated with what has underflowed.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

UFUNCS, REDUCTIONS = {}, {}  # by name: what they do, filled by ``wide_functions``
FUNCTIONS = {}  # numpy function: likewise


class Reductions:
    """Sums and extremes as methods, for arrays that know numpy's reductions."""

    def sum(self, axis=None, keepdims=False):
        """The sum over ``axis``, as numpy's."""
        return np.add.reduce(self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False, initial=None):
        """The largest entry over ``axis``, as numpy's."""
        return np.maximum.reduce(self, axis=axis, keepdims=keepdims, initial=initial)

    def min(self, axis=None, keepdims=False, initial=None):
        """The smallest entry over ``axis``, as numpy's."""
        return np.minimum.reduce(self, axis=axis, keepdims=keepdims, initial=initial)


class Wide(Reductions, NDArrayOperatorsMixin):
    """An array of numbers ``m * 2**e``."""

    def __init__(self, m, e=0.0):
        m, exponent = np.frexp(np.asarray(m, dtype=float))
        kept = np.isfinite(m) & (m != 0)
        e = np.where(kept, e + exponent, 0.0)
        self.m, self.e = (m, e) if m.shape == e.shape else np.broadcast_arrays(m, e)

    @classmethod
    def of_parts(cls, m, e):
        """The same of parts of such numbers, which are as they should be."""
        made = object.__new__(cls)
        made.m, made.e = m, e
        return made

    shape = property(lambda self: self.m.shape)
    ndim = property(lambda self: self.m.ndim)
    size = property(lambda self: self.m.size)
    T = property(lambda self: Wide.of_parts(self.m.T, self.e.T))
    real = property(lambda self: self)

    def __array__(self, *args, **kwargs):
        raise TypeError("a number of any size became a plain array")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        known = UFUNCS.get(ufunc.__name__)
        if known is None or options.get("out") is not None:
            raise TypeError(f"numpy's {ufunc.__name__} of numbers of any size")
        if method == "__call__":
            return known(*map(wide, inputs), **options)
        if method in REDUCTIONS:
            return REDUCTIONS[method](ufunc.__name__, *map(wide, inputs), **options)
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
        return Wide.of_parts(self.m[key], self.e[key])

    def __bool__(self):
        return bool(self.m != 0)

    def __float__(self):
        return float(representable(self))

    def __repr__(self):
        return f"Wide({self.m} * 2**{self.e})"

    def astype(self, kind):
        """Itself for ``float``, else an array of numpy."""
        return self if kind is float else plain(self).astype(kind)

    def argmax(self, axis=None):
        """Where the first of the largest entries over ``axis`` is, as numpy's."""
        return (self == self.max(axis=axis, keepdims=axis is not None)).argmax(axis=axis)


def wide(x) -> Wide:
    """``x`` itself if it is Wide, else the same numbers."""
    return x if isinstance(x, Wide) else Wide(x)


def plain(x) -> np.ndarray:
    """Floats; 0 or inf where they end."""
    if not isinstance(x, Wide):
        return np.asarray(x)
    return np.ldexp(x.m, np.clip(x.e, -2100, 2100).astype(np.int32))


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
