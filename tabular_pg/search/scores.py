"""How near a run comes to breaking a theorem: 1 is attained, more is a violation.

===========  =====================================================================================
``ratio``    measured / proved (proved / measured of a lower bound)
``half``     the same where the bound is at most half of what is measured at the start
``rate``     the share of the actual decay of the logarithm that is proved, of bounds that are
             equalities at the start
``slope``    the same of 1 / measured, for bounds like 1 / k
``moved``    1 + (measured - proved) / |pi^{k+1} - pi^k|_1^2: "e_{k+1} <= e_k" is attained wherever
             nothing moves, so that its ratio leads nowhere
===========  =====================================================================================
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.verdicts.changes import policy_change, steps
from tabular_pg.verdicts.quantities import at_start
from tabular_pg.verdicts.sides import iterations_of, sides_of
from tabular_pg.verdicts.verdict import Kind

OF_RUNS = ("half", "rate", "slope")  # the modes that look at a run from its start on
MODES = ("ratio", *OF_RUNS, "moved")
DOUBTFUL = 0.02  # rounding of a lower bound, beside it, from which on nothing is concluded
LEAST = 1e-290  # smaller sides have lost digits
LARGEST = 1e6  # that a score can be
BITS = 32  # of scores that are compared
VISIBLE = 1e-6  # the least relative decay that has a rate
VIOLATED = 1.0 + 1e-9  # a ratio from which on the theorem fails, if other digits are right


class Score(NamedTuple):
    """The best of a run; worse than any other where nothing is claimed."""

    score: float
    k: int  # where the ratio is largest among what the mode looks at
    ratio: float


NOTHING = Score(-np.inf, -1, np.nan)


def score_of(theorem, run, mode) -> Score:
    """The score of ``run`` in a mode."""
    return best_of(theorem, run, mode)[0]


def best_of(theorem, run, mode) -> tuple[Score, int]:
    """The score of a run, or of the best in a stack, and the row of ``run.k`` that has it."""
    with np.errstate(all="ignore"):
        measured, proved, rounding = sides_of(theorem, run)
        k = iterations_of(run, measured)
        per_iterate = measured.ndim > 0 and len(k) == len(run.k) and k[0] == 0
        ratios = _ratios(theorem.kind, measured, proved, rounding)
        sides = measured, proved, ratios
        scores = _in_mode(mode, theorem.kind, run, sides, per_iterate)
    if per_iterate and len(k) > 1:
        scores[k == 0] = -np.inf  # most bounds are equalities there
    scores = _rounded(np.where(np.isnan(scores) | np.isnan(ratios), -np.inf, scores))
    if not scores.size:
        return NOTHING, 0
    best, deciding = float(scores.max()), scores
    if best == -np.inf:
        return NOTHING, 0
    if mode == "moved":  # elsewhere ratio and score belong to one iteration
        deciding = np.where(np.isneginf(scores), -np.inf, _rounded(ratios))
    at = np.unravel_index(int(deciding.argmax()), scores.shape)
    i = at[0] if at else -1
    row = i if len(k) == len(run.k) else steps(run)[i]
    return Score(min(best, LARGEST), int(k[i]), float(ratios[at])), int(row)


def _rounded(x):
    """``x`` to so many bits: a search must not depend on the last ones, which processors differ
    in."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(mantissa * 2.0**BITS), exponent - BITS)


def _ratios(kind, measured, proved, rounding):
    """measured / proved less rounding, NaN where nothing is claimed or digits are lost."""
    claimed = np.isfinite(proved) & ~np.isnan(measured)
    size = np.maximum(np.abs(measured), np.abs(proved))
    claimed &= (size > LEAST) | ((measured == 0) & (proved == 0))
    if kind in (Kind.EQUAL, Kind.ASYMPTOTIC):
        off = np.abs(measured - proved) - rounding
        found = 1.0 + np.maximum(off, 0.0) / np.maximum(np.abs(proved), LEAST)
        return np.where(claimed, found, np.nan)
    above, below = measured - rounding, proved
    if kind is Kind.LOWER:
        claimed &= rounding <= DOUBTFUL * np.abs(proved)
        above, below = proved, measured + rounding
    plain = np.where(size > LEAST, above / below, 0.0)
    signed = 1.0 + (above - below) / np.maximum(size, LEAST)
    found = np.where((below > 0) & (above >= 0), plain, np.where(size > LEAST, signed, 0.0))
    return np.where(claimed, found, np.nan)


def _in_mode(mode, kind, run, sides, per_iterate):
    measured, proved, ratios = sides
    if mode == "moved" and measured.ndim and len(measured) == len(steps(run)):
        change = np.abs(policy_change(run)).sum(axis=2).max(axis=1) ** 2
        change = change.reshape(-1, *[1] * (measured.ndim - 1))
        excess = measured - proved if kind is not Kind.LOWER else proved - measured
        found = 1.0 + np.where(change > LEAST, excess / change, -1.0)
        return np.where(ratios > 1, np.maximum(found, ratios), found)
    if not per_iterate or mode in ("ratio", "moved"):
        return ratios.copy()
    first, claimed = at_start(run, measured), at_start(run, proved)
    if mode == "half":
        return np.where(proved <= 0.5 * first, ratios, -np.inf)
    if mode == "rate":
        found = np.log(proved / first) / np.log(measured / first)
    else:
        found = (1.0 / proved - 1.0 / first) / (1.0 / measured - 1.0 / first)
    moved = measured < (1.0 - VISIBLE) * first  # the digits of a smaller change are rounding
    equal = np.abs(claimed - first) <= VISIBLE * first  # else decays are not of the same thing
    return np.where(equal & moved & (proved > 0) & (measured > 0), found, -np.inf)
