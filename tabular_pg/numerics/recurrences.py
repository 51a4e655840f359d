"""Sequences that are defined step by step, as the bounds of some theorems are."""

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


@njit
def huber_step(E, k, gamma, eta):
    """E - phi(M) with M = (1 - gamma) E, and phi(M) = eta M^2 / 2 if eta M <= 1, else
    M - 1 / (2 eta)."""
    M = (1 - gamma) * E
    return gamma * E + 0.5 / eta if eta * M > 1 else E - 0.5 * eta * M * M


@njit
def discounted_step(x, k, gamma, terms):
    """gamma x + terms[k]."""
    return gamma * x + terms[k]
