"""Three ways to write a policy down, and its error kappa without cancellation in each.

``Logits`` are log-probabilities, ``Offsets`` are ``xi = log pi - log pi*_tau``, ``Probabilities``
have exact zeros. Each has three kernels, found by the type of the record, in compiled code too:
``normalize`` fills pi, ``policy_error`` fills kappa, ``rows`` cuts out a few states.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba.extending import overload

from tabular_pg._jit import njit_inlined
from tabular_pg.simplex import log_kl_term, log_normalize, offset_kl, offset_normalize

TINY = 1e-250  # a kappa below this is rescaled before it underflows
NEGLIGIBLE = -745.0  # exp of less is 0


class Logits(NamedTuple):
    """``x = log pi``, for tau = 0."""

    A_star: np.ndarray  # (S, A)
    log_loss: np.ndarray  # (S, A), log |A*|


class Offsets(NamedTuple):
    """``x = log pi - log pi*_tau``, for tau > 0."""

    log_reference: np.ndarray  # (S, A), log pi*_tau
    reference: np.ndarray  # (S, A), pi*_tau
    tau: float


class Probabilities(NamedTuple):
    """``x = pi``, for projected methods."""

    A_star: np.ndarray  # (S, A)


def coordinates_of(pi, coordinates):
    """``pi`` (S, A), overwritten by what stands for it in the given coordinates."""
    if isinstance(coordinates, Probabilities):
        return pi
    with np.errstate(divide="ignore"):
        np.log(pi, out=pi)
    if isinstance(coordinates, Offsets):
        available = coordinates.log_reference > -np.inf
        np.subtract(pi, coordinates.log_reference, out=pi, where=available)
        pi[~available] = 0.0
    return pi


def normalize(coordinates, x, pi):
    """Make every row of ``x`` (S, A) stand for a policy, and fill ``pi`` with it."""
    _KERNELS[type(coordinates)][0](coordinates, x, pi)


def policy_error(coordinates, x, pi, kappa):
    """Fill ``kappa`` (S,) divided by ``exp(log_scale)``, and return ``log_scale``.

    That is 0 unless kappa is too small for float64 everywhere.
    """
    return _KERNELS[type(coordinates)][1](coordinates, x, pi, kappa)


def rows(coordinates, low, high):
    """The record for states ``low``, ..., ``high - 1`` alone."""
    return _KERNELS[type(coordinates)][2](coordinates, low, high)


@overload(normalize, inline="never")
def _normalize(coordinates, x, pi):
    kernel = _KERNELS[coordinates.instance_class][0]
    return lambda coordinates, x, pi: kernel(coordinates, x, pi)


@overload(policy_error, inline="never")
def _policy_error(coordinates, x, pi, kappa):
    kernel = _KERNELS[coordinates.instance_class][1]
    return lambda coordinates, x, pi, kappa: kernel(coordinates, x, pi, kappa)


@overload(rows, inline="never")
def _rows(coordinates, low, high):
    kernel = _KERNELS[coordinates.instance_class][2]
    return lambda coordinates, low, high: kernel(coordinates, low, high)


@njit_inlined
def _normalize_logits(coordinates, x, pi):
    log_normalize(x, pi)


@njit_inlined
def _normalize_offsets(coordinates, x, pi):
    log_reference, reference, _ = coordinates
    offset_normalize(x, log_reference, reference, pi)


@njit_inlined
def _normalize_probabilities(coordinates, x, pi):
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            pi[s, a] = x[s, a]


@njit_inlined
def _error_of_probabilities(coordinates, x, pi, kappa):
    A_star = coordinates.A_star
    for s in range(kappa.size):
        total = 0.0
        for a in range(pi.shape[1]):
            total -= pi[s, a] * A_star[s, a]
        kappa[s] = total
    return 0.0


@njit_inlined
def _error_of_logits(coordinates, x, pi, kappa):
    """From logarithms where it would underflow; one function, as calls in it would cost 40 ns."""
    A_star, log_loss = coordinates
    largest, log_scale = 0.0, -math.inf
    for s in range(kappa.size):
        total = 0.0
        for a in range(pi.shape[1]):
            total -= pi[s, a] * A_star[s, a]
        kappa[s] = total
        largest = max(largest, total)
    if largest > TINY:
        return 0.0
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            log_scale = max(log_scale, x[s, a] + log_loss[s, a])
    if log_scale == -math.inf:
        return 0.0  # every policy is optimal, and kappa is 0 already
    for s in range(x.shape[0]):
        kappa[s] = 0.0
        for a in range(x.shape[1]):
            lead = x[s, a] + log_loss[s, a] - log_scale
            if lead > NEGLIGIBLE:
                kappa[s] += math.exp(lead)
    return log_scale


@njit_inlined
def _error_of_offsets(coordinates, x, pi, kappa):
    """Divided by the square of the largest offset where that is tiny."""
    log_reference, reference, tau = coordinates
    widest = 0.0
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            widest = max(widest, abs(x[s, a]))
    scale = widest if 0.0 < widest < TINY**0.5 else 1.0
    largest = 0.0
    for s in range(x.shape[0]):
        kappa[s] = tau * offset_kl(x, reference, pi, s, scale)
        largest = max(largest, kappa[s])
    if widest > 0.0 and largest < TINY:  # the reference itself is near underflow
        return _scaled_divergence(x, log_reference, tau, kappa)
    return 2.0 * math.log(scale)


@njit_inlined
def _scaled_divergence(x, log_reference, tau, kappa):
    log_scale = -math.inf
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            log_scale = max(log_scale, log_kl_term(x[s, a], log_reference[s, a]))
    if log_scale == -math.inf:
        return 0.0
    for s in range(x.shape[0]):
        kappa[s] = 0.0
        for a in range(x.shape[1]):
            lead = log_kl_term(x[s, a], log_reference[s, a]) - log_scale
            if lead > NEGLIGIBLE:
                kappa[s] += tau * math.exp(lead)
    return log_scale


@njit_inlined
def _rows_of_logits(coordinates, low, high):
    return Logits(coordinates.A_star[low:high], coordinates.log_loss[low:high])


@njit_inlined
def _rows_of_offsets(coordinates, low, high):
    log_reference, reference, tau = coordinates
    return Offsets(log_reference[low:high], reference[low:high], tau)


@njit_inlined
def _rows_of_probabilities(coordinates, low, high):
    return Probabilities(coordinates.A_star[low:high])


_KERNELS = {
    Logits: (_normalize_logits, _error_of_logits, _rows_of_logits),
    Offsets: (_normalize_offsets, _error_of_offsets, _rows_of_offsets),
    Probabilities: (_normalize_probabilities, _error_of_probabilities, _rows_of_probabilities),
}
