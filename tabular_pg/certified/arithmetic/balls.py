"""Functions of balls, and of arrays of them, each narrow relative to what it encloses.

Every function works at flint's present precision. One ball object stands for one number.
"""

from __future__ import annotations

import copyreg
import threading
from contextlib import contextmanager

import numpy as np
from flint import arb, arb_mat, ctx

SMALL, FEW_TERMS = 0.25, 12
RADIUS_BITS = 30  # flint rounds a radius up to so many
_ONE_AT_A_TIME = threading.RLock()


class Undecided(ArithmeticError):
    """Balls are too wide for a decision that the computation depends on."""


class NotAPolicy(ArithmeticError):
    """An update has left the simplex."""


@contextmanager
def precision(bits):
    """flint's precision is ``bits`` within the block, and what it was before after it.

    It is the whole process's: one thread at a time is in such a block.
    """
    with _ONE_AT_A_TIME, ctx.workprec(bits):
        yield


def ball_of(centre, radius) -> arb:
    """The ball that ``_parts`` was given, whatever the present precision."""
    return arb(*(arb(part) for part in (centre, radius)))


def _parts(ball):
    """How a ball is pickled and copied: exactly."""
    centre, radius = ball.mid(), ball.rad()
    if ball.is_nan() or not centre.is_finite():
        name = "nan" if ball.is_nan() else "inf" if centre > 0 else "-inf"
        return ball_of, (name, 0 if radius.is_finite() else "inf")
    return ball_of, (_binary(centre), _binary_below(radius) if radius.is_finite() else "inf")


def _binary(x):
    return tuple(int(part) for part in x.man_exp())


def _binary_below(radius):
    """Half a unit less in the last of its bits, as flint rounds what it is given up."""
    mantissa, exponent = _binary(radius)
    shift = 2 * RADIUS_BITS - mantissa.bit_length()
    return ((mantissa << shift) - (1 << RADIUS_BITS - 1), exponent - shift) if mantissa else (0, 0)


copyreg.pickle(arb, _parts)  # flint has none


def balls(x) -> np.ndarray:
    """Exact numbers as balls of the present precision."""
    return _BALL(x)


def centres(x) -> np.ndarray:
    """The centres of balls, as exact numbers."""
    return _CENTRE(x)


def zeros(*shape) -> np.ndarray:
    """An array of exact zeros."""
    x = np.empty(shape, dtype=object)
    x[...] = arb(0)
    return x


def subtract(x, y) -> arb:
    """x - y, which is exactly 0 if both are the same object: that stands for one number."""
    return arb(0) if x is y and x.is_finite() else x - y


def logarithm(x) -> np.ndarray:
    """log x, which is -inf at an exact zero."""
    return _LOG(x)


def log(x) -> arb:
    """The same for one ball."""
    return arb.neg_inf() if x.is_zero() else x.log()


def bregman_term(x, q) -> arb:
    """D(p, p_0) / p_0^q for phi''(p) = p^(q-2), 0 <= q <= 2, and p = p_0 e^x; relatively accurate
    near 0."""
    if x == arb.neg_inf():
        return arb(1) / q
    size, centre = abs(x).upper(), x.mid()
    if not size < SMALL:
        return _bregman(x, q)
    slope = size * (size * max(1, q)).exp()  # the derivative is e^x (e^((q-1) x) - 1) / (q-1)
    if centre == 0:
        return arb(0).union(size * slope / 2)
    mantissa, exponent = (int(part) for part in centre.man_exp())
    lost = -(exponent + mantissa.bit_length())  # |x| is about 2^-lost
    if ctx.prec < FEW_TERMS * lost:
        value = _bregman_series(centre, q)
    else:
        with ctx.extraprec(2 * lost + 10):
            value = _bregman(centre, q)
    return value + arb(0, (x.rad() * slope).upper())


def kl_term(x) -> arb:
    """The same for q = 1: x e^x - e^x + 1."""
    return bregman_term(x, 1)


def kl_terms(x) -> np.ndarray:
    """The same for arrays."""
    return _KL_TERM(x)


def _bregman(x, q):
    if q == 1:
        return x * x.exp() - x.expm1()
    if q == 0:
        return x.expm1() - x
    return (x.exp() * ((q - 1) * x).expm1() / (q - 1) - x.expm1()) / q


def _bregman_series(x, q):
    """For an exact number |x| < 1/4: the sum of (1 + q + ... + q^n) x^{n+2} / (n + 2)!.

    The ratio of consecutive terms is at most (1 + q) |x| / 3, so that the rest is at most 4/3 of
    the first term left out.
    """
    total, n, power, factorial, weight = arb(0), 0, arb(1), arb(2), arb(1)
    smallest = arb(2) ** (-ctx.prec - 10)
    while not abs(power) < smallest:
        total += weight * power / factorial
        n, weight = n + 1, 1 + q * weight
        power, factorial = power * x, factorial * (n + 2)
    rest = weight * abs(power) / factorial * 4 / 3
    return x * x * (total + arb(0, rest.upper()))


def positive_power(base, exponent) -> arb:
    """max(base, 0)^exponent for an exponent > 0; for one < 0 the base has to be positive."""
    if base > 0:
        return base**exponent
    if not exponent > 0:
        raise Undecided("whether a base is positive is open")
    if base <= 0:
        return arb(0)
    return arb(0).union(base.upper() ** exponent)


def likeliest(x):
    """(S,) where the rows of ``x`` are about largest; what it is used for allows any choice."""
    return [max(range(len(row)), key=lambda a, row=row: row[a].mid()) for row in x]


def relative(x, chosen):
    """Rows of ``x`` (S, A) less one entry of each."""
    states = np.arange(len(x))
    return _SUBTRACT(x, x[states, chosen][:, None])


def softmax(x):
    """(log pi, pi), with pi (S, A) proportional to e^x in every row."""
    chosen = likeliest(x)
    x = relative(x, chosen)
    others = np.exp(x)
    others[np.arange(len(x)), chosen] = arb(0)  # instead of its 1
    rest = others.sum(axis=1, keepdims=True)
    return x - np.log1p(rest), np.exp(x) / (1 + rest)


def solution(system, b) -> np.ndarray:
    """(S,) the solution of the linear system.

    Raises
    ------
    Undecided
        If the balls are too wide to show that the matrix is regular.
    """
    if not len(b):
        return b
    try:
        x = system.solve(arb_mat([[v] for v in b]))
    except ZeroDivisionError:
        raise Undecided("a linear system may be singular") from None
    return np.array(x.entries(), dtype=object)


def first_largest(row) -> int:
    """Where a row is largest, for the first time, among entries that are certainly ordered."""
    top = max(row, key=arb.mid)
    if not all(x < top or subtract(x, top).is_zero() for x in row):
        raise Undecided("which action is greedy is open")
    return next(a for a, x in enumerate(row) if not x < top)


def signed(x):
    """``x``, whose entries are all certainly positive, certainly negative or exactly 0."""
    for value in x.flat:
        if not (value > 0 or value < 0 or value.is_zero()):
            raise Undecided("the sign of a factor is undecided")
    return x


def projected(y) -> np.ndarray:
    """Rows of ``y`` projected onto the simplex.

    The threshold is max over n of (sum of the n largest - 1) / n, and increases with every entry.
    """
    x = zeros(*y.shape)
    for s, row in enumerate(y):
        least, most = (_threshold([end(v) for v in row]) for end in (arb.lower, arb.upper))
        threshold = least.union(most)
        x[s] = [(v - threshold).max(arb(0)) for v in row]
    return x


def _threshold(values):
    total, best = arb(-1), None
    for n, value in enumerate(sorted(values, key=arb.mid, reverse=True), start=1):
        total += value
        best = total / n if best is None else best.max(total / n)
    return best


_BALL = np.frompyfunc(arb, 1, 1)
_CENTRE = np.frompyfunc(arb.mid, 1, 1)
_KL_TERM = np.frompyfunc(kl_term, 1, 1)
_LOG = np.frompyfunc(log, 1, 1)
_SUBTRACT = np.frompyfunc(subtract, 2, 1)
