"""A finite discounted Markov decision process, validated once and then immutable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

ROW_SUM_TOLERANCE = 1e-12  # times the number of states


@dataclass(frozen=True, init=False, eq=False)
class MDP:
    """A finite discounted MDP whose every entry has been checked.

    Parameters
    ----------
    P : array_like (S, A, S), or scipy sparse matrix (S*A, S), which is stored densely
        ``P[s, a, t]`` is the probability of moving from ``s`` to ``t`` under ``a``. Rows must
        sum to 1 within ``1e-12 * S``; whatever rounding is left, the model is the one whose
        rows are divided by their exact sums.
    r : array_like (S, A) or (S, A, S)
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

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """

    P: np.ndarray
    r: np.ndarray
    gamma: float
    rho: np.ndarray
    mu: np.ndarray
    correction: float
    name: str

    def __init__(self, P, r, gamma, *, rho=None, mu=None, renormalize=False, name="MDP"):
        P = _transition_array(P, r)
        n_states, n_actions, _ = P.shape
        P, correction = _checked_rows(P, renormalize)
        r = _array("r", r)
        if r.shape == P.shape:
            r = np.einsum("sat,sat->sa", P, r)
        elif r.shape != (n_states, n_actions):
            raise ValueError(
                f"r has shape {r.shape}; expected (S, A) = {(n_states, n_actions)} "
                f"or (S, A, S) = {P.shape}"
            )
        fields = {
            "P": P,
            "r": np.ascontiguousarray(r),
            "gamma": _discount(gamma),
            "rho": distribution("rho", rho, n_states),
            "mu": distribution("mu", mu, n_states),
            "correction": correction,
            "name": str(name),
        }
        for key, value in fields.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, key, value)

    @property
    def n_states(self) -> int:
        return self.P.shape[0]

    @property
    def n_actions(self) -> int:
        return self.P.shape[1]

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
    weights = _array(name, weights)
    if weights.shape != (size,):
        raise ValueError(f"{name} has shape {weights.shape}; expected ({size},), one per state")
    _refuse_negative(name, weights)
    total = weights.sum()
    if abs(total - 1) > ROW_SUM_TOLERANCE * size:
        raise ValueError(f"{name} sums to {float(total)!r}; expected 1 (divide it by its sum)")
    return weights / total


def _array(name, values) -> np.ndarray:
    try:
        if np.iscomplexobj(values) or values is None:
            raise TypeError(f"got {type(values).__name__}")
        values = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not an array of real numbers: {error}") from None
    wrong = ~np.isfinite(values)
    if wrong.any():
        at = _first(wrong)
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a finite number")
    return values


def _transition_array(P, r) -> np.ndarray:
    if sparse.issparse(P):
        shape = np.shape(r)
        if len(shape) != 2 or P.shape != (shape[0] * shape[1], shape[0]):
            raise ValueError(
                f"P is sparse of shape {P.shape} and r has shape {shape}; expected (S*A, S) with "
                "r of shape (S, A)"
            )
        P = P.toarray().reshape(shape[0], shape[1], shape[0])
    P = _array("P", P)
    if P.ndim != 3 or P.shape[0] != P.shape[2] or 0 in P.shape:
        raise ValueError(f"P has shape {P.shape}; expected (S, A, S) with S >= 1 and A >= 1")
    return P


def _checked_rows(P, renormalize) -> tuple[np.ndarray, float]:
    _refuse_negative("P", P)
    sums = P.sum(axis=2)
    off = np.abs(sums - 1)
    wrong = off > ROW_SUM_TOLERANCE * P.shape[0]
    if not wrong.any():
        return P, 0.0
    s, a = _first(wrong)
    if not renormalize:
        raise ValueError(
            f"P[{s}, {a}] sums to {float(sums[s, a])!r}; expected 1 within "
            f"{ROW_SUM_TOLERANCE * P.shape[0]:.0e} (pass renormalize=True to divide rows by their "
            "sums)"
        )
    if (sums == 0).any():
        s, a = _first(sums == 0)
        raise ValueError(f"P[{s}, {a}] is all zero and cannot be renormalized")
    return P / sums[:, :, None], float(off.max())


def _refuse_negative(name, values):
    wrong = values < 0
    if wrong.any():
        at = _first(wrong)
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a probability >= 0")


def _discount(gamma) -> float:
    try:
        gamma = float(gamma)
    except (TypeError, ValueError):
        raise ValueError(f"gamma is {gamma!r}; expected a number in [0, 1)") from None
    if not 0 <= gamma < 1:
        raise ValueError(f"gamma is {gamma}; expected a number in [0, 1)")
    return gamma


def _first(mask) -> list[int]:
    return [int(i) for i in np.argwhere(mask)[0]]
