"""Softmax policy gradient with the step sizes of the literature (tau = 0)."""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.softmax_pg.steps import RULES, least_optimal, sublinear
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    bandit,
    eta_at_most,
    eta_equal,
    from_the_start,
    several_actions,
    some_pair,
    some_suboptimal_action,
    uniform_start,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import EPS, gradient_norm, steps, value_rise
from tabular_pg.verdicts.visits import mismatch, visitation

MEI_STEP = eta_equal(lambda run: (1 - run.mdp.gamma) ** 3 / 8, "(1-gamma)^3/8")


@theorem(
    "S3",
    "gap <= 16 S ||d*_mu/mu||^2 ||1/mu|| / (c^2 (1-gamma)^6 t), eta = (1-gamma)^3/8",
    rules=RULES,
    assumes=(unit_rewards, from_the_start, MEI_STEP),
    any_actions=True,
)
def mei_sublinear(run):
    """With eta = (1 - gamma)^3 / 8 and t = k + 1, V*(rho) - V^t(rho) <= 16 S ||d*_mu/mu||^2
    ||1/mu|| / (c^2 (1 - gamma)^6 t), c the least pi(a*(s)|s) so far. Proof: S3l, S3s and
    rho <= ||1/mu|| mu where optimal actions are unique; S2 else. Theorem 4 of Mei et al. (2020) is
    quoted in this form and with ||d*_mu/mu|| alone, which is false
    (tabular_pg.certified.counterexamples, "S3p")."""
    factor = mismatch(run, start=run.mdp.mu) ** 2 / run.mdp.mu.min()
    return run.gap, factor * mei_rate(run)


def mei_rate(run):
    """16 S / (c^2 (1 - gamma)^6 t), which S3 multiplies by a mismatch."""
    c = least_optimal(run, so_far=True)
    return 16 * run.mdp.n_states / (c**2 * (1 - run.mdp.gamma) ** 6 * (run.k + 1))


@theorem(
    "S3l",
    "||grad V(mu)|| >= c gap / (sqrt(S) ||d*_rho/d_mu||)",
    rules=RULES,
    kind=Kind.LOWER,
    source="mei2020",
    confidence=Confidence.QUOTED,
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def gradient_domination(run):
    """Lemma 8: ||grad V^k(mu)||_2 >= S^{-1/2} ||d*_rho / d_mu^k||^{-1} min_s pi^k(a*(s)|s)
    (V*(rho) - V^k(rho))."""
    return gradient_norm(run), _dominated(run, np.sqrt(run.mdp.n_states))


def _dominated(run, root):
    """c gap / (root ||d*_rho/d_mu||), root being sqrt(S) in S3l."""
    mdp = run.mdp
    d = visitation(mdp, run.optimum.pi, mdp.rho)
    ratio = (d / run.d).max(axis=1)
    chosen = np.where(run.optimum.pi > 0, run.policies, 0.0).sum(axis=2).min(axis=1)
    return chosen * run.gap / (ratio * root)


@theorem(
    "S3lt",
    "||grad V(mu)|| >= c gap sqrt(A/(A-1)) / (sqrt(S) ||d*_rho/d_mu||)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(several_actions,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def gradient_domination_sharp(run):
    """S3l times sqrt(A / (A - 1)). Proof: the gradient in the logits of a state has sum 0, so that
    its norm is at least sqrt(A / (A - 1)) times any one of its entries."""
    S, A = run.mdp.n_states, most_actions(run.mdp)
    exact = A + 0 * run.gap  # in the numbers of the run, as the bound is attained
    return gradient_norm(run), _dominated(run, np.sqrt(S * (A - 1) / exact))


@theorem(
    "S3s",
    "V(mu) is 8/(1-gamma)^3-smooth in theta",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.QUOTED,
    assumes=(unit_rewards, some_pair),
    any_step=True,
    any_actions=True,
)
def smoothness(run):
    """|V^{k+1}(mu) - V^k(mu) - eta ||g||^2| <= (4 / (1 - gamma)^3) eta^2 ||g||^2 along every step,
    g the gradient: V is 8 / (1 - gamma)^3-smooth in theta for rewards in [0, 1]."""
    return _along_steps(run, 4)


def _along_steps(run, half):
    """The remainder of a step, and half / (1 - gamma)^3 eta^2 ||g||^2, which bounds it."""
    i = steps(run)
    moved = run.step_sizes[i] * gradient_norm(run)[i] ** 2
    rise, rounding = value_rise(run)
    bound = half / (1 - run.mdp.gamma) ** 3 * run.step_sizes[i] * moved
    return np.abs(rise - moved), bound, rounding + EPS * (np.abs(rise) + moved)


@theorem(
    "S3st",
    "V(mu) is 1/(2 (1-gamma)^3)-smooth in theta",
    rules=RULES,
    assumes=(unit_rewards, some_pair),
    any_step=True,
    any_actions=True,
)
def smoothness_sharp(run):
    """|V^{k+1}(mu) - V^k(mu) - eta ||g||^2| <= eta^2 ||g||^2 / (4 (1 - gamma)^3) along every step:
    S3s with a sixteenth of its constant. Proof: as S3s, with spans in place of maxima."""
    return _along_steps(run, 0.25)


@theorem(
    "S3a",
    "V^k(rho) -> V*(rho) for eta <= (1-gamma)^2/5",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    source="agarwal2021",
    confidence=Confidence.QUOTED,
    tolerance=0.05,
    assumes=(
        from_the_start,
        some_suboptimal_action,
        eta_at_most(lambda run: (1 - run.mdp.gamma) ** 2 / 5, "(1-gamma)^2/5"),
    ),
    any_actions=True,
)
def asymptotic_convergence(run):
    """Theorem 5.1: V^k -> V* for eta <= (1 - gamma)^2 / 5 and mu > 0. Checked as the fraction of
    the initial error that has been removed, which must be 1 within 0.05 once S2 proves that: after
    many steps only, at least 20 / ((1 - gamma) min mu eta c^2) of them, with c as in S2."""
    gap, bound = sublinear(run)
    removed = 1 - gap[-1] / gap[0]
    return removed, 1.0 if bound[-1] < 0.05 * gap[0] else np.inf


@theorem(
    "S4",
    "bandit, eta = 2/5: gap <= 5/(c^2 t)",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(bandit, unit_rewards, from_the_start, eta_equal(lambda run: 0.4, "2/5")),
    any_actions=True,
)
def bandit_rate(run):
    """On a bandit with eta = 2/5, gap <= 5 / (c^2 t) with t = k + 1 and c the least probability
    of the optimal action so far (Theorems 2 and 3). Applies to one state, gamma = 0, rewards in
    [0, 1] and eta = 0.4 only."""
    c = least_optimal(run, so_far=True)
    return run.gap, 5 / (c**2 * (run.k + 1))


@theorem(
    "S4u",
    "bandit, eta = 2/5, uniform start: gap <= 5 K^2/t",
    rules=RULES,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(bandit, unit_rewards, uniform_start, eta_equal(lambda run: 0.4, "2/5")),
    any_actions=True,
)
def bandit_rate_uniform(run):
    """On a K-armed bandit from the uniform policy with eta = 2/5, gap <= 5 K^2 / t, t = k + 1.
    Applies where S4 does, from the uniform policy."""
    return run.gap, 5 * most_actions(run.mdp) ** 2 / (run.k + 1)
