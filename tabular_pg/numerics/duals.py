"""Policies of regularized problems as distances ``x = y - y*`` of their dual variables from that of
the optimum: their normalization and their divergence, without cancellation.

The regularizer is a sum over actions with phi''(p) = p^(q-2), so that a dual variable y = phi'(p),
taken as 0 for p = 1, stands for the probability (1 + (q-1) y)^(1/(q-1)), or 0 where that base is
not positive. With ``powers`` w = 1 + (q-1) y* it is

    pi = (w + (q-1) x)^(1/(q-1)),     log pi - log pi* = L = log(1 + (q-1) x / w) / (q-1),

and for q = 1, the entropy, L = x. All that is needed is a function of L or x / w that does not
cancel: log w / (q-1) would be wrong by the rounding of w over q-1 for q near 1, and log pi*, which
is known, takes its place. Outside of the support of pi* w is not positive; an action that is not
available has an infinite one. ``reference`` is pi*, and 0 where that is below 1e-290.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.double_double import two_sum
from tabular_pg.numerics.roots import increasing_root

SERIES_BELOW = 0.5  # max(1, q) |L| under which the series of the divergence is used
TERMS = 24  # of that series, for a full float
FAR = 40.0  # an L beyond which e^-L is below rounding
OVERFLOWS = 700.0  # an exponent
ROUNDING = 2.0**-50  # of powers next to 1
LEAST = 1e-290  # probabilities below are known by their logarithms


class Regularizer(NamedTuple):
    """h(p) = sum_a phi(p_a) + constant with phi(p) = (p^q - p) / (q (q - 1)), or -log p for q = 0;
    ``q`` is not 1."""

    q: float
    constant: float


@njit_inlined
def dual_normalize(x, log_reference, reference, powers, q, pi):
    """Shift each row of ``x`` so that the probabilities it stands for sum to 1; fill ``pi``.

    First the entry of the likeliest action is subtracted, so that nothing is left of a constant.
    The rest of the shift is where the sum of all changes pi - pi* is 0: its error is relative to
    ``x``, however small that is.
    """
    for s in range(x.shape[0]):
        common = x[s, _anchor(x, reference, powers, q, s)]
        low, high = 0.0, 0.0
        for a in range(x.shape[1]):
            x[s, a] = x[s, a] - common if math.isfinite(powers[s, a]) else 0.0
            low, high = min(low, x[s, a]), max(high, x[s, a])
        arguments = x, log_reference, reference, powers, q, s
        excess, shift = -lack(0.0, arguments), 0.0
        if excess > 0.0:
            shift = root(0.0, high, arguments)
        elif excess < 0.0:
            for a in range(x.shape[1]):  # no probability is above 1
                if math.isfinite(powers[s, a]):
                    known = (powers[s, a] - 1.0) / (q - 1.0) - ROUNDING / abs(q - 1.0)
                    low = max(low, x[s, a] + known)
            shift = root(low, 0.0, arguments)
        for a in range(x.shape[1]):
            if math.isfinite(powers[s, a]):
                x[s, a] -= shift
            pi[s, a] = probability(x[s, a], log_reference[s, a], reference[s, a], powers[s, a], q)


@njit_inlined
def _anchor(x, reference, powers, q, s):
    """The likeliest action; of those that are as likely, the one that the reference prefers."""
    anchor, top = -1, -math.inf
    for a in range(x.shape[1]):
        if math.isfinite(powers[s, a]):
            dual = (powers[s, a] - 1.0) / (q - 1.0) + x[s, a]
            tied = anchor >= 0 and dual == top
            if anchor < 0 or dual > top or (tied and reference[s, a] > reference[s, anchor]):
                anchor, top = a, dual
    return anchor


@njit_inlined
def lack(shift, arguments):
    """By how much the probabilities of a row fall short of 1 if ``shift`` is taken from it."""
    x, log_reference, reference, powers, q, s = arguments
    total, low = 0.0, 0.0
    for a in range(x.shape[1]):
        if not math.isfinite(powers[s, a]):
            continue
        moved, p = x[s, a] - shift, reference[s, a]
        if p > 0.0:
            L = log_ratio(moved, powers[s, a], q)
        else:
            L = log_probability(moved, log_reference[s, a], powers[s, a], q)
        if L > OVERFLOWS:
            return -math.inf
        change = p * math.expm1(L) if p > 0.0 else math.exp(L)
        total, rest = two_sum(total, change)
        low += rest
    return -(total + low)


root = increasing_root(lack, njit_inlined)


@njit_inlined
def log_ratio(x, power, q):
    """L = log pi - log pi* on the support; -inf where pi is 0, inf beyond all probabilities."""
    ratio = (q - 1.0) * (x / power)
    if ratio <= -1.0:
        return -math.inf if q > 1.0 else math.inf
    return math.log1p(ratio) / (q - 1.0)


@njit_inlined
def probability(x, log_reference, reference, power, q):
    """pi, of an action that is available or not."""
    if not math.isfinite(power):
        return 0.0
    if reference == 0.0:  # by its logarithm: it may underflow
        return math.exp(log_probability(x, log_reference, power, q))
    L = log_ratio(x, power, q)
    return reference * math.exp(L) if L < -SERIES_BELOW else reference + reference * math.expm1(L)


@njit_inlined
def log_probability(x, log_reference, power, q):
    """log pi, also where pi* is 0, or underflows; inf beyond all probabilities."""
    if log_reference > -math.inf:
        return log_reference + log_ratio(x, power, q)
    level = power + (q - 1.0) * x
    if level > 0.0:
        return math.log(level) / (q - 1.0)
    return -math.inf if q > 1.0 else math.inf


@njit_inlined
def divergence_series(L, q):
    """``divergence(L) / L^2`` for small L: the sum of L^n (1 + q + ... + q^n) / (n + 2)!."""
    total, geometric, power = 0.0, 0.0, 0.5
    for n in range(TERMS):
        geometric = 1.0 + q * geometric
        total += geometric * power
        power *= L / (n + 3)
    return total


@njit_inlined
def is_small(L, q):
    """Whether the series is to be used."""
    return abs(L) * max(1.0, q) < SERIES_BELOW


@njit_inlined
def divergence(L, ratio, q):
    """D(p, p*) / p*^q for p = p* e^L and ``ratio`` = x / w: a form for every q >= 0."""
    if L == -math.inf:
        return 1.0 / q
    if q < 0.5:
        return (math.expm1(L) - (math.expm1(q * L) / q if q > 0.0 else L)) / (1.0 - q)
    return (math.exp(L) * ratio - math.expm1(L)) / q


@njit_inlined
def dual_divergence(x, reference, powers, q, pi, s, scale):
    """``D(pi, pi*) / scale^2`` in row ``s``, as a sum of terms that are all nonnegative.

    With ``scale`` near ``max |x|`` it is of order 1 even where the divergence is far below the
    range of floats. It is that of the dual variable: outside of the support phi(p) - phi(0) - y* p.
    """
    total, low, unit = 0.0, 0.0, 1.0 / scale
    for a in range(x.shape[1]):
        if reference[s, a] > 0.0:
            L = log_ratio(x[s, a], powers[s, a], q)
            if is_small(L, q):
                term = (L * unit) * (L * unit) * divergence_series(L, q)
            else:
                term = divergence(L, x[s, a] / powers[s, a], q) * unit * unit
            term *= reference[s, a] * powers[s, a]
        elif pi[s, a] > LEAST:
            term = (pi[s, a] * unit) * ((x[s, a] - powers[s, a]) / q * unit)
        else:
            term = 0.0
        total, rest = two_sum(total, term)
        low += rest
    return total + low


@njit_inlined
def log_dual_term(x, log_reference, power, q):
    """The logarithm of one term of the divergence; ``log_reference`` is -inf outside."""
    if not math.isfinite(power) or x == 0.0:
        return -math.inf
    if log_reference == -math.inf:
        log_pi = log_probability(x, log_reference, power, q)
        return log_pi if log_pi == -math.inf else log_pi + math.log((x - power) / q)
    L, weight = log_ratio(x, power, q), q * log_reference
    if is_small(L, q):
        return weight + 2.0 * math.log(abs(L)) + math.log(divergence_series(L, q))
    if L > FAR and q >= 0.5:  # where e^L may overflow
        return weight + L + math.log((x / power - 1.0) / q)
    return weight + math.log(divergence(L, x / power, q))
