"""Regularized policies as offsets ``xi = log pi - log pi*`` from the reference ``log pi*``: their
normalization and their divergence, without cancellation."""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.double_double import two_sum
from tabular_pg.numerics.lanes.exponentials import exp, expm1_series
from tabular_pg.numerics.simplex import SUBNORMAL

SERIES_BELOW = 0.5  # |xi| under which the series of kl_term is used
AS_LIKELY = 1e-6  # log-probabilities that differ by less may be equal but for rounding
SMALL = 1e-280  # sums below have lost digits
KL_SERIES = np.array([(n + 1) / math.factorial(n + 2) for n in range(16)])  # to 1e-18 there


@njit_inlined
def offset_normalize(xi, log_reference, reference, pi):
    """Shift each row of ``xi`` so that ``pi = exp(log_reference + xi)`` sums to 1; fill ``pi``.

    First the likeliest action's entry is subtracted, so that nothing is left of a constant. The
    last shift, ``-log1p(sum pi* expm1(xi))``, has an error relative to ``xi`` itself, however small
    that is: near the reference it is the only one. Where the sum is then within 1/2 of 1 it is
    used at once; where it is not, which is far from the reference, a coarse shift (log-sum-exp, of
    an error relative to 1) comes before it. Actions that are not available (``log_reference`` =
    -inf) keep the offset 0.
    """
    for s in range(xi.shape[0]):
        common = xi[s, _anchor(xi, log_reference, s)]
        for a in range(xi.shape[1]):
            xi[s, a] = 0.0 if log_reference[s, a] == -math.inf else xi[s, a] - common
    _powers(xi, log_reference, pi)
    far = False
    for s in range(xi.shape[0]):
        total = _total(xi, reference, pi, s)
        if not abs(total - 1.0) < 0.5:
            far, coarse = True, _log_total(xi, log_reference, total, s)
            for a in range(xi.shape[1]):
                xi[s, a] -= coarse
    if far:
        _powers(xi, log_reference, pi)
    for s in range(xi.shape[0]):
        excess = _excess(xi, reference, pi, s)
        shift, share = math.log1p(excess), 1.0 / (1.0 + excess)
        for a in range(xi.shape[1]):
            if abs(xi[s, a]) < SERIES_BELOW:
                pi[s, a] = reference[s, a] + reference[s, a] * pi[s, a]
            pi[s, a] *= share
            xi[s, a] = 0.0 if log_reference[s, a] == -math.inf else xi[s, a] - shift


@njit_inlined
def _anchor(xi, log_reference, s):
    """The likeliest action; of those that are as likely, the one that the reference prefers."""
    likeliest = 0
    for a in range(xi.shape[1]):
        if xi[s, a] + log_reference[s, a] > xi[s, likeliest] + log_reference[s, likeliest]:
            likeliest = a
    bar, anchor = xi[s, likeliest] + log_reference[s, likeliest] - AS_LIKELY, likeliest
    for a in range(xi.shape[1]):
        if xi[s, a] + log_reference[s, a] > bar and log_reference[s, a] > log_reference[s, anchor]:
            anchor = a
    return anchor


@njit_inlined
def _powers(xi, log_reference, out):
    """Fill ``out`` with ``exp(log_reference + xi)``, or where xi is small with ``exp(xi) - 1``."""
    for i in range(xi.size):
        small, log_pi = abs(xi.flat[i]) < SERIES_BELOW, log_reference.flat[i] + xi.flat[i]
        low = log_pi < SUBNORMAL
        power, change = exp(SUBNORMAL if low else log_pi), expm1_series(xi.flat[i])
        out.flat[i] = change if small else 0.0 if low else power


@njit_inlined
def _excess(xi, reference, powers, s):
    """The sum of ``exp(log_reference + xi)`` in row ``s``, from its powers, minus 1.

    Sums in this file that decide how the gaps of states differ do not depend on the order of
    actions: of states that are alike but for that, gaps are the same to the last bit.
    """
    total, low = 0.0, 0.0
    for a in range(xi.shape[1]):
        if abs(xi[s, a]) < SERIES_BELOW:
            change = reference[s, a] * powers[s, a]
        else:
            change = powers[s, a] - reference[s, a]
        total, rest = two_sum(total, change)
        low += rest
    return total + low


@njit_inlined
def _total(xi, reference, powers, s):
    """The sum of ``exp(log_reference + xi)`` in row ``s``, from its powers."""
    total, low = 0.0, 0.0
    for a in range(xi.shape[1]):
        power = powers[s, a]
        if abs(xi[s, a]) < SERIES_BELOW:
            power = reference[s, a] + reference[s, a] * power
        total, rest = two_sum(total, power)
        low += rest
    return total + low


@njit_inlined
def _log_total(xi, log_reference, total, s):
    """Its logarithm, also where the powers underflow."""
    if total > SMALL:
        return math.log(total)
    top, total, low = -math.inf, 0.0, 0.0
    for a in range(xi.shape[1]):
        top = max(top, xi[s, a] + log_reference[s, a])
    for a in range(xi.shape[1]):
        total, rest = two_sum(total, math.exp(xi[s, a] + log_reference[s, a] - top))
        low += rest
    return top + math.log(total + low)


@njit_inlined
def kl_term(xi):
    """``(xi e^xi - e^xi + 1) / xi^2`` for ``|xi| < 1/2``: the series sum_n (n+1) xi^n / (n+2)!."""
    total = 0.0
    for n in range(KL_SERIES.size - 1, -1, -1):
        total = total * xi + KL_SERIES[n]
    return total


@njit_inlined
def log_kl_term(xi, log_reference, log_pi):
    """``log(pi* (xi e^xi - e^xi + 1))``; -inf for ``xi = 0``. ``log_pi`` is their sum."""
    if xi == 0.0:
        return -math.inf
    if abs(xi) < SERIES_BELOW:
        return log_reference + 2.0 * math.log(abs(xi)) + math.log(kl_term(xi))
    if xi > 40.0:  # the 1 is below rounding, and e^xi may overflow
        return log_pi + math.log(xi - 1.0)
    return log_reference + math.log1p(math.exp(xi) * (xi - 1.0))


@njit_inlined
def offset_kl(xi, reference, pi, s, scale):
    """``KL(pi || pi*) / scale^2`` in row ``s``, as a sum of terms that are all nonnegative.

    With ``scale`` near ``max |xi|`` the result is of order 1 even where the divergence itself
    is far below the float64 range.
    """
    total, low, unit = 0.0, 0.0, 1.0 / scale
    for a in range(xi.shape[1]):
        if abs(xi[s, a]) < SERIES_BELOW:
            ratio = xi[s, a] * unit
            term = reference[s, a] * ratio * ratio * kl_term(xi[s, a])
        else:
            term = reference[s, a] - pi[s, a]
            if pi[s, a] > 0.0:
                term += pi[s, a] * xi[s, a]
            term *= unit * unit
        total, rest = two_sum(total, term)
        low += rest
    return total + low
