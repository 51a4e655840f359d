"""Recognize transition tables in another order than ``P[s, a, t]``, and say what would help."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse

BY_ACTION = (
    "expected an array (S, A, S), or one sparse matrix (S*A, S) whose row s * A + a is of state s "
    "and action a; of matrices (S, S), one per action, that is "
    'sparse.vstack(P, format="csr")[np.arange(A * S).reshape(A, S).T.ravel()]'
)


def refuse_matrices(P):
    """Refuse lists of sparse matrices; warn of lists of matrices that may be one per action."""
    objects = isinstance(P, np.ndarray) and P.dtype == object and P.ndim > 0
    if not objects and not isinstance(P, list | tuple):
        return
    parts = list(P)
    if any(sparse.issparse(part) for part in parts):
        raise ValueError(f"P is a list of sparse matrices; {BY_ACTION}")
    if isinstance(P, list | tuple) and all(isinstance(x, np.ndarray) for x in parts):
        shapes = {x.shape for x in parts}
        if len(parts) > 1 and shapes == {(len(parts), len(parts))}:
            warnings.warn(
                f"P is a list of {len(parts)} square matrices as large, and is read as P[s][a, t]; "
                "if they are one per action, it must be np.stack(P, axis=1), and if not, an array "
                "is taken without this warning",
                stacklevel=4,
            )


def shape_hint(P) -> str:
    """What may be meant by an array of a wrong shape; nothing by one without entries."""
    if 0 in P.shape:
        return ""
    if P.ndim == 3 and P.shape[1] == P.shape[2]:
        return "; this looks like (A, S, S): transpose it, P.transpose(1, 0, 2)"
    if P.ndim == 3 and P.shape[0] == P.shape[1]:
        return "; this looks like (S, S, A): transpose it, P.transpose(0, 2, 1)"
    if P.ndim == 2 and P.shape[0] == P.shape[1]:
        return "; for a single action that is P[:, None]"
    if P.ndim == 2 and P.shape[1] and P.shape[0] % P.shape[1] == 0:
        return "; if its row s * A + a is of state s and action a, that is P.reshape(S, A, S)"
    return ""


def order_hint(P) -> str:
    """Along which other axis an array (S, S, S), whose rows are wrong, sums to 1, if it does."""
    if sparse.issparse(P) or P.shape[0] != P.shape[1]:
        return ""
    for axis in (1, 0):
        if np.allclose(P.sum(axis=axis), 1, rtol=0, atol=1e-9):
            return f"its sums over axis {axis} are 1: it may be np.moveaxis(P, {axis}, 2) that is P"
    return ""


def reward_hint(r, shape) -> str:
    """What may be meant by rewards of a wrong shape."""
    if r.ndim == 2 and r.shape == shape[::-1]:
        return "; this looks like (A, S): transpose it, r.T"
    if r.shape == shape[:1]:
        return f"; rewards of states alone are np.repeat(r[:, None], {shape[1]}, axis=1)"
    if r.ndim == 3 and (r.shape[1], r.shape[0]) == shape and r.shape[2] == shape[0]:
        return "; this looks like (A, S, S): transpose it, r.transpose(1, 0, 2)"
    return ""
