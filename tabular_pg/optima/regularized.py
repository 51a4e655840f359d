"""The optimum under a regularizer of the family of ``numerics.duals``: Newton's method on
``V = T V``, (T V)(s) = max_p <Q(s, .), p> - tau h(p).

T is convex in V, as the entropy's operator is, and Newton's method is policy iteration: from the
second iterate on values rise. Advantages and residuals have twice the digits of a float.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.checks.numbers import shown
from tabular_pg.numerics.conjugate import dual_residual, losses
from tabular_pg.numerics.duals import Regularizer
from tabular_pg.optima.soft_optimal import Odds, newton

ROOT_STEPS = 120
ENOUGH = 2.0**-52
LEAST_POWER = 10**10  # 1/q
NEAREST = 10**6  # 1 / |q - 1|, by which rounding grows in p^(q-1) where p is below 1e-290
LARGEST_POWER = 2  # phi'' = p^(q-2) is at least 1 up to there


class RegularizedValues(NamedTuple):
    """The regularized optimum."""

    V: np.ndarray  # (S,)
    log_pi: np.ndarray  # (S, A)
    powers: np.ndarray  # (S, A), 1 + (q-1) y
    odds: Odds


def regularized_values(bellman, tau, regularizer, V, V_low) -> RegularizedValues:
    """From the values (pairs of floats) of the plain optimum."""
    V, V_low, m = V.copy(), V_low.copy(), regularizer.q - 1.0
    high, low = np.empty(bellman.r.shape), np.empty(bellman.r.shape)
    log_pi, powers = np.empty(high.shape), np.empty(high.shape)

    def greedy(A, A_low, _):
        losses(A, A_low, tau, high, low)
        top_dual, residual = _top_dual(high, m), np.empty(V.size)
        dual_residual(A, A_low, tau, regularizer, top_dual, high, low, residual)
        y = high + (top_dual[:, None] + low)
        powers[...] = 1.0 + m * y
        with np.errstate(divide="ignore", invalid="ignore"):
            log_pi[...] = np.where(powers > 0, np.log1p(np.maximum(m * y, -1.0)) / m, -np.inf)
        log_pi[np.isneginf(y)] = -np.inf
        return np.exp(log_pi), residual

    newton(bellman, tau, greedy, V, V_low)
    return RegularizedValues(V, log_pi, powers, Odds(high, low))


def relative_duals(best) -> np.ndarray:
    """(S, A) (Q*_tau - V*_tau) / tau of an optimum, from its dual variables; -inf for an action
    that is not available."""
    q, constant = best.regularizer
    inside = np.isfinite(best.log_pi)
    logs, powers = np.where(inside, best.log_pi, 0.0), np.where(best.optimal, best.powers, 1.0)
    y = np.where(inside, np.expm1((q - 1.0) * logs), powers - 1.0) / (q - 1.0)
    y = np.where(best.optimal, y, -np.inf)
    mean = (best.pi * np.where(best.pi > 0, y, 0.0)).sum(axis=1)
    if q == 0:
        return y - (mean + np.where(best.optimal, best.log_pi, 0.0).sum(axis=1) - constant)[:, None]
    return y + (mean / q + constant - mean)[:, None]


def _top_dual(ahead, m) -> np.ndarray:
    """(S,) the dual variable of the likeliest action, those of others being ``ahead`` <= 0 of it:
    where probabilities sum to 1, by Newton's method and halving."""
    count = np.isfinite(ahead).sum(axis=1)
    low, high = np.expm1(-m * np.log(np.maximum(count, 1))) / m, np.zeros(count.size)
    t = high.copy()
    for _ in range(ROOT_STEPS):
        y = ahead + t[:, None]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            base = np.maximum(1.0 + m * y, 0.0)
            p = np.exp(np.log1p(np.maximum(m * y, -1.0)) / m)
            p = np.where(np.isneginf(ahead), 0.0, p)
            slope = np.where(p > 0, p / base, 0.0).sum(axis=1)
        excess = p.sum(axis=1) - 1.0
        low, high = np.where(excess <= 0, t, low), np.where(excess >= 0, t, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = t - excess / slope
        halved = 0.5 * (low + high)
        moved = np.where((moved > low) & (moved < high), moved, halved)
        if (np.abs(moved - t) <= ENOUGH * (1.0 + np.abs(t))).all() or (excess == 0).all():
            break
        t = np.where(excess == 0, t, moved)
    return t


def regularizer_of(given, name="regularizer") -> Regularizer | None:
    """That of a mirror map, or one of the family itself; None for the entropy, or none. ``name``
    is what errors call it."""
    found = given if isinstance(given, Regularizer) else getattr(given, "regularizer", given)
    if found is None:
        return None
    if not isinstance(found, Regularizer):
        raise TypeError(
            f"{name} is {shown(given)}; expected a map of tabular_pg.mirrors that is a sum of "
            "powers: Entropy, Tsallis, Euclidean or LogBarrier"
        )
    if not 0 <= found.q <= LARGEST_POWER:
        raise ValueError(
            f"{name} is {given}; expected one with q <= {LARGEST_POWER}: beyond, h is flat "
            "near the edge of the simplex, and values do not determine small probabilities"
        )
    if abs(found.q - 1) * NEAREST < 1:
        raise ValueError(
            f"{name} is {given}; expected one with |q - 1| >= {1 / NEAREST}, or Entropy(), which "
            "is what it tends to: in between digits of small probabilities are lost"
        )
    if 0 < found.q * LEAST_POWER < 1:
        raise ValueError(
            f"{name} is {given}; expected one with q >= {1 / LEAST_POWER}, or LogBarrier(), which "
            "is what it tends to: values of the size of 1/q hide those of rewards"
        )
    return found


def checked_regularizer(mdp, tau, given) -> Regularizer | None:
    """The same, refused with ValueError beside tau = 0; and beside gamma = 1 if policies may never
    take an action, and so never end."""
    found = regularizer_of(given)
    if found is not None and tau == 0:
        raise ValueError(f"tau is 0 beside the regularizer {given}; expected a tau > 0")
    if found is not None and found.q > 1 and mdp.ends is not None:
        raise ValueError(
            f"gamma is 1 beside the regularizer {given}, with which actions are never taken that "
            "may be all that ends an episode; expected gamma < 1, or a map with q <= 1"
        )
    return found
