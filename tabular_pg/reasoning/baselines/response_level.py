"""Response-level policy gradient methods on the data and with the loss of DAPO.

The outcome of a whole response, less a baseline, is the signal of every step in it: REINFORCE (no
baseline), RLOO (the mean of the other responses to the same question), GRPO (the mean of all of
them, over their standard deviation) and ReMax (the outcome of the greedy response). The policy is
regressed on these signals as DAPO's is on advantages of steps, so that only the signal differs.

References
----------
Williams (1992), Machine Learning 8. Ahmadian et al. (2024), Back to basics, arXiv 2402.14740.
Shao et al. (2024), DeepSeekMath, arXiv 2402.03300. Li et al. (2023), ReMax, arXiv 2310.10505.
"""

from __future__ import annotations

import enum
from numbers import Real

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.checks.arrays import real_vector
from tabular_pg.checks.numbers import check_number, shown
from tabular_pg.reasoning.dapo.signals import Signal
from tabular_pg.reasoning.episodic import checked_policy, checked_trajectories
from tabular_pg.reasoning.episodic.rollouts import checked_shapes
from tabular_pg.reasoning.episodic.segments import state_sums


class Baseline(enum.Enum):
    """What is subtracted from the outcome of a response; the value says it in words."""

    REINFORCE = "nothing"
    RLOO = "the mean outcome of the other responses to the question"
    GRPO = "the mean outcome of the responses to the question, divided by their deviation"
    REMAX = "the outcome of the greedy response to the question"


def response_signals(trajectories, baseline, greedy=None) -> np.ndarray:
    """(N,) the signal of every response.

    Parameters
    ----------
    trajectories : Trajectories
        Those of one start count as responses to one question.
    baseline : Baseline
    greedy : (N,), optional
        For ``Baseline.REMAX``: the outcome of the greedy response to the question of each.

    Raises
    ------
    ValueError
        If there are no trajectories; for RLOO if a question has one response only; for REMAX
        without ``greedy``.
    """
    trajectories = checked_shapes(trajectories)
    outcome = trajectories.outcome
    if outcome.size == 0:
        raise ValueError("trajectories is empty; expected at least one response")
    _, group = np.unique(trajectories.states[:, 0], return_inverse=True)
    counts = np.bincount(group)
    if baseline is Baseline.REINFORCE:
        return outcome
    least, most = np.full((2, counts.size), np.inf)
    np.minimum.at(least, group, outcome)
    np.minimum.at(most, group, -outcome)
    size = -most - least  # 0 where all outcomes are the same: then all signals are, too
    above = (outcome - least[group]) / np.where(size > 0, size, 1.0)[group]
    above -= (np.bincount(group, above) / counts)[group] * (size > 0)[group]
    if baseline is Baseline.RLOO:
        if counts.min() < 2:
            s = int(trajectories.states[np.argmin(counts[group]), 0])
            raise ValueError(f"state {s} has one response; expected at least 2 for RLOO")
        return above * (size * counts / (counts - 1))[group]
    if baseline is Baseline.GRPO:
        deviation = np.sqrt(np.bincount(group, above**2) / counts)
        return above / np.where(deviation > 0, deviation, 1.0)[group]
    if baseline is Baseline.REMAX:
        if greedy is None:
            raise ValueError("greedy is None; expected the outcomes of greedy responses, for REMAX")
        return outcome - real_vector("greedy", greedy, outcome.size, "response")
    raise ValueError(f"baseline is {shown(baseline)}; expected a member of Baseline")


def response_level_signal(mdp, reference, trajectories, signals, anchor) -> Signal:
    """What the actor is fitted to: the mean signal of the responses through every edge.

    Weights are the shares of the samples in a state, and the anchor for edges that no response
    took, whose target is to stay. The signals of a state are centred under the reference.

    Parameters
    ----------
    signals : (N,) from :func:`response_signals`.
    anchor : float > 0

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """
    reference = checked_policy(mdp, reference, "reference")
    trajectories = checked_trajectories(mdp, trajectories)
    signals = real_vector("signals", signals, trajectories.outcome.size, "response")
    anchor = check_number("anchor", anchor, 0, kind=Real, open_ends=True)
    taken = trajectories.edges >= 0
    edges = trajectories.edges[taken]
    each = np.broadcast_to(signals[:, None], taken.shape)[taken]
    counts = np.bincount(edges, minlength=mdp.n_edges).astype(float)
    sums = np.bincount(edges, each, minlength=mdp.n_edges)
    seen = counts > 0
    mean = np.where(seen, sums / np.maximum(counts, 1), 0.0)
    mass = state_sums(mdp.action_ptr, np.where(seen, reference, 0.0))
    level = state_sums(mdp.action_ptr, np.where(seen, reference * mean, 0.0))
    centre = level / np.where(mass > 0, mass, 1.0)
    total = state_sums(mdp.action_ptr, counts)
    kept = total > 0
    share = counts / np.where(kept, total, 1.0)[mdp.source]
    nu = np.where(kept[mdp.source], np.where(seen, share, anchor), 0.0)
    return Signal(np.where(seen, mean - centre[mdp.source], 0.0), nu, kept)


def greedy_edges(mdp, policy) -> np.ndarray:
    """(S,) the likeliest edge of every state, the first of equals; -1 in terminal states."""
    policy = checked_policy(mdp, policy)
    return _first_maxima(mdp.action_ptr, policy)


@njit
def _first_maxima(action_ptr, x):
    edges = np.full(action_ptr.size - 1, -1)
    for s in range(edges.size):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            if edges[s] < 0 or x[e] > x[edges[s]]:
                edges[s] = e
    return edges
