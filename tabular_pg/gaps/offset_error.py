"""The error kappa of offsets, tau KL(pi || pi*), also far below 1e-308."""

from __future__ import annotations

import math

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.numerics.offsets import log_kl_term, offset_kl

TINY = 1e-250  # a kappa below this is rescaled before it underflows
NEGLIGIBLE = -745.0  # exp of less is 0


@njit_inlined
def offset_error(x, log_pi, log_reference, reference, tau, pi, kappa):
    """``policy_error`` of offsets: divided by the square of the largest where that is tiny."""
    scale, largest = 1.0, 0.0
    while True:
        for s in range(x.shape[0]):
            kappa[s] = offset_kl(x, reference, pi, s, scale)
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
    log_scale = -math.inf  # the reference itself is near underflow
    for s in range(x.shape[0]):
        kappa[s] = log_offset_error(x, log_pi, log_reference, tau, s)
        log_scale = max(log_scale, kappa[s])
    if log_scale == -math.inf:
        log_scale = 0.0
    for s in range(x.shape[0]):
        kappa[s] = math.exp(kappa[s] - log_scale) if kappa[s] - log_scale > NEGLIGIBLE else 0.0
    return log_scale


@njit_inlined
def log_offset_error(x, log_pi, log_reference, tau, s):
    """log(tau KL(pi || pi*)) in row ``s``; ``log_pi`` may be empty."""
    top, total = -math.inf, 0.0
    for a in range(x.shape[1]):
        top = max(top, _log_term(x, log_pi, log_reference, s, a))
    if top == -math.inf:
        return top
    for a in range(x.shape[1]):
        total += math.exp(_log_term(x, log_pi, log_reference, s, a) - top)
    return top + math.log(total * tau)


@njit
def _log_term(x, log_pi, log_reference, s, a):
    reference = log_reference[s, a]
    if reference == -math.inf:
        return -math.inf
    second = log_pi[s, a] if log_pi.shape[0] > 0 else reference + x[s, a]
    return log_kl_term(x[s, a], reference, second)
