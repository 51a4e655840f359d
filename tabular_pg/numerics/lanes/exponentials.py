"""e^x of many entries at once: loops over these are vectorized, which the C library's are not.

Both are accurate to about one unit in the last place. Cody and Waite (1980), *Software Manual for
the Elementary Functions*: ``x = n log 2 + r`` with ``|r| <= log(2) / 2``, then a series in r.
"""

from __future__ import annotations

import math

from numba import types
from numba.extending import intrinsic, overload

from tabular_pg._jit import njit_contracted_inlined

PER_LOG2 = 1.4426950408889634  # 1 / log 2
LOG2_HIGH, LOG2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # the first has 32 bits
ROUND = 6755399441055744.0  # 1.5 2^52: adding it leaves an integer in the last bits
SERIES = tuple(1.0 / math.factorial(n) for n in range(14, 1, -1))  # to 1e-16 of what it is for


def power_of_two(n):
    """2^n of an integer -1022 <= n <= 1023, given as n + ROUND: n is in its last bits. Of nan, as
    from a step that leaves the policies, something, as all that comes of it is nan."""
    return math.ldexp(1.0, round(n - ROUND)) if n == n else n


@intrinsic
def _power_of_two(typing, n):
    def make(context, builder, signature, arguments):
        integer = context.get_value_type(types.int64)
        bits = builder.add(builder.bitcast(arguments[0], integer), integer(1023))
        return builder.bitcast(builder.shl(bits, integer(52)), arguments[0].type)

    return types.float64(types.float64), make


@overload(power_of_two, inline="never")
def _overload_power_of_two(n):
    return (lambda n: _power_of_two(n)) if isinstance(n, types.Float) else None


@njit_contracted_inlined
def exp(x):
    """e^x for -708 <= x <= 709."""
    shifted = x * PER_LOG2 + ROUND
    n = shifted - ROUND
    r = (x - n * LOG2_HIGH) - n * LOG2_LOW
    y = expm1_series(r)
    power = power_of_two(shifted)
    return power + power * y


@njit_contracted_inlined
def expm1_series(r):
    """e^r - 1 for |r| <= 1/2, relatively accurate."""
    total = r * SERIES[0] + SERIES[1]
    for n in range(2, len(SERIES)):
        total = total * r + SERIES[n]
    return r + r * r * total
