"""Policy mirror descent with a temporal-difference critic for tau = 0, in any geometry."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.td_pmd import TDPMD, WeightedTDPMD
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.theorems.mirror_descent.critic import critic_at_start, decaying
from tabular_pg.theorems.mirror_descent.geometry import (
    finite_distances,
    growing,
    growing_by_horizon,
    start_distance,
)
from tabular_pg.verdicts.assumptions import (
    dense_transitions,
    discounted,
    every_iterate,
    few_updates,
    from_the_start,
)
from tabular_pg.verdicts.quantities import EPS
from tabular_pg.verdicts.visits import stationary

ABOUT = {
    "rules": (TDPMD, WeightedTDPMD),
    "source": "chen2026",
    "confidence": Confidence.DERIVED,
    "any_step": True,
    "any_actions": True,
}


@theorem(
    "M9",
    "mean of gap_1(nu*), ..., gap_k(nu*) <= B_k / k",
    assumes=(dense_transitions, finite_distances, growing, from_the_start, every_iterate),
    **ABOUT,
)
def td_averaged(run):
    """Corollary 3.7, for steps that never shrink, as constant ones: (1/k) sum_{j=1}^k [V*(nu*) -
    V^j(nu*)] <= B_k / k, nu* stationary for P_{pi*}, with c the least weight, Sigma = nu* pi* / w,
    delta_j = (1 - c (1 - gamma))^j delta_0, delta_0 as in G6w, and B_k = [nu* pi* (Q* - Q^0) / w +
    nu* D(pi*, pi^0) / eta_0 + Sigma delta_k] / (1 - gamma) + delta_0 + ... + delta_{k-1}. With
    whole updates from Q^0 = Q^{pi^0} it is the bound of M1n for an exact critic."""
    nu = stationary(run.mdp, run.optimum.pi)
    later = (run.value_gap @ nu)[1:]
    total = np.add.accumulate(np.concatenate([0 * later[:1], later]))
    return total / np.maximum(run.k, 1), *_sublinear(run, nu)


@theorem(
    "M9l",
    "gap_k(nu*) <= B_k / k",
    assumes=(dense_transitions, finite_distances, growing, from_the_start),
    **ABOUT,
)
def td_last(run):
    """V*(nu*) - V^k(nu*) <= B_k / k with B_k as in M9: what holds of the average holds of the last
    iterate. Proof: V* - <pi^{k+1}, Q^k> + delta_k falls in every state, and is above V* -
    V^{k+1}."""
    nu = stationary(run.mdp, run.optimum.pi)
    return run.value_gap @ nu, *_sublinear(run, nu)


@theorem(
    "M10",
    "growth 1/gamma: gap(nu*) <= C_{k-1}, of rate 1 - c (1 - gamma)",
    assumes=(
        dense_transitions, discounted, finite_distances, growing_by_horizon, from_the_start,
        few_updates,
    ),
    **ABOUT,
)  # fmt: skip
def td_growing(run):
    """Corollary 3.7: if eta_{k+1} >= eta_k / gamma, then for k >= 1 V*(nu*) - V^k(nu*) <= r^{k-1}
    L_0 + (k-1) r^{k-2} (1 - gamma) (1 - c Sigma) delta_0 with r = 1 - c (1 - gamma), L_0 = nu* pi*
    (Q* - Q^0 + delta_0) / w + nu* D(pi*, pi^0) / eta_0, the rest as in M9. With whole updates from
    Q^0 = Q^{pi^0} it is gamma^k (V*(nu*) - V^0(nu*) + D_0 / (gamma eta_0)), as in M2n."""
    nu = stationary(run.mdp, run.optimum.pi)
    critic = critic_at_start(run, nu)
    L = critic.error + critic.share * critic.excess + _start(run, nu)
    rate = critic.rate(run.mdp.gamma)
    return run.value_gap @ nu, *decaying(run, critic, L, rate, 1)


def _start(run, nu):
    """nu D(pi*, pi^0) / eta_0."""
    return start_distance(run) @ nu / run.step_sizes[0]


def _sublinear(run, nu):
    """(K,) B_k / k, infinite for k = 0, and its rounding."""
    gamma, critic, k = run.mdp.gamma, critic_at_start(run, nu), np.maximum(run.k, 1)
    late = critic.excess * critic.rate(gamma) ** run.k
    first = critic.error + _start(run, nu) + critic.share * late
    B = (first + (critic.excess - late) / critic.least) / (1 - gamma)
    return np.where(run.k > 0, B / k, np.inf), EPS * critic.size / ((1 - gamma) * k)
