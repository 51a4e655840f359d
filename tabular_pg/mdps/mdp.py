"""A finite discounted Markov decision process, validated once and then immutable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from tabular_pg.checks.arrays import plain_array, real_array
from tabular_pg.checks.numbers import as_float, checked_flag, is_real, shown, unwrapped
from tabular_pg.checks.probabilities import distribution
from tabular_pg.mdps.compressed import freeze, freeze_shared
from tabular_pg.mdps.orders import reward_hint
from tabular_pg.mdps.transitions import checked_rows, dense_transitions, sparse_transitions


@dataclass(frozen=True, init=False, eq=False)
class MDP:
    """A finite discounted MDP whose every entry has been checked.

    Parameters
    ----------
    P : array_like (S, A, S), or scipy sparse matrix (S*A, S), which is never made dense
        ``P[s, a, t]``, or ``P[s * A + a, t]`` if sparse, is the probability of moving from ``s``
        to ``t`` under ``a``. **Mind the order**: other software has one matrix (S, S) per action.
        ``np.stack(matrices, axis=1)`` makes the array of these, and
        ``sparse.vstack(matrices, format="csr")[np.arange(A * S).reshape(A, S).T.ravel()]`` the
        sparse matrix; an array (A, S, S) with A = S, or ``sparse.vstack`` alone, whose rows are
        ``a * S + s``, would be another MDP, which nothing can tell from the one that is meant.
        Rows must sum to 1 within 1e-12 times their length (S, or the number of entries of the
        longest row if sparse) and are divided by their sums if these differ from 1 by more than
        rounding; ``MDP(m.P, m.r, m.gamma)`` has every bit of ``m``. A CSR matrix in canonical
        format with float64 data is used without copying, and is made read-only; what is a view of
        memory that can be written to is copied.
    r : array_like (S, A) or, for dense P, (S, A, S)
        Reward of ``(s, a)``, or of ``(s, a, t)`` (its expectation is kept). Any finite reals.
    gamma : float
        Discount factor in [0, 1).
    rho : array_like (S,), optional
        Distribution the error is measured under; uniform by default.
    mu : array_like (S,), optional
        Distribution the gradient is taken under; uniform by default.
    renormalize : bool
        Divide rows that miss the tolerance by their sums instead of refusing them, and take
        entries in [-1e-12, 0) for 0; the size of the largest correction of a sum is then in
        ``correction``.
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
    TypeError, ValueError
        Names the argument, the first offending index, its value and what was expected.

    Warns
    -----
    UserWarning
        If P is a list of square matrices that may be one per action.
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
        renormalize = checked_flag("renormalize", renormalize)
        given, r = P, _plain_rewards(r)
        if sparse.issparse(P):
            shape = r.shape
            P = sparse_transitions(P, shape, renormalize)
        else:
            P = dense_transitions(P, renormalize)
            shape = P.shape[:2]
        P, actions, correction = checked_rows(P, _mask(actions, shape), shape, renormalize)
        fields = {
            "P": P,
            "r": _rewards(P, r, actions, shape),
            "gamma": checked_discount(gamma),
            "rho": distribution("rho", rho, shape[0]),
            "mu": distribution("mu", mu, shape[0]),
            "correction": correction,
            "name": str(name),
            "actions": actions,
        }
        for key, value in fields.items():
            freeze(value)
            object.__setattr__(self, key, value)
        if self.sparse and given.format == "csr":
            freeze_shared(given, self.P)

    def __setstate__(self, state):
        for key, value in state.items():
            freeze(value)
            object.__setattr__(self, key, value)

    @property
    def n_states(self) -> int:
        """S."""
        return self.r.shape[0]

    @property
    def n_actions(self) -> int:
        """A."""
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


def _mask(actions, shape):
    if actions is None:
        return None
    actions = plain_array("actions", actions, "booleans").copy()
    if actions.dtype != bool or actions.shape != shape:
        raise ValueError(
            f"actions has shape {actions.shape} and type {actions.dtype}; expected bool of shape "
            f"(S, A) = {shape}"
        )
    return actions


def _plain_rewards(r) -> np.ndarray:
    """Rewards as an array of whatever type; what is sparse is refused, and says what to do."""
    parts = r if isinstance(r, list | tuple) else [r]
    if any(map(sparse.issparse, parts)):
        raise ValueError(
            "r is sparse, or a list of sparse matrices; expected an array (S, A), as r.toarray() "
            "is; rewards R of transitions, like a sparse P, are given by their expectations "
            "P.multiply(R).sum(axis=1).reshape(S, A)"
        )
    return plain_array("r", r)


def _rewards(P, r, actions, shape) -> np.ndarray:
    r = real_array("r", r, None if actions is None else ~actions)
    if r.shape == P.shape and r.ndim == 3:
        return np.einsum("sat,sat->sa", P, r)
    if r.shape != shape:
        alternative = "" if sparse.issparse(P) else f" or (S, A, S) = {P.shape}"
        hint = reward_hint(r, shape)
        raise ValueError(f"r has shape {r.shape}; expected (S, A) = {shape}{alternative}{hint}")
    return r


def checked_discount(gamma) -> float:
    """``gamma`` as a float, refused unless in [0, 1)."""
    gamma = unwrapped(gamma)
    number = as_float(gamma) if is_real(gamma) else -1.0
    if not 0 <= number < 1:
        raise ValueError(f"gamma is {shown(gamma)}; expected a number in [0, 1)")
    return number
