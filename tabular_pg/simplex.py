"""Kernels on one row of the simplex, each written so that its result does not cancel.

A softmax policy is a row of log-probabilities, a regularized one a row of offsets
``xi = log pi - log pi*`` from the reference ``log pi*``, a projected one a row of probabilities
with exact zeros.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit

SERIES_BELOW = 0.5  # |xi| under which the series of kl_term is used
SUBNORMAL = -708.0  # exp of less has lost digits, and is slow to compute with
KL_SERIES = np.array([(n + 1) / math.factorial(n + 2) for n in range(16)])  # to 1e-18 there


@njit
def argmax(row):
    """The first index of the largest entry; an explicit loop compiles faster than the method."""
    top = 0
    for a in range(row.size):
        if row[a] > row[top]:
            top = a
    return top


@njit
def log_normalize(row, pi):
    """Shift ``row`` in place so that its exponentials sum to 1, and fill ``pi`` with them."""
    top = argmax(row)
    largest = row[top]
    rest = 0.0  # without the largest term, so that a row near (0, -large) keeps its small ones
    for a in range(row.size):
        row[a] -= largest
        pi[a] = 0.0 if row[a] < SUBNORMAL else math.exp(row[a])
        if a != top:
            rest += pi[a]
    shift = math.log1p(rest)
    for a in range(row.size):
        row[a] -= shift
        pi[a] /= 1.0 + rest


@njit
def offset_normalize(xi, log_reference, reference, pi):
    """Shift ``xi`` in place so that ``pi = exp(log_reference + xi)`` sums to 1, and fill ``pi``.

    First the likeliest action's entry is subtracted, so that nothing is left of a constant. If
    that is far off, a coarse shift (log-sum-exp) follows; the last, ``-log1p(sum pi* expm1(xi))``,
    has an error relative to ``xi`` itself, however small that is.
    """
    likeliest = 0
    for a in range(xi.size):
        if xi[a] + log_reference[a] > xi[likeliest] + log_reference[likeliest]:
            likeliest = a
    common = xi[likeliest]
    for a in range(xi.size):
        xi[a] -= common
    excess = _excess(xi, log_reference, reference, pi)
    if not abs(excess) < 0.5:
        top = log_reference[likeliest]
        total = 0.0
        for a in range(xi.size):
            total += math.exp(xi[a] + log_reference[a] - top)
        coarse = top + math.log(total)
        for a in range(xi.size):
            xi[a] -= coarse
        excess = _excess(xi, log_reference, reference, pi)
    shift = math.log1p(excess)
    for a in range(xi.size):
        xi[a] -= shift
        pi[a] /= 1.0 + excess


@njit
def _excess(xi, log_reference, reference, pi):
    """Fill ``pi`` with ``exp(log_reference + xi)``; return its sum minus 1."""
    total = 0.0
    for a in range(xi.size):
        if abs(xi[a]) < SERIES_BELOW:
            change = reference[a] * math.expm1(xi[a])
            pi[a] = reference[a] + change
        else:
            log_pi = log_reference[a] + xi[a]
            pi[a] = 0.0 if log_pi < SUBNORMAL else math.exp(log_pi)
            change = pi[a] - reference[a]
        total += change
    return total


@njit
def kl_term(xi):
    """``(xi e^xi - e^xi + 1) / xi^2`` for ``|xi| < 1/2``: the series sum_n (n+1) xi^n / (n+2)!."""
    total = 0.0
    for n in range(KL_SERIES.size - 1, -1, -1):
        total = total * xi + KL_SERIES[n]
    return total


@njit
def log_kl_term(xi, log_reference):
    """``log(pi* (xi e^xi - e^xi + 1))``; -inf for ``xi = 0``."""
    if xi == 0.0:
        return -math.inf
    if abs(xi) < SERIES_BELOW:
        return log_reference + 2.0 * math.log(abs(xi)) + math.log(kl_term(xi))
    if xi > 40.0:  # the 1 is below rounding, and e^xi may overflow
        return log_reference + xi + math.log(xi - 1.0)
    return log_reference + math.log1p(math.exp(xi) * (xi - 1.0))


@njit
def offset_kl(xi, reference, pi, scale):
    """``KL(pi || pi*) / scale^2`` from offsets, as a sum of terms that are all nonnegative.

    With ``scale`` near ``max |xi|`` the result is of order 1 even where the divergence itself
    is far below the float64 range.
    """
    total = 0.0
    for a in range(xi.size):
        if abs(xi[a]) < SERIES_BELOW:
            ratio = xi[a] / scale
            total += reference[a] * ratio * ratio * kl_term(xi[a])
        else:
            term = reference[a] - pi[a]
            if pi[a] > 0.0:
                term += pi[a] * xi[a]
            total += term / (scale * scale)
    return total


@njit
def project(row, gain):
    """Replace ``row`` by the Euclidean projection of ``row + gain`` onto the simplex.

    The threshold is formed from the mass that is dropped, never as ``sum - 1``, and gains are
    taken relative to the largest one, so that huge steps keep the difference between ties.
    """
    n = row.size
    top = gain.max()
    moved = np.empty(n)
    for a in range(n):
        moved[a] = row[a] + (gain[a] - top)
    order = np.argsort(-moved)
    total = row.sum()
    support, gained, mass = 0, 0.0, 0.0
    for m in range(n):
        a = order[m]
        gained += gain[a] - top
        mass += row[a]
        if m > 0 and moved[a] * (m + 1) <= gained + mass - total:
            break
        support = m + 1
    gained, dropped = 0.0, 0.0
    for m in range(n):
        if m < support:
            gained += gain[order[m]] - top
        else:
            dropped += row[order[m]]
    threshold = (gained - dropped) / support
    for m in range(n):
        a = order[m]
        row[a] = max(moved[a] - threshold, 0.0) if m < support else 0.0
