"""Escort policy gradient with p >= 2, tau = 0: monotone, and O(1/k) with c^{2-2/p} for c^2."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.gradients.escort_pg import EscortPG
from tabular_pg.theorem import theorem
from tabular_pg.theorems.softmax_pg.steps import least_optimal
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    eta_at_most,
    from_the_start,
    some_pair,
    uniform_start,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import EPS, at_start, least_step, state_step, steps

RULES = (EscortPG,)


def at_least_two(run) -> str:
    """p >= 2."""
    return "" if run.rule.p >= 2 else f"p = {float(run.rule.p):.6g}; stated for p >= 2"


def small_step(run):
    """(1-gamma)^2 / p, for which eta_s p |A| <= 1 if rewards are in [0, 1]."""
    return (1 - run.mdp.gamma) ** 2 / run.rule.p


@theorem(
    "SP1",
    "V^{k+1} >= V^k if p >= 2 and eta_s p |A^k| <= A^{2/p-1} sum_a pi^0(a|s)^{2/p}",
    rules=RULES,
    assumes=(at_least_two, from_the_start, some_pair),
    any_step=True,
    any_actions=True,
)
def monotone(run):
    """For p >= 2, V^{k+1} >= V^k in every state wherever eta_s^k p |A^k| <= A^{2/p - 1} sum_a
    pi^0(a|s)^{2/p} in every state, which is 1 for a uniform start. Proof: sum_a theta(s, a)^2 never
    falls, and N_s^2 >= A^{2/p - 1} times it; so every factor 1 + u is >= 0, and every term of
    sum_a pi ((1 + u)^p - 1) A."""
    i, p, A = steps(run), run.rule.p, most_actions(run.mdp)
    start = at_start(run, np.exp(2 / p * run.log_policies)).sum(axis=1)
    reach = p * state_step(run) * np.abs(run.A).max(axis=2)
    small = (reach <= (1 - EPS) * start * A ** (2 / p - 1)).all(axis=1)[:, None]
    bound = np.where(small, run.value_gap, np.inf)
    return run.value_gap[i + 1], bound[i], EPS * run.sup_gap[i, None]


@theorem(
    "SP2",
    "e_k <= [1/e_0 + k eta min(mu) p c^{2-2/p} (1-gamma)^2 / (2^p G)]^{-1}",
    rules=RULES,
    assumes=(
        at_least_two,
        unit_rewards,
        uniform_start,
        eta_at_most(small_step, "(1-gamma)^2 / p"),
    ),
    any_actions=True,
)
def sublinear(run):
    """For p >= 2, a uniform start, rewards in [0, 1] and eta <= (1 - gamma)^2 / p, e_k <= [1/e_0 +
    k eta min(mu) p c^{2 - 2/p} (1 - gamma)^2 / (2^p G)]^{-1} with G = A^{1 - 2/p} + 2^p p eta e_0 /
    (1 - gamma) and c as in S2: smaller powers of c than softmax policy gradient has. Proof: the
    improvement is at least (eta_s p / (2^p N_s^2)) sum_a pi^{2 - 2/p} A^2, by Bernoulli's
    inequality, and N_s^2 <= G, because what theta gains in length is paid by improvements."""
    p, g, e0 = run.rule.p, 1 - run.mdp.gamma, at_start(run, run.sup_gap)
    G = most_actions(run.mdp) ** (1 - 2 / p) + 2**p * p * run.rule.eta * e0 / g
    slope = least_step(run) * p * least_optimal(run) ** (2 - 2 / p) * g**2 / (2**p * G)
    return run.sup_gap, 1 / (1 / e0 + run.k * slope)
