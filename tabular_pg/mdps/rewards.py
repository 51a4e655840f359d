"""Rewards as users give them, and messages where they are something else."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tabular_pg.checks.arrays import plain_array, real_array
from tabular_pg.mdps.orders import reward_hint


def plain_rewards(r) -> np.ndarray:
    """Rewards as an array of whatever type; what is sparse is refused, and says what to do."""
    parts = r if isinstance(r, list | tuple) else [r]
    if any(map(sparse.issparse, parts)):
        raise ValueError(
            "r is sparse, or a list of sparse matrices; expected an array (S, A), as r.toarray() "
            "is; rewards R of transitions, like a sparse P, are given by their expectations "
            "P.multiply(R).sum(axis=1).reshape(S, A)"
        )
    return plain_array("r", r)


def expected_rewards(P, r, actions, shape) -> np.ndarray:
    """Rewards (S, A), or the expectations of rewards (S, A, S); else ValueError."""
    r = real_array("r", r, None if actions is None else ~actions)
    if r.shape == P.shape and r.ndim == 3:
        return np.einsum("sat,sat->sa", P, r)
    if r.shape != shape:
        alternative = "" if sparse.issparse(P) else f" or (S, A, S) = {P.shape}"
        hint = reward_hint(r, shape)
        raise ValueError(f"r has shape {r.shape}; expected (S, A) = {shape}{alternative}{hint}")
    return r
