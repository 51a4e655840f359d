"""Generalized policy mirror descent: regularized by h of a mirror map, in its own geometry.

Throughout alpha = 1 / (1 + eta tau), beta = eta alpha, y is the dual variable, y* = Q*_tau / tau,
x = y - y*, known up to a constant per state, X_k = max_s (max - min)_a x^k, and D(p, pi^k) = h(p) -
h(pi^k) - <y^k, p - pi^k>. h is sigma-strongly convex in the 1-norm on the simplex: sigma = 1 for
q <= 1, A^(1-q) for 1 <= q <= 2 (phi'' = p^(q-2), the entropy being q = 1).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.gpmd import GPMD
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.assumptions import dense_transitions, from_the_start, some_pair
from tabular_pg.verdicts.potential import (
    alpha_beta,
    convexity,
    decay_anywhere,
    decay_at_stationarity,
    offsets,
    regularizer,
    span,
)
from tabular_pg.verdicts.quantities import (
    EPS,
    NEGLIGIBLE,
    at_start,
    last_rate,
    q_gap,
    steps,
)

SMALLEST, LINEAR = 1e-150, 1e-4  # sizes of log pi - log pi* that are numbers, and small
ABOUT = {"rules": (GPMD,), "regularized": True, "any_actions": True}
ZHAN = {**ABOUT, "source": "zhan2023", "confidence": Confidence.DERIVED}


def _zhan(run, unit=1.0):
    """(K,) ``unit`` C (1 - (1 - alpha)(1 - gamma))^{k-1} for k >= 1, nothing for k = 0."""
    alpha, _ = alpha_beta(run)
    first = at_start(run, q_gap(run).max(axis=(1, 2))) + run.tau * alpha * at_start(run, span(run))
    factor = run.mdp.gamma + (1 - run.mdp.gamma) * alpha
    return np.where(run.k >= 1, unit * first * factor ** (run.k - 1.0), np.inf)


@theorem(
    "M6",
    "||Q* - Q^k|| <= gamma C (1 - (1-alpha)(1-gamma))^{k-1}",
    assumes=(from_the_start,),
    **ZHAN,
)
def linear_values(run):
    """Theorem 1: ||Q*_tau - Q^k_tau|| <= gamma C (1 - (1 - alpha)(1 - gamma))^{k-1} for k >= 1,
    for any eta, where C = ||Q* - Q^0|| + 2 alpha ||Q* - tau y^0|| with the constants in y^0 that
    make this least, so that it is ||Q* - Q^0|| + alpha tau X_0."""
    return q_gap(run).max(axis=(1, 2)), _zhan(run, run.mdp.gamma)


@theorem(
    "M6v",
    "||V* - V^k|| <= C (1 - (1-alpha)(1-gamma))^{k-1}",
    assumes=(from_the_start,),
    **ZHAN,
)
def linear_state_values(run):
    """||V*_tau - V^k_tau|| <= C (1 - (1 - alpha)(1 - gamma))^{k-1} for k >= 1, C as in M6: what the
    proof of Theorem 1 gives."""
    return run.sup_gap, _zhan(run)


@theorem("M6m", "V^{k+1} >= V^k", assumes=(some_pair,), any_step=True, any_gamma=True, **ABOUT)
def monotone(run):
    """V^{k+1}_tau >= V^k_tau in every state, for any steps. Proof: T^{pi^{k+1}} V^k - V^k =
    D(pi^{k+1}, pi^k) / eta + (1/eta + tau) D(pi^k, pi^{k+1}) >= 0."""
    i = steps(run)
    return run.value_gap[i + 1], run.value_gap[i]


@theorem(
    "M7",
    "Phi_k <= max(gamma, 1/(1 + eta tau))^k Phi_0",
    assumes=(dense_transitions, from_the_start),
    **ABOUT,
)
def stationary_potential(run):
    """Phi_k = nu* (V* - V^k) + (1/eta + tau) nu* D(pi*, pi^k), nu* stationary for P_{pi*}, is at
    most max{gamma, 1 / (1 + eta tau)}^k Phi_0 for every eta and every h: G2 in any geometry."""
    return decay_at_stationarity(run)


@theorem(
    "M7x",
    "gap(rho) <= x/(x-gamma) max(x, 1/(1 + eta tau))^k Phi_0, any rho",
    assumes=(dense_transitions, from_the_start),
    **ABOUT,
)
def any_start_potential(run):
    """G2x in any geometry: for any rho and any x in (gamma, 1), V*(rho) - V^k(rho) <=
    (x / (x - gamma)) max{x, 1 / (1 + eta tau)}^k Phi_0, with nu_x = (1 - gamma/x) sum_t (gamma/x)^t
    rho P_{pi*}^t in place of nu* in M7. Checked at x = (1 + gamma) / 2."""
    return decay_anywhere(run)


@theorem(
    "M8s", "X_{k+1} <= alpha X_k + beta gamma e_k", assumes=(some_pair,), any_gamma=True, **ABOUT
)
def span_recursion(run):
    """X_{k+1} <= alpha X_k + beta gamma e_k. Proof: x^{k+1} = alpha x^k - beta q^k + const with
    q^k = Q* - Q^k = gamma P (V* - V^k), whose span is at most gamma e_k."""
    (alpha, beta), i, X = alpha_beta(run), steps(run), span(run)
    bound = alpha * X[i] + beta * run.mdp.gamma * run.sup_gap[i]
    return X[i + 1], bound, EPS * bound


@theorem("M8e", "e_k <= tau X_k^2 / (8 sigma (1-gamma))", any_step=True, **ABOUT)
def gap_byspan(run):
    """e_k <= tau X_k^2 / (8 sigma (1 - gamma)), for every policy with a dual variable. Proof:
    D(pi, pi*) is the divergence of the conjugate from y* to y, which is 1/sigma-smooth, in
    V* - V = (I - gamma P_pi)^{-1} tau D(pi, pi*)."""
    return run.sup_gap, run.tau * span(run) ** 2 / _unit(run)


def _unit(run):
    return 8 * convexity(run) * (1 - run.mdp.gamma)


@theorem(
    "M8",
    "e_k <= c_j (1 + eta tau)^{-2(k-j)} once X_j < 8 sigma (1-gamma)/gamma",
    **ABOUT,
)
def local_linear(run):
    """If h = gamma X_j / (8 sigma (1 - gamma)) < 1, then for k >= j, e_k <= (tau X_j^2 /
    (8 sigma (1 - gamma))) exp(2 h (1 + eta tau) / (1 - h)) (1 + eta tau)^{-2(k-j)}: twice the rate
    of M7 in the end, whatever h is. Proof: M8s and M8e. Compared is the least of these bounds."""
    (alpha, _), X = alpha_beta(run), span(run)
    h = run.mdp.gamma * X / _unit(run)
    log_constant = np.log(run.tau * X**2 / _unit(run)) + 2 * h / (alpha * (1 - h))
    level = np.where(h < 1, log_constant - 2 * run.k * np.log(alpha), np.inf)
    return run.sup_gap, np.exp(np.minimum.accumulate(level) + 2 * run.k * np.log(alpha))


@theorem(
    "M8r",
    "log e_{k+1}/e_k -> -2 log(1 + eta tau)",
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_pair,),
    **ABOUT,
)
def exact_rate(run):
    """e_k^{1/k} -> (1 + eta tau)^{-2}, or e_k = 0 in the end, where pi* takes one action in every
    state. Checked as the ratio of the last recorded pair, once pi^k takes the actions that pi* does
    and |log pi - log pi*| < 1e-4 for these, beta gamma e_k is below 1e-5 of what it is added to,
    the square root of (1 - gamma) e_k / tau, and the rate is above the rounding of e."""
    (alpha, beta), i = alpha_beta(run), steps(run)[-1]
    x = run.iterates[i] if regularizer(run) is None else offsets(run)[i]
    size, gap = np.abs(x).max(), run.sup_gap[i]
    moved = np.sqrt((1 - run.mdp.gamma) * gap / run.tau)
    drift = beta * run.mdp.gamma * gap / alpha
    settled = SMALLEST < size < LINEAR and drift < NEGLIGIBLE * moved * min(1.0, -np.log(alpha))
    rate, noise = last_rate(run)
    limit = -2 * np.log1p(run.rule.eta * run.tau)
    return rate, limit if settled and np.isfinite(rate) and limit < -noise else np.inf
