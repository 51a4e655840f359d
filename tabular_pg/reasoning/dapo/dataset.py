"""The data of DAPO's Algorithm 1: responses, completions of their states, and their outcomes.

Part A samples responses from every root, keeps a balanced few, and completes all of their states
anew; the outcomes are what a critic is fitted to. Part B takes the first steps of the completions
as the actions to compare (see ``signals``).

References
----------
Liu et al. (2024), Improving Multi-Step Reasoning Abilities of Large Language Models with Direct
Advantage Policy Optimization, arXiv 2412.18279.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_flag, check_number
from tabular_pg.reasoning.episodic import (
    Trajectories,
    checked_policy,
    checked_trajectories,
    sample_trajectories,
)
from tabular_pg.reasoning.episodic.rollouts import checked_shapes, checked_states
from tabular_pg.reasoning.episodic.validation import checked_problem

RIGHT = 0.5  # an outcome of at least this counts as right


class Outcomes(NamedTuple):
    """What a critic is fitted to: sampled completions of states, by one policy.

    Attributes
    ----------
    policy : (E,) the policy whose values are estimated.
    states : (n,) distinct states with actions.
    counts : (n,) how many completions of each were seen, >= 1.
    means : (n,) their mean outcomes, MC(s).
    """

    policy: np.ndarray
    states: np.ndarray
    counts: np.ndarray
    means: np.ndarray

    __repr__ = compact


class OutcomesOf(Outcomes):
    """Outcomes that know the number of states of their problem; a tuple's fields are fixed."""

    n_states = None


def respond(mdp, policy, responses, rng) -> Trajectories:
    """``responses`` trajectories from every root, those of a root one after the other."""
    checked_problem(mdp)
    responses = check_number("responses", responses, 1)
    return sample_trajectories(mdp, policy, np.repeat(np.arange(mdp.n_roots), responses), rng)


def balanced(trajectories, keep) -> np.ndarray:
    """The rows of up to ``keep`` trajectories per start, half of them right if there are as many.

    Right is an outcome of at least 1/2. Of either kind the first ones are taken, and more of one
    kind only where the other has too few; for an odd ``keep`` right ones have the extra place.
    """
    trajectories = checked_shapes(trajectories)
    keep = check_number("keep", keep, 1)
    start, right = trajectories.states[:, 0], trajectories.outcome >= RIGHT
    n_right, n_wrong = (np.bincount(start, kind)[start] for kind in (right, ~right))
    for_wrong = np.minimum(n_wrong, np.maximum(keep // 2, keep - n_right))
    places = np.where(right, keep - for_wrong, for_wrong)
    return np.flatnonzero(rank(2 * start + right) < places)


def states_of(trajectories) -> np.ndarray:
    """The distinct states in which the trajectories take a step, in order."""
    trajectories = checked_shapes(trajectories)
    return np.unique(trajectories.states[:, :-1][trajectories.edges >= 0])


def complete(mdp, policy, states, completions, rng) -> Trajectories:
    """``completions`` trajectories from each of these states, those of a state in a row."""
    completions = check_number("completions", completions, 1)
    states = checked_states(mdp, "states", states)
    return sample_trajectories(mdp, policy, np.repeat(states, completions), rng)


def outcomes(mdp, policy, trajectories, pooled=True) -> Outcomes:
    """The mean outcomes of the states that trajectories of ``policy`` pass.

    A trajectory is a completion of every state on its way: MC(s) is unbiased, given which
    trajectories pass s, because the way to a state says nothing about what follows. (It is not
    for trajectories that were selected by their outcome.)

    Parameters
    ----------
    pooled : bool
        Otherwise trajectories count in the states only in which they start, as in the paper.

    Raises
    ------
    ValueError
        If ``policy`` is none, or a trajectory is none of ``mdp``: names the row and the step.
    """
    policy, trajectories = checked_policy(mdp, policy), checked_trajectories(mdp, trajectories)
    check_flag("pooled", pooled)
    return mean_outcomes(mdp, policy, trajectories, pooled)


def mean_outcomes(mdp, policy, trajectories, pooled) -> Outcomes:
    """The same of arguments that are known to be valid."""
    edges = trajectories.edges if pooled else trajectories.edges[:, :1]
    counts, sums = _tally(trajectories.states, edges, trajectories.outcome, mdp.n_states)
    states = np.flatnonzero(counts)
    means = sums[states] / counts[states]
    found = OutcomesOf(policy, states, counts[states], means)
    found.n_states = mdp.n_states
    return found


def first_steps(mdp, trajectories) -> np.ndarray:
    """(E,) whether a trajectory starts with this edge: the action sets A(s), each action once."""
    return _marked(mdp, checked_trajectories(mdp, trajectories).edges[:, :1])


def steps_taken(mdp, trajectories) -> np.ndarray:
    """(E,) whether a trajectory takes this edge, at whatever step."""
    return _marked(mdp, checked_trajectories(mdp, trajectories).edges)


def _marked(mdp, edges) -> np.ndarray:
    seen = np.zeros(mdp.n_edges, dtype=bool)
    seen[edges[edges >= 0]] = True
    return seen


def rank(group) -> np.ndarray:
    """(n,) how many entries of the same group come before."""
    order = np.argsort(group, kind="stable")
    ranked = group[order]
    before = np.empty(group.size, dtype=np.int64)
    before[order] = np.arange(group.size) - np.searchsorted(ranked, ranked)
    return before


@njit
def _tally(states, edges, outcome, n_states):
    """How many trajectories take a step in each state, and the sum of their outcomes."""
    counts, sums = np.zeros(n_states, dtype=np.int64), np.zeros(n_states)
    for n in range(edges.shape[0]):
        for t in range(edges.shape[1]):
            if edges[n, t] < 0:
                break
            counts[states[n, t]] += 1
            sums[states[n, t]] += outcome[n]
    return counts, sums
