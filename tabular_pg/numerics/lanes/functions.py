"""exp, log and log1p of ``Lanes``, where kernels call those of ``math``.

By series that are longer than needed: a relative error of a few units in the last place.
"""

from __future__ import annotations

import math

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.lanes.exponentials import exp, power_of_two
from tabular_pg.numerics.lanes.kinds import DOUBLES, WIDTH, lanes
from tabular_pg.numerics.lanes.operators import choose  # noqa: F401  (arithmetic, on import)

INTEGERS = ir.VectorType(ir.IntType(64), WIDTH)
ROOT_HALF = 0x3FE6A09E667F3BCD  # sqrt(1/2), as the integer that has its bits
LOG2, LOG2_LOW = float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45")
ODD = tuple(2.0 / n for n in range(21, 1, -2))  # of (log((1 + s) / (1 - s)) - 2 s) / s^3


def _every(value):
    return ir.Constant(INTEGERS, [value] * WIDTH)


@intrinsic
def _power_of_two(typingctx, n):
    def make(context, builder, sig, args):
        bits = builder.add(builder.bitcast(args[0], INTEGERS), _every(1023))
        return builder.bitcast(builder.shl(bits, _every(52)), DOUBLES)

    return lanes(n), make


@intrinsic
def _split(typingctx, x):
    """``(m, n)`` with x = m 2^n and sqrt(1/2) <= m < sqrt(2), for normal x > 0."""
    kind = types.UniTuple(lanes, 2)

    def make(context, builder, sig, args):
        bits = builder.bitcast(args[0], INTEGERS)
        n = builder.ashr(builder.sub(bits, _every(ROOT_HALF)), _every(52))
        m = builder.bitcast(builder.sub(bits, builder.shl(n, _every(52))), DOUBLES)
        return context.make_tuple(builder, kind, [m, builder.sitofp(n, DOUBLES)])

    return kind(x), make


@njit_inlined
def log(x):
    """log x for normal x > 0, or nonsense."""
    m, n = _split(x)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    total = z * ODD[0] + ODD[1]
    for c in ODD[2:]:
        total = total * z + c
    return n * LOG2 + (2.0 * s + (s * z * total + n * LOG2_LOW))


@njit_inlined
def log1p(y):
    """log(1 + y) for -1 < y <= 1e300, or nonsense."""
    u = 1.0 + y
    return log(u) + (y - (u - 1.0)) / u


def _in_place_of(function, kernel):
    def typed(x):
        return (lambda x: kernel(x)) if x == lanes else None

    overload(function, inline="never")(typed)


_in_place_of(power_of_two, _power_of_two)
_in_place_of(math.exp, exp)
_in_place_of(math.log, log)
_in_place_of(math.log1p, log1p)
