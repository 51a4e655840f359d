"""Rates at gamma = 1, where the longest episode takes the place of 1 / (1 - gamma).

Gaps are measured in a norm in which P_p contracts: with w(s) the mean length of an episode from s
under an optimal policy p and H its maximum, P_p w = w - 1 <= (1 - 1/H) w. Throughout
E_k = max_s (V* - V^k)(s) / w(s). For gamma < 1 w would be 1 / (1 - gamma) everywhere. The proofs in
full are on the page "Undiscounted" of the documentation.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.hadamard_pg import HadamardPG
from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.methods.policy_iteration import PolicyIteration
from tabular_pg.methods.projected_pg import ProjectedPG, ProjectedQAscent
from tabular_pg.methods.soft_policy_iteration import SoftPolicyIteration
from tabular_pg.methods.softmax_pg import SoftmaxPG
from tabular_pg.methods.spma import SPMA
from tabular_pg.numerics.recurrences import discounted_step, iterated
from tabular_pg.theorem import theorem
from tabular_pg.theorems.entropy.softmax_steps import AT_MOST_FOUR, improvement_share_of_best
from tabular_pg.theorems.hadamard_pg.steps import reach
from tabular_pg.theorems.natural_pg.steps import growth, surprise
from tabular_pg.theorems.softmax_pg.steps import chosen_policy, least_optimal
from tabular_pg.verdicts.assumptions import (
    every_iterate,
    from_the_start,
    some_pair,
    some_suboptimal_action,
    undiscounted,
    unique_optimal_actions,
)
from tabular_pg.verdicts.quantities import greedy_lead, least_share, least_step, steps
from tabular_pg.verdicts.visits import later_steps

ONE_STEP = {"any_actions": True, "any_gamma": True, "assumes": (undiscounted, some_pair)}
ALL_STEPS = {"any_actions": True, "any_gamma": True}


def _measured(run, pi=None):
    """(K,) E_k, b = 1 - 1/H and 1/H, of the optimal policy or the one given."""
    later = later_steps(run.mdp, run.optimum.pi if pi is None else pi)
    w = 1 + later
    return (run.value_gap / w).max(axis=1), (later / w).max(), 1 / w.max()


def _contracted(run, left):
    """E_{k+1} <= (1 - (1 - left) / H) E_k."""
    i, (E, b, g) = steps(run), _measured(run)
    return E[i + 1], (b + g * left) * E[i]


def _product(run, left):
    """E_k <= E_0 prod_{j<k} (1 - (1 - left_j) / H)."""
    E, b, g = _measured(run)
    return E, E[0] * np.concatenate([[1.0], np.cumprod((b + g * left)[:-1])])


@theorem(
    "U1",
    "gamma = 1: E_{k+1} <= (1 - 1/H) E_k",
    rules=(PolicyIteration, SoftPolicyIteration),
    regularized=None,
    **ONE_STEP,
)
def policy_iteration(run):
    """E_{k+1} <= (1 - 1/H) E_k for policy iteration, and for soft policy iteration with p =
    pi*_tau. Proof: V^{k+1} >= T V^k >= T^p V^k >= V* - E_k P_p w, and P_p w = w - 1."""
    return _contracted(run, 0)


@theorem(
    "U2",
    "gamma = 1: E_k <= [1/E_0 + k / (H^2 (E_0/H + 2/eta^))]^{-1}",
    rules=(ProjectedPG, ProjectedQAscent),
    assumes=(undiscounted, from_the_start),
    **ALL_STEPS,
)
def projected_sublinear(run):
    """For every constant eta > 0, E_k <= [1/E_0 + k / (H^2 (E_0/H + 2/eta^))]^{-1}, with eta^ =
    eta min mu (eta for Q-ascent). Proof: P1a, and the master lemma in the weighted norm with
    h(y) = y^2 / (y + 2 / eta^): E_{k+1} <= E_k - h(E_k / H)."""
    E, _, g = _measured(run)
    return E, 1 / (1 / E[0] + run.k * g**2 / (g * E[0] + 2 / least_step(run)))


@theorem(
    "U3",
    "gamma = 1: E_k <= b^k E_0 + sum_j b^{k-1-j} / (2 eta_j min mu), b = 1 - 1/H",
    rules=(ProjectedPG, ProjectedQAscent),
    assumes=(undiscounted, from_the_start),
    any_step=True,
    **ALL_STEPS,
)
def projected_growing_steps(run):
    """For any step sizes, E_k <= b^k E_0 + sum_{j<k} b^{k-1-j} / (2 eta_j min mu) with b = 1 - 1/H,
    without min mu for Q-ascent. Proof: P1b gives V* - V^{k+1} <= P_p (V* - V^k) + 1/(2 eta_s)."""
    E, b, _ = _measured(run)
    terms = np.divide(0.5, least_share(run) * run.all_steps)
    return E, iterated(discounted_step, E[0], (b, terms), len(terms))[run.k]


@theorem(
    "U4",
    "gamma = 1: E_k <= [1/E_0 + k (c/H)^2 / (c E_0/H + 1/(eta min mu))]^{-1}",
    rules=(SoftmaxPG,),
    assumes=(undiscounted, from_the_start),
    **ALL_STEPS,
)
def softmax_sublinear(run):
    """For every constant eta > 0, E_k <= [1/E_0 + k (c/H)^2 / (c E_0/H + 1/(eta min mu))]^{-1} with
    c = c_k of S2, and p the policy that takes the actions a*(s) of c. Proof: S1b and the master
    lemma in the weighted norm."""
    (E, _, g), c = _measured(run, chosen_policy(run)), least_optimal(run)
    slope = (c * g) ** 2 / (c * g * E[0] + 1 / least_step(run))
    return E, 1 / (1 / E[0] + run.k * slope)


@theorem(
    "U5",
    "gamma = 1: E_k <= E_0 prod (1 - C_j/H)",
    rules=(NaturalPG,),
    assumes=(undiscounted, every_iterate),
    any_step=True,
    **ALL_STEPS,
)
def natural_linear(run):
    """E_k <= E_0 prod_{j<k} (1 - C_j / H), C_j = min_s 1 - 1 / (1 + p (e^{eta g} - 1)) as in N3a.
    Proof: N2a, and the master lemma in the weighted norm with h(y) = C y."""
    return _product(run, 1 / (1 + growth(run).min(axis=1)))


@theorem(
    "U6",
    "gamma = 1: E_{k+1} <= (1 - 1/H) E_k + max_s log(1/p_s) / eta",
    rules=(NaturalPG,),
    any_step=True,
    **ONE_STEP,
)
def natural_phase(run):
    """E_{k+1} <= (1 - 1/H) E_k + max_s log(1/p_s) / eta, p_s the probability of the greedy actions.
    Proof: N2c gives V* - V^{k+1} <= P_p (V* - V^k) + log(1/p_s) / eta, and w >= 1."""
    i, (E, b, _) = steps(run), _measured(run)
    return E[i + 1], b * E[i] + (surprise(run) / run.step_sizes)[i]


@theorem(
    "U7",
    "gamma = 1: E_{k+1} <= (1 - eta min(mu) (Delta - e_k)/H) E_k once e_k < Delta",
    rules=(HadamardPG,),
    assumes=(undiscounted, some_suboptimal_action, unique_optimal_actions, some_pair),
    **ALL_STEPS,
)
def hadamard_local(run):
    """Once e_k = max_s (V* - V^k)(s) < Delta, E_{k+1} <= (1 - eta min(mu) (Delta - e_k) / H) E_k
    wherever eta_s^k |A^k| <= 1/2 in every state, if optimal actions are unique. Proof: as H3b."""
    i, (E, _, g), lead = steps(run), _measured(run), run.optimum.Delta - run.sup_gap
    claimed = (lead > 0) & (reach(run).max(axis=1) <= 0.5)
    bound = np.where(claimed, (1 - g * least_step(run) * lead) * E, np.inf)
    return E[i + 1], bound[i]


@theorem(
    "U8",
    "gamma = 1: E_T <= E_0 prod (1 - eta C_t/H)",
    rules=(SPMA,),
    assumes=(undiscounted, every_iterate),
    any_step=True,
    **ALL_STEPS,
)
def spma_linear(run):
    """E_T <= E_0 prod_{t<T} (1 - eta C_t / H), C_t as in H6. Proof: H6's, in the weighted norm."""
    p, lead = greedy_lead(run)
    C = np.where(np.isinf(lead), np.inf, p * lead).min(axis=1)
    left = 1 - run.step_sizes * np.where(np.isinf(C), 0.0, C)
    (E, bound), (_, rounded) = _product(run, left), _product(run, left + 1e-15)
    return E, bound, rounded - bound


@theorem(
    "U9",
    "gamma = 1: E_{k+1} <= (1 - min C_s/H) E_k for eta_s tau < 4",
    rules=(SoftmaxPG,),
    regularized=True,
    any_step=True,
    **{**ONE_STEP, "assumes": (undiscounted, some_pair, AT_MOST_FOUR)},
)
def entropy_linear(run):
    """E_{k+1} <= (1 - min_s C_s / H) E_k for eta_s tau < 4, C_s as in E3j and p = pi*_tau. Proof:
    E3j, and G_s >= (V* - V^k)(s) - E_k (P_p w)(s)."""
    return _contracted(run, 1 - improvement_share_of_best(run).min(axis=1))
