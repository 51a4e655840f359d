"""Both sides of a theorem compared at every iteration, in floats or in numbers of any size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._floats import RESOLVED
from tabular_pg.engine.run import Status
from tabular_pg.numerics import wide_functions  # noqa: F401  (what numpy does with numbers of any size)
from tabular_pg.numerics.wide import Wide, log_size, plain, wide
from tabular_pg.verdicts.verdict import Kind, Verdict, Violation

CERTAIN = 1e-5  # rounding of a side, beside it, that does not show in the slack as it is printed

DIGITS = 4e-15  # relative rounding of a number that is given by its logarithm, per unit of that

NO_DIGITS = 0.1  # relative rounding of a number beyond which nothing is said of it

SUMMING = 1.2e-16  # and per step: the logarithm is a sum of steps, rounded after each


class Sides(NamedTuple):
    """Both sides of every inequality; where floats do not tell, in numbers of any size."""

    measured: np.ndarray | Wide
    proved: np.ndarray | Wide
    rounding: np.ndarray | Wide
    claimed: np.ndarray  # where the theorem claims something
    wrong: np.ndarray
    open: np.ndarray  # claimed, and not compared


def compared(theorem, run, sides, k, again) -> Verdict:
    """The verdict from both sides and their rounding, as floats, for iterations ``k``.

    Where both sides have underflowed, one is NaN, or floats contradict the theorem (a square in the
    formula may have underflowed), they are taken from ``again()``: the same formula in numbers of
    any size, or None if there are none.
    """
    measured, proved, _ = sides
    known = _in_floats(theorem, run, sides, k)
    if (known.open | known.wrong).any():
        known = _resolved(theorem, known, again(), k)
    if k.size == 0 or (known.open == known.claimed).all():
        return Verdict(
            theorem, False, _why_nothing(sides, known), not_compared=int(known.open.sum())
        )
    ratios = ratios_of(theorem.kind, known)
    if measured.ndim and k.size > 1 and k[0] == 0:
        ratios[0] = np.nan  # most bounds are equalities at k = 0
    violation = _first_violation(known, k, sides)
    last_k, last_slack = _last(theorem.kind, ratios, k)
    return Verdict(
        theorem, True, "", violation is None, violation, _tightest(theorem.kind, ratios), k,
        measured, proved, last_slack, last_k, int(known.open.sum()), _silent_from(known, k),
    )  # fmt: skip


def _in_floats(theorem, run, sides, k) -> Sides:
    measured, proved, rounding = sides
    overflowed = np.isnan(proved) | (np.isnan(measured) & np.isfinite(proved))
    claimed = np.isfinite(proved) & ~np.isnan(measured)
    wrong = claimed & ~agrees(theorem, measured, proved, rounding)
    m, p = np.abs(measured) < RESOLVED, np.abs(proved) < RESOLVED
    tiny = claimed & ((m & p) | (wrong & (m | p))) & ~_truly_zero(run, measured, proved, k)
    return Sides(measured, proved, rounding, claimed | overflowed, wrong & ~tiny, tiny | overflowed)


def _why_nothing(sides, known) -> str:
    if not known.claimed.any():
        return "no recorded iterate is in the regime that it is about"
    if np.isnan(sides[0] + sides[1])[known.open].any():
        return "the formula overflows"
    return "nothing was compared: both sides are too small for float64 wherever it claims something"


def agrees(theorem, measured, proved, rounding, floor=RESOLVED):
    """Where the two sides are as claimed, up to rounding."""
    margin = theorem.tolerance * np.abs(proved) + rounding + floor
    if theorem.kind is Kind.UPPER:
        return measured <= proved + margin
    if theorem.kind is Kind.LOWER:
        return measured >= proved - margin
    return np.abs(measured - proved) <= margin


def _truly_zero(run, measured, proved, k):
    """Where both sides are 0 because the iterate, or the next one, is exactly optimal, or where
    the quantities are not of the kind that underflows."""
    zero = (measured == 0) & (proved == 0)
    if not hasattr(run, "log_sup_gap"):
        return zero
    known = run.status is not Status.UNDERFLOW or run.mdp.n_actions == 1
    optimal = np.isneginf(run.log_sup_gap) & known
    if measured.ndim == 0:
        return zero & optimal[-1]
    at = np.searchsorted(run.k, k)
    following = np.minimum(at + 1, len(optimal) - 1)
    exact = optimal[at] | (optimal[following] & (len(k) < len(run.k)))
    return zero & exact.reshape(-1, *[1] * (measured.ndim - 1))


def _resolved(theorem, known, found, k) -> Sides:
    """What is open or wrong decided in numbers of any size, if there are any."""
    if found is None:  # what is wrong by more than what underflows is wrong
        m, p = known.measured, known.proved
        doubt = ~(np.abs(m) >= RESOLVED) & ~(np.abs(p) >= RESOLVED) | np.isnan(m + p)
        left = known.open & doubt
        return known._replace(open=left, wrong=known.wrong | (known.open & ~left))
    m, p, rounding = found
    at = (known.open | known.wrong) & ~np.isnan(m.m + p.m + rounding.m)
    claimed = known.claimed & ~(known.open & np.isinf(p.m))
    at = at & claimed
    per_unit = (
        digits_of_logarithms(k).reshape(-1, *[1] * (m.ndim - 1))
        if m.ndim
        else digits_of_logarithms(k[-1])
    )
    digits = per_unit * (1 + np.maximum(_log_of(m), _log_of(p)))
    at, digits = at & (digits < NO_DIGITS), wide(digits)
    right = agrees(theorem, m, p, rounding + digits * np.abs(p), floor=0.0)
    return Sides(
        np.where(at, m, wide(known.measured)),
        np.where(at, p, wide(known.proved)),
        np.where(at, rounding, wide(known.rounding)),
        claimed,
        np.where(at, ~right, known.wrong),
        known.open & claimed & ~at,
    )


def digits_of_logarithms(k):
    """The relative rounding of what is given by logarithms at iterations ``k``, per unit of
    these."""
    return DIGITS + SUMMING * k


def _log_of(x):
    size = np.abs(log_size(x))
    return np.where(np.isfinite(size), size, 0.0)


def ratios_of(kind, known):
    """above / below where both sides were compared, have their digits, and the lower one is not 0;
    else NaN."""
    any_size = isinstance(known.proved, Wide)
    counted = known.claimed & ~known.open & (known.rounding <= CERTAIN * np.abs(known.proved))
    above, below = known.proved, known.measured
    if kind is Kind.LOWER:
        above, below = below, above
    least = 0.0 if any_size else RESOLVED
    both = kind in (Kind.EQUAL, Kind.ASYMPTOTIC)
    counted = counted & ((np.abs(below) if both else below) > least)
    return np.where(counted, plain(above / below), np.nan)


def _tightest(kind, ratios) -> float:
    ratios = ratios[~np.isnan(ratios)]
    if kind in (Kind.EQUAL, Kind.ASYMPTOTIC):
        return float(ratios[np.argmax(np.abs(ratios - 1))]) if ratios.size else 1.0
    return float(ratios.min()) if ratios.size else np.inf


def _last(kind, ratios, k):
    """The last k at which a ratio is known, and the tightest there."""
    rows = ratios.reshape(len(ratios), -1) if ratios.ndim else ratios.reshape(1, 1)
    known = np.flatnonzero((~np.isnan(rows)).any(axis=1))
    if not known.size:
        return None, np.nan
    return int(k[known[-1]]), _tightest(kind, rows[known[-1]])


def _first_violation(known, k, sides):
    """The first wrong inequality; sides below float64 are given relative to ``proved``."""
    if not known.wrong.any():
        return None
    at = tuple(np.argwhere(known.wrong)[0])
    where = int(k[at[0]] if at else k[-1])
    measured, proved = (float(side[at]) for side in sides[:2])
    if isinstance(known.proved, Wide) and max(abs(measured), abs(proved)) < RESOLVED:
        unit = np.abs(known.proved[at])
        measured, proved = (float(side[at] / unit) for side in (known.measured, known.proved))
    return Violation(where, measured, proved)


def _silent_from(known, k):
    """The first k from which on all that is claimed is open, or None."""
    rows = known.claimed.reshape(len(known.claimed), -1) if known.claimed.ndim else None
    if rows is None:
        return None
    open_ = known.open.reshape(rows.shape)
    told = np.flatnonzero((rows & ~open_).any(axis=1))
    silent = np.flatnonzero(open_.any(axis=1))
    silent = silent[silent > (told[-1] if told.size else -1)]
    return int(k[silent[0]]) if silent.size else None
