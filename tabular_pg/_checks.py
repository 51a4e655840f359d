"""The checks that are made of a numeric argument."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np


def check_number(name, value, low, high=math.inf, *, kind=Integral, open_ends=False):
    """The value is a finite number of the kind, within [low, high], or (low, high) if open.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    if isinstance(value, kind) and not isinstance(value, bool) and _finite(value, kind):
        inside = low < value < high if open_ends else low <= value <= high
    else:
        inside = False
    if inside:
        return
    noun = "an integer" if kind is Integral else "a finite number"
    raise ValueError(f"{name} is {shown(value)}; expected {noun}{_range(low, high, open_ends)}")


def shown(value, most=200) -> str:
    """repr(value), however long it is or whatever it raises, in a few words."""
    try:
        text = repr(value)
    except ValueError:  # an integer of over 4,300 digits
        return f"an integer of {value.bit_length():,} bits"
    return text if len(text) <= most else f"{text[: most // 2]}... ({len(text):,} characters)"


def _finite(value, kind) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # too large for a float, which an integer may be
        return kind is Integral


def checked_real(name, value) -> float:
    """``value`` as a float, refused with a ValueError unless it is a finite real number >= 0."""
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value[()]
    if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {value!r}; expected a number >= 0")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} is {number}; expected a finite number >= 0")
    return number


def _range(low, high, open_ends) -> str:
    if low == -math.inf:
        return ""
    if high == math.inf:
        return f" > {low}" if open_ends else f" >= {low}"
    return f" in ({low}, {high})" if open_ends else f" in [{low}, {high}]"
