"""Softmax policy gradient with momentum, tau = 0: heavy ball and Nesterov's, with exact laws.

Steps of Nesterov's are gradients, or of one length (``NORMALIZED``).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.gradients.accelerated_pg import AcceleratedPG, NormalizedAcceleratedPG
from tabular_pg.methods.gradients.heavy_ball_pg import HeavyBallPG
from tabular_pg.methods.gradients.nesterov_pg import NesterovPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.softmax_pg.limits import law_constant
from tabular_pg.theorems.softmax_pg.normalized import (
    contraction_constant,
    settled_moves,
    two_armed_gap,
)
from tabular_pg.theorems.softmax_pg.steps import chosen_policy, least_optimal
from tabular_pg.verdicts.actions import each_action, number_of_actions
from tabular_pg.verdicts.assumptions import (
    eta_at_most,
    from_the_start,
    several_actions,
    some_pair,
    some_suboptimal_action,
    two_armed_bandit,
    unique_optimal_actions,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import EPS, at_start, least_step, log_ratio, steps
from tabular_pg.verdicts.visits import mismatch

ACCELERATED, NORMALIZED, HEAVY = (AcceleratedPG,), (NormalizedAcceleratedPG,), (HeavyBallPG,)
LAST_BITS = 4 * np.finfo(float).eps  # by which a logarithm may be rounded, relatively


def is_theta(run):
    """(K,) whether the iterate is one of theta_0, theta_1, ... (at k = 0 and at odd k)."""
    return (run.k % 2 == 1) | (run.k == 0)


@theorem(
    "SA1",
    "V(theta_{t+1})(mu) >= V(theta_t)(mu) for every eta",
    rules=ACCELERATED + NORMALIZED,
    any_step=True,
    any_actions=True,
)
def monotone(run):
    """V*(mu) - V(theta_t)(mu) does not rise from any recorded theta_t, which is iterate 2t - 1, to
    a later one, for every eta. Proof: omega_t is no worse than theta_t, and a step of softmax
    policy gradient from there improves every state (S1)."""
    gap, theta = run.value_gap @ run.mdp.mu, is_theta(run)
    least = np.minimum.accumulate(np.where(theta, gap, np.inf))
    before = np.concatenate([[np.inf], least[:-1]])
    return gap, np.where(theta, before, np.inf), EPS * gap


@theorem(
    "SA2",
    "gap_t(mu) <= ||d*_mu/mu|| (c (1-gamma) gap_0 + 2/(eta min mu)) / (c^2 (1-gamma)^2 t)",
    rules=ACCELERATED,
    assumes=(from_the_start,),
    any_actions=True,
)
def sublinear(run):
    """With c as in S2 (over iterates of both kinds), V*(mu) - V(theta_t)(mu) <= ||d*_mu/mu||
    (c (1 - gamma) delta_0 + 2 / (eta min mu)) / (c^2 (1 - gamma)^2 t), delta_0 = V*(mu) -
    V(theta_0)(mu), for every constant eta > 0; theta_t is iterate 2t - 1. Proof: S1b at
    omega_{t-1}, where the step is at least eta / 2, the master lemma under mu, and SA1. It does not
    know of the momentum, which is measured to give 1/t^2 (SA3)."""
    gap, c, g = run.value_gap @ run.mdp.mu, least_optimal(run), 1 - run.mdp.gamma
    constant = (c * g * at_start(run, gap) + 2 / least_step(run)) / (c * g) ** 2
    constant = constant * mismatch(run, start=run.mdp.mu, pi=chosen_policy(run))
    return gap, np.where(run.k % 2 == 1, 2 * constant / (run.k + 1), np.inf)


@theorem(
    "SA3",
    "t^2 gap -> (4/eta) sum_s n/(1+n) d*_rho/d*_mu",
    rules=ACCELERATED + (NesterovPG,),
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=0.05,
    assumes=(some_suboptimal_action, unique_optimal_actions),
    any_actions=True,
)
def accelerated_law(run):
    """t^2 (V*(rho) - V(theta_t)(rho)) -> (4/eta) sum_s (d*_rho(s)/d*_mu(s)) n_s / (1 + n_s), with
    n_s sub-optimal actions in s: 4 times the constant of S6, with t^2 for k. This is measured, not
    proved: Chen et al. (2024) prove 1/t^2 up to logarithms. Sketch: log(pi(a*)/pi(a)) of the flow
    y'' + 3 y'/t = eta_s (w_a + W), w = pi |A*|, grows like 2 log t, so that all w_a + W are
    4 / (eta_s t^2). Checked at the last recorded theta_t, or omega_t of Nesterov's method, where
    the same holds of gap and w as in S6 and the slope of the gap is -2 within 2%."""
    if type(run.rule) is NesterovPG:
        return _law(run, np.arange(len(run.k)), run.k, 4 / run.rule.eta, 2)
    return _law(run, np.flatnonzero(run.k % 2 == 1), (run.k + 1) / 2, 4 / run.rule.eta, 2)


@theorem(
    "SA4",
    "gap_t(mu) <= gap_0(mu) (1 - C)^t for every eta, normalized",
    rules=NORMALIZED,
    assumes=(several_actions, from_the_start),
    any_actions=True,
)
def linear(run):
    """V*(mu) - V(theta_t)(mu) <= (V*(mu) - V^0(mu)) (1 - C)^t with the C of SN3 (c over iterates of
    both kinds), for every constant eta; theta_t is iterate 2t - 1. Proof: SN2 at omega_{t-1}, which
    is no worse than theta_{t-1}. It does not know of the momentum, with which convergence is
    measured to be faster than linear (SA6)."""
    gap, t = run.value_gap @ run.mdp.mu, (run.k + 1) // 2
    proved = at_start(run, gap) * (1 - contraction_constant(run)) ** t
    return gap, np.where(is_theta(run), proved, np.inf)


@theorem(
    "SA5",
    "two arms: gap = Delta / (1 + e^{d_0 + sqrt(2) eta (t^2+5t+2)/8}), normalized",
    rules=NORMALIZED,
    kind=Kind.EQUAL,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_solution(run):
    """On a two-armed bandit the gap of theta_t is Delta / (1 + e^{d_0 + sqrt(2) eta y_t}) with
    y_t = (t^2 + 5t + 2) / 8, and that of phi_t the same with y_t = (t^2 + 7t) / 8, whatever Delta
    is: it falls like e^{-eta t^2 / (4 sqrt(2))}. Proof: every step adds sqrt(2) eta to the
    log-odds, every phi_t is kept, and v_t = y_t - y_{t-1} (of theta) solve v_1 = 1,
    v_t = 1 + v_{t-1} (t-2)/(t+1), which makes them (t+2)/4 from t = 2 on."""
    t = (run.k + 1) // 2
    y = np.where(run.k % 2 == 1, t * t + 5 * t + 2, t * t + 7 * t) / 8
    proved = two_armed_gap(run, np.sqrt(2 + 0 * run.sup_gap) * run.rule.eta * y)
    logs = each_action(run, np.abs(run.log_policies))
    lost = LAST_BITS * logs.max(axis=(1, 2)) if run.rounded else 0.0
    return run.sup_gap, proved, lost * t**2 / 8 * proved  # momentum adds t/2 times a rounding


@theorem(
    "SA6",
    "log e(phi_t)/e(theta_t) -> -(t-1) eta / (4 N), log e(theta_{t+1})/e(phi_t) -> -eta / N",
    rules=NORMALIZED,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=3e-3,
    assumes=(some_suboptimal_action, unique_optimal_actions, some_pair),
    any_actions=True,
)
def superlinear(run):
    """With N = sqrt(sum_s n_s / (1 + n_s)), n_s sub-optimal actions in s: a step of the gradient
    multiplies the gap by e^{-eta/N} as in SN6, one of the momentum by e^{-(t-1) eta / (4 N)}; so
    log gap(theta_t) ~ -eta t^2 / (8 N), whatever gamma, rewards and mu are. Sketch: SN6, and the
    recursion of SA5. That the w (1 + n_s) become equal and every phi_t is kept is argued and not
    proved; it rests on a numerical check. Checked on the last recorded pair, under the conditions
    of SN6."""
    rate, limit = settled_moves(run)
    k = run.k[steps(run)[-1]]
    return rate, limit * ((k - 1) / 8 if k % 2 == 1 else 1.0)


@theorem(
    "SH1",
    "gap(mu) + (beta/2 eta) ||theta^k - theta^{k-1}||^2 falls, eta <= 4 (1-beta) (1-gamma)^3",
    rules=HEAVY,
    assumes=(
        unit_rewards,
        some_pair,
        eta_at_most(
            lambda run: 4 * (1 - run.rule.beta) * (1 - run.mdp.gamma) ** 3, "4 (1-beta) (1-gamma)^3"
        ),
    ),
    any_actions=True,
)
def energy(run):
    """V*(mu) - V^k(mu) + (beta / (2 eta)) ||theta^k - theta^{k-1}||^2 does not rise, for rewards in
    [0, 1] and eta <= 4 (1 - beta) (1 - gamma)^3; so V^k(mu) >= V^0(mu) for all k. Proof: V(mu) is
    1 / (2 (1 - gamma)^3)-smooth (S3st), eta grad V is the difference of two moves, and their
    product is at most half the sum of their squares."""
    i, gap = steps(run), run.value_gap @ run.mdp.mu
    move = log_ratio(run)
    mean = move.sum(axis=2, keepdims=True) / number_of_actions(run.mdp)
    move = each_action(run, move - mean)
    square = run.rule.beta / (2 * run.rule.eta) * (move**2).sum(axis=(1, 2))
    follows = np.concatenate([[False], np.diff(i) == 1])
    before = np.concatenate([square[:1] * 0, square[:-1]])
    known = follows | (run.k[i] == 0)
    proved = gap[i] + np.where(follows, before, 0 * before)
    logs = each_action(run, np.abs(run.log_policies))
    noise = LAST_BITS * logs[i + 1] if run.rounded else 0.0 * move
    moved = run.rule.beta / (2 * run.rule.eta) * ((2 * np.abs(move) + noise) * noise)
    rounding = EPS * (gap[i] + square) + moved.sum(axis=(1, 2))
    return gap[i + 1] + square, np.where(known, proved, np.inf), rounding


@theorem(
    "SH2",
    "k gap -> ((1-beta)/eta) sum_s n/(1+n) d*_rho/d*_mu",
    rules=HEAVY,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=0.03,
    assumes=(some_suboptimal_action, unique_optimal_actions),
    any_actions=True,
)
def heavy_ball_law(run):
    """k (V*(rho) - V^k(rho)) -> ((1 - beta) / eta) sum_s (d*_rho(s)/d*_mu(s)) n_s / (1 + n_s), with
    n_s sub-optimal actions in s: what softmax policy gradient with the step eta / (1 - beta) has
    (S6); momentum does not change the order 1/k. Sketch: moves become nearly constant, so that each
    is eta / (1 - beta) times the gradient; that is argued and not proved, and rests on a numerical
    check. Checked once, under the conditions of S6."""
    return _law(run, np.arange(len(run.k)), run.k, (1 - run.rule.beta) / run.rule.eta, 1)


def _law(run, rows, n, factor, power):
    """n^power times the gap at the last of the ``rows``, and its limit, or inf if not settled."""
    if len(rows) < 3:
        return run.k[-1], np.inf
    constant, settled = law_constant(run, rows, power)
    return n[rows[-1]] ** power * run.gap[rows[-1]], factor * constant if settled else np.inf
