"""Arrays of which there is one for each of several runs: formulas see ``Several`` for an array.

It has an axis of runs that no formula knows of: ``shape``, indices and axes are those of one run.
A decision (``if``) that is not the same for all runs raises ``Divided``, and what needs an array of
its own, or is not listed here, TypeError: then runs are looked at one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from tabular_pg.numerics.wide import Reductions

FUNCTIONS = {}  # numpy function: what it does to such arrays


class Divided(Exception):
    """Runs differ in a decision; ``parts`` (n,) says how it would be for each."""

    def __init__(self, parts):
        super().__init__("a decision that is not the same for all runs")
        self.parts = parts


class Several(Reductions, NDArrayOperatorsMixin):
    """An array for each of several runs; ``data`` has the axis of runs first."""

    def __init__(self, data):
        self.data = data

    shape = property(lambda self: self.data.shape[1:])
    ndim = property(lambda self: self.data.ndim - 1)
    size = property(lambda self: self.data[0].size)
    dtype = property(lambda self: self.data.dtype)
    real = property(lambda self: Several(self.data.real))
    T = property(lambda self: Several(self.data.transpose(0, *range(self.ndim, 0, -1))))

    def __array__(self, *args, **kwargs):
        raise TypeError("arrays of several runs became a plain array")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if out is not None or method not in ("__call__", "reduce", "accumulate"):
            raise TypeError(f"numpy's {ufunc.__name__}.{method} of several runs")
        if method == "__call__":
            return (_product if ufunc is np.matmul else _each)(ufunc, *inputs, **options)
        return _along(getattr(ufunc, method), *inputs, **{"axis": 0, **options})

    def __array_function__(self, function, types, args, kwargs):
        if function not in FUNCTIONS:
            raise TypeError(f"numpy's {function.__name__} of several runs")
        return FUNCTIONS[function](*args, **kwargs)

    def __len__(self):
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key):
        key = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, Several) for part in key):
            raise TypeError("an index that is not the same for all runs")
        return Several(self.data[(slice(None), *key)])

    def __bool__(self):
        return bool(self._common())

    def __float__(self):
        return float(self._common())

    def __index__(self):
        return int(self._common())

    def __format__(self, spec):
        return format(self.data.flat[0], spec)

    def _common(self):
        """The one number that it is for all runs."""
        values = self.data.reshape(len(self.data), -1)
        if values.shape[1] != 1:
            raise TypeError("an array in place of one number")
        values = values[:, 0]
        if not (values == values[0]).all():
            raise Divided(values == values[0])
        return values[0]

    def any(self, axis=None, keepdims=False):
        """Whether some entry is true, along the axis."""
        return np.logical_or.reduce(self, axis=axis, keepdims=keepdims)

    def all(self, axis=None, keepdims=False):
        """Whether all are."""
        return np.logical_and.reduce(self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None):
        """The mean along the axis."""
        return _along(np.mean, self, axis=axis)

    def argmax(self, axis=None):
        """The first index of the largest entry along the axis."""
        if axis is None:
            return Several(self.data.reshape(len(self.data), -1).argmax(axis=1))
        return _along(np.argmax, self, axis=axis)

    def astype(self, kind):
        """The same as other numbers."""
        return Several(self.data.astype(kind))


def aligned(*arrays) -> list:
    """Their data, so that plain arrays serve all runs."""
    ndim = max(x.ndim if isinstance(x, Several) else np.ndim(x) for x in arrays)
    return [_widened(x, ndim) if isinstance(x, Several) else x for x in arrays]


def _widened(x, ndim) -> np.ndarray:
    """Its data, with so many axes beside that of runs."""
    return x.data.reshape(len(x.data), *[1] * (ndim - x.ndim), *x.shape)


def _each(function, *inputs, **options):
    """A function of entries."""
    found = function(*aligned(*inputs), **options)
    return tuple(map(Several, found)) if isinstance(found, tuple) else Several(found)


def _along(function, x, axis=None, **options):
    """A function along some axes of one run."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a + 1 if a >= 0 else a for a in axes)
    return Several(function(x.data, axis=axes if len(axes) != 1 else axes[0], **options))


def _product(ufunc, a, b):
    """``a @ b`` of vectors and matrices."""
    if not all(isinstance(x, Several) and 1 <= x.ndim <= 2 for x in (a, b)):
        raise TypeError("a product of matrices that are not of several runs")
    left = a.data if a.ndim == 2 else a.data[:, None, :]
    right = b.data if b.ndim == 2 else b.data[:, :, None]
    found = left @ right
    found = found if b.ndim == 2 else found[..., 0]
    return Several(found if a.ndim == 2 else found[:, 0])


def _joined(function):
    def apply(arrays, axis=0):
        count = next(len(x.data) for x in arrays if isinstance(x, Several))
        parts = [
            x.data if isinstance(x, Several) else np.broadcast_to(x, (count, *np.shape(x)))
            for x in arrays
        ]
        return Several(function(parts, axis=axis + 1 if axis >= 0 else axis))

    return apply


def _broadcast(x, shape):
    return Several(np.broadcast_to(_widened(x, len(shape)), (len(x.data), *shape)))


def _take(x, indices, axis):
    data, indices = aligned(x, indices)
    if data.ndim != np.ndim(indices):
        indices = np.broadcast_to(indices, (len(data), *np.shape(indices)))
    return Several(np.take_along_axis(data, indices, axis=axis + 1 if axis >= 0 else axis))


def _products_along(x, axis=None):
    if axis is None and x.ndim != 1:
        raise TypeError("numpy's cumprod of several runs, of all entries")
    return _along(np.cumprod, x, axis=axis or 0)


FUNCTIONS.update(
    {
        np.where: lambda *arrays: _each(np.where, *arrays),
        np.concatenate: _joined(np.concatenate),
        np.stack: _joined(np.stack),
        np.broadcast_to: _broadcast,
        np.take_along_axis: _take,
        np.cumprod: _products_along,
        np.sum: lambda x, axis=None: x.sum(axis=axis),
        np.array_equal: lambda x, y: (x == y).all(),
    }
)
