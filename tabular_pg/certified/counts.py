"""Integers such as iterations beside balls: exact as long as nothing rounds."""

from __future__ import annotations

import numpy as np

from tabular_pg.certified.arrays import BallArray, NotComputable, Tristate, ball_array
from tabular_pg.certified.ufuncs import UFUNCS

EXACT = ("add", "subtract", "multiply", "negative", "absolute", "maximum", "minimum", "ceil",
         "less", "less_equal", "greater", "greater_equal", "equal", "not_equal",
         "floor_divide", "remainder", "square", "isfinite", "isinf", "isnan")  # fmt: skip
LARGEST = 2**53


class Counts(np.ndarray):
    """An array of integers, such as iterations, that turns into balls before anything rounds."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [x.view(np.ndarray) if isinstance(x, Counts) else x for x in inputs]
        if any(isinstance(x, BallArray | Tristate) for x in plain):
            return NotImplemented
        name = ufunc.__name__
        if not (name in EXACT and all(map(_whole, plain))):
            if name not in UFUNCS:
                raise NotComputable(f"numpy's {name}")
            return getattr(ufunc, method)(*map(ball_array, plain), **options)
        result = getattr(ufunc, method)(*plain, **options)
        return np.asarray(result).view(Counts) if _whole(result) else result

    def __getitem__(self, key):
        return np.asarray(super().__getitem__(key)).view(Counts)


def _whole(x) -> bool:
    """Whether these are integers that float64 holds exactly."""
    x = np.asarray(x)
    if x.dtype.kind not in "iuf":
        return False
    return bool(np.all(np.abs(x) < LARGEST) and np.all(x == np.floor(x)))
