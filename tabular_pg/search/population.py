"""How near each of many runs comes to breaking a theorem, by one evaluation of its formula."""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import RESOLVED
from tabular_pg.theorem import verdict, why_not_applicable
from tabular_pg.verdicts.comparison import Sides, agrees, ratios_of
from tabular_pg.verdicts.several import Divided, Several, aligned
from tabular_pg.verdicts.several_runs import several_runs
from tabular_pg.verdicts.sides import iterations_of, returned
from tabular_pg.verdicts.verdict import Kind

FEWEST = 4  # runs for which it pays to look at them together


def slacks(theorem, runs) -> np.ndarray:
    """How near many runs come to breaking a theorem, by one evaluation of its formula.

    Parameters
    ----------
    theorem : Theorem
        As in ``tabular_pg.REGISTRY``.
    runs : list of Run
        Best of one rule on MDPs of one shape, as ``optimize_many`` makes them; others are looked at
        one by one.

    Returns
    -------
    array (n,)
        The ``slack`` of ``verdict(theorem, run)`` for every run; nan where it says nothing.

    Examples
    --------
    >>> from tabular_pg import REGISTRY, NaturalPG, instances, optimize_many
    >>> from tabular_pg.search import slacks
    >>> mdps = [instances.random_dense(3, 2, 0.9, seed=seed) for seed in range(8)]
    >>> bool((slacks(REGISTRY["N1"], optimize_many(mdps, NaturalPG(1.0), 50)) >= 1).all())
    True
    """
    found = np.full(len(runs), np.nan)
    waiting = [np.arange(len(runs))]
    with np.errstate(all="ignore"):
        while waiting:
            part = waiting.pop()
            try:
                found[part] = _together(theorem, [runs[i] for i in part])
                continue
            except Divided as decision:
                waiting += [part[decision.parts], part[~decision.parts]]
            except Exception:
                for i in part:
                    found[i] = verdict(theorem, runs[i]).slack
    return found


def _together(theorem, runs) -> np.ndarray:
    """The same, where decisions are the same for all runs."""
    if len(runs) < FEWEST:
        raise ValueError("few runs")
    run = several_runs(runs)
    if why_not_applicable(theorem, run):
        return np.full(len(runs), np.nan)
    measured, proved, rounding = returned(theorem.formula(run))
    if not isinstance(measured, Several):
        raise TypeError("a side that is the same for all runs")
    k, per_row = iterations_of(run, measured), measured.ndim > 0
    sides = np.broadcast_arrays(*aligned(measured, proved, rounding))
    sides = [np.asarray(x, dtype=float).reshape(len(runs), *x.shape[1:]) for x in sides]
    measured, proved, rounding = sides
    claimed = np.isfinite(proved) & ~np.isnan(measured)
    right = agrees(theorem, measured, proved, rounding) & ~np.isnan(proved)
    right &= ~(np.isnan(measured) & np.isfinite(proved))
    known = np.maximum(np.abs(measured), np.abs(proved)) >= RESOLVED
    nothing = np.zeros(claimed.shape, dtype=bool)
    ratios = ratios_of(theorem.kind, Sides(*sides, claimed, nothing, nothing))
    if per_row and k.size > 1 and k[0] == 0:
        ratios[:, 0] = np.nan  # most bounds are equalities at k = 0
    found = _tightest(theorem.kind, ratios.reshape(len(runs), -1))
    plain = (~claimed | (right & known)).reshape(len(runs), -1)
    some = claimed.reshape(len(runs), -1).any(axis=1)
    for i in np.flatnonzero(~plain.all(axis=1)):  # below the range of floats, or violated
        found[i] = verdict(theorem, runs[i]).slack
    found[plain.all(axis=1) & ~some] = np.nan  # which does not apply
    return found


def _tightest(kind, ratios) -> np.ndarray:
    """The smallest ratio of every row, or the one farthest from 1."""
    rows, missing = np.arange(len(ratios)), np.isnan(ratios)
    if kind in (Kind.EQUAL, Kind.ASYMPTOTIC):
        found = ratios[rows, np.where(missing, -1.0, np.abs(ratios - 1)).argmax(axis=1)]
        return np.where(missing.all(axis=1), 1.0, found)
    return np.where(missing, np.inf, ratios).min(axis=1)
