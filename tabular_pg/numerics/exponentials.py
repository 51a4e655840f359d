"""e^x of many entries at once: loops over these are vectorized, which the C library's are not.

Both are accurate to about one unit in the last place. Cody and Waite (1980), *Software Manual for
the Elementary Functions*: ``x = n log 2 + r`` with ``|r| <= log(2) / 2``, then a series in r.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numba.extending import intrinsic, overload

from tabular_pg._jit import njit_contracted_inlined

PER_LOG2 = 1.4426950408889634  # 1 / log 2
LOG2_HIGH, LOG2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # the first has 32 bits
ROUND = 6755399441055744.0  # 1.5 2^52: adding it leaves an integer in the last bits
SERIES = tuple(1.0 / math.factorial(n) for n in range(14, 1, -1))  # to 1e-16 of what it is for


def bits(x):
    """The 64 bits of a float as an integer."""
    return np.float64(x).view(np.int64)


def from_bits(n):
    """The float of 64 bits that are given as an integer."""
    return np.int64(n).view(np.float64)


@intrinsic
def _cast(typing, value):
    """The same bits as a number of the other type."""
    other = types.int64 if value == types.float64 else types.float64

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(other))

    return other(value), generate


overload(bits, inline="never")(lambda x: lambda x: _cast(x))
overload(from_bits, inline="never")(lambda n: lambda n: _cast(n))


@njit_contracted_inlined
def exp(x):
    """e^x for -708 <= x <= 709."""
    shifted = x * PER_LOG2 + ROUND
    n = shifted - ROUND
    r = (x - n * LOG2_HIGH) - n * LOG2_LOW
    y = expm1_series(r)
    power = from_bits((bits(shifted) << 52) + (1023 << 52))
    return power + power * y


@njit_contracted_inlined
def expm1_series(r):
    """e^r - 1 for |r| <= 1/2, relatively accurate."""
    total = 0.0
    for n in range(len(SERIES)):
        total = total * r + SERIES[n]
    return r + r * r * total
