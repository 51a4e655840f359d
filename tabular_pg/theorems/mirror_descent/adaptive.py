"""Policy mirror descent with steps that adapt: the rate of policy iteration, and of lookahead."""

from __future__ import annotations

import numpy as np

from tabular_pg.engine.step_size import LARGEST_STEP, step_of
from tabular_pg.numerics.recurrences import discounted_step, iterated
from tabular_pg.steps.adaptive import Adaptive
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.theorems.mirror_descent.geometry import (
    RULES,
    finite_distances,
    greedy_distance,
    horizon_rate,
    lookahead,
    until_cut,
)
from tabular_pg.verdicts.assumptions import from_the_start, some_pair, steps_are
from tabular_pg.verdicts.quantities import steps


@theorem(
    "M3",
    "e_{k+1} <= gamma^h e_k + max_s D(greedy_s, pi_s^k) / eta_k",
    rules=RULES,
    source="johnson2023",
    confidence=Confidence.DERIVED,
    assumes=(finite_distances, some_pair),
    any_step=True,
    any_actions=True,
)
def nearly_greedy(run):
    """For any divergence and any step sizes, e_{k+1} <= gamma^h e_k + c_k with c_k = max_s
    D(greedy_s, pi_s^k) / eta_k, greedy in Q_h^k, and c_k / (1 - gamma) in place of c_k for
    lookahead h > 1. Proof: pi^{k+1} is at least as good as the greedy policy for
    eta <Q_h, p> - D(p, pi^k), so that T^{pi^{k+1}} T^{h-1} V^k >= T^h V^k - c_k."""
    i, gamma, h = steps(run), run.mdp.gamma, lookahead(run)
    c = greedy_distance(run).max(axis=1) / run.step_sizes
    horizon = 1 / (1 - gamma) if h > 1 else 1
    return run.sup_gap[i + 1], horizon_rate(run) * run.sup_gap[i] + (horizon * c)[i]


@theorem(
    "M3c",
    "adaptive steps: e_k <= gamma^{hk} e_0 + sum_j gamma^{h(k-1-j)} c_j",
    rules=RULES,
    source="johnson2023",
    confidence=Confidence.DERIVED,
    assumes=(finite_distances, steps_are(Adaptive, "adaptive steps"), from_the_start),
    any_step=True,
    any_actions=True,
)
def like_policy_iteration(run):
    """For adaptive steps, eta_k = max_s D(greedy_s, pi_s^k) / c_k, e_k <= gamma^{hk} e_0 +
    sum_{j<k} gamma^{h(k-1-j)} c_j, with c_j / (1 - gamma) in place of c_j for lookahead h > 1
    (Protopapas and Barakat, 2024, Theorem 4.1); with c_j = c_0 gamma^{2hj} the rate of policy
    iteration. Nothing is claimed after a step that was cut at 1e250. Proof: M3."""
    h, step = lookahead(run), step_of(run.rule)
    c = step.slack * step.decay ** np.arange(int(run.k[-1]))
    c = c / (1 - run.mdp.gamma) if h > 1 else c
    bound = iterated(discounted_step, run.sup_gap[0], (horizon_rate(run), c), len(c))
    return run.sup_gap, until_cut(run, bound, run.all_steps < LARGEST_STEP)
