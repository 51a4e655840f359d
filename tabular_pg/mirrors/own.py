"""What a mirror map of users has to be, where it is tried."""

from __future__ import annotations

import math

import numpy as np

from tabular_pg.checks.numbers import is_real, shown
from tabular_pg.engine.method import Space
from tabular_pg.mirrors.registration import MIRRORS, space_of

TRIED = (1e-3, 0.02, 0.2, 0.5, 0.9, 1.0)  # probabilities at which a map of users is looked at
SMALL = 1e-8  # one that has to come back with its own digits
CLOSE = 1e-6


def refuse_no_map(mirror):
    """Raise TypeError or ValueError for a map of users whose ``derivative`` does not increase,
    whose ``inverse`` is none, or whose ``to_action`` is no distance, where they are tried."""
    known, space = MIRRORS[type(mirror)], space_of(mirror)
    if known.native:
        return
    if known.forms[space].to_action is not None:
        _refuse_no_distance(mirror, known.forms[space].to_action, space)
    if known.written is None:
        return
    derivative, inverse = known.written
    before = -math.inf
    for p in TRIED:
        x = math.log(p) if space is Space.SOFTMAX else p
        y = _tried(derivative, mirror, x)
        if not before < y < math.inf:
            raise ValueError(
                f"{derivative.__name__} of {mirror} is {y} at x = {x:.6g}, after {before} at a "
                "smaller x; expected a finite number that increases with x"
            )
        again, before = _tried(inverse, mirror, y), y
        if not abs(again - x) <= CLOSE * max(1.0, abs(x)):
            raise ValueError(
                f"{inverse.__name__} of {mirror} is {again} at y = {y:.6g}; expected {x:.6g}, of "
                f"which {derivative.__name__} is y"
            )
    if space is Space.SIMPLEX:
        _refuse_no_floor(mirror, derivative, inverse)


def _refuse_no_distance(mirror, compiled, space):
    """The same for the divergence of an action, which does not grow with its probability."""
    function, before = getattr(compiled, "py_func", compiled), math.inf

    def to_action(mirror, p):
        row = np.array([[p, 1.0 - p]])
        return function(mirror, np.log(row) if space is Space.SOFTMAX else row, 0, 0)

    for p in TRIED[:-1]:
        found = _tried(to_action, mirror, p)
        if not 0.0 <= found <= before:
            raise ValueError(
                f"to_action of {mirror} is {found} for the first of two actions, of probability "
                f"{p}, and {before} where it is less; expected numbers >= 0 that fall"
            )
        before = found


def _refuse_no_floor(mirror, derivative, inverse):
    """The same for what happens near p = 0, where probabilities become 0."""
    floor = _tried(derivative, mirror, 0.0)
    if not math.isfinite(floor):
        raise ValueError(
            f"{derivative.__name__} of {mirror} is {floor} at p = 0; expected a finite number, or "
            "a map that is registered for space=Space.SOFTMAX"
        )
    below = _tried(inverse, mirror, floor - 1.0)
    if below != 0.0:
        raise ValueError(
            f"{inverse.__name__} of {mirror} is {below} at y = {floor - 1.0:.6g}; expected 0 below "
            f"{floor:.6g}, which {derivative.__name__} is at p = 0"
        )
    again = _tried(inverse, mirror, _tried(derivative, mirror, SMALL))
    if not abs(again - SMALL) <= CLOSE * SMALL:
        raise ValueError(
            f"{inverse.__name__} of {mirror} is {again} where {derivative.__name__} is that of "
            f"p = {SMALL}; expected p: in floats its values do not determine small probabilities, "
            "nor gaps"
        )


def _tried(function, mirror, x) -> float:
    """What a function of a map returns, as a number."""
    try:
        found = function(mirror, x)
    except Exception as error:
        raise TypeError(
            f"{function.__name__} of {mirror} raised {type(error).__name__} at {x:.6g}: {error}"
        ) from error
    if not is_real(found):
        raise TypeError(
            f"{function.__name__} of {mirror} returned {shown(found)} at {x:.6g}; expected a number"
        )
    return float(found)
