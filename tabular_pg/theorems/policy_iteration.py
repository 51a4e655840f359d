"""Policy iteration and its relatives: contraction, and how soon they are done."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.iterations.conservative_policy_iteration import (
    ConservativePolicyIteration,
)
from tabular_pg.methods.policy_iteration import TIE, PolicyIteration
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import (
    discounted,
    some_pair,
    some_suboptimal_action,
)
from tabular_pg.verdicts.quantities import (
    EPS,
    best_advantage,
    best_advantage_rounding,
    improvement,
    q_gap,
    steps,
    steps_to_optimality,
    suboptimal_mass,
)

RULES = (PolicyIteration,)
CONSERVATIVE = (ConservativePolicyIteration,)


@theorem(
    "PI1",
    "e_{k+1} <= gamma e_k",
    rules=RULES,
    assumes=(some_pair,),
    any_actions=True,
    any_gamma=True,
)
def contraction(run):
    """e_{k+1} <= gamma e_k. Proof: V^{k+1} >= T V^k >= V* - gamma e_k."""
    i = steps(run)
    return run.sup_gap[i + 1], run.mdp.gamma * run.sup_gap[i]


@theorem(
    "PI2",
    "optimal after S (A-1) ceil(log(1/(1-gamma)) / (1-gamma)) steps",
    rules=RULES,
    source="scherrer2016",
    confidence=Confidence.RECALLED,
    assumes=(discounted,),
    any_actions=True,
)
def termination(run):
    """For gamma > 0 the iterate number S (A - 1) ceil(log(1 / (1 - gamma)) / (1 - gamma)) is
    optimal, from any start. Proof: PI1 over ceil(...) steps shrinks e so far that an action in
    use with the largest |A*| is never used again."""
    S, A = run.mdp.n_states, most_actions(run.mdp)
    horizon = 1 / (1 - run.mdp.gamma)
    return steps_to_optimality(run), S * (A - 1) * np.ceil(np.log(horizon) * horizon)


@theorem(
    "PC1",
    "improvement = alpha max_a A",
    rules=CONSERVATIVE,
    kind=Kind.EQUAL,
    assumes=(some_pair,),
    any_actions=True,
)
def conservative_improvement(run):
    """I_s^k = alpha max_a A^k(s, a) in every state. Proof: sum_a pi^k A^k = 0. In a run in floats
    the greedy action is one of those that are best up to ``TIE``."""
    i, (gained, rounding) = steps(run), improvement(run)
    alpha, tie = run.rule.alpha, TIE * q_gap(run)[i].max(axis=2) if run.rounded else 0.0
    rounding = rounding + best_advantage_rounding(run)[i] + alpha * tie
    return gained, alpha * best_advantage(run)[i], rounding


@theorem(
    "PC2",
    "e_{k+1} <= (1 - (1-gamma) alpha) e_k",
    rules=CONSERVATIVE,
    assumes=(some_pair,),
    any_actions=True,
)
def conservative_contraction(run):
    """e_{k+1} <= (1 - (1 - gamma) alpha) e_k. Proof: PC1 and the master lemma in the sup norm, for
    h(x) = alpha x."""
    i = steps(run)
    return run.sup_gap[i + 1], (1 - (1 - run.mdp.gamma) * run.rule.alpha) * run.sup_gap[i]


@theorem(
    "PC3",
    "b_s^{k+1} = (1 - alpha) b_s^k once gamma e_k < Delta",
    rules=CONSERVATIVE,
    kind=Kind.EQUAL,
    assumes=(some_suboptimal_action, some_pair),
    any_actions=True,
)
def conservative_tail(run):
    """Once gamma e_k < Delta, b_s^{k+1} = (1 - alpha) b_s^k in every state, so that the gap falls
    like (1 - alpha)^k, whatever gamma is. Proof: the greedy actions are optimal then."""
    i, b = steps(run), suboptimal_mass(run)
    late = (run.mdp.gamma * run.sup_gap < run.optimum.Delta * (1 - 1e-9))[i, None]
    after = np.where(late, b[i + 1], 0.0)
    return after, np.where(late, (1 - run.rule.alpha) * b[i], 0.0), EPS * after
