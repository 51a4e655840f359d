"""Kernels on rows of the simplex, each written so that its result does not cancel.

A softmax policy is a row of log-probabilities, a regularized one a row of offsets
``xi = log pi - log pi*`` from the reference ``log pi*``, a projected one a row of probabilities
with exact zeros.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.double_double import two_sum
from tabular_pg.numerics.lanes.operators import choose

EPS = 2.0**-52
SERIES_BELOW = 0.5  # |xi| under which the series of kl_term is used
AS_LIKELY = 1e-6  # log-probabilities that differ by less may be equal but for rounding
SUBNORMAL = -708.0  # exp of less has lost digits, and is slow to compute with
KL_SERIES = np.array([(n + 1) / math.factorial(n + 2) for n in range(16)])  # to 1e-18 there


@njit_inlined
def argmax(rows, s):
    """The first column of the largest entry of row ``s``."""
    top = 0
    for a in range(1, rows.shape[1]):
        if rows[s, a] > rows[s, top]:
            top = a
    return top


@njit_inlined
def of_likeliest(values, pi, s):
    """The entry of row ``s`` of ``values`` that belongs to the first of the likeliest actions."""
    top, found = pi[s, 0], values[s, 0]
    for a in range(1, pi.shape[1]):
        found = choose(pi[s, a] > top, values[s, a], found)
        top = max(top, pi[s, a])
    return found


@njit_inlined
def best_of(problem, q, s):
    """max_a A* - q in row ``s``: the largest advantage, before the mean is subtracted.

    Differences of advantages are differences of ``A* - q``. The mean may be far larger than they
    are, where one action is forbidden by a penalty, and would leave its rounding error behind.
    """
    best = problem.A_star[s, 0] - q[s, 0]
    for a in range(1, q.shape[1]):
        best = max(best, problem.A_star[s, a] - q[s, a])
    return best


@njit_inlined
def best_of_likely(pi, A, s):
    """The best, by row ``s`` of ``A``, of the actions that are at least half as likely as any."""
    bar = 0.5 * pi[s, argmax(pi, s)]
    best = argmax(pi, s)
    for a in range(pi.shape[1]):
        if pi[s, a] >= bar and A[s, a] > A[s, best]:
            best = a
    return best


@njit_inlined
def log_normalize(x, pi):
    """Shift each row of ``x`` in place so that its exponentials sum to 1, and fill ``pi``."""
    for s in range(x.shape[0]):
        top = argmax(x, s)
        largest = x[s, top]
        rest = 0.0  # without the largest term, so that a row near (0, -large) keeps its small ones
        for a in range(x.shape[1]):
            x[s, a] -= largest
            pi[s, a] = 0.0
            if a != top and not x[s, a] < SUBNORMAL:
                pi[s, a] = math.exp(x[s, a])
                rest += pi[s, a]
        pi[s, top] = 1.0
        shift, share = math.log1p(rest), 1.0 / (1.0 + rest)
        for a in range(x.shape[1]):
            x[s, a] -= shift
            pi[s, a] *= share


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
        likeliest = _anchor(xi, log_reference, s)
        common = xi[s, likeliest]
        for a in range(xi.shape[1]):
            xi[s, a] = 0.0 if log_reference[s, a] == -math.inf else xi[s, a] - common
        excess = _excess(xi, log_reference, reference, pi, s)
        if not abs(excess) < 0.5:
            top = log_reference[s, likeliest]
            total, low = 0.0, 0.0
            for a in range(xi.shape[1]):
                total, rest = two_sum(total, math.exp(xi[s, a] + log_reference[s, a] - top))
                low += rest
            coarse = top + math.log(total + low)
            for a in range(xi.shape[1]):
                xi[s, a] -= coarse
            excess = _excess(xi, log_reference, reference, pi, s)
        shift = math.log1p(excess)
        for a in range(xi.shape[1]):
            xi[s, a] = 0.0 if log_reference[s, a] == -math.inf else xi[s, a] - shift
            pi[s, a] /= 1.0 + excess


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
def _excess(xi, log_reference, reference, pi, s):
    """Fill row ``s`` of ``pi`` with ``exp(log_reference + xi)``; return its sum minus 1.

    Sums in this file that decide how the gaps of states differ do not depend on the order of
    actions: of states that are alike but for that, gaps are the same to the last bit.
    """
    total, low = 0.0, 0.0
    for a in range(xi.shape[1]):
        if abs(xi[s, a]) < SERIES_BELOW:
            change = reference[s, a] * math.expm1(xi[s, a])
            pi[s, a] = reference[s, a] + change
        else:
            log_pi = log_reference[s, a] + xi[s, a]
            pi[s, a] = 0.0 if log_pi < SUBNORMAL else math.exp(log_pi)
            change = pi[s, a] - reference[s, a]
        total, rest = two_sum(total, change)
        low += rest
    return total + low


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
    total, low = 0.0, 0.0
    for a in range(xi.shape[1]):
        if abs(xi[s, a]) < SERIES_BELOW:
            ratio = xi[s, a] / scale
            term = reference[s, a] * ratio * ratio * kl_term(xi[s, a])
        else:
            term = reference[s, a] - pi[s, a]
            if pi[s, a] > 0.0:
                term += pi[s, a] * xi[s, a]
            term /= scale * scale
        total, rest = two_sum(total, term)
        low += rest
    return total + low


@njit_inlined
def project(x, direction, s, eta):
    """Replace row ``s`` of ``x`` by the projection of ``x + eta direction`` onto the simplex.

    Actions are dropped until none lies below the threshold (Michelot, 1986). That is formed from
    the mass that is dropped, never as ``sum - 1``, and gains are taken relative to the largest
    one, so that huge steps keep the difference between ties. What is within rounding of 0 is 0.
    """
    top = direction[s, argmax(direction, s)]
    threshold, kept, support = -math.inf, x.shape[1] + 2, x.shape[1] + 1
    while support < kept:
        kept, support, gained, dropped = support, 0, 0.0, 0.0
        for a in range(x.shape[1]):
            gain = eta * (direction[s, a] - top)
            if x[s, a] + gain > threshold:
                support += 1
                gained += gain
            else:
                dropped += x[s, a]
        threshold = (gained - dropped) / support
    for a in range(x.shape[1]):
        gain = eta * (direction[s, a] - top)
        rounding = EPS * (x[s, a] + abs(gain) + abs(threshold))
        x[s, a] += gain - threshold
        if x[s, a] <= rounding:
            x[s, a] = 0.0
