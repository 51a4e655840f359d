"""An episodic problem as a discounted MDP, for the methods that are made for those."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tabular_pg.mdps.mdp import MDP


def to_discounted(mdp, gamma) -> MDP:
    """The same problem with discounting: V(root) is gamma^(H-1) times the success probability.

    That holds if all episodes have H steps; in general the reward of a path of H steps counts
    gamma^(H-1) times. P is sparse. A state's actions keep their order; unavailable ones are empty
    rows. A step into a terminal state earns that state's reward, and terminal states absorb, with
    one action and without reward. rho is uniform over the roots, mu over all states.

    Raises
    ------
    ValueError
        If a root is terminal and has a reward, which no step would earn.
    """
    wrong = mdp.terminal_reward[: mdp.n_roots] > 0
    if wrong.any():
        s = int(wrong.argmax())
        raise ValueError(
            f"terminal_reward[{s}] is {mdp.terminal_reward[s]} and state {s} is a root; expected "
            "0, because no step leads there"
        )
    counts = np.diff(mdp.action_ptr)
    shape = (mdp.n_states, max(1, int(counts.max())))
    available = np.arange(shape[1]) < np.maximum(counts, 1)[:, None]
    taken = np.arange(shape[1]) < counts[:, None]
    target = np.repeat(np.arange(shape[0])[:, None], shape[1], axis=1)  # absorb by default
    target[taken] = mdp.successor
    r = np.zeros(shape)
    r[taken] = mdp.terminal_reward[mdp.successor]
    indices = target[available]
    indptr = np.concatenate([[0], np.cumsum(available.ravel())])
    P = sparse.csr_array((np.ones(indices.size), indices, indptr), shape=(r.size, shape[0]))
    rho = np.where(np.arange(shape[0]) < mdp.n_roots, 1 / mdp.n_roots, 0.0)
    return MDP(P, r, gamma, rho=rho, name=mdp.name)
