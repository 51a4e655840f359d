"""Lists of transitions as the arrays that an MDP is made of."""

from __future__ import annotations

import numpy as np
from scipy import sparse as compressed

from tabular_pg._machine import refuse_beyond_memory
from tabular_pg.checks.numbers import checked_flag

MOST_DENSE = 10**7  # entries of a table that is kept dense unless told otherwise


def of_transitions(s, a, t, p, rewards, shape, sparse=None) -> dict:
    """P, r and actions of transitions from ``s`` to ``t`` under ``a``, given by arrays (N,).

    Equal ones add up. The reward of a pair (s, a) is the expectation; where all its transitions
    have the same, it is that to the last bit. Pairs without a transition are unavailable.
    """
    S, A = shape
    pair = np.asarray(s, dtype=np.int64) * A + np.asarray(a, dtype=np.int64)
    p, rewards = np.asarray(p, dtype=float), np.asarray(rewards, dtype=float)
    rows = compressed.coo_array((p, (pair, np.asarray(t, dtype=np.int64))), shape=(S * A, S))
    actions = np.bincount(pair, minlength=S * A).reshape(shape) > 0
    r = expected(pair, p, rewards, S * A).reshape(shape)
    return {"P": kept(rows.tocsr(), A, sparse), "r": r, "actions": actions}


def expected(row, p, rewards, size) -> np.ndarray:
    """(size,) sums of p times reward over each row, or their common reward if they have one."""
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(least, row, rewards)
    np.maximum.at(most, row, rewards)
    return np.where(least == most, least, np.bincount(row, p * rewards, size))


def kept(rows, n_actions, sparse=None):
    """A sparse matrix (S*A, S) as it is, or as an array (S, A, S) where it is small."""
    size = rows.shape[1]
    many = rows.shape[0] * size > MOST_DENSE
    if many if sparse is None else checked_flag("sparse", sparse):
        return rows
    refuse_beyond_memory(18 * rows.shape[0] * size, "the dense P; sparse=True needs less")
    return rows.toarray().reshape(size, n_actions, size)
