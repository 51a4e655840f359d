"""The data of DAPO's Algorithm 1: responses, completions of their states, and what they teach.

Part A samples responses from every root, keeps a balanced few, and completes all of their states
anew; the outcomes are what a critic is fitted to. Part B takes the first steps of the completions
as the actions to compare, whose advantages are differences of the critic's values,

    A(s, a_i) = V(s a_i) - mean_j V(s a_j)                                                     (13).

An action that was not sampled has no such advantage. Left out of the loss it would be free: many
policies then have the same loss, and mass escapes to it or from it unseen. So it gets a small
weight, the anchor, and the target 0: a log-ratio of 0, no change.

References
----------
Liu et al. (2024), Improving Multi-Step Reasoning Abilities of Large Language Models with Direct
Advantage Policy Optimization, arXiv 2412.18279.
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.checks.arrays import plain_array, real_vector
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


class OutcomesOf(Outcomes):
    """Outcomes that know the number of states of their problem; a tuple's fields are fixed."""

    n_states = None


class Signal(NamedTuple):
    """What the actor is fitted to.

    Attributes
    ----------
    advantage : (E,) with mean 0 under the reference in every state; 0 where nothing is known.
    nu : (E,) weights of the edges: over the sampled actions of a state they sum to 1, the others
        have the anchor's; all are 0 in states that are left out.
    kept : (S,) whether a state is in the loss.
    """

    advantage: np.ndarray
    nu: np.ndarray
    kept: np.ndarray


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


def signal(mdp, reference, values, seen, *, gap=0.0, anchor=None) -> Signal:
    """The advantages (13) of the actions seen, and the weights with which they count.

    The baseline of (13), the mean over the sampled actions, is taken under the reference instead of
    counted: then the advantages of the seen actions have mean 0 under the reference, and with the
    0 of the others the whole state has.

    Parameters
    ----------
    values : (S,) what the critic says.
    seen : (E,) bool, the actions to compare.
    gap : float
        States are left out if the advantages of their seen actions differ by less. With the 0.1
        of the paper that is nearly all of them where success is rare, as all values are small.
    anchor : float > 0, optional
        Weight of an action that was not seen, next to 1 for all those seen together. The minimizer
        of (12) keeps of its probability at least the fraction
        ``exp(-sqrt(sum_a nu_a A_a^2 / anchor) / beta)``: otherwise its part of the loss alone were
        more than the whole loss of the reference.

    Raises
    ------
    ValueError
        If an argument is invalid, or without an anchor an action of a kept state was not seen.
    """
    reference = checked_policy(mdp, reference, "reference")
    values = real_vector("values", values, mdp.n_states, "state")
    seen = _flags(mdp, seen)
    if (reference[seen] == 0).any():
        e = int((seen & (reference == 0)).argmax())
        raise ValueError(f"reference[{e}] is 0; expected a probability > 0, because it was seen")
    gap = check_number("gap", gap, 0, kind=Real)
    weight = 0.0
    if anchor is not None:
        weight = check_number("anchor", anchor, 0, kind=Real, open_ends=True)
    Q = np.where(np.diff(mdp.action_ptr) > 0, values, mdp.terminal_reward)[mdp.successor]
    A, nu = np.zeros(mdp.n_edges), np.zeros(mdp.n_edges)
    kept = np.zeros(mdp.n_states, dtype=bool)
    s = _compare(mdp.action_ptr, reference, Q, seen, gap, weight, A, nu, kept)
    if s >= 0:
        first, last = mdp.action_ptr[s], mdp.action_ptr[s + 1]
        e = first + int(seen[first:last].argmin())
        raise ValueError(
            f"seen[{e}] is False, an action of state {s}, in which others were seen: mass would "
            "escape to it; expected an anchor > 0, or all actions of a state"
        )
    return Signal(A, nu, kept)


def _flags(mdp, seen):
    seen = plain_array("seen", seen, "booleans")
    if seen.dtype != bool or seen.shape != (mdp.n_edges,):
        raise ValueError(
            f"seen has shape {seen.shape} and type {seen.dtype}; expected ({mdp.n_edges},) bool, "
            "one per edge"
        )
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


@njit
def _compare(action_ptr, reference, Q, seen, gap, anchor, advantage, nu, kept):
    """Fill the last three; the first kept state with an unseen action if there is no anchor.

    An advantage is the mean of differences: where the reference has nearly all its mass on one
    action, the difference to a mean would lose that action's.
    """
    for s in range(action_ptr.size - 1):
        first, last = action_ptr[s], action_ptr[s + 1]
        count, low, high, mass = 0, np.inf, -np.inf, 0.0
        for e in range(first, last):
            if seen[e]:
                count += 1
                mass += reference[e]
                low, high = min(low, Q[e]), max(high, Q[e])
        if count == 0 or high - low < gap:
            continue
        if count < last - first and anchor == 0.0:
            return s
        kept[s] = True
        for e in range(first, last):
            nu[e] = 1.0 / count if seen[e] else anchor
            if seen[e] and low < high:
                for other in range(first, last):
                    if seen[other]:
                        advantage[e] += reference[other] / mass * (Q[e] - Q[other])
    return -1
