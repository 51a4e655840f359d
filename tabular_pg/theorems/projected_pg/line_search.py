"""Projected policy gradient and projected Q-ascent with an exact line search."""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.step_size import step_of
from tabular_pg.steps.exact_line_search import ExactLineSearch
from tabular_pg.theorem import Kind, theorem
from tabular_pg.theorems.projected_pg.steps import RULES, huber
from tabular_pg.verdicts.assumptions import some_pair, steps_are
from tabular_pg.verdicts.quantities import (
    EPS,
    best_advantage,
    best_advantage_rounding,
    steps,
    value_rise,
)
from tabular_pg.verdicts.visits import mismatch

line_search = steps_are(ExactLineSearch, "a line search")


def longest_step(run):
    """(steps, S) eta_s for the longest step that is tried."""
    d = run.d[steps(run)]
    size = d / run.mdp.unit if run.method.visitation else np.ones(d.shape)
    return step_of(run.rule).largest * size


@theorem(
    "P9",
    "line search: V^k(mu) rises by sum_s mu(s) phi(M_s) at least",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(line_search, some_pair),
    any_step=True,
    any_actions=True,
)
def rise_of_line_search(run):
    """With an exact line search, V^{k+1}(mu) - V^k(mu) >= sum_s mu(s) phi(M_s), M_s =
    max_a A^k(s, a), and phi(M) = eta M^2 / 2 if eta M <= 1, else M - 1 / (2 eta), for the eta =
    eta_s of the longest step: for eta without limit sum_s mu(s) M_s, what a step of policy
    iteration is sure to add. Proof: the longest step is one of those that are compared; P1."""
    i, (rise, rounding) = steps(run), value_rise(run)
    M, eta, mu = best_advantage(run)[i], longest_step(run), run.mdp.mu
    rounding = rounding + (mu * best_advantage_rounding(run)[i]).sum(axis=1)
    return (
        rise,
        (mu * huber(eta, M)).sum(axis=1),
        rounding + EPS * (run.value_gap[i] * mu).sum(axis=1),
    )


@theorem(
    "P9r",
    "line search: gap(mu)^{k+1} <= (1 - (1-gamma)/|d*/mu|) gap(mu)^k + sum_s mu(s)/(2 eta_s)",
    rules=RULES,
    source="bhandari2021",
    assumes=(line_search, some_pair),
    any_step=True,
    any_actions=True,
)
def rate_of_line_search(run):
    """With an exact line search and gap(mu) = V*(mu) - V^k(mu), gap(mu)^{k+1} <= (1 - (1 - gamma) /
    max_s d*_mu(s) / mu(s)) gap(mu)^k + sum_s mu(s) / (2 eta_s), eta_s for the longest step: without
    limit on that linear convergence at the rate of policy iteration, at least (1 - (1 - gamma)
    min mu)^k (Bhandari and Russo, 2021). Proof: in P9 phi(M) >= M - 1 / (2 eta), and
    sum_s d*_mu(s) M_s >= (1 - gamma) gap(mu)."""
    i, mdp = steps(run), run.mdp
    gap = run.value_gap @ mdp.mu
    rate = 1 - (1 - mdp.gamma) / mismatch(run, under=mdp.mu, start=mdp.mu)
    return gap[i + 1], rate * gap[i] + (0.5 * mdp.mu / longest_step(run)).sum(axis=1)
