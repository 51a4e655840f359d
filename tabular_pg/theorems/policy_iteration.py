"""Policy iteration: contraction, and how soon it is done."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.policy_iteration import PolicyIteration
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.assumptions import discounted, some_pair
from tabular_pg.verdicts.quantities import steps, steps_to_optimality

RULES = (PolicyIteration,)


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
