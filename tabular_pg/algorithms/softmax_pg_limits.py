"""Lower bounds, exact asymptotic laws and closed forms for softmax policy gradient, tau = 0."""

from __future__ import annotations

import numpy as np

from tabular_pg.algorithms.softmax_pg import SoftmaxPG
from tabular_pg.assumptions import (
    bandit,
    dense_transitions,
    eta_at_most,
    from_the_start,
    some_suboptimal_action,
    two_armed_bandit,
    unit_rewards,
)
from tabular_pg.quantities import decay_exponent, visitation
from tabular_pg.theorem import Confidence, Kind, theorem

RULES = (SoftmaxPG,)
FORGOTTEN = 0.9  # local decay exponent of the gap from which on a run counts as in its 1/k phase
RARE = 1e-3  # probability of sub-optimal actions below which S6 is accurate: its error is p log 1/p


def alike_optimal_actions(run) -> str:
    """The optimal actions of a state that also has others share their transitions."""
    if run.mdp.sparse:
        return dense_transitions(run)
    best, P = run.optimum, run.mdp.P
    reference = P[np.arange(len(P)), best.pi.argmax(axis=1)][:, None, :]
    differs = (P != reference).any(axis=2) & best.optimal & ~best.optimal.all(axis=1)[:, None]
    if differs.any():
        s = int(np.argwhere(differs)[0][0])
        return f"optimal actions of state {s} differ in their transitions"
    return ""


@theorem(
    "S5",
    "bandit: gap >= Delta^2 / (6 t), large t",
    rules=RULES,
    kind=Kind.LOWER,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(bandit, unit_rewards, some_suboptimal_action, eta_at_most(lambda run: 1.0, "1")),
)
def bandit_lower_bound(run):
    """Theorem 9: for eta in (0, 1] and large t = k + 1, gap >= Delta^2 / (6 t) on a bandit.
    "Large" is read as: the gap falls at least like k^{-0.9} between k/2 and k."""
    bound = run.optimum.Delta**2 / (6 * (run.k + 1))
    return run.gap, np.where(decay_exponent(run) >= FORGOTTEN, bound, -np.inf)


@theorem(
    "S5m",
    "V*(mu) - V^t(mu) >= (1-gamma)^5 Delta^2 / (12 t), large t",
    rules=RULES,
    kind=Kind.LOWER,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(unit_rewards, some_suboptimal_action, eta_at_most(lambda run: 1.0, "1")),
)
def lower_bound(run):
    """Theorem 10: for eta in (0, 1] and large t = k + 1, V*(mu) - V^t(mu) >= (1 - gamma)^5
    Delta^2 / (12 t). "Large" as in S5."""
    bound = (1 - run.mdp.gamma) ** 5 * run.optimum.Delta**2 / (12 * (run.k + 1))
    return run.value_gap @ run.mdp.mu, np.where(decay_exponent(run) >= FORGOTTEN, bound, -np.inf)


@theorem(
    "S6",
    "k gap -> sum_s n/(1+nq) d*_rho/(eta d*_mu); S(A-1)/(A eta) for rho = mu",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=0.03,
    assumes=(some_suboptimal_action, alike_optimal_actions),
)
def exact_law(run):
    """k (V*(rho) - V^k(rho)) -> (1/eta) sum_s (d*_rho(s) / d*_mu(s)) n_s / (1 + n_s q_s), with n_s
    sub-optimal actions in s and q_s the limit of sum pi^2 over its optimal ones (1 if unique).
    For unique optimal actions and rho = mu this is S (A - 1) / (A eta), whatever gamma, rewards
    and start are. Sketch: w_a = pi_a |A*_a| obeys w_a' = -eta_s w_a (w_a + W), W = sum w, so the
    w_a equalize and W ~ n / ((1 + n q) eta_s k). Checked once, in every state that matters, the
    w_a agree within 15%, q_s is steady, W falls like k^{-1} within 1% and pi(optimal) > 0.999."""
    constant, settled = _limit(run)
    return run.k[-1] * run.gap[-1], constant if settled else np.inf


def limit_constant(run) -> float:
    """The constant of S6, with the visitations and q_s of the last recorded policy."""
    return _limit(run)[0]


def _limit(run):
    best, half = run.optimum, np.searchsorted(run.k, (run.k[-1] + 1) // 2)
    before, pi = run.policies[[half, -1]]
    n = (~best.optimal).sum(axis=1)
    q, q_before = ((np.where(best.optimal, p, 0.0) ** 2).sum(axis=1) for p in (pi, before))
    share = visitation(run.mdp, pi, run.mdp.rho) / run.d[-1] * n / (1 + n * q)
    w = pi * -best.A
    mixed = (n > 0) & (share > 1e-4 * share.sum())
    with np.errstate(all="ignore"):
        most = np.where(best.optimal, -np.inf, w).max(axis=1)[mixed]
        least = np.where(best.optimal, np.inf, w).min(axis=1)[mixed]
        equal = (most <= 1.15 * least).all()
        W, W_before = (-(p * best.A).sum(axis=1)[mixed] for p in (pi, before))
        slopes = -np.log(W / W_before) / np.log(run.k[-1] / run.k[half])
    steady = (np.abs(q - q_before)[mixed] < 2e-3).all()
    steady &= (np.abs(slopes - 1) < 0.01).all()
    steady &= (np.where(best.optimal, 0.0, pi).sum(axis=1)[mixed] < RARE).all()
    return share.sum() / run.rule.eta, bool(equal and steady)


def _odds(run):
    """(K,) log-odds of the better arm of a two-armed bandit."""
    best = int(run.optimum.pi[0].argmax())
    return run.log_policies[:, 0, best] - run.log_policies[:, 0, 1 - best]


@theorem(
    "S7",
    "two arms: |g(d_k) - g(d_0) - eta Delta k| <= c (d_k - d_0), g(d) = d + sinh d",
    rules=RULES,
    assumes=(two_armed_bandit, from_the_start),
)
def two_armed_solution(run):
    """On a two-armed bandit the log-odds d_k satisfy |g(d_k) - g(d_0) - eta Delta k| <=
    (eta Delta / 2) e^{eta Delta / 2} (d_k - d_0) with g(d) = d + sinh d; the gradient flow solves
    g(d_t) = g(d_0) + eta Delta t exactly. Proof: a step is h = eta Delta / (1 + cosh d), g' =
    1 + cosh, and the second-order remainder is at most h^2 sinh(|d| + h) / 2 <=
    h eta Delta e^{eta Delta / 2} / 2, which sums to the right-hand side."""
    d, h = _odds(run), run.rule.eta * run.optimum.Delta
    value = d + np.sinh(d)
    drift = 4e-16 * run.k * (1 + np.abs(d).max())  # of d, by a rounding in every step
    rounding = (1e-12 + drift) * (1 + np.abs(value) + np.abs(value[0]))
    bound = h / 2 * np.exp(h / 2) * (d - d[0]) if h < 1000 else np.inf  # e^h overflows
    return np.abs(value - value[0] - h * run.k), bound, rounding


@theorem(
    "S7e",
    "two arms: escape from pi(a*) = eps takes 1/(2 eta Delta eps)",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    tolerance=0.05,
    assumes=(two_armed_bandit, from_the_start),
)
def escape_time(run):
    """From pi^0(a*) = eps, the better arm needs about 1 / (2 eta Delta eps) steps to become the
    likelier one, as eps -> 0. Checked where eps < 1e-3 and eta Delta < 0.02; S7 bounds
    the rest."""
    d, h = _odds(run), run.rule.eta * run.optimum.Delta
    eps = np.exp(run.log_policies[0, 0, run.optimum.pi[0].argmax()])
    predicted = 1 / (2 * h * eps)
    value = d + np.sinh(d)
    early = eps < 1e-3 and h < 0.02
    if not (early and (value[-1] >= 0 or run.k[-1] > 1.1 * predicted)):
        return run.k[-1], np.inf
    return np.interp(0.0, value, run.k), predicted  # between records the flow is linear in value
