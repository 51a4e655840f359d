"""Hadamard policy gradient: one step and rates with sharp constants.

The proofs in full are on the page "Sharpened theorems" of the documentation.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Kind, theorem
from tabular_pg.theorems.hadamard_pg.rates import (
    after_two_phases,
    lost_in_square,
    slower_phase,
    small_step,
)
from tabular_pg.theorems.hadamard_pg.steps import RULES, optimal_part, reach, slope, square
from tabular_pg.verdicts.assumptions import (
    from_the_start,
    some_pair,
    some_suboptimal_action,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import (
    EPS,
    at_start,
    improvement,
    least_step,
    state_step,
    steps,
    suboptimal_mass,
)

ONE_STEP = {"rules": RULES, "kind": Kind.LOWER, "any_step": True}


@theorem(
    "H1bt",
    "improvement >= 2 eta_s v if eta_s A >= -1/2",
    assumes=(some_pair,),
    **ONE_STEP,
    any_actions=True,
    any_gamma=True,
)
def improvement_linear(run):
    """I_s^k >= 2 eta_s^k v with v = sum_a pi A^2, wherever eta_s^k A^k(s, .) >= -1/2; always, if
    eta <= (1 - gamma)^2 / 2 and rewards are in [0, 1]. Proof: with B = 2 eta_s A, which has mean 0,
    it is (E B^2)^2 <= E[B^2 (1 + B)], and E B^2 = E[B (1 + B)] <= (E[1 + B] E[B^2 (1 + B)])^{1/2}
    by Cauchy and Schwarz."""
    i, (gained, rounding) = steps(run), improvement(run)
    claimed = slope(run).min(axis=2) >= -0.5
    return gained, np.where(claimed, 2 * square(run)[0], np.inf)[i], rounding


@theorem(
    "H2i",
    "improvement >= 4 eta_s (1-b) x^2 if eta_s |A| <= 1/2, x = mean A of the optimal actions",
    assumes=(some_suboptimal_action, some_pair),
    **ONE_STEP,
    any_actions=True,
    any_gamma=True,
)
def improvement_square(run):
    """I_s^k >= 4 eta_s^k (1 - b) (x_+)^2 wherever eta_s^k |A^k(s, .)| <= 1/2, with b the
    probability of the sub-optimal actions and x as in H1v. Proof: with B = 2 eta_s A and
    l = 4 eta_s^2 (1 - b) x^2 it is E[B^2 + B^3/2 - l B^2] >= l; a tangent from below in each of
    the two groups of actions."""
    i, (gained, rounding) = steps(run), improvement(run)
    mass, x, error = optimal_part(run)
    weight = 4 * state_step(run) * mass
    bound = np.where(reach(run) <= 0.5, weight * x**2, np.inf)
    return gained, bound[i], rounding + (weight * (2 * x + error) * error)[i]


@theorem(
    "H3i",
    "improvement >= 4 eta_s L (1 - eta_s L) x if eta_s A >= -1/2, L = Delta - e_k > 0",
    assumes=(some_suboptimal_action, some_pair),
    **ONE_STEP,
    any_actions=True,
    any_gamma=True,
)
def improvement_near_optimum(run):
    """Once e_k < Delta, I_s^k >= 4 eta_s^k L (1 - eta_s^k L) x_+ with L = Delta - e_k, wherever
    eta_s^k A^k(s, .) >= -1/2, x as in H1v. Proof: sub-optimal actions have A^k <= -L; with
    B = 2 eta_s A the inequality holds action by action, up to a multiple of sum pi B = 0."""
    i, (gained, rounding) = steps(run), improvement(run)
    Delta, e = run.optimum.Delta, run.sup_gap[:, None]
    lead, eta = Delta - e, state_step(run)
    _, x, error = optimal_part(run)
    factor = np.where(suboptimal_mass(run) > 0, 4 * eta * (1 - eta * lead), 0.0)  # x = 0 else
    claimed = (lead > 0) & (slope(run).min(axis=2) >= -0.5)
    bound = np.where(claimed, factor * lead * x, np.inf)
    lost = factor * (lead * error + EPS * (Delta + e) * x)  # near e = Delta digits of lead cancel
    return gained, bound[i], rounding + lost[i]


def _one_less_square(u):
    """1 - (1 - 2 u)^2."""
    return 4 * u * (1 - u)


def _rates(run):
    """Slope of 1/e per step in H2t, (K,), and share of e that a step removes once e <= Delta/2."""
    gamma, kappa = run.mdp.gamma, run.least_optimal_mass.min(axis=1)
    slope = 4 * least_step(run) * kappa * (1 - gamma) ** 2
    return slope, (1 - gamma) * _one_less_square(least_step(run) * run.optimum.Delta / 2)


@theorem(
    "H2t",
    "e_k <= [1/e_0 + 4 k eta min(mu) kappa (1-gamma)^2]^{-1}",
    rules=RULES,
    assumes=(unit_rewards, small_step, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def sublinear(run):
    """H2 with 4 eta: for eta <= (1 - gamma)^2 / 2 and all k, e_k <= [1/e_0 + 4 k eta min(mu) kappa
    (1 - gamma)^2]^{-1}, kappa = min_{j<k,s} (1 - b_s^j). Proof: H2i, and the master lemma, which
    applies as e_j (1 - gamma) (1 - gamma kappa) <= 1 - kappa."""
    return run.sup_gap, 1 / (1 / at_start(run, run.sup_gap) + run.k * _rates(run)[0])


@theorem(
    "H3bt",
    "e_{k+1} <= (gamma + (1-gamma) (1 - 2 eta min(mu) (Delta - e_k))^2) e_k once e_k < Delta",
    rules=RULES,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
)
def gap_contraction(run):
    """Once e_k < Delta, e_{k+1} <= (gamma + (1 - gamma) (1 - 2 eta min(mu) (Delta - e_k))^2) e_k
    wherever eta_s^k A^k >= -1/2 in every state; always, if eta <= (1 - gamma)^2 / 2 and rewards
    are in [0, 1]. Proof: H3i and the master lemma."""
    i, e, gamma, Delta = steps(run), run.sup_gap, run.mdp.gamma, run.optimum.Delta
    eta = 2 * least_step(run)
    factor = (1 - eta * Delta) + eta * e  # in this order: it may be all but 0
    claimed = (Delta > e) & (slope(run).min(axis=(1, 2)) >= -0.5)
    bound = (gamma + (1 - gamma) * factor**2) * e
    rounding = (1 - gamma) * e * lost_in_square(factor)
    return e[i + 1], np.where(claimed, bound, np.inf)[i], rounding[i]


@theorem(
    "H3ct",
    "e_k <= (Delta/2) (gamma + (1-gamma) (1 - eta min(mu) Delta)^2)^{k-k0}",
    rules=RULES,
    assumes=(unit_rewards, small_step, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def two_phases(run):
    """With k0 = ceil((2/Delta - 1/e_0) / (4 eta min(mu) kappa (1 - gamma)^2)), where the bound H2t
    falls to Delta/2, e_k <= (Delta/2) (gamma + (1 - gamma) (1 - eta min(mu) Delta)^2)^{k - k0} for
    k >= k0 and eta <= (1 - gamma)^2 / 2; kappa = min_{j<k,s} (1 - b_s^j). Proof: H2t, then
    H3bt."""
    return run.sup_gap, after_two_phases(run, *_rates(run))


@theorem(
    "H3dt",
    "e_k <= e_0 max{1/(1 + 2 eta min(mu) kappa (1-gamma)^2 Delta), "
    "gamma + (1-gamma) (1 - eta min(mu) Delta)^2}^k",
    rules=RULES,
    assumes=(unit_rewards, small_step, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def linear(run):
    """For eta <= (1 - gamma)^2 / 2 and all k, e_k <= e_0 theta^k with theta = max{1 / (1 +
    2 eta min(mu) kappa (1 - gamma)^2 Delta), gamma + (1 - gamma) (1 - eta min(mu) Delta)^2} and
    kappa = min_{j<k,s} (1 - b_s^j). Proof: one step of H2t while e > Delta/2, of H3bt
    afterwards."""
    return run.sup_gap, slower_phase(run, *_rates(run))
