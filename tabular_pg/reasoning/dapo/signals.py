"""What the actor is fitted to: advantages of the actions compared, and weights of their edges.

The advantages are differences of a critic's values,

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
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import plain_array, real_vector
from tabular_pg.checks.numbers import check_number
from tabular_pg.reasoning.episodic import checked_policy


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

    __repr__ = compact


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
    kept = _kept(mdp.action_ptr, Q, seen, gap)
    if weight == 0.0:
        _check_all_seen(mdp, seen, kept)
    return Signal(*_compare(mdp.action_ptr, reference, Q, seen, kept, weight), kept)


def _flags(mdp, seen):
    seen = plain_array("seen", seen, "booleans")
    if seen.dtype != bool or seen.shape != (mdp.n_edges,):
        raise ValueError(
            f"seen has shape {seen.shape} and type {seen.dtype}; expected ({mdp.n_edges},) bool, "
            "one per edge"
        )
    return seen


def _check_all_seen(mdp, seen, kept):
    unseen = ~seen & kept[mdp.source]
    if unseen.any():
        e = int(unseen.argmax())
        raise ValueError(
            f"seen[{e}] is False, an action of state {mdp.source[e]}, in which others were seen: "
            "mass would escape to it; expected an anchor > 0, or all actions of a state"
        )


@njit
def _kept(action_ptr, Q, seen, gap):
    """(S,) whether some actions of a state were seen, and their values differ by the gap."""
    kept = np.zeros(action_ptr.size - 1, dtype=np.bool_)
    for s in range(kept.size):
        low, high = np.inf, -np.inf
        for e in range(action_ptr[s], action_ptr[s + 1]):
            if seen[e]:
                low, high = min(low, Q[e]), max(high, Q[e])
        kept[s] = low <= high and high - low >= gap
    return kept


@njit
def _compare(action_ptr, reference, Q, seen, kept, anchor):
    """The advantages and the weights of the edges.

    An advantage is the mean of differences: where the reference has nearly all its mass on one
    action, the difference to a mean would lose that action's.
    """
    advantage, nu = np.zeros(Q.size), np.zeros(Q.size)
    for s in np.flatnonzero(kept):
        edges = np.arange(action_ptr[s], action_ptr[s + 1])
        compared = edges[seen[edges]]
        mass = reference[compared].sum()
        nu[edges] = anchor
        for e in compared:
            nu[e] = 1.0 / compared.size
            for other in compared:
                advantage[e] += reference[other] / mass * (Q[e] - Q[other])
    return advantage, nu
