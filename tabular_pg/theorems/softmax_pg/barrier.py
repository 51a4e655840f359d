"""Softmax policy gradient with a log barrier: ascent, and how far from the optimum it ends."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.gradients.log_barrier_pg import LogBarrierPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import each_action, most_actions, number_of_actions
from tabular_pg.verdicts.assumptions import every_iterate, some_pair, uniform_start, unit_rewards
from tabular_pg.verdicts.quantities import EPS, at_start, log_ratio, steps, value_rise
from tabular_pg.verdicts.visits import mismatch, visitation

RULES = (LogBarrierPG,)
CERTAINLY = 1 - 1e-9  # of a limit: gradients up to here are below it, whatever their rounding


def barrier_gradient(run):
    """(K, S, A) grad L."""
    pi, weight = run.policies, run.rule.barrier / run.mdp.n_states
    pull = each_action(run, weight * (1 / number_of_actions(run.mdp) - pi))
    return run.d[:, :, None] * pi * run.A / (1 - run.mdp.gamma) + pull


def curvature(run):
    """What L is smooth with, for rewards in [0, 1]."""
    return 1 / (2 * (1 - run.mdp.gamma) ** 3) + run.rule.barrier / (2 * run.mdp.n_states)


@theorem(
    "SB1",
    "gap(rho) <= (barrier (1-1/A)/S + m) sum_s d*_rho/d_mu if m = max |grad L| <= barrier/(SA)",
    rules=RULES,
    any_step=True,
    any_actions=True,
)
def nearly_stationary(run):
    """Whenever no entry of grad L is larger than m <= barrier / (S A), V*(rho) - V^k(rho) <=
    (barrier (1 - 1/A) / S + m) sum_s d*_rho(s) / d_mu^k(s). Proof: for an action with A > 0,
    d_mu pi A / (1 - gamma) <= m - (barrier / S) (1/A - pi), and pi <= 1."""
    mdp, S, A = run.mdp, run.mdp.n_states, most_actions(run.mdp)
    m = np.abs(barrier_gradient(run)).max(axis=(1, 2))
    ratio = (visitation(mdp, run.optimum.pi, mdp.rho) / run.d).sum(axis=1)
    bound = (run.rule.barrier * (1 - 1 / A) / S + m) * ratio
    return run.gap, np.where(m <= CERTAINLY * run.rule.barrier / (S * A), bound, np.inf)


@theorem(
    "SB2",
    "gap(rho) <= 2 barrier ||d*_rho/mu|| / (1-gamma) if ||grad L|| <= barrier / (2SA)",
    rules=RULES,
    source="agarwal2021",
    confidence=Confidence.QUOTED,
    any_step=True,
    any_actions=True,
)
def nearly_stationary_classical(run):
    """Theorem 5.2: whenever ||grad L||_2 <= barrier / (2 S A), V*(rho) - V^k(rho) <= (2 barrier /
    (1 - gamma)) ||d*_rho/mu||. Proof: SB1, which has less than half of it."""
    mdp, bar = run.mdp, run.rule.barrier
    norm = np.sqrt((barrier_gradient(run) ** 2).sum(axis=(1, 2)))
    bound = 2 * bar / (1 - mdp.gamma) * mismatch(run, under=mdp.mu)
    near = norm <= CERTAINLY * bar / (2 * mdp.n_states * most_actions(mdp))
    return run.gap, np.where(near, bound, np.inf)


@theorem(
    "SB3",
    "L^{k+1} - L^k >= eta (1 - eta beta/2) ||grad L||^2, beta = 1/(2(1-gamma)^3) + barrier/(2S)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(unit_rewards, some_pair),
    any_step=True,
    any_actions=True,
)
def ascent(run):
    """L^{k+1} - L^k >= eta (1 - eta beta / 2) ||grad L^k||^2 with beta = 1 / (2 (1 - gamma)^3) +
    barrier / (2 S), for rewards in [0, 1]. Proof: V(mu) is 1 / (2 (1 - gamma)^3)-smooth in theta
    (S3st), and the Hessian of the barrier is -(barrier / S) (diag pi - pi pi^T) in every state."""
    i, (gained, rounding) = steps(run), value_rise(run)
    weight = run.rule.barrier / (run.mdp.n_states * number_of_actions(run.mdp))
    change = weight * log_ratio(run)
    rise = gained + change.sum(axis=(1, 2))
    eta, logs = run.step_sizes[i], each_action(run, np.abs(run.log_policies))
    square = (barrier_gradient(run)[i] ** 2).sum(axis=(1, 2))
    rounding = rounding + EPS * (square * eta + np.abs(change).sum(axis=(1, 2)))
    rounding = rounding + (weight * 1e-14 * (1 + logs[i] + logs[i + 1])).sum(axis=(1, 2))
    return rise, eta * (1 - eta * curvature(run) / 2) * square, rounding


@theorem(
    "SB4",
    "min_{j<k} gap_j <= (barrier (1-1/A)/S + m) sum_s d*_rho/((1-gamma) mu), m = O(1/sqrt(k))",
    rules=RULES,
    assumes=(unit_rewards, every_iterate, uniform_start),
    any_actions=True,
)
def sublinear(run):
    """From the uniform policy, for eta <= 1 / beta (SB3), rewards in [0, 1] and m =
    sqrt(2 (V*(mu) - V^0(mu)) / (eta k)) <= barrier / (S A): the least gap of iterates j < k is at
    most (barrier (1 - 1/A) / S + m) sum_s d*_rho(s) / ((1 - gamma) mu(s)). Proof: sum SB3, where
    L^j - L^0 <= V^j(mu) - V^0(mu), as the barrier is largest at first; then SB1 at the smallest
    gradient, with d_mu >= (1 - gamma) mu."""
    mdp, S, A = run.mdp, run.mdp.n_states, most_actions(run.mdp)
    m = np.sqrt(2 * at_start(run, run.value_gap @ mdp.mu) / (run.rule.eta * run.k))
    ratio = (visitation(mdp, run.optimum.pi, mdp.rho) / mdp.mu).sum() / (1 - mdp.gamma)
    bound = (run.rule.barrier * (1 - 1 / A) / S + m) * ratio
    claimed = (run.k > 0) & (m <= run.rule.barrier / (S * A))
    claimed = claimed & (run.rule.eta * curvature(run) <= 1)
    least = np.minimum.accumulate(np.concatenate([run.gap[:1], run.gap[:-1]]))
    return least, np.where(claimed, bound, np.inf)
