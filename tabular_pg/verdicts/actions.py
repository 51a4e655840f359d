"""Which actions there are, for formulas about MDPs where that differs from state to state."""

from __future__ import annotations

import numpy as np


def number_of_actions(mdp):
    """How many actions each state has, (S, 1), or the one number that all have."""
    actions = getattr(mdp, "actions", None)
    return mdp.n_actions if actions is None else actions.sum(axis=1, keepdims=True)


def most_actions(mdp) -> int:
    """How many actions a state has at most: what A stands for in a bound."""
    actions = getattr(mdp, "actions", None)
    return mdp.n_actions if actions is None else int(number_of_actions(mdp).max())


def available(run, which):
    """``which`` (..., S, A), but for actions that there are not."""
    actions = getattr(run.mdp, "actions", None)
    return which if actions is None else which & actions


def each_action(run, values, otherwise=0.0):
    """``values`` (..., S, A), and something else where there is no action."""
    actions = getattr(run.mdp, "actions", None)
    return values if actions is None else np.where(actions, values, otherwise)


def suboptimal(run) -> np.ndarray:
    """(S, A) whether there is this action, and it is not optimal."""
    return available(run, ~run.optimum.optimal)


def least_probability(run, policies) -> np.ndarray:
    """The least probability (..., S) in ``policies`` (..., S, A) of an action that there is."""
    return each_action(run, policies, np.inf).min(axis=policies.ndim - 1)
