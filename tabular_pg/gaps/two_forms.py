"""Offsets from the regularized optimum and log-probabilities, side by side, where tau is small.

There log pi* reaches far below -1000. An offset ``xi = log pi - log pi*`` of that size is rounded
by more than a probability may be wrong, and a log-probability near log pi* by more than an offset
may be. So both are kept: of each pair the number that is a sum of smaller terms, and so the more
accurate one, defines the other. A rule's kernel is run on both, since what it does to a policy
does not depend on the reference: for log-probabilities the Q-gap is taken relative to the
reference 0 (``Point.far``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.gaps.coordinates import KERNELS, Kernels, watch_offsets
from tabular_pg.gaps.offset_error import log_offset_error, offset_error
from tabular_pg.gaps.point import with_form
from tabular_pg.numerics.offsets import offset_normalize
from tabular_pg.numerics.simplex import argmax, log_normalize

NEEDED_BELOW = -1000.0  # a log pi* under which two forms are kept
NEAR = 0.5  # offsets up to this are summed without a subtraction


class TwoForms(NamedTuple):
    """``x = log pi - log pi*_tau``, and log pi as ``Point.log_pi``."""

    log_reference: np.ndarray  # (S, A), log pi*_tau
    reference: np.ndarray  # (S, A), pi*_tau
    tau: float
    small: bool  # always True: tells this record from Offsets where records are compared by value


@njit_inlined
def far_form(coordinates, point):
    """``point`` with log pi for the offsets, Q-gaps relative to the reference 0, and the memory of
    that form."""
    log_reference, far, q = coordinates.log_reference, point.far, point.q
    for s in range(far.shape[0]):
        for a in range(far.shape[1]):
            far[s, a] = q[s, a] - coordinates.tau * log_reference[s, a]
    return with_form(point, point.log_pi, far, point.far_memory)


@njit_inlined
def _normalize(coordinates, x, log_pi, pi):
    """Row by row, from an offset and a log-probability that are each known up to a constant."""
    log_reference, reference = coordinates.log_reference, coordinates.reference
    if log_pi.shape[0] == 0:  # a point that was made without the second form
        offset_normalize(x, log_reference, reference, pi)
        return
    for s in range(x.shape[0]):
        top = argmax(log_pi, s)
        common = x[s, top]
        for a in range(x.shape[1]):
            x[s, a] = 0.0 if log_reference[s, a] == -math.inf else x[s, a] - common
    log_normalize(log_pi, pi)
    for s in range(x.shape[0]):
        top = argmax(log_pi, s)
        excess = 0.0
        for a in range(x.shape[1]):
            if abs(x[s, a]) < NEAR:
                excess += reference[s, a] * math.expm1(x[s, a])
            else:
                ratio = log_pi[s, a] - log_pi[s, top] + log_reference[s, top]
                excess += math.exp(ratio) - reference[s, a]
        if abs(excess) < NEAR:
            shift = -math.log1p(excess)
        else:
            shift = log_pi[s, top] - log_reference[s, top]
        for a in range(x.shape[1]):
            if log_reference[s, a] > -math.inf:
                _agree(x, log_pi, pi, log_reference, reference, s, a, shift)


@njit_inlined
def _agree(x, log_pi, pi, log_reference, reference, s, a, shift):
    """Of both forms that with the smaller terms defines the other."""
    terms = abs(x[s, a]) + abs(shift)
    x[s, a] += shift
    if terms <= abs(log_pi[s, a]):
        log_pi[s, a] = log_reference[s, a] + x[s, a]
        if abs(x[s, a]) < NEAR:
            pi[s, a] = reference[s, a] + reference[s, a] * math.expm1(x[s, a])
    else:
        x[s, a] = log_pi[s, a] - log_reference[s, a]


@njit_inlined
def _error(coordinates, x, log_pi, pi, kappa):
    log_reference, reference, tau, _ = coordinates
    return offset_error(x, log_pi, log_reference, reference, tau, pi, kappa)


@njit
def _logarithms(coordinates, x, second, log_kappa, log_pi):
    for s in range(x.shape[0]):
        log_kappa[s] = log_offset_error(x, second, coordinates.log_reference, coordinates.tau, s)
        for a in range(x.shape[1]):
            if second.shape[0] > 0:
                log_pi[s, a] = second[s, a]
            else:
                log_pi[s, a] = coordinates.log_reference[s, a] + x[s, a]


@njit_inlined
def _rows(coordinates, low, high):
    log_reference, reference, tau, small = coordinates
    return TwoForms(log_reference[low:high], reference[low:high], tau, small)


KERNELS[TwoForms] = Kernels(_normalize, _error, _logarithms, _rows, watch_offsets)
