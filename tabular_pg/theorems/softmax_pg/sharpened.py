"""Softmax policy gradient, tau = 0: one step, and what follows for all k, with sharp constants.

The largest of A numbers that sum to 0 is balanced by A - 1 others: 1 / eta_s becomes
(1 - 1/A) / eta_s. The proofs in full are on the page "Sharpened theorems" of the documentation.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Kind, theorem
from tabular_pg.theorems.softmax_pg.steps import (
    ASCENTS,
    RULES,
    inverse_linear,
    inverse_linear_rho,
    inverse_linear_simple,
    largest_term,
    rational,
)
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    from_the_start,
    several_actions,
    some_pair,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import improvement


def balanced(run, eta):
    """(1 - 1/A) / eta, from integers, which balls have exactly."""
    A = most_actions(run.mdp)
    return (A - 1) / (A * eta)


@theorem(
    "S1at",
    "improvement >= y (1 - e^{-eta_s y A/(A-1)}) if eta_s y <= A - 1",
    rules=ASCENTS,
    kind=Kind.LOWER,
    assumes=(several_actions, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_exponential(run):
    """I_s^k >= y (1 - e^{-eta_s y A / (A - 1)}), y as in S1a, wherever eta_s y <= A - 1, and
    everywhere if A = 2. Proof: I >= y - Z^{-1} times the sum of w e^{-w} / eta over the others,
    w = -eta_s pi A, whose sum is eta_s y; the tangent of w e^{-w} at a point of [0, 1] lies above
    it. Without eta_s y <= A - 1 it is false for A >= 3."""
    (gained, rounding), (y, eta) = improvement(run), largest_term(run)
    A = most_actions(run.mdp)
    claimed = (eta * y <= A - 1) | (A == 2)
    bound = -y * np.expm1(-eta * y * A / (A - 1))
    return gained, np.where(claimed, bound, np.inf), rounding


@theorem(
    "S1bt",
    "improvement >= y^2 / (y + (1 - 1/A)/eta_s)",
    rules=ASCENTS,
    kind=Kind.LOWER,
    assumes=(several_actions, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_rational(run):
    """I_s^k >= y^2 / (y + (1 - 1/A) / eta_s), y as in S1b, for every eta. Proof: S1at and
    1 - e^{-t} >= t / (1 + t) where eta_s y <= A - 1; else w e^{-w} <= 1/e for the A - 1 others."""
    return rational(run, balanced)


@theorem(
    "S2t",
    "e_k <= [1/e_0 + k c^2 (1-gamma)^2 / (c (1-gamma) e_0 + (1 - 1/A)/(eta min mu))]^{-1}",
    rules=RULES,
    assumes=(several_actions, from_the_start),
    any_actions=True,
)
def sublinear(run):
    """S2 with (1 - 1/A) / (eta min mu) in place of 1 / (eta min mu): e_k <= [1/e_0 +
    k c^2 (1 - gamma)^2 / (c (1 - gamma) e_0 + (1 - 1/A) / (eta min mu))]^{-1} for every constant
    eta > 0, c as in S2. Proof: S1bt and the master lemma in the sup norm."""
    return inverse_linear(run, balanced)


@theorem(
    "S2kt",
    "e_k <= (c + (1 - 1/A)/(eta min mu)) / (c^2 (1-gamma)^2 k)",
    rules=RULES,
    assumes=(several_actions, unit_rewards, from_the_start),
    any_actions=True,
)
def sublinear_simple(run):
    """e_k <= (c_k + (1 - 1/A) / (eta min mu)) / (c_k^2 (1 - gamma)^2 k), c_k as in S2; S2t with
    e_0 <= 1 / (1 - gamma)."""
    return inverse_linear_simple(run, balanced)


@theorem(
    "S2rt",
    "rho-form of S2t, with ||d*_rho/rho||",
    rules=RULES,
    assumes=(several_actions, from_the_start),
    any_actions=True,
)
def sublinear_rho(run):
    """V*(rho) - V^k(rho) <= ||d*_rho / rho|| (c (1 - gamma) delta_0 + (1 - 1/A) / (eta min mu)) /
    (c^2 (1 - gamma)^2 k), all as in S2r. Proof: S1bt and the master lemma under rho."""
    return inverse_linear_rho(run, balanced)
