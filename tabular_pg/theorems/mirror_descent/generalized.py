"""Generalized policy mirror descent: regularized by h of a mirror map, in its own geometry.

Throughout alpha = 1 / (1 + eta tau), beta = eta alpha, y is the dual variable, y* = Q*_tau / tau,
x = y - y*, known up to a constant per state, X_k = max_s (max - min)_a x^k, and D(p, pi^k) = h(p) -
h(pi^k) - <y^k, p - pi^k>. h is sigma-strongly convex in the 1-norm on the simplex: sigma = 1 for
q <= 1, A^(1-q) for 1 <= q <= 2 (phi'' = p^(q-2), the entropy being q = 1).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.gaps.duals import log_ratios
from tabular_pg.methods.gpmd import GPMD
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import dense_transitions, from_the_start, some_pair
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import (
    EPS,
    NEGLIGIBLE,
    at_start,
    last_rate,
    q_gap,
    relative_entropy,
    steps,
)
from tabular_pg.verdicts.visits import stationary

SERIES_BELOW, TERMS = 0.05, 12  # of the divergence, for a full float
SMALLEST, LINEAR = 1e-150, 1e-4  # sizes of log pi - log pi* that are numbers, and small
ABOUT = {"rules": (GPMD,), "regularized": True, "any_actions": True}
ZHAN = {**ABOUT, "source": "zhan2023", "confidence": Confidence.DERIVED}


def _alpha_beta(run):
    return 1 / (1 + run.rule.eta * run.tau), 1 / (1 / run.rule.eta + run.tau)


def _order(run):
    """q."""
    return 1.0 if run.optimum.regularizer is None else run.optimum.regularizer.q


def _sigma(run):
    return 1.0 * most_actions(run.mdp) ** min(1.0 - _order(run), 0.0)


@once
def _span(run):
    """(K,) X_k."""
    return (run.iterates.max(axis=2) - run.iterates.min(axis=2)).max(axis=1)


def _zhan(run, unit=1.0):
    """(K,) ``unit`` C (1 - (1 - alpha)(1 - gamma))^{k-1} for k >= 1, nothing for k = 0."""
    alpha, _ = _alpha_beta(run)
    first = at_start(run, q_gap(run).max(axis=(1, 2))) + run.tau * alpha * at_start(run, _span(run))
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


@once
def divergence(run):
    """(K, S) D(pi*, pi^k), as a sum of nonnegative terms."""
    best = run.optimum
    if getattr(best, "regularizer", None) is None:
        target = np.broadcast_to(best.pi, run.policies.shape)
        return relative_entropy(-run.iterates, target, run.policies)
    q, m, exists = best.regularizer.q, best.regularizer.q - 1.0, np.isfinite(best.powers)
    aim = np.where(exists, best.powers, 1.0)
    powers = aim + m * run.iterates
    inside = run.policies > 0
    L = np.where(inside, -_log_ratios(run), 0.0)
    terms = _relative_divergence(L, q) * run.policies * powers
    return np.where(inside, terms, best.pi * ((aim / (q or 1.0) - powers) / m)).sum(axis=2)


def _relative_divergence(L, q):
    """D(p, p_0) / p_0^q for p = p_0 e^L, by series where L is small."""
    small = np.abs(L) < SERIES_BELOW
    x, series, geometric, weight = np.where(small, L, 0.0), 0.0, 0.0, 1.0
    coefficients = []
    for n in range(TERMS):
        geometric, weight = 1.0 + q * geometric, weight / (n + 1)
        coefficients.append(geometric * weight / (n + 2))
    for coefficient in reversed(coefficients):
        series = coefficient + x * series
    if q < 0.5:
        direct = (np.expm1(L) - (np.expm1(q * L) / q if q else L)) / (1.0 - q)
    else:
        direct = (np.exp(L) * np.expm1((q - 1.0) * L) / (q - 1.0) - np.expm1(L)) / q
    return np.where(small, x * x * series, direct)


def _potential(run, nu):
    """(K,) nu (V* - V^k) + (1/eta + tau) nu D(pi*, pi^k)."""
    return run.value_gap @ nu + divergence(run) @ nu / _alpha_beta(run)[1]


@theorem(
    "M7",
    "Phi_k <= max(gamma, 1/(1 + eta tau))^k Phi_0",
    assumes=(dense_transitions, from_the_start),
    **ABOUT,
)
def stationary_potential(run):
    """Phi_k = nu* (V* - V^k) + (1/eta + tau) nu* D(pi*, pi^k), nu* stationary for P_{pi*}, is at
    most max{gamma, 1 / (1 + eta tau)}^k Phi_0 for every eta and every h: G2 in any geometry."""
    phi = _potential(run, stationary(run.mdp, run.optimum.pi))
    rate = np.maximum(run.mdp.gamma, _alpha_beta(run)[0]) ** run.k.astype(float)
    return phi, rate * at_start(run, phi)


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
    mdp, x = run.mdp, (1 + run.mdp.gamma) / 2
    P_best = np.einsum("sa,sat->st", run.optimum.pi, mdp.P, optimize=True)
    weight = np.eye(mdp.n_states) - mdp.gamma / x * P_best.T
    nu = np.linalg.solve(weight, (1 - mdp.gamma / x) * mdp.rho)
    rate = np.maximum(x, _alpha_beta(run)[0]) ** run.k.astype(float)
    return run.gap, x / (x - mdp.gamma) * rate * at_start(run, _potential(run, nu))


@theorem(
    "M8s", "X_{k+1} <= alpha X_k + beta gamma e_k", assumes=(some_pair,), any_gamma=True, **ABOUT
)
def span_recursion(run):
    """X_{k+1} <= alpha X_k + beta gamma e_k. Proof: x^{k+1} = alpha x^k - beta q^k + const with
    q^k = Q* - Q^k = gamma P (V* - V^k), whose span is at most gamma e_k."""
    (alpha, beta), i, X = _alpha_beta(run), steps(run), _span(run)
    bound = alpha * X[i] + beta * run.mdp.gamma * run.sup_gap[i]
    return X[i + 1], bound, EPS * bound


@theorem("M8e", "e_k <= tau X_k^2 / (8 sigma (1-gamma))", any_step=True, **ABOUT)
def gap_by_span(run):
    """e_k <= tau X_k^2 / (8 sigma (1 - gamma)), for every policy with a dual variable. Proof:
    D(pi, pi*) is the divergence of the conjugate from y* to y, which is 1/sigma-smooth, in
    V* - V = (I - gamma P_pi)^{-1} tau D(pi, pi*)."""
    return run.sup_gap, run.tau * _span(run) ** 2 / _unit(run)


def _unit(run):
    return 8 * _sigma(run) * (1 - run.mdp.gamma)


@theorem(
    "M8",
    "e_k <= c_j (1 + eta tau)^{-2(k-j)} once X_j < 8 sigma (1-gamma)/gamma",
    **ABOUT,
)
def local_linear(run):
    """If h = gamma X_j / (8 sigma (1 - gamma)) < 1, then for k >= j, e_k <= (tau X_j^2 /
    (8 sigma (1 - gamma))) exp(2 h (1 + eta tau) / (1 - h)) (1 + eta tau)^{-2(k-j)}: twice the rate
    of M7 in the end, whatever h is. Proof: M8s and M8e. Compared is the least of these bounds."""
    (alpha, _), X = _alpha_beta(run), _span(run)
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
    (alpha, beta), i = _alpha_beta(run), steps(run)[-1]
    x = run.iterates[i] if run.optimum.regularizer is None else _log_ratios(run)[i]
    size, gap = np.abs(x).max(), run.sup_gap[i]
    moved = np.sqrt((1 - run.mdp.gamma) * gap / run.tau)
    drift = beta * run.mdp.gamma * gap / alpha
    settled = SMALLEST < size < LINEAR and drift < NEGLIGIBLE * moved * min(1.0, -np.log(alpha))
    rate, noise = last_rate(run)
    limit = -2 * np.log1p(run.rule.eta * run.tau)
    return rate, limit if settled and np.isfinite(rate) and limit < -noise else np.inf


@once
def _log_ratios(run):
    """(K, S, A) log pi^k - log pi*, infinite for an action that only pi^k takes."""
    return log_ratios(run.iterates, run.optimum)
