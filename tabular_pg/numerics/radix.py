"""Numbers ``m R^n`` whose exponents n are integers of their own: nothing underflows."""

from __future__ import annotations

import math

from tabular_pg._jit import njit

LOG_RADIX = 600 * math.log(2.0)
RADIX, INVERSE = 2.0**600, 2.0**-600
LARGE, SMALL = 2.0**300, 2.0**-300


@njit
def normal(m, n):
    """The same number with a mantissa of moderate size."""
    if m == 0.0:
        return 0.0, 0
    if m < SMALL:
        return m * RADIX, n - 1
    if m > LARGE:
        return m * INVERSE, n + 1
    return m, n


@njit
def add(a, a_n, b, b_n):
    """The sum of two numbers, of which the second may be a product of mantissas."""
    b, b_n = normal(b, b_n)
    if a == 0.0 or b == 0.0:
        return (b, b_n) if a == 0.0 else (a, a_n)
    if a_n == b_n:
        return normal(a + b, a_n)
    if a_n > b_n:
        return (a + b * INVERSE, a_n) if a_n == b_n + 1 else (a, a_n)
    return (b + a * INVERSE, b_n) if b_n == a_n + 1 else (b, b_n)


@njit
def to_float(m, n):
    """The number as a float; 0 below its range."""
    if n == 0:
        return m
    return m * INVERSE if n == -1 else (0.0 if n < 0 else m * RADIX)


@njit
def from_log(x):
    """The number of which ``x`` is the logarithm; 0 where that is below -1e17."""
    if not x > -1e17:
        return 0.0, 0
    n = math.floor(x / LOG_RADIX + 0.5)
    return math.exp(x - n * LOG_RADIX), int(n)
