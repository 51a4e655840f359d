"""Policy gradient under a softargmax, regularized by its own map: a Lojasiewicz inequality with the
least weight of an action, and linear convergence.

Symbols are those of ``theorems.softmax_pg.softargmax``; w_min(s) = min_a pi^k(a|s)^(2-q).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Kind, theorem
from tabular_pg.theorems.softmax_pg.softargmax import (
    RULES,
    curvature,
    gradient_norm,
    order,
)
from tabular_pg.verdicts.actions import each_action
from tabular_pg.verdicts.assumptions import some_pair
from tabular_pg.verdicts.quantities import EPS, state_step, steps
from tabular_pg.verdicts.visits import visitation


def least_weight(run):
    """(K, S) w_min."""
    return np.exp((2 - order(run)) * each_action(run, run.log_policies)).min(axis=2)


@theorem(
    "SF7",
    "tau > 0: ||grad V(mu)||^2 >= 2 tau gap(rho) / ((1-gamma) max_s d*_rho / (d_mu w_min)^2)",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    any_step=True,
    any_actions=True,
)
def regularized_domination(run):
    """For tau > 0, ||grad V_tau(mu)||^2 >= 2 tau (V*_tau(rho) - V_tau^k(rho)) / ((1 - gamma) max_s
    d*_rho(s) / (d_mu^k(s) w_min(s))^2), w_min(s) = min_a pi^k(a|s)^{2-q}. Checked as square roots.
    Proof: the soft performance difference, in which each term is at most max_v sum_a (g_a / w_a)
    v_a - tau |v|^2 / 2, as phi'' >= 1. Labbi et al. (2026) prove an inequality of this kind with
    min w^2; its constants are not recalled here."""
    d = visitation(run.mdp, run.optimum.pi, run.mdp.rho)
    resistance = (np.sqrt(d) / (run.d * least_weight(run))).max(axis=1)
    root = np.sqrt(2 * run.tau / (1 - run.mdp.gamma))
    return gradient_norm(run), root * np.sqrt(run.gap) / resistance


@theorem(
    "SF8",
    "tau > 0: gap_{k+1}(mu) <= (1 - (1-gamma) tau min_s mu eta_s w_min^2 / d*_mu) gap_k(mu)",
    rules=RULES,
    regularized=True,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
)
def regularized_contraction(run):
    """For tau > 0, wherever eta_s times the bracket of SF1 is at most 2 in every state, the gap
    under mu falls by the factor 1 - (1 - gamma) tau min_s mu(s) eta_s w_min(s)^2 / d*_mu(s): linear
    convergence, with the least weight of an action, which is a power of tau and not an exponential
    of 1/tau. Proof: a step improves a state by eta_s |g_s|^2 / 2 at least, and SF7 state by
    state."""
    i, mu, eta = steps(run), run.mdp.mu, state_step(run)
    gap, small = run.value_gap @ mu, (eta * curvature(run) <= 2 * (1 - EPS)).all(axis=1)
    share = mu * eta * least_weight(run) ** 2 / visitation(run.mdp, run.optimum.pi, mu)
    factor = 1 - (1 - run.mdp.gamma) * run.tau * share.min(axis=1)
    return gap[i + 1], np.where(small, factor * gap, np.inf)[i], EPS * gap[i]
