"""What must hold of transition probabilities, dense or sparse, and messages where it does not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tabular_pg.checks.arrays import first, plain_array, real_array
from tabular_pg.checks.probabilities import ROUNDING, ROW_SUM_TOLERANCE, settled
from tabular_pg.mdps.compressed import kept, row_sums
from tabular_pg.mdps.orders import order_hint, refuse_matrices, shape_hint

BLOCK = 2**20  # entries that are divided at a time


class Owned(NamedTuple):
    """A float64 array in C order that nobody else writes to: an MDP keeps it without a copy."""

    array: np.ndarray


def dense_transitions(P, renormalize) -> np.ndarray:
    """``P`` as an array (S, A, S) of finite numbers >= 0, new unless ``Owned``; else ValueError."""
    if isinstance(P, Owned):
        return P.array
    refuse_matrices(P)
    P = real_array("P", P)
    if P.ndim != 3 or P.shape[0] != P.shape[2] or 0 in P.shape:
        hint = shape_hint(P)
        raise ValueError(f"P has shape {P.shape}; expected (S, A, S) with S >= 1 and A >= 1{hint}")
    if renormalize:
        P[(P < 0) & (P >= -ROW_SUM_TOLERANCE)] = 0.0
    wrong = P < 0
    if wrong.any():
        at = first(wrong)
        _refuse_entry(at, P[tuple(at)], "a probability >= 0")
    return P


def sparse_transitions(P, shape, renormalize) -> sparse.csr_array:
    """``P`` as a canonical CSR matrix (S*A, S) of finite numbers >= 0; ``shape`` is that of r.

    Nothing is copied if it is one already, with float64 data that nothing else can write to.

    Raises
    ------
    ValueError
        Names the first offending entry as ``P[s, a, t]``.
    """
    if len(shape) != 2 or 0 in shape or P.shape != (shape[0] * shape[1], shape[0]):
        hint = ""
        if len(shape) == 3:
            hint = (
                "; rewards of transitions are given by their expectations, such as "
                "P.multiply(R).sum(axis=1).reshape(S, A) for a sparse R like P"
            )
        raise ValueError(
            f"P is sparse of shape {P.shape} and r has shape {shape}; expected (S*A, S), whose row "
            f"s * A + a is of state s and action a, with r of shape (S, A){hint}"
        )
    if P.dtype.kind not in "biuf":
        raise ValueError(f"P is not an array of real numbers: got entries of type {P.dtype}")
    given, P = P, P.tocsr()
    if isinstance(P.data, np.ma.MaskedArray) and np.ma.is_masked(P.data):
        raise ValueError("P has masked data; expected plain numbers, as the mask would be lost")
    try:
        P.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(f"P is not a valid CSR matrix: {error}") from None
    with np.errstate(over="ignore"):
        data = P.data.astype(np.float64, copy=False)
    parts = data, P.indices, P.indptr
    P = sparse.csr_array(kept(*parts) if given.format == "csr" else parts, shape=P.shape)
    if not P.has_canonical_format:
        P = P.copy() if given.format == "csr" else P
        P.sum_duplicates()
    if renormalize and (P.data < 0).any():
        P = P.copy() if given.format == "csr" else P
        P.data[(P.data < 0) & (P.data >= -ROW_SUM_TOLERANCE)] = 0.0
    _refuse_entries(P, ~np.isfinite(P.data), shape[1], "a finite number")
    _refuse_entries(P, P.data < 0, shape[1], "a probability >= 0")
    return P


def _refuse_entries(P, wrong, n_actions, expected):
    if wrong.any():
        k = int(wrong.argmax())
        s, a = divmod(int(np.searchsorted(P.indptr, k, side="right")) - 1, n_actions)
        _refuse_entry([s, a, int(P.indices[k])], P.data[k], expected)


def _refuse_entry(at, value, expected):
    if -ROW_SUM_TOLERANCE <= value < 0:
        expected += " (pass renormalize=True to take what is negative by rounding for 0)"
    raise ValueError(f"P{at} is {value}; expected {expected}")


def checked_rows(P, actions, shape, renormalize):
    """``(P, actions, correction)`` with rows of available actions that sum to 1, others all zero.

    Rows are divided by their sums where these differ from 1 by more than rounding. The mask
    becomes None if every action is available; for a sparse ``P`` it is derived if not given.

    Raises
    ------
    ValueError
        If a row sum is beyond the tolerance and ``renormalize`` is False, a row contradicts the
        mask or a state has no action.
    """
    sums, length = sums_of(P, shape)
    if actions is None and sparse.issparse(P):
        actions = sums != 0
    if actions is not None:
        actions = checked_mask(actions, sums, P)
    off = np.abs(sums - 1) if actions is None else np.where(actions, np.abs(sums - 1), 0.0)
    if (off <= ROUNDING).all():
        return P, actions, 0.0
    zero = sums == 0 if actions is None else actions & (sums == 0)
    if zero.any():
        raise ValueError(
            f"P{first(zero)} is all zero and cannot be renormalized; expected a distribution, or "
            "actions=mask where the mask says that this action is unavailable"
        )
    wrong = off > ROW_SUM_TOLERANCE * length
    if wrong.any() and not (renormalize and np.isfinite(sums).all()):
        at = first(wrong)
        advice = "pass renormalize=True to divide rows by their sums"
        raise ValueError(
            f"P{at} sums to {float(sums[tuple(at)])!r}; expected 1 within "
            f"{ROW_SUM_TOLERANCE * length:.0e} ({order_hint(P) or advice})"
        )
    return divided(P, sums, off), actions, float(off.max()) if wrong.any() else 0.0


def sums_of(P, shape):
    """(S, A) the sums of rows of P, and the most entries that one has."""
    with np.errstate(over="ignore"):  # of sums that are infinite, and refused
        if sparse.issparse(P):
            return row_sums(P.data, P.indptr).reshape(shape), int(np.diff(P.indptr).max())
        return P.sum(axis=2), P.shape[2]


def given_mask(actions, shape):
    """What a user says about which actions there are, as an array of its own; None for nothing."""
    if actions is None:
        return None
    actions = plain_array("actions", actions, "booleans").copy()
    if actions.dtype != bool or actions.shape != shape:
        raise ValueError(
            f"actions has shape {actions.shape} and type {actions.dtype}; expected bool of shape "
            f"(S, A) = {shape}"
        )
    return actions


def checked_mask(actions, sums, P):
    """``actions``, or None if there are all; ValueError where rows of others are not all zero, or a
    state has none."""
    wrong = ~actions & (sums != 0)
    if wrong.any():
        at = first(wrong)
        swapped = P.shape[:2] == sums.shape and sums.shape[0] == sums.shape[1]
        swapped = swapped and np.array_equal(sums.T != 0, actions)
        hint = "; P.transpose(1, 0, 2), which turns (A, S, S) round, would agree" if swapped else ""
        raise ValueError(
            f"P{at} sums to {float(sums[tuple(at)])!r}; expected an all-zero row, because "
            f"actions{at} is False{hint}"
        )
    stuck = ~actions.any(axis=1)
    if stuck.any():
        raise ValueError(
            f"state {int(stuck.argmax())} has no available action; expected at least one (in "
            "actions, if given, or a row of P that is not all zero)"
        )
    return None if actions.all() else actions


def divided(P, sums, off):
    """``P`` with rows divided by their sums where these are ``off`` 1."""
    if sparse.issparse(P):
        counts = np.diff(P.indptr)
        data = settled(
            P.data, sums.ravel(), off.ravel(),
            lambda x: np.repeat(x, counts), lambda data: row_sums(data, P.indptr),
        )  # fmt: skip
        return sparse.csr_array((data, P.indices, P.indptr), shape=P.shape)
    states = max(1, BLOCK // P[0].size)
    for block in (slice(i, i + states) for i in range(0, P.shape[0], states)):
        if (off[block] > ROUNDING).any():
            P[block] = settled(P[block], sums[block], off[block], _per_row, _total)
    return P


def _per_row(x):
    return x[..., None]


def _total(rows):
    return np.asarray(rows.sum(axis=-1))
