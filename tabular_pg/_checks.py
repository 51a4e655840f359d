"""The one check that instances make of a numeric argument."""

from __future__ import annotations

import math
from numbers import Integral


def check_number(name, value, low, high=math.inf, *, kind=Integral, open_ends=False):
    """The value is a finite number of the kind, within [low, high], or (low, high) if open.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    if isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value):
        inside = low < value < high if open_ends else low <= value <= high
    else:
        inside = False
    if inside:
        return
    noun = "an integer" if kind is Integral else "a finite number"
    raise ValueError(f"{name} is {value!r}; expected {noun}{_range(low, high, open_ends)}")


def _range(low, high, open_ends) -> str:
    if low == -math.inf:
        return ""
    if high == math.inf:
        return f" > {low}" if open_ends else f" >= {low}"
    return f" in ({low}, {high})" if open_ends else f" in [{low}, {high}]"
