"""The entropy-regularized optimum: Newton's method on ``V = T_tau V``, to twice the digits.

Where every state has as many actions as any other, values are taken less the entropy of uniform
policies, ``tau log A / (1 - gamma)``: what is left is of the size of the rewards, however large
tau is. For gamma = 1 nothing is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tabular_pg.numerics.double_double import accumulate, soft_residual

NEWTON_STEPS = 500
SETTLED = 1e-12  # residuals of T_tau V = V, in units of tau, that are small enough to stop at


@dataclass(frozen=True)
class Odds:
    """Dual variables of a policy up to a constant in each state, as pairs of floats: with the
    entropy, log-probabilities."""

    high: np.ndarray  # (S, A), at most 0; -inf for unavailable actions
    low: np.ndarray  # (S, A)

    @cached_property
    def log_softmax(self) -> np.ndarray:
        """(S, A) normalized, as floats."""
        top = self.high.argmax(axis=1)[:, None]
        others = np.exp(self.high + self.low)
        np.put_along_axis(others, top, 0.0, axis=1)  # log1p keeps the small ones
        others.sort(axis=1)  # so that the sum does not depend on the order of actions
        log_pi = (self.high - np.log1p(others.sum(axis=1, keepdims=True))) + self.low
        log_pi.setflags(write=False)
        return log_pi


def newton(bellman, tau, greedy, V, V_low):
    """Improve values (pairs of floats) in place until ``V = T V``, by policy iteration.

    ``greedy`` takes advantages as pairs, and whether the residual is to have twice the digits; it
    gives the policy (S, A), normalized or not, that attains T V, and (T V - V) / tau.
    """
    previous, precise = np.inf, False
    for _ in range(NEWTON_STEPS):
        pi, residual = greedy(*bellman.advantages(V, V_low), precise)
        left = np.abs(residual).max()
        if left < SETTLED and left >= previous / 2:
            if precise:
                return
            precise, previous = True, np.inf
            continue
        previous, step, total = left, tau * residual, pi.sum(axis=1, keepdims=True)
        if not (np.isfinite(step).all() and (total > 0).all()):  # values beyond the floats
            break
        bellman.solve(pi / total, step)
        if not np.isfinite(step).all():
            break
        accumulate(V, V_low, step)
    if bellman.ends is not None:
        raise infinite_values(tau)
    raise RuntimeError(f"Newton's method for tau = {tau} stopped at residual {left:.3g}")


def soft_values(bellman, tau, V, V_low):
    """(V*_tau, its Odds), from the values (pairs of floats) of the plain optimum."""
    counts = np.broadcast_to(bellman.available, bellman.r.shape).sum(axis=1)
    mean = bellman.ends is None and bool((counts == counts[0]).all())
    V, V_low = V.copy(), V_low.copy()
    high, low = np.empty(bellman.r.shape), np.empty(bellman.r.shape)

    def greedy(A, A_low, precise):
        residual = np.empty(V.size)
        soft_residual(A, A_low, tau, mean, precise, high, low, residual)
        return np.exp(high + low), residual

    newton(bellman, tau, greedy, V, V_low)
    common = tau * np.log(counts[0]) / (1.0 - bellman.gamma) if mean else 0.0
    return V + common, Odds(high, low)


def infinite_values(tau):
    """What is raised where a regularized optimum does not exist."""
    return ValueError(
        f"tau is {tau} and gamma is 1: the entropy of a cycle is worth more than it costs, and "
        "regularized values are infinite; expected a smaller tau"
    )
