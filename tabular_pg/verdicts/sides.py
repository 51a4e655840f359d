"""Both sides of a theorem on a run, in floats and in numbers of any size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tabular_pg.engine.run import Run
from tabular_pg.numerics.wide import wide
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import steps
from tabular_pg.verdicts.wide_run import WideRun

_wide = once(WideRun)


@once
def neutral(run):
    """The run as formulas see it: where an action is not available, both its advantages are 0, so
    that it adds nothing to a mean, and is neither the best nor the worst."""
    if not isinstance(run, Run) or run.mdp.actions is None:
        return run
    best = replace(run.optimum, A=np.where(run.mdp.actions, run.optimum.A, 0.0))
    return replace(run, A=np.where(run.mdp.actions, run.A, 0.0), optimum=best)


def sides_of(theorem, run):
    """measured, proved and the rounding of their difference, of one shape."""
    measured, proved, rounding = returned(theorem.formula(neutral(run)))
    measured, proved = np.broadcast_arrays(
        np.asarray(measured, dtype=float), np.asarray(proved, dtype=float)
    )
    return measured, proved, np.broadcast_to(rounding, measured.shape)


def returned(sides):
    """What a formula returned as (measured, proved, rounding)."""
    if not isinstance(sides, tuple | list) or len(sides) not in (2, 3):
        raise TypeError(
            f"it returned a {type(sides).__name__}; expected (measured, proved), or these and the "
            "rounding of measured"
        )
    return (*sides, 0.0)[:3]


def wide_sides_of(theorem, run, like):
    """The same in numbers of any size, or None where the formula or the run has none."""
    if not isinstance(run, Run):
        return None
    try:
        sides = returned(theorem.formula(_wide(neutral(run))))
        return tuple(np.broadcast_to(wide(x), like.shape) for x in sides)
    except Exception:  # of a formula that asks for what only floats offer
        return None


def iterations_of(run, measured) -> np.ndarray:
    """The iterations that the first axis of ``measured`` stands for."""
    if measured.ndim == 0:
        return run.k[-1:]
    pairs = steps(run)
    for k in (run.k, run.k[pairs]):
        if len(measured) == len(k):
            return k
    raise ValueError(f"measured has {len(measured)} rows; expected {len(run.k)} or {len(pairs)}")
