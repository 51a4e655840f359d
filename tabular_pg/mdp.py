"""A finite discounted Markov decision process, validated once and then immutable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from tabular_pg._transitions import (
    ROW_SUM_TOLERANCE,
    checked_rows,
    dense_transitions,
    real_array,
    refuse_negative,
    sparse_transitions,
)


@dataclass(frozen=True, init=False, eq=False)
class MDP:
    """A finite discounted MDP whose every entry has been checked.

    Parameters
    ----------
    P : array_like (S, A, S), or scipy sparse matrix (S*A, S), which is never made dense
        ``P[s, a, t]``, or ``P[s * A + a, t]`` if sparse, is the probability of moving from ``s``
        to ``t`` under ``a``. Rows must sum to 1 within 1e-12 times their length (S, or the number
        of entries of the longest row if sparse) and are divided by their exact sums if these
        differ from 1 by more than rounding. A CSR matrix in canonical format with float64 data
        is used without copying, and is made read-only.
    r : array_like (S, A) or, for dense P, (S, A, S)
        Reward of ``(s, a)``, or of ``(s, a, t)`` (its expectation is kept). Any finite reals.
    gamma : float
        Discount factor in [0, 1).
    rho : array_like (S,), optional
        Distribution the error is measured under; uniform by default.
    mu : array_like (S,), optional
        Distribution the gradient is taken under; uniform by default.
    renormalize : bool
        Divide rows that miss the tolerance by their sums instead of refusing them; the size
        of the largest correction is then in ``correction``.
    name : str
        How figures and tables call this MDP.
    actions : array_like of bool (S, A), optional
        Which actions are available, at least one in every state. Rows of P of the others must be
        all zero; their rewards are ignored and stored as 0. By default all are, except that an
        all-zero row of a sparse P stands for an unavailable action.

    Attributes
    ----------
    P : (S, A, S) array or, if ``sparse``, (S*A, S) scipy csr_array in canonical format.
    r : (S, A).
    actions : (S, A) array of bool, or None if every action is available.

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """

    P: np.ndarray | sparse.csr_array
    r: np.ndarray
    gamma: float
    rho: np.ndarray
    mu: np.ndarray
    correction: float
    name: str
    actions: np.ndarray | None

    def __init__(
        self, P, r, gamma, *, rho=None, mu=None, renormalize=False, name="MDP", actions=None
    ):
        given = P
        if sparse.issparse(P):
            shape = np.shape(r)
            P = sparse_transitions(P, shape)
        else:
            P = dense_transitions(P)
            shape = P.shape[:2]
        P, actions, correction = checked_rows(P, _mask(actions, shape), shape, renormalize)
        fields = {
            "P": P,
            "r": _rewards(P, r, actions, shape),
            "gamma": _discount(gamma),
            "rho": distribution("rho", rho, shape[0]),
            "mu": distribution("mu", mu, shape[0]),
            "correction": correction,
            "name": str(name),
            "actions": actions,
        }
        for key, value in fields.items():
            _freeze(value)
            object.__setattr__(self, key, value)
        if (
            self.sparse
            and given.format == "csr"
            and np.may_share_memory(given.indices, self.P.indices)
        ):
            _freeze(given)

    def __setstate__(self, state):
        for key, value in state.items():
            _freeze(value)
            object.__setattr__(self, key, value)

    @property
    def n_states(self) -> int:
        return self.r.shape[0]

    @property
    def n_actions(self) -> int:
        return self.r.shape[1]

    @cached_property
    def n_nonzeros(self) -> int:
        """How many entries of P are stored, if it is sparse, or not 0; counted once."""
        return int(self.P.nnz if self.sparse else np.count_nonzero(self.P))

    @property
    def sparse(self) -> bool:
        """Whether P is kept as a sparse matrix."""
        return sparse.issparse(self.P)

    def __repr__(self):
        return (
            f"MDP({self.name!r}, n_states={self.n_states}, n_actions={self.n_actions}, "
            f"gamma={self.gamma})"
        )


def distribution(name, weights, size) -> np.ndarray:
    """A probability vector of the given size, normalized to rounding; uniform for None.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or the sum differs from 1 by over ``1e-12 * size``.
    """
    if weights is None:
        return np.full(size, 1.0 / size)
    weights = real_array(name, weights)
    if weights.shape != (size,):
        raise ValueError(f"{name} has shape {weights.shape}; expected ({size},), one per state")
    refuse_negative(name, weights)
    total = weights.sum()
    if abs(total - 1) > ROW_SUM_TOLERANCE * size:
        raise ValueError(f"{name} sums to {float(total)!r}; expected 1 (divide it by its sum)")
    return weights / total


def _mask(actions, shape):
    if actions is None:
        return None
    actions = np.array(actions)
    if actions.dtype != bool or actions.shape != shape:
        raise ValueError(
            f"actions has shape {actions.shape} and type {actions.dtype}; expected bool of shape "
            f"(S, A) = {shape}"
        )
    return actions


def _rewards(P, r, actions, shape) -> np.ndarray:
    r = real_array("r", r, None if actions is None else ~actions)
    if r.shape == P.shape and r.ndim == 3:
        return np.einsum("sat,sat->sa", P, r)
    if r.shape != shape:
        alternative = "" if sparse.issparse(P) else f" or (S, A, S) = {P.shape}"
        raise ValueError(f"r has shape {r.shape}; expected (S, A) = {shape}{alternative}")
    return r


def _discount(gamma) -> float:
    try:
        gamma = float(gamma)
    except (TypeError, ValueError):
        raise ValueError(f"gamma is {gamma!r}; expected a number in [0, 1)") from None
    if not 0 <= gamma < 1:
        raise ValueError(f"gamma is {gamma}; expected a number in [0, 1)")
    return gamma


def _freeze(value):
    parts = (value.data, value.indices, value.indptr) if sparse.issparse(value) else (value,)
    for array in parts:
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
