"""Soft policy iteration: it squares its error at every step."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.soft_policy_iteration import SoftPolicyIteration
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.assumptions import dense_transitions, from_the_start, some_pair
from tabular_pg.verdicts.changes import offset_change
from tabular_pg.verdicts.quantities import (
    EPS,
    ULP,
    at_start,
    least_slack,
    q_gap,
    relative_entropy,
    steps,
)
from tabular_pg.verdicts.visits import discounted_sums, stationary, visitation

RULES = (SoftPolicyIteration,)
NEAR, SMALL = 1e-5, 1e-280  # |xi| beside whose square its cube is invisible; gaps with all digits


@theorem(
    "G4",
    "e_{k+1} <= min(gamma, gamma^2 e_k / (8 tau (1-gamma))) e_k",
    rules=RULES,
    regularized=True,
    assumes=(some_pair,),
    any_actions=True,
)
def quadratic(run):
    """e_{k+1} <= min{gamma, gamma^2 e_k / (8 tau (1 - gamma))} e_k for every k, with no assumption
    on the stationary distribution: the local quadratic rate claimed by Liu, Li and Wei (2024),
    for all iterates. Proof: V* - V^{k+1} = (I - gamma P_{k+1})^{-1} tau KL(softmax(Q^k/tau) ||
    softmax(Q*/tau)), and KL <= span(Q* - Q^k)^2 / (8 tau^2) <= (gamma e_k)^2 / (8 tau^2)."""
    gamma = run.mdp.gamma
    return _squared(run, lambda e: gamma**2 * e / (8 * run.tau * (1 - gamma)))


def _squared(run, factor):
    """e_{k+1} <= min{gamma, factor(e_k)} e_k."""
    i, e = steps(run), run.sup_gap
    return e[i + 1], np.minimum(run.mdp.gamma, factor(e[i])) * e[i]


@theorem(
    "G4t",
    "e_{k+1} <= min(gamma, (1 - sqrt(1-gamma))^2 e_k / (2 tau)) e_k",
    rules=RULES,
    regularized=True,
    assumes=(some_pair,),
    any_actions=True,
)
def quadratic_sharp(run):
    """e_{k+1} <= min{gamma, (1 - sqrt(1 - gamma))^2 e_k / (2 tau)} e_k for every k: G4 without a
    horizon, as the square is at most 1. Proof: V* - V^{k+1} is a discounted sum of divergences, and
    U(x) = x - a (e^{cx} - 1) / (e^c - 1), with c = gamma e_k / tau and
    a = 1 - (1 - sqrt(1 - gamma))^2 e_k / (2 tau), is up to a factor a supersolution of the equation
    of that sum, at x = (V* - V^k) / e_k; the largest value of gamma U is the constant."""
    return _squared(run, lambda e: _sharp(run) * e)


def _sharp(run):
    """(1 - sqrt(1 - gamma))^2 / (2 tau), without the cancellation."""
    gamma = run.mdp.gamma
    return (gamma / (1 + np.sqrt(1 - gamma))) ** 2 / (2 * run.tau)


@theorem(
    "G4c",
    "e_k <= (K e_0)^{2^k} / K, K = gamma^2/(8 tau (1-gamma))",
    rules=RULES,
    regularized=True,
    assumes=(from_the_start,),
    any_actions=True,
)
def quadratic_closed_form(run):
    """e_k <= (K e_0)^{2^k} / K with K = gamma^2 / (8 tau (1 - gamma)), useful where K e_0 < 1;
    G4 iterated."""
    return _iterated(run, run.mdp.gamma**2 / (8 * run.tau * (1 - run.mdp.gamma)))


def _iterated(run, K):
    """e_k <= (K e_0)^{2^k} / K."""
    start = K * at_start(run, run.sup_gap)
    if K == 0:
        return run.sup_gap, np.full(run.k.shape, np.inf)
    bound = start ** (2.0 ** np.minimum(run.k, 1000)) / K
    return run.sup_gap, np.where(start < 1, bound, np.inf)


@theorem(
    "G4ct",
    "e_k <= (K e_0)^{2^k} / K, K = (1 - sqrt(1-gamma))^2/(2 tau)",
    rules=RULES,
    regularized=True,
    assumes=(from_the_start,),
    any_actions=True,
)
def quadratic_closed_form_sharp(run):
    """e_k <= (K e_0)^{2^k} / K with K = (1 - sqrt(1 - gamma))^2 / (2 tau), useful where K e_0 < 1;
    G4t iterated."""
    return _iterated(run, _sharp(run))


@theorem(
    "G4l",
    "V* - V^{k+1} -> (I - gamma P*)^{-1} Var[gamma P(V* - V^k)]/(2 tau)",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    regularized=True,
    tolerance=1e-3,
    assumes=(some_pair,),
    any_actions=True,
    any_gamma=True,
)
def second_order_limit(run):
    """V* - V^{k+1} over (I - gamma P_{pi*})^{-1} Var_{a ~ pi*_s}[gamma P (V* - V^k)(s, a)] /
    (2 tau) tends to 1, entry by entry. Checked where max |log pi^{k+1} - log pi*| is
    below 1e-5 and the errors are far from underflow."""
    i, pi = steps(run), run.optimum.pi
    q = q_gap(run)[i]
    q = q - q.max(axis=2, keepdims=True)
    mean = (pi * q).sum(axis=2, keepdims=True)
    variance = (pi * (q - mean) ** 2).sum(axis=2)
    limit = discounted_sums(run.mdp, pi, variance / (2 * run.tau))
    near = np.abs(run.iterates[i + 1]).max(axis=(1, 2)) < NEAR
    settled = near & (run.sup_gap[i + 1] > SMALL)
    noise = ULP * run.mdp.gamma * run.sup_gap[i, None]  # of q, which may be all but constant
    rounding = EPS * limit.max(axis=1, keepdims=True) + noise**2 / (run.tau * least_slack(run))
    return run.value_gap[i + 1], np.where(settled[:, None], limit, np.inf), rounding


@theorem(
    "G5",
    "Cen et al.: quadratic rate with ||1/nu*||",
    rules=RULES,
    regularized=True,
    source="cen2022",
    confidence=Confidence.RECALLED,
    assumes=(dense_transitions, from_the_start),
    any_actions=True,
)
def cen_quadratic(run):
    """If the stationary distribution nu* of P_{pi*} is positive and
    ||log pi^t - log pi*|| <= 1 from the start on, V*(rho) - V^t(rho) <=
    ||rho/nu*|| (1/c) {c (V*(nu*) - V^0(nu*))}^{2^t} with c = 4 gamma^2 ||1/nu*|| /
    ((1 - gamma) tau)."""
    mdp, nu = run.mdp, stationary(run.mdp, run.optimum.pi)
    if mdp.gamma == 0 or nu.min() < 1e-12 or np.abs(run.iterates).max() > 1:
        return run.gap, np.full(run.k.shape, np.inf)
    c = 4 * mdp.gamma**2 / ((1 - mdp.gamma) * run.tau * nu.min())
    start = c * at_start(run, run.value_gap @ nu)
    bound = (mdp.rho / nu).max() / c * start ** (2.0 ** np.minimum(run.k, 1000))
    return run.gap, np.where(start < 1, bound, np.inf)


@theorem(
    "G5l",
    "gap <= tau/(1-gamma) E_{d*} KL(pi^t || pi^{t+1})",
    rules=RULES,
    regularized=True,
    source="cen2022",
    confidence=Confidence.QUOTED,
    assumes=(some_pair,),
    any_actions=True,
    any_gamma=True,
)
def gap_by_divergence(run):
    """Lemma 5: V*(rho) - V^t(rho) <= (tau / (1 - gamma)) E_{s ~ d*_rho} KL(pi^t || pi^{t+1})."""
    i, mdp = steps(run), run.mdp
    change, error = offset_change(run)
    divergence = relative_entropy(-change, run.policies[i], run.policies[i + 1])
    d = visitation(mdp, run.optimum.pi, mdp.rho)
    scale = run.tau / mdp.unit
    lost = (np.maximum(run.policies[i], run.policies[i + 1]) * error).sum(axis=2)
    return run.gap[i], scale * divergence @ d, scale * lost @ d
