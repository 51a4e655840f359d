"""Projected policy gradient and projected Q-ascent: theorems about one step, and the closed
form for two arms.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.projected_pg import ProjectedPG, ProjectedQAscent
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    every_iterate,
    from_the_start,
    some_pair,
    some_suboptimal_action,
    two_armed_bandit,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import (
    best_actions,
    best_advantage,
    greedy_lead,
    improvement,
    state_step,
    steps,
    steps_to_optimality,
    suboptimal_mass,
)

RULES = (ProjectedPG, ProjectedQAscent)
SURELY = 1 - 1e-9  # a threshold is passed if it is passed by more than the rounding of both sides


@once
def _step(run):
    """(steps, S): improvement, its rounding, M and eta_s. An entry of pi^{k+1} that is not 0 is
    off by a few units of 1e-16, however small it is."""
    i = steps(run)
    gained, rounding = improvement(run)
    kept = (run.policies[i] > 0) | (run.policies[i + 1] > 0)
    rounding = rounding + 1e-15 * np.where(kept, np.abs(run.A[i]), 0.0).sum(axis=2)
    return gained, rounding, best_advantage(run)[i], state_step(run)[i]


def huber(eta, M):
    """phi(M) = eta M^2 / 2 if eta M <= 1, else M - 1 / (2 eta)."""
    return np.where(eta * M <= 1, 0.5 * eta * M * M, M - 0.5 / eta)


def threshold(run, eta):
    """eps_T = eta Delta^2 / (2 + gamma eta Delta) of theorem P3."""
    Delta = run.optimum.Delta
    return Delta / (np.divide(2, eta * Delta) + run.mdp.gamma)


def safe_threshold(run, eta):
    """eps_T less the rounding of probabilities: below it, zeros are exact."""
    return SURELY * threshold(run, eta) - 1e-15 * most_actions(run.mdp) * run.optimum.Delta


@theorem(
    "P1",
    "improvement >= eta_s M^2/2, or M - 1/(2 eta_s) if eta_s M > 1",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_huber(run):
    """For every step size, I_s^k >= eta M^2 / 2 if eta M <= 1 and I_s^k >= M - 1 / (2 eta) if not,
    with M = max_a A^k(s, a) and eta = eta_s^k. Proof: with x = pi^{k+1} - pi^k and t = |x|, the
    projection gives eta I >= t^2 and eta (M - I) <= sqrt(2) t - t^2 <= 1/2; if eta I <= 1/2 use
    t <= sqrt(eta I)."""
    gained, rounding, M, eta = _step(run)
    return gained, huber(eta, M), rounding


@theorem(
    "P1a",
    "improvement >= M^2 / (M + 2/eta_s)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_rational(run):
    """I_s^k >= M^2 / (M + 2 / eta_s) with M = max_a A^k(s, a), for every step size. Implied by
    P1."""
    gained, rounding, M, eta = _step(run)
    return gained, M * (M / (M + 2 / eta)), rounding


@theorem(
    "P1b",
    "improvement >= M - 1/(2 eta_s)",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_affine(run):
    """I_s^k >= M - 1 / (2 eta_s) with M = max_a A^k(s, a), for every step size. Implied by P1."""
    gained, rounding, M, eta = _step(run)
    return gained, M - 0.5 / eta, rounding


@theorem(
    "P1p",
    "improvement >= M^2 / (M + (2+5A)/eta_s)",
    rules=RULES,
    kind=Kind.LOWER,
    source="liu2023projected",
    confidence=Confidence.RECALLED,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_paper(run):
    """I_s^k >= M^2 / (M + (2 + 5 A) / eta_s) with M = max_a A^k(s, a), for every step size.
    Implied by P1a."""
    gained, rounding, M, eta = _step(run)
    return gained, M * (M / (M + (2 + 5 * most_actions(run.mdp)) / eta)), rounding


@theorem(
    "P3",
    "e_{k+1} = 0 once e_k <= eta Delta^2 / (2 + gamma eta Delta)",
    rules=RULES,
    assumes=(some_suboptimal_action, some_pair),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def termination(run):
    """If e_k <= eta Delta^2 / (2 + gamma eta Delta), with eta = min_s eta_s^k >= eta_k min mu
    (eta_k for Q-ascent), then pi^{k+1} is optimal, exactly: e_{k+1} = 0. Proof: the projection
    drops every sub-optimal action once b_s <= eta_s lead / 2, where b_s <= e_k / Delta by the
    sandwich, and optimal actions lead by at least Delta - gamma e_k."""
    i, eta = steps(run), state_step(run).min(axis=1)
    reached = run.sup_gap <= safe_threshold(run, eta)
    return run.sup_gap[i + 1], np.where(reached, 0.0, np.inf)[i]


@theorem(
    "P5",
    "a step with eta_s >= 2 / lead is a policy iteration step",
    rules=RULES,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def policy_iteration_step(run):
    """Where eta_s^k >= 2 / lead, with lead = max_a A^k - max_{a not in argmax} A^k in state s,
    pi^{k+1}(.|s) is supported on argmax_a A^k(s, a): a step of policy iteration. The 2 is sharp.
    Proof: as P3, with argmax A^k for the optimal actions and b <= 1."""
    i, (_, lead) = steps(run), greedy_lead(run)
    outside = np.where(best_actions(run)[i], 0.0, run.policies[i + 1])
    large = np.isfinite(lead) & (SURELY * state_step(run) * lead >= 2)
    return outside.sum(axis=2), np.where(large, 0.0, np.inf)[i]


@theorem(
    "P8",
    "two arms: e_k = Delta max(b - k eta Delta / 2, 0)",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_solution(run):
    """On a two-armed bandit e_k = Delta max(b - k eta Delta / 2, 0), with b the start probability
    of the worse arm."""
    Delta, b = run.optimum.Delta, suboptimal_mass(run)[0, 0]
    proved = Delta * np.maximum(b - 0.5 * run.rule.eta * Delta * run.k, 0.0)
    return run.sup_gap, proved, 1e-15 * Delta * (1 + run.k)


@theorem(
    "P8n",
    "two arms: optimal after exactly ceil(2 b / (eta Delta)) steps",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(two_armed_bandit, every_iterate),
    any_actions=True,
)
def two_armed_termination(run):
    """On a two-armed bandit the first optimal iterate is number ceil(2 b / (eta Delta)), with b
    the start probability of the worse arm."""
    exact = 2 * suboptimal_mass(run)[0, 0] / (run.rule.eta * run.optimum.Delta)
    fraction = np.ceil(exact) - exact
    doubtful = np.minimum(fraction, 1 - fraction) <= 1e-9 * exact
    rounding = np.where(doubtful, 1.0, 0.0)  # which then decides
    reached = run.k[-1] > exact + 1
    return steps_to_optimality(run), np.ceil(exact) if reached else np.inf, rounding
