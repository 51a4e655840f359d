"""Which actions there are, for formulas about MDPs where that differs from state to state."""

from __future__ import annotations

import numpy as np


def available(run, which):
    """``which`` (..., S, A), but for actions that there are not."""
    actions = getattr(run.mdp, "actions", None)
    return which if actions is None else which & actions


def suboptimal(run) -> np.ndarray:
    """(S, A) whether there is this action, and it is not optimal."""
    return available(run, ~run.optimum.optimal)


def least_probability(run, policies) -> np.ndarray:
    """The least probability (..., S) in ``policies`` (..., S, A) of an action that there is."""
    actions = getattr(run.mdp, "actions", None)
    return (policies if actions is None else np.where(actions, policies, np.inf)).min(
        axis=policies.ndim - 1
    )
