"""Ways to write a policy down, and its error kappa without cancellation in each.

``Logits`` are log-probabilities, ``Offsets`` are ``xi = log pi - log pi*_tau``, ``Probabilities``
have exact zeros. In files of their own, ``TwoForms`` has offsets and log-probabilities, and
``Duals`` are for other regularizers than the entropy. Each has kernels, found by the type of the
record, in compiled code too: ``normalize`` fills pi, ``policy_error`` fills kappa, ``logarithms``
is for what is below the range of floats, ``rows`` cuts out a few states, and ``watch`` looks at
what rounding does to offsets.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.compiled.choice import chosen
from tabular_pg.gaps.bookkeeping import watch_rounding
from tabular_pg.gaps.offset_error import NEGLIGIBLE, TINY, log_offset_error, offset_error
from tabular_pg.numerics.offsets import offset_normalize
from tabular_pg.numerics.simplex import log_normalize


class Logits(NamedTuple):
    """``x = log pi``, for tau = 0."""

    A_star: np.ndarray  # (S, A)
    log_loss: np.ndarray  # (S, A), log |A*|; empty where there are so many that it is not kept


class Offsets(NamedTuple):
    """``x = log pi - log pi*_tau``, for tau > 0."""

    log_reference: np.ndarray  # (S, A), log pi*_tau
    reference: np.ndarray  # (S, A), pi*_tau
    tau: float


class Probabilities(NamedTuple):
    """``x = pi``, for projected methods."""

    A_star: np.ndarray  # (S, A)


def normalize(coordinates, x, log_pi, pi):
    """Make every row of ``x`` (S, A) stand for a policy, and fill ``pi`` with it.

    ``log_pi`` is the second form of ``TwoForms``; all others leave it alone.
    """
    KERNELS[type(coordinates)].normalize(coordinates, x, log_pi, pi)


def policy_error(coordinates, x, log_pi, pi, kappa):
    """Fill ``kappa`` (S,) divided by ``exp(log_scale)``, and return ``log_scale``.

    That is 0 unless kappa is too small for float64 everywhere.
    """
    return KERNELS[type(coordinates)].policy_error(coordinates, x, log_pi, pi, kappa)


def logarithms(coordinates, x, second, log_kappa, log_pi):
    """Fill ``log_kappa`` (S,) and ``log_pi`` (S, A) with the logarithms of error and policy.

    ``second`` is log pi itself for ``TwoForms``.
    """
    KERNELS[type(coordinates)].logarithms(coordinates, x, second, log_kappa, log_pi)


def rows(coordinates, low, high):
    """The record for states ``low``, ..., ``high - 1`` alone."""
    return KERNELS[type(coordinates)].rows(coordinates, low, high)


def watch(coordinates, problem, point):
    """Keep what rounding may have cost coordinates that are no policy by themselves."""
    KERNELS[type(coordinates)].watch(coordinates, problem, point)


class Kernels(NamedTuple):
    """What is found by the type of the coordinates."""

    normalize: object
    policy_error: object
    logarithms: object
    rows: object
    watch: object


def _found_by_type(function):
    """Let compiled code find the kernel of this name."""
    name = function.__name__
    chosen(function, lambda kind, *others: getattr(KERNELS[kind.instance_class], name))


_found_by_type(normalize)
_found_by_type(policy_error)
_found_by_type(logarithms)
_found_by_type(rows)
_found_by_type(watch)


@njit_inlined
def _normalize_logits(coordinates, x, log_pi, pi):
    log_normalize(x, pi)


@njit_inlined
def _normalize_offsets(coordinates, x, log_pi, pi):
    log_reference, reference, _ = coordinates
    offset_normalize(x, log_reference, reference, pi)


@njit_inlined
def _normalize_probabilities(coordinates, x, log_pi, pi):
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            pi[s, a] = x[s, a]


@njit_inlined
def _error_of_probabilities(coordinates, x, log_pi, pi, kappa):
    A_star = coordinates.A_star
    for s in range(kappa.size):
        total = 0.0
        for a in range(pi.shape[1]):
            total -= pi[s, a] * A_star[s, a]
        kappa[s] = total
    return 0.0


@njit_inlined
def _error_of_logits(coordinates, x, log_pi, pi, kappa):
    """From logarithms where it would underflow; one function, as calls in it would cost 40 ns."""
    A_star, log_loss = coordinates
    largest, log_scale, known = 0.0, -math.inf, log_loss.size > 0
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
            loss = log_loss[s, a] if known else np.log(-A_star[s, a])
            log_scale = max(log_scale, x[s, a] + loss)
    if log_scale == -math.inf:
        return 0.0  # every policy is optimal, and kappa is 0 already
    for s in range(x.shape[0]):
        kappa[s] = 0.0
        for a in range(x.shape[1]):
            loss = log_loss[s, a] if known else np.log(-A_star[s, a])
            lead = x[s, a] + loss - log_scale
            if lead > NEGLIGIBLE:
                kappa[s] += math.exp(lead)
    return log_scale


@njit_inlined
def _error_of_offsets(coordinates, x, log_pi, pi, kappa):
    log_reference, reference, tau = coordinates
    return offset_error(x, log_pi, log_reference, reference, tau, pi, kappa)


@njit
def _logarithms_of_logits(coordinates, x, second, log_kappa, log_pi):
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            log_pi[s, a] = x[s, a]
    known = coordinates.log_loss.size > 0
    log_sums(log_pi, coordinates.log_loss if known else np.log(-coordinates.A_star), log_kappa)


@njit
def _logarithms_of_offsets(coordinates, x, second, log_kappa, log_pi):
    for s in range(x.shape[0]):
        log_kappa[s] = log_offset_error(x, second, coordinates.log_reference, coordinates.tau, s)
        for a in range(x.shape[1]):
            log_pi[s, a] = coordinates.log_reference[s, a] + x[s, a]


@njit
def _logarithms_of_probabilities(coordinates, x, second, log_kappa, log_pi):
    log_loss = np.empty(x.shape)
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            log_pi[s, a] = math.log(x[s, a]) if x[s, a] > 0.0 else -math.inf
            loss = -coordinates.A_star[s, a]
            log_loss[s, a] = math.log(loss) if loss > 0.0 else -math.inf
    log_sums(log_pi, log_loss, log_kappa)


@njit
def log_sums(log_pi, log_loss, out):
    """Fill ``out`` (S,) with the logarithms of sum_a pi |A*|."""
    for s in range(out.size):
        top, total = -math.inf, 0.0
        for a in range(log_pi.shape[1]):
            top = max(top, log_pi[s, a] + log_loss[s, a])
        out[s] = top
        if top > -math.inf:
            for a in range(log_pi.shape[1]):
                total += math.exp(log_pi[s, a] + log_loss[s, a] - top)
            out[s] = top + math.log(total)


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


@njit_inlined
def watch_offsets(coordinates, problem, point):
    watch_rounding(problem, point)


@njit_inlined
def _watch_nothing(coordinates, problem, point):
    pass


KERNELS = {
    Logits: Kernels(
        _normalize_logits, _error_of_logits, _logarithms_of_logits, _rows_of_logits,
        _watch_nothing,
    ),
    Offsets: Kernels(
        _normalize_offsets, _error_of_offsets, _logarithms_of_offsets, _rows_of_offsets,
        watch_offsets,
    ),
    Probabilities: Kernels(
        _normalize_probabilities, _error_of_probabilities, _logarithms_of_probabilities,
        _rows_of_probabilities, _watch_nothing,
    ),
}  # fmt: skip
