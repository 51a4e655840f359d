"""What must hold of probabilities, up to rounding."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.arrays import real_array, refuse_negative

ROW_SUM_TOLERANCE = 1e-12  # times the length of a row
ROUNDING = 1e-15  # a row sum this near 1 is left as it is


def settled(values, sums, off, spread, total) -> np.ndarray:
    """``values`` with every row divided by its sum, until that brings the sum no nearer to 1.

    So whoever does that to the result leaves every bit of it as it is.

    Parameters
    ----------
    values : all rows
    sums, off : of each row its sum, and how far that is from 1
    spread : function
        From one number for each row to one for each entry, or what broadcasts to that.
    total : function
        From all rows to their sums.
    """
    pending = off > ROUNDING
    while pending.any():
        trial = values / spread(np.where(pending, sums, 1.0))
        sums = total(trial)
        error = np.abs(sums - 1)
        pending = pending & (error < off)
        values = np.where(spread(pending), trial, values)
        off = np.where(pending, error, off)
        pending = pending & (off > ROUNDING)
    return values


def distributions(rho, mu, size) -> tuple[np.ndarray, np.ndarray]:
    """``rho`` and ``mu``, checked; one array if both are None."""
    checked = distribution("rho", rho, size)
    return checked, checked if rho is None and mu is None else distribution("mu", mu, size)


def distribution(name, weights, size) -> np.ndarray:
    """A probability vector of the given size; uniform for None.

    What sums to 1 within rounding is left as it is, and divided by its sum otherwise.

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
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not abs(total - 1) <= ROW_SUM_TOLERANCE * size:
        raise ValueError(f"{name} sums to {float(total)!r}; expected 1 (divide it by its sum)")
    return settled(weights, total, np.abs(total - 1), lambda x: x, np.sum)
