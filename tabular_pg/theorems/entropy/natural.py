"""Theorems about natural policy gradient with entropy regularization (tau > 0).

Soft policy iteration is the limit eta -> infinity, so most of them hold for it too. Throughout
alpha = 1 / (1 + eta tau), beta = eta alpha (0 and 1 / tau in the limit), xi = log pi - log pi*.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.methods.soft_policy_iteration import SoftPolicyIteration
from tabular_pg.methods.softmax_pg import SoftmaxPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import each_action, most_actions
from tabular_pg.verdicts.assumptions import dense_transitions, from_the_start, some_pair
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.potential import (
    alpha_beta,
    decay_anywhere,
    decay_at_stationarity,
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
from tabular_pg.verdicts.visits import discounted_sum

RULES = (NaturalPG, SoftPolicyIteration)
SMALLEST, LINEAR = 1e-150, 1e-4  # sizes of xi whose square is a number, and is small beside xi


@once
def _cen(run):
    """(C_1, 1 - eta_C tau) of Cen et al. (2022), Theorem 1."""
    alpha, _ = alpha_beta(run)
    q, xi = q_gap(run).max(axis=(1, 2)), np.abs(run.iterates).max(axis=(1, 2))
    C = at_start(run, q) + 2 * run.tau * alpha * at_start(run, xi)
    return C, run.mdp.gamma + (1 - run.mdp.gamma) * alpha


def _after_start(run, bound):
    """``bound`` for k >= 1, nothing for k = 0."""
    return np.where(run.k >= 1, bound, np.inf)


CEN = {
    "rules": RULES,
    "any_actions": True,
    "regularized": True,
    "source": "cen2022",
    "confidence": Confidence.RECALLED,
    "assumes": (from_the_start,),
}


@theorem("G1", "||Q* - Q^k|| <= gamma C1 (1 - eta_C tau)^{k-1}", **CEN)
def cen_values(run):
    """Theorem 1: ||Q*_tau - Q^k_tau|| <= gamma C_1 (1 - eta_C tau)^{k-1} for k >= 1, with
    C_1 = ||Q* - Q^0|| + 2 tau alpha ||log pi* - log pi^0|| and eta_C tau = (1 - gamma)(1 - alpha),
    which is also the factor of Zhan et al. (2023)."""
    C, factor = _cen(run)
    bound = run.mdp.gamma * C * factor ** (run.k - 1.0)
    return q_gap(run).max(axis=(1, 2)), _after_start(run, bound)


@theorem("G1p", "||log pi* - log pi^k|| <= (2 C1/tau) (1 - eta_C tau)^{k-1}", **CEN)
def cen_policies(run):
    """Theorem 1: ||log pi* - log pi^k|| <= (2 C_1 / tau) (1 - eta_C tau)^{k-1} for k >= 1."""
    return cen_bound(run, np.abs(run.iterates).max(axis=(1, 2)), 2, run.tau)


@theorem("G1v", "||V* - V^k|| <= 3 C1 (1 - eta_C tau)^{k-1}", **CEN)
def cen_state_values(run):
    """Theorem 1: ||V*_tau - V^k_tau|| <= 3 C_1 (1 - eta_C tau)^{k-1} for k >= 1."""
    return cen_bound(run, run.sup_gap, 3)


def cen_bound(run, measured, constant, unit=1):
    """``measured`` <= ``constant`` C_1 / unit (1 - eta_C tau)^{k-1} for k >= 1."""
    C, factor = _cen(run)
    return measured, _after_start(run, constant * C / unit * factor ** (run.k - 1.0))


@theorem(
    "G2",
    "Phi_k <= max(gamma, 1/(1 + eta tau))^k Phi_0",
    rules=RULES,
    regularized=True,
    source="chen2026",
    confidence=Confidence.DERIVED,
    assumes=(dense_transitions, from_the_start),
    any_actions=True,
)
def stationary_potential(run):
    """Phi_k = nu* (V* - V^k) + ((1 + eta tau) / eta) nu* KL(pi* || pi^k), nu* stationary for
    P_{pi*}, satisfies Phi_k <= max{gamma, 1 / (1 + eta tau)}^k Phi_0 for every eta; gamma^k once
    1 + eta tau >= 1/gamma (Lan, 2023)."""
    return decay_at_stationarity(run)


@theorem(
    "G2x",
    "gap(rho) <= x/(x-gamma) max(x, 1/(1 + eta tau))^k Phi_0, any rho",
    rules=RULES,
    regularized=True,
    assumes=(dense_transitions, from_the_start),
    any_actions=True,
)
def any_start_potential(run):
    """For any rho and any x in (gamma, 1), V*(rho) - V^k(rho) <= (x / (x - gamma))
    max{x, 1 / (1 + eta tau)}^k Phi_0, with nu_x = (1 - gamma/x) sum_t (gamma/x)^t rho P_{pi*}^t in
    place of nu* in Phi. Proof: nu_x >= (1 - gamma/x) rho, and gamma nu_x P_{pi*} <= x nu_x. Checked
    at x = (1 + gamma) / 2."""
    return decay_anywhere(run)


@theorem(
    "G3s",
    "X_{k+1} <= alpha X_k + beta gamma e_k",
    rules=RULES,
    regularized=True,
    assumes=(some_pair,),
    any_actions=True,
    any_gamma=True,
)
def span_recursion(run):
    """X_k = max_s span(log pi^k - log pi*) satisfies X_{k+1} <= alpha (X_k + eta gamma e_k).
    Proof: xi^{k+1} = alpha xi^k - beta q^k + const and span(q^k) <= gamma e_k."""
    (alpha, beta), i, X = alpha_beta(run), steps(run), span(run)
    bound = alpha * X[i] + beta * run.mdp.gamma * run.sup_gap[i]
    return X[i + 1], bound, EPS * bound


@theorem(
    "G3e",
    "e_k <= tau X_k^2 / (8 (1-gamma))",
    rules=RULES,
    regularized=True,
    any_step=True,
    any_actions=True,
)
def gap_byspan(run):
    """e_k <= tau X_k^2 / (8 (1 - gamma)). Proof: KL(pi || pi*) <= span(log pi - log pi*)^2 / 8
    (Hoeffding) in V* - V = (I - gamma P)^{-1} tau KL."""
    return run.sup_gap, run.tau * span(run) ** 2 / (8 * (1 - run.mdp.gamma))


@theorem(
    "G3",
    "e_k <= c_j (1 + eta tau)^{-2(k-j)} once X_j < 8 (1-gamma)/gamma",
    rules=(NaturalPG,),
    regularized=True,
    any_actions=True,
)
def local_linear(run):
    """If h = gamma X_j / (8 (1 - gamma)) < 1, then for k >= j, e_k <= (tau X_j^2 / (8 (1 - gamma)))
    exp(2 h (1 + eta tau) / (1 - h)) (1 + eta tau)^{-2(k-j)}: the tight local rate claimed by Liu,
    Li and Wei (2024), with explicit constants. Proof: G3s and G3e. Every recorded j gives such a
    bound; compared is the least of them."""
    (alpha, _), X, g = alpha_beta(run), span(run), 1 - run.mdp.gamma
    h = run.mdp.gamma * X / (8 * g)
    log_constant = np.log(run.tau * X**2 / (8 * g)) + 2 * h / (alpha * (1 - h))
    level = np.where(h < 1, log_constant - 2 * run.k * np.log(alpha), np.inf)
    return run.sup_gap, np.exp(np.minimum.accumulate(level) + 2 * run.k * np.log(alpha))


@theorem(
    "G3r",
    "log e_{k+1}/e_k -> -2 log(1 + eta tau)",
    rules=(NaturalPG,),
    kind=Kind.ASYMPTOTIC,
    regularized=True,
    tolerance=1e-3,
    assumes=(some_pair,),
    any_actions=True,
    any_gamma=True,
)
def exact_rate(run):
    """e_k^{1/k} -> (1 + eta tau)^{-2}. Checked as the ratio of the last recorded pair, once
    X_k < 1e-4, the quadratic term beta gamma e_k is below 1e-5 X_k^+ (for small tau the gap can
    be 1e-24 and the run still far from this regime), and the rate is above the rounding of e."""
    (alpha, beta), i = alpha_beta(run), steps(run)[-1]
    X = span(run)[i]
    drift = beta * run.mdp.gamma * run.sup_gap[i] / alpha
    settled = SMALLEST < X < LINEAR and drift < NEGLIGIBLE * X * min(1.0, -np.log(alpha))
    rate, noise = last_rate(run)  # not finite once pi* underflows
    limit = -2 * np.log1p(run.rule.eta * run.tau)
    return rate, limit if settled and np.isfinite(rate) and limit < -noise else np.inf


@theorem(
    "G3c",
    "gamma = 0: log pi^k - log pi* = alpha^k (log pi^0 - log pi*) + const",
    rules=(NaturalPG,),
    kind=Kind.EQUAL,
    regularized=True,
    assumes=(from_the_start,),
    any_actions=True,
)
def closed_form(run):
    """For gamma = 0, pi^k is proportional to (pi*)^{1 - alpha^k} (pi^0)^{alpha^k}."""
    first = run.optimum.optimal.argmax(axis=1)[None, :, None]  # an action that there is
    xi = each_action(run, run.iterates - np.take_along_axis(run.iterates, first, axis=2))
    alpha = alpha_beta(run)[0] ** run.k.astype(float)[:, None, None]
    predicted = alpha * at_start(run, xi) if run.mdp.gamma == 0 else np.full(xi.shape, np.inf)
    return xi, predicted, EPS * np.abs(run.iterates).max(axis=2, keepdims=True)


@theorem(
    "E5",
    "V* - V^{pi*_tau} <= tau log A / (1-gamma)",
    rules=(SoftmaxPG, NaturalPG, SoftPolicyIteration),
    regularized=True,
    source="cen2022",
    confidence=Confidence.RECALLED,
    any_actions=True,
)
def bias(run):
    """The regularized optimum loses at most tau log A / (1 - gamma) of unregularized value, in
    every state."""
    mdp, plain = run.mdp, run.plain_optimum
    A = np.where(run.optimum.pi > 0, plain.A, 0.0)  # -inf where there is no action
    lost = discounted_sum(mdp, run.optimum.pi, -(run.optimum.pi * A).sum(axis=1))
    return lost.max(), run.tau * np.log(most_actions(mdp)) / (1 - mdp.gamma)
