"""Natural policy gradient, tau = 0: theorems about one step and for all k."""

from __future__ import annotations

import numpy as np
from scipy.special import wrightomega

from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import available, suboptimal
from tabular_pg.verdicts.assumptions import (
    from_the_start,
    some_pair,
    two_armed_bandit,
    unit_rewards,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import (
    EPS,
    at_start,
    best_actions,
    best_advantage,
    best_advantage_rounding,
    improvement,
    steps,
)
from tabular_pg.verdicts.visits import discounted_sums, visitation

RULES = (NaturalPG,)


def _start_divergence(run):
    """(..., S) KL(pi*_s || pi^0_s) for the deterministic optimal policy of the optimum."""
    chosen = run.optimum.pi > 0
    others = np.where(chosen, 0.0, at_start(run, run.policies)).sum(axis=-1)
    direct = -np.where(chosen, at_start(run, run.log_policies), 0.0).sum(axis=-1)
    return np.where(others < 0.5, -np.log1p(-others), direct)


@once
def greedy(run):
    """(K, S) log-probability of the best actions under A^k, probability of all others, and the
    lead g."""
    M, best = run.A.max(axis=2, keepdims=True), best_actions(run)
    log_p = np.logaddexp.reduce(np.where(best, run.log_policies, -np.inf), axis=2)
    rest = np.where(best, 0.0, run.policies).sum(axis=2)
    return log_p, rest, (M - np.where(available(run, ~best), run.A, -np.inf)).min(axis=2)


def surprise(run):
    """(K,) max_s log(1/p_s), p_s the probability of the greedy actions."""
    log_p, rest, _ = greedy(run)
    return np.where(rest < 0.5, -np.log1p(-rest), -log_p).max(axis=1)


def growth(run):
    """(K, S) p (e^{eta g} - 1) of theorem N2; inf where all actions are equally good."""
    log_p, _, lead = greedy(run)
    x = run.step_sizes[:, None] * lead
    return np.where(np.isinf(x), np.inf, np.exp(log_p + x + np.log(-np.expm1(-x))))


@theorem(
    "N1",
    "gap <= (KL/eta + 1/(1-gamma)) / ((1-gamma) k)",
    rules=RULES,
    source="xiao2022",
    confidence=Confidence.RECALLED,
    assumes=(unit_rewards, from_the_start),
    any_actions=True,
)
def sublinear(run):
    """For every eta > 0, V*(rho) - V^k(rho) <= D / (eta (1 - gamma) k) + 1 / ((1 - gamma)^2 k),
    with D the mean of KL(pi* || pi^0) under d*_rho (log A for a uniform start). Agarwal et al.
    (2021), Theorem 5.3, and Xiao (2022), Theorem 8."""
    mdp = run.mdp
    D = _start_divergence(run) @ visitation(mdp, run.optimum.pi, mdp.rho)
    return run.gap, (D / run.rule.eta + 1 / (1 - mdp.gamma)) / ((1 - mdp.gamma) * run.k)


@theorem(
    "N1v",
    "vector form of N1, at every state",
    rules=RULES,
    assumes=(from_the_start,),
    any_actions=True,
    any_gamma=True,
)
def sublinear_everywhere(run):
    """V* - V^k <= (1/k) (I - gamma P_{pi*})^{-1} [KL(pi* || pi^0) / eta + V^k - V^0], entry by
    entry, for every eta > 0. Proof: three-point lemma at each state, summed over iterations,
    using that V^k increases."""
    pi, D = run.optimum.pi, _start_divergence(run) / run.rule.eta
    risen = at_start(run, run.value_gap) - run.value_gap
    bound = discounted_sums(run.mdp, pi, risen + D)
    k = run.k[:, None]
    return run.value_gap, np.where(k > 0, bound / k, np.inf)  # 0 / 0 where every action is optimal


@theorem(
    "N2a",
    "improvement >= M (1 - 1/(1 + p(e^{eta g} - 1)))",
    rules=RULES,
    kind=Kind.LOWER,
    source="liu2024",
    confidence=Confidence.RECALLED,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_by_lead(run):
    """I_s^k >= M_s^k (1 - 1 / (1 + p (e^{eta g} - 1))), with p = pi^k(argmax A^k | s) and g the
    lead of the best advantage M over the next distinct one. Proof: Chebyshev's association
    inequality."""
    gained, rounding = improvement(run)
    i = steps(run)
    C = 1 / (1 + 1 / growth(run))
    return gained, (C * best_advantage(run))[i], rounding + (C * best_advantage_rounding(run))[i]


@theorem(
    "N2b",
    "improvement >= p M (1 - e^{-eta M})",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_by_mass(run):
    """I_s^k >= p M (1 - e^{-eta M}) with p = pi^k(argmax A^k | s) and M = max_a A^k(s, a). Proof:
    all terms of sum_a pi A (e^{eta A} - 1) / Z are nonnegative and Z <= e^{eta M}."""
    gained, rounding = improvement(run)
    p, M = np.exp(greedy(run)[0]), best_advantage(run)
    i, eta = steps(run), run.step_sizes[:, None]
    error = best_advantage_rounding(run)
    error = p * error * np.minimum(1.0, 2 * eta * (M + error))
    return gained, (-p * M * np.expm1(-eta * M))[i], rounding + error[i]


@theorem(
    "N2c",
    "improvement >= M - W((1-p)/(e p)) / eta",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_by_lambert(run):
    """I_s^k >= M - W((1 - p) / (e p)) / eta, with W the Lambert function; it sharpens
    M - log(1/p) / eta. Proof: the worst distribution of the remaining mass sits on one action;
    maximize over its advantage."""
    gained, rounding = improvement(run)
    log_p, rest, _ = greedy(run)
    M, i = best_advantage(run), steps(run)
    loss = wrightomega(np.log(rest) - 1 - log_p).real  # W(e^x), for any x
    loss = loss / run.step_sizes[:, None]
    error = best_advantage_rounding(run) + EPS * (M + loss)
    return gained, (M - loss)[i], rounding + error[i]


@theorem(
    "N7",
    "two arms: e_k = Delta / (1 + p/(1-p) e^{eta Delta k})",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_solution(run):
    """On a two-armed bandit e_k = Delta / (1 + (p/(1 - p)) e^{eta Delta k}), p the start
    probability of the better arm."""
    best, worse = run.optimum.pi[0].astype(bool), suboptimal(run)[0]
    log_odds = run.log_policies[0, 0, best] - run.log_policies[0, 0, worse]
    Delta = run.optimum.Delta
    return run.sup_gap, Delta / (1 + np.exp(log_odds + run.rule.eta * Delta * run.k))
