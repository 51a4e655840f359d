"""Dual variables as coordinates: regularization by a mirror map other than the entropy.

The policy is pi = argmax_p <y, p> - h(p), and y is known up to a constant in each state. At the
optimum it is y* = Q*_tau / tau, outside of the support of pi*, where h leaves some, as well.
``Offsets`` are the case of the entropy, whose form they share: what a step of mirror descent does
to ``y - y*`` does not depend on h.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.gaps.coordinates import KERNELS, Kernels, watch_offsets
from tabular_pg.gaps.offset_error import NEGLIGIBLE, TINY
from tabular_pg.numerics.duals import (
    dual_divergence,
    dual_normalize,
    log_dual_term,
    log_probability,
)


class Duals(NamedTuple):
    """``x = y - y*``, for tau > 0 and a regularizer with phi''(p) = p^(q-2); see
    ``numerics.duals``."""

    log_reference: np.ndarray  # (S, A), log pi*_tau
    reference: np.ndarray  # (S, A), pi*_tau, or 0 where that is below ``LEAST``
    powers: np.ndarray  # (S, A), 1 + (q-1) y*; infinite for an action that is not available
    tau: float
    q: float


def log_policies(x, best) -> np.ndarray:
    """(..., S, A) log pi for ``x``, given the optimum."""
    m, powers = best.regularizer.q - 1.0, best.powers
    with np.errstate(all="ignore"):
        outside = np.log(np.maximum(powers + m * x, 0.0)) / m
    outside = np.where(np.isfinite(powers), outside, -np.inf)
    inside = np.isfinite(best.log_pi)
    return np.where(inside, best.log_pi + np.where(inside, log_ratios(x, best), 0.0), outside)


def log_ratios(x, best) -> np.ndarray:
    """(..., S, A) log pi - log pi*, relatively accurate; 0 where both are 0."""
    m, powers = best.regularizer.q - 1.0, best.powers
    with np.errstate(all="ignore"):
        inside = np.log1p(np.maximum(m * (x / powers), -1.0)) / m
        positive = np.isfinite(powers) & (powers + m * x > 0)
    return np.where(np.isfinite(best.log_pi), inside, np.where(positive, np.inf, 0.0))


@njit_inlined
def _normalize(coordinates, x, log_pi, pi):
    log_reference, reference, powers, _, q = coordinates
    dual_normalize(x, log_reference, reference, powers, q, pi)


@njit_inlined
def _error(coordinates, x, log_pi, pi, kappa):
    """tau D(pi, pi*), divided by the square of the largest x where that is tiny."""
    _, reference, powers, tau, q = coordinates
    scale, largest = 1.0, 0.0
    while True:
        for s in range(x.shape[0]):
            kappa[s] = dual_divergence(x, reference, powers, q, pi, s, scale)
            largest = max(largest, kappa[s])
            kappa[s] *= tau
        if largest >= TINY:
            return 0.0 if scale == 1.0 else 2.0 * math.log(scale)
        if scale != 1.0:
            break
        widest = 0.0
        for s in range(x.shape[0]):
            for a in range(x.shape[1]):
                widest = max(widest, abs(x[s, a]))
        if widest == 0.0:
            return 0.0
        if widest >= TINY**0.5:
            break
        scale = widest
    log_scale = -math.inf
    for s in range(x.shape[0]):
        kappa[s] = _log_error(coordinates, x, s)
        log_scale = max(log_scale, kappa[s])
    if log_scale == -math.inf:
        log_scale = 0.0
    for s in range(x.shape[0]):
        kappa[s] = math.exp(kappa[s] - log_scale) if kappa[s] - log_scale > NEGLIGIBLE else 0.0
    return log_scale


@njit_inlined
def _log_error(coordinates, x, s):
    """log(tau D(pi, pi*)) in row ``s``."""
    log_reference, _, powers, tau, q = coordinates
    top, total = -math.inf, 0.0
    for a in range(x.shape[1]):
        top = max(top, log_dual_term(x[s, a], log_reference[s, a], powers[s, a], q))
    if top == -math.inf:
        return top
    for a in range(x.shape[1]):
        total += math.exp(log_dual_term(x[s, a], log_reference[s, a], powers[s, a], q) - top)
    return top + math.log(total * tau)


@njit
def _logarithms(coordinates, x, second, log_kappa, log_pi):
    log_reference, _, powers, _, q = coordinates
    for s in range(x.shape[0]):
        log_kappa[s] = _log_error(coordinates, x, s)
        for a in range(x.shape[1]):
            if not math.isfinite(powers[s, a]):
                log_pi[s, a] = -math.inf
            else:
                log_pi[s, a] = log_probability(x[s, a], log_reference[s, a], powers[s, a], q)


@njit_inlined
def _rows(coordinates, low, high):
    log_reference, reference, powers, tau, q = coordinates
    return Duals(log_reference[low:high], reference[low:high], powers[low:high], tau, q)


KERNELS[Duals] = Kernels(_normalize, _error, _logarithms, _rows, watch_offsets)
