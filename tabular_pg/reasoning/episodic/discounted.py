"""An episodic problem as an MDP, for the methods that are made for those."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tabular_pg.checks.discount import checked_discount
from tabular_pg.mdps.mdp import MDP


def to_undiscounted(mdp) -> MDP:
    """The same problem at gamma = 1: state by state it has the same values and expected visits.

    P is sparse. A state's actions keep their order; unavailable ones are empty rows. A terminal
    state has one action, which earns its reward and ends the episode. rho is uniform over the
    roots, mu over all states.
    """
    available, taken = _actions(mdp)
    target = mdp.successor
    r = np.where(available & ~taken, mdp.terminal_reward[:, None], 0.0)
    indptr = np.concatenate([[0], np.cumsum(taken.ravel())])
    P = sparse.csr_array((np.ones(target.size), target, indptr), shape=(r.size, mdp.n_states))
    return MDP(P, r, 1.0, rho=_roots(mdp), actions=available, name=mdp.name)


def to_discounted(mdp, gamma) -> MDP:
    """The same problem with discounting: V(root) is gamma^(H-1) times the success probability.

    That holds if all episodes have H steps; in general the reward of a path of H steps counts
    gamma^(H-1) times. P is sparse. A state's actions keep their order; unavailable ones are empty
    rows. A step into a terminal state earns that state's reward, and terminal states absorb, with
    one action and without reward. rho is uniform over the roots, mu over all states.

    Raises
    ------
    ValueError
        If gamma is not in [0, 1), or a root is terminal and has a reward, which no step would earn.
    """
    gamma = checked_discount(gamma)
    wrong = mdp.terminal_reward[: mdp.n_roots] > 0
    if wrong.any():
        s = int(wrong.argmax())
        raise ValueError(
            f"terminal_reward[{s}] is {mdp.terminal_reward[s]} and state {s} is a root; expected "
            "0, because no step leads there"
        )
    available, taken = _actions(mdp)
    shape = available.shape
    target = np.repeat(np.arange(shape[0])[:, None], shape[1], axis=1)  # absorb by default
    target[taken] = mdp.successor
    r = np.zeros(shape)
    r[taken] = mdp.terminal_reward[mdp.successor]
    indices = target[available]
    indptr = np.concatenate([[0], np.cumsum(available.ravel())])
    P = sparse.csr_array((np.ones(indices.size), indices, indptr), shape=(r.size, shape[0]))
    return MDP(P, r, gamma, rho=_roots(mdp), name=mdp.name)


def _actions(mdp):
    """(S, A) which actions there are, one in terminal states, and which of them are edges."""
    counts = np.diff(mdp.action_ptr)[:, None]
    number = np.arange(max(1, int(counts.max())))
    return number < np.maximum(counts, 1), number < counts


def _roots(mdp) -> np.ndarray:
    return np.where(np.arange(mdp.n_states) < mdp.n_roots, 1 / mdp.n_roots, 0.0)
