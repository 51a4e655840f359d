"""Bounds that are defined step by step, for every k of a run."""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit


def iterated(step, first, arguments, n) -> np.ndarray:
    """(n + 1,) x_0 = ``first`` and x_{k+1} = ``step(x_k, k, *arguments)``.

    ``step`` is compiled; for numbers that are no floats it runs as it is written.
    """
    if isinstance(first, float):
        return _floats(step, first, arguments, n)
    written, x = getattr(step, "py_func", step), [first]
    for k in range(n):
        x.append(written(x[-1], k, *arguments))
    return np.stack(x)


@njit
def _floats(step, first, arguments, n):
    x = np.empty(n + 1)
    x[0] = first
    for k in range(n):
        x[k + 1] = step(x[k], k, *arguments)
    return x
