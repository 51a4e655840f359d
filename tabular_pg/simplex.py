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
SERIES_LAST = 20  # its last power: the remainder is below 1e-22 of the sum


@njit
def log_normalize(row):
    """Shift ``row`` in place so that its exponentials sum to 1."""
    top = 0
    for a in range(row.size):
        if row[a] > row[top]:
            top = a
    largest = row[top]
    rest = 0.0  # without the largest term, so that a row near (0, -large) keeps its small ones
    for a in range(row.size):
        row[a] -= largest
        if a != top:
            rest += math.exp(row[a])
    shift = math.log1p(rest)
    for a in range(row.size):
        row[a] -= shift


@njit
def offset_normalize(xi, log_reference):
    """Shift ``xi`` in place so that ``exp(log_reference + xi)`` sums to 1.

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
    excess = _excess(xi, log_reference)
    if not abs(excess) < 0.5:
        top = -math.inf
        for a in range(xi.size):
            top = max(top, xi[a] + log_reference[a])
        total = 0.0
        for a in range(xi.size):
            total += math.exp(xi[a] + log_reference[a] - top)
        coarse = top + math.log(total)
        for a in range(xi.size):
            xi[a] -= coarse
        excess = _excess(xi, log_reference)
    shift = math.log1p(excess)
    for a in range(xi.size):
        xi[a] -= shift


@njit
def offset_descend(xi, log_reference, alpha, beta, q):
    """Replace ``xi`` by ``alpha xi - beta q``, normalized.

    ``q`` is taken relative to its entry for the likeliest action: what all actions have in common
    would leave its rounding error behind.
    """
    likeliest = 0
    for a in range(xi.size):
        if xi[a] + log_reference[a] > xi[likeliest] + log_reference[likeliest]:
            likeliest = a
    common = q[likeliest]
    for a in range(xi.size):
        xi[a] = alpha * xi[a] - beta * (q[a] - common)
    offset_normalize(xi, log_reference)


@njit
def _excess(xi, log_reference):
    total = 0.0
    for a in range(xi.size):
        if abs(xi[a]) < SERIES_BELOW:
            total += math.exp(log_reference[a]) * math.expm1(xi[a])
        else:
            total += math.exp(log_reference[a] + xi[a]) - math.exp(log_reference[a])
    return total


@njit
def kl_term(xi):
    """``(xi e^xi - e^xi + 1) / xi^2`` for ``|xi| < 1/2``: the series sum_n (n+1) xi^n / (n+2)!."""
    total = 0.0
    for n in range(SERIES_LAST, 0, -1):
        # Horner on ratios of neighbouring coefficients: c_n / c_(n-1) = (n+1) / (n (n+2)).
        total = (1.0 + total) * xi * (n + 1) / (n * (n + 2))
    return 0.5 * (1.0 + total)


@njit
def offset_kl(xi, log_reference, scale):
    """``KL(pi || pi*) / scale^2`` from offsets, as a sum of terms that are all nonnegative.

    With ``scale`` near ``max |xi|`` the result is of order 1 even where the divergence itself
    is far below the float64 range.
    """
    total = 0.0
    for a in range(xi.size):
        if abs(xi[a]) < SERIES_BELOW:
            ratio = xi[a] / scale
            total += math.exp(log_reference[a]) * ratio * ratio * kl_term(xi[a])
        else:
            pi = math.exp(log_reference[a] + xi[a])
            term = math.exp(log_reference[a]) - pi
            if pi > 0.0:
                term += pi * xi[a]
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
