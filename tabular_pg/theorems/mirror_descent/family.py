"""Policy mirror descent in any geometry: monotone, sublinear, and linear with growing steps."""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.mirror_descent.geometry import (
    RULES,
    bregman,
    finite_distances,
    growing,
    growing_by_horizon,
    growing_by_mismatch,
    start_distance,
    without_lookahead,
)
from tabular_pg.verdicts.assumptions import (
    dense_transitions,
    discounted,
    from_the_start,
    some_pair,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import at_start, improvement
from tabular_pg.verdicts.visits import discounted_sums, mismatch, stationary, visitation


@theorem(
    "M0",
    "improvement >= 0",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(without_lookahead, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def monotone(run):
    """I_s^k = (T^{pi^{k+1}} V^k - V^k)(s) >= 0 in every state, for any divergence and any step
    sizes, so that V^{k+1} >= V^k. Proof: pi^{k+1} is at least as good as pi^k for
    eta <A^k, p> - D(p, pi^k), where that is 0."""
    gained, rounding = improvement(run)
    return gained, np.zeros(gained.shape), rounding


@theorem(
    "M1v",
    "V* - V^k <= (1/k) (I - gamma P*)^{-1} (D_0/eta_0 + V^k - V^0)",
    rules=RULES,
    assumes=(without_lookahead, bregman, finite_distances, from_the_start, growing),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def sublinear_everywhere(run):
    """For steps that never shrink, V* - V^k <= (1/k) (I - gamma P_{pi*})^{-1} [D(pi*, pi^0) / eta_0
    + V^k - V^0], entry by entry. Proof: three-point lemma at each state, summed over iterations,
    using that V^k increases."""
    D, pi = start_distance(run), run.optimum.pi
    risen = at_start(run, run.value_gap) - run.value_gap
    k = run.k[:, None]
    bound = discounted_sums(run.mdp, pi, risen + D / run.step_sizes[0])
    return run.value_gap, np.where(k > 0, bound / k, np.inf)


@theorem(
    "M1",
    "gap <= (D_0/(eta (1-gamma)) + 1/(1-gamma)^2) / (k+1)",
    rules=RULES,
    source="xiao2022",
    confidence=Confidence.QUOTED,
    assumes=(without_lookahead, bregman, finite_distances, from_the_start, unit_rewards),
    any_actions=True,
)
def sublinear(run):
    """Theorem 8: for a constant step, V*(rho) - V^k(rho) <= (1/(k+1)) (D_0 / (eta (1 - gamma)) +
    1 / (1 - gamma)^2), with D_0 the mean of D(pi*, pi^0) under d*_rho."""
    horizon = 1 / (1 - run.mdp.gamma)
    mean = start_distance(run) @ visitation(run.mdp, run.optimum.pi, run.mdp.rho)
    return run.gap, (mean / run.rule.eta * horizon + horizon**2) / (run.k + 1)


@theorem(
    "M1n",
    "gap(nu*) <= (gamma gap_0(nu*) + D_0/eta_0) / ((1-gamma) k)",
    rules=RULES,
    source="lan2023",
    confidence=Confidence.DERIVED,
    assumes=(
        without_lookahead, bregman, finite_distances, from_the_start, growing, dense_transitions,
    ),
    any_step=True,
    any_actions=True,
)  # fmt: skip
def sublinear_stationary(run):
    """For steps that never shrink and nu* stationary for P_{pi*}, V*(nu*) - V^k(nu*) <= (gamma
    (V*(nu*) - V^0(nu*)) + D_0 / eta_0) / ((1 - gamma) k), with D_0 the mean of D(pi*, pi^0) under
    nu*. Proof: three-point lemma under nu*, gap_{j+1} - gamma gap_j <= (D_j - D_{j+1}) / eta_j,
    summed."""
    nu, gamma = stationary(run.mdp, run.optimum.pi), run.mdp.gamma
    gap = run.value_gap @ nu
    first = gamma * at_start(run, gap) + start_distance(run) @ nu / run.step_sizes[0]
    return gap, np.where(run.k > 0, first / ((1 - gamma) * run.k), np.inf)


@theorem(
    "M2",
    "growth theta/(theta-1): gap <= (1 - 1/theta)^k (gap_0 + D_0/(gamma eta_0))",
    rules=RULES,
    source="xiao2022",
    confidence=Confidence.QUOTED,
    assumes=(
        without_lookahead, bregman, finite_distances, from_the_start, discounted,
        growing_by_mismatch,
    ),
    any_step=True,
    any_actions=True,
)  # fmt: skip
def linear(run):
    """Theorem 10: if eta_{k+1} >= eta_k theta / (theta - 1), theta = max_s d*_rho(s) / rho(s) /
    (1 - gamma), as for eta_{k+1} = eta_k / gamma, V*(rho) - V^k(rho) <= (1 - 1/theta)^k (V*(rho) -
    V^0(rho) + D_0 / (gamma eta_0)), with D_0 the mean of D(pi*, pi^0) under d*_rho."""
    gamma = run.mdp.gamma
    theta = mismatch(run) / (1 - gamma)
    mean = start_distance(run) @ visitation(run.mdp, run.optimum.pi, run.mdp.rho)
    first = at_start(run, run.gap) + mean / (gamma * run.step_sizes[0])
    return run.gap, (1 - 1 / theta) ** run.k * first


@theorem(
    "M2n",
    "growth 1/gamma: gap(nu*) <= gamma^k (gap_0(nu*) + D_0/(gamma eta_0))",
    rules=RULES,
    source="xiao2022",
    confidence=Confidence.DERIVED,
    assumes=(
        without_lookahead, bregman, finite_distances, from_the_start, discounted,
        growing_by_horizon, dense_transitions,
    ),
    any_step=True,
    any_actions=True,
)  # fmt: skip
def linear_stationary(run):
    """If eta_{k+1} >= eta_k / gamma and nu* is stationary for P_{pi*}, V*(nu*) - V^k(nu*) <=
    gamma^k (V*(nu*) - V^0(nu*) + D_0 / (gamma eta_0)), with D_0 the mean of D(pi*, pi^0) under
    nu*. Proof: gap_{j+1} + D_{j+1} / eta_j <= gamma (gap_j + D_j / (gamma eta_j)), and gamma eta_j
    >= eta_{j-1}."""
    nu, gamma = stationary(run.mdp, run.optimum.pi), run.mdp.gamma
    gap = run.value_gap @ nu
    first = at_start(run, gap) + start_distance(run) @ nu / (gamma * run.step_sizes[0])
    return gap, first * gamma**run.k
