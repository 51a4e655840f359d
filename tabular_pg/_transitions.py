"""What must hold of transition probabilities, dense or sparse, and messages where it does not."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real

import numpy as np
from scipy import sparse

ROW_SUM_TOLERANCE = 1e-12  # times the length of a row
ROUNDING = 1e-15  # a row sum this near 1 is left as it is


def real_array(name, values, ignored=None, finite=True) -> np.ndarray:
    """``values`` as a new float64 array of real numbers; 0 where the mask ``ignored`` holds.

    Raises
    ------
    ValueError
        If they are not real numbers, have a mask of their own or, outside the mask ``ignored``
        and unless told otherwise, are not finite.
    """
    raw = _plain_array(name, values)
    if raw.dtype.kind == "O":
        values = np.empty(raw.shape)
        for at in np.ndindex(raw.shape):
            values[at] = _real(name, at, raw[at])
    else:
        with np.errstate(over="ignore"):  # of numbers with more than 64 bits; refused below
            values = np.array(raw, dtype=np.float64, order="C", subok=False)
    if ignored is not None and values.shape[:2] == ignored.shape:
        values[ignored] = 0.0
    wrong = ~np.isfinite(values) if finite else np.isnan(values)
    if wrong.any():
        at = first(wrong)
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a finite number")
    return values


def _plain_array(name, values):
    """``values`` as an array of numbers or objects, or ValueError."""
    parts = values if isinstance(values, list | tuple) else [values]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        raise ValueError(
            f"{name} is a masked array; expected plain numbers, as its mask would be lost "
            "(unavailable actions are given by actions=)"
        )
    if any(sparse.issparse(part) for part in parts):
        raise ValueError(f"{name} is or contains a sparse matrix; expected an array of numbers")
    try:
        if values is None:
            raise TypeError("got None")
        raw = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not an array of real numbers: {error}") from None
    if raw.dtype.kind not in "biufO":
        raise ValueError(f"{name} is not an array of real numbers: entries are {raw.dtype}")
    return raw


def _real(name, at, value) -> float:
    """One entry of an array of objects as a float."""
    if not isinstance(value, Real | Decimal):
        raise ValueError(
            f"{name} is not an array of real numbers: {name}{list(at)} is {value!r:.80}"
        )
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}{list(at)} is beyond the range of floats") from None


def refuse_negative(name, values):
    """No entry of the array is negative, else ValueError."""
    wrong = values < 0
    if wrong.any():
        at = first(wrong)
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a probability >= 0")


def first(mask) -> list[int]:
    """The first index at which the mask holds."""
    return [int(i) for i in np.unravel_index(mask.argmax(), mask.shape)]


def dense_transitions(P) -> np.ndarray:
    """``P`` as a new array (S, A, S) of finite numbers >= 0, else ValueError."""
    P = real_array("P", P)
    if P.ndim != 3 or P.shape[0] != P.shape[2] or 0 in P.shape:
        raise ValueError(f"P has shape {P.shape}; expected (S, A, S) with S >= 1 and A >= 1")
    refuse_negative("P", P)
    return P


def sparse_transitions(P, shape) -> sparse.csr_array:
    """``P`` as a canonical CSR matrix (S*A, S) of finite numbers >= 0; ``shape`` is that of r.

    Nothing is copied if it is one already, with float64 data.

    Raises
    ------
    ValueError
        Names the first offending entry as ``P[s, a, t]``.
    """
    if len(shape) != 2 or 0 in shape or P.shape != (shape[0] * shape[1], shape[0]):
        raise ValueError(
            f"P is sparse of shape {P.shape} and r has shape {shape}; expected (S*A, S) with "
            "r of shape (S, A)"
        )
    if P.dtype.kind not in "biuf":
        raise ValueError(f"P is not an array of real numbers: got entries of type {P.dtype}")
    given, P = P, P.tocsr()
    try:
        P.check_format(full_check=True)
    except ValueError as error:
        raise ValueError(f"P is not a valid CSR matrix: {error}") from None
    data = P.data.astype(np.float64, copy=False)
    P = sparse.csr_array((data, P.indices, P.indptr), shape=P.shape)
    if not P.has_canonical_format:
        P = P.copy() if given.format == "csr" else P
        P.sum_duplicates()
    _refuse_entries(P, ~np.isfinite(P.data), shape[1], "a finite number")
    _refuse_entries(P, P.data < 0, shape[1], "a probability >= 0")
    return P


def _refuse_entries(P, wrong, n_actions, expected):
    if wrong.any():
        k = int(wrong.argmax())
        s, a = divmod(int(np.searchsorted(P.indptr, k, side="right")) - 1, n_actions)
        raise ValueError(f"P[{s}, {a}, {P.indices[k]}] is {P.data[k]}; expected {expected}")


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
    if sparse.issparse(P):
        sums = np.asarray(P.sum(axis=1)).reshape(shape)
        length = int(np.diff(P.indptr).max())
        actions = sums != 0 if actions is None else actions
    else:
        sums, length = P.sum(axis=2), shape[0]
    if actions is not None:
        actions = _checked_mask(actions, sums)
    zero = sums == 0 if actions is None else actions & (sums == 0)
    if zero.any():
        raise ValueError(
            f"P{first(zero)} is all zero and cannot be renormalized; expected a distribution, or "
            "actions=mask where the mask says that this action is unavailable"
        )
    off = np.abs(sums - 1) if actions is None else np.where(actions, np.abs(sums - 1), 0.0)
    wrong = off > ROW_SUM_TOLERANCE * length
    if wrong.any() and not renormalize:
        at = first(wrong)
        raise ValueError(
            f"P{at} sums to {float(sums[tuple(at)])!r}; expected 1 within "
            f"{ROW_SUM_TOLERANCE * length:.0e} (pass renormalize=True to divide rows by their sums)"
        )
    if (off > ROUNDING).any():
        P = _divided(P, np.where(off > ROUNDING, sums, 1.0))
    return P, actions, float(off.max()) if wrong.any() else 0.0


def _checked_mask(actions, sums):
    wrong = ~actions & (sums != 0)
    if wrong.any():
        at = first(wrong)
        raise ValueError(
            f"P{at} sums to {float(sums[tuple(at)])!r}; expected an all-zero row, because "
            f"actions{at} is False"
        )
    stuck = ~actions.any(axis=1)
    if stuck.any():
        raise ValueError(
            f"state {int(stuck.argmax())} has no available action; expected at least one (in "
            "actions, if given, or a row of P that is not all zero)"
        )
    return None if actions.all() else actions


def _divided(P, sums):
    if not sparse.issparse(P):
        return P / sums[:, :, None]
    data = P.data / np.repeat(sums.ravel(), np.diff(P.indptr))
    return sparse.csr_array((data, P.indices, P.indptr), shape=P.shape)
