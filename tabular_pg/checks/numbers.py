"""The checks that are made of an argument that is one number or flag."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from numbers import Integral, Real
from os import PathLike

import numpy as np

LARGEST = {Integral: 10**300, Real: math.inf}  # a number of a kind, exclusively
MOST_ENTRIES = 100_000  # of a list: an iterator may have no end
SHOWN = 80  # characters of a wrong value in a message
MOST_ITERATIONS = 10**18


def check_number(name, value, low, high=math.inf, *, kind=Integral, open_ends=False):
    """``value`` as an int or float: finite, of the kind, within [low, high], or (low, high) if
    open.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    if isinstance(value, kind) and is_real(value):
        number = int(value) if kind is Integral else as_float(value)
        inside = low < number < high if open_ends else low <= number <= high
        if inside and abs(number) < LARGEST[kind]:
            return number
    noun = "an integer" if kind is Integral else "a finite number"
    raise ValueError(f"{name} is {shown(value)}; expected {noun}{_range(low, high, open_ends)}")


def settle(record, name, *limits, **options):
    """Check a number that a frozen record was made with, and keep it as an int or float."""
    number = check_number(name, getattr(record, name), *limits, **options)
    object.__setattr__(record, name, number)


def check_text(name, value):
    """The value is a string, else TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {shown(value)}; expected a string")


def check_path(name, value):
    """The value is the name of a file or folder, else TypeError."""
    if not isinstance(value, str | PathLike):
        raise TypeError(f"{name} is {shown(value)}; expected the name of a file or folder")


def check_type(name, value, kind):
    """The value is an instance of the class, else TypeError."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is of type {type(value).__name__}; expected {kind.__name__}")


def check_dict(name, value, expected):
    """The value is a dict, else ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {shown(value)}; expected a dict of {expected}")


def checked_list(name, values, expected, kind=object) -> list:
    """``values``, a sequence or an iterator that ends, of this kind, as a list, else ValueError."""
    unordered = isinstance(values, str | bytes | memoryview | dict | set | frozenset)
    unordered = unordered or hasattr(values, "tocsr")  # sparse
    if unordered or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
        raise ValueError(f"{name} is {shown(values)}; expected a sequence of {expected}")
    endless = not hasattr(values, "__len__")
    found = []
    for i, value in enumerate(islice(values, MOST_ENTRIES + 1) if endless else values):
        if not isinstance(value, kind):
            raise ValueError(f"{name}[{i}] is {shown(value)}; expected {expected}")
        found.append(value)
    if endless and len(found) > MOST_ENTRIES:
        raise ValueError(f"{name} has over {MOST_ENTRIES} entries; expected fewer, or a list")
    return found


def checked_real(name, value) -> float:
    """``value`` as a float, refused with a ValueError unless it is a finite real number >= 0."""
    value = unwrapped(value)
    if not is_real(value):
        raise ValueError(f"{name} is {shown(value)}; expected a number >= 0")
    number = as_float(value)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} is {said(value, number)}; expected a finite number >= 0")
    return number


def said(value, number) -> str:
    """How a message says ``value``, which is ``number`` as a float."""
    beyond = math.isinf(number) and abs(value) != math.inf
    return "beyond the range of floats" if beyond else str(number)


def checked_flag(name, value) -> bool:
    """``value`` as a bool, refused with a TypeError unless it is one."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is {shown(value)}; expected True or False")
    return bool(value)


def is_real(value) -> bool:
    """Whether it is a real number: no boolean, nor a time span, which numpy counts as integers."""
    wrong = isinstance(value, bool | np.bool_ | np.timedelta64)
    return isinstance(value, Real | Decimal) and not wrong


def as_float(value) -> float:
    """A real number as a float: infinite where it is beyond their range, nan where it is none."""
    try:
        return float(value)
    except OverflowError:  # of an integer or a fraction
        return math.inf if value > 0 else -math.inf
    except ValueError:  # of a signaling nan
        return math.nan


def unwrapped(value):
    """What an array without axes holds; anything else as it is."""
    return value[()] if isinstance(value, np.ndarray) and value.shape == () else value


def shown(value, most=SHOWN) -> str:
    """``repr(value)``, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of over 4,300 digits
        if isinstance(value, int):
            return f"an integer of {value.bit_length():,} bits"
        return f"{type(value).__name__} too long to show"
    return text if len(text) <= most else text[:most] + "..."


def _range(low, high, open_ends) -> str:
    if low == -math.inf:
        return ""
    if high == math.inf:
        return f" > {low}" if open_ends else f" >= {low}"
    return f" in ({low}, {high})" if open_ends else f" in [{low}, {high}]"


def check_flag(name, value, meaning=""):
    """``value`` is True or False, else ValueError, which says what they mean."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {shown(value)}; expected True or False{meaning}")


def checked_beta(beta) -> float:
    """``beta`` as a float > 0, else ValueError."""
    return check_number("beta", beta, 0, kind=Real, open_ends=True)


def check_generator(rng):
    """``rng`` is a numpy Generator, else ValueError."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng is {shown(rng)}; expected a numpy Generator (np.random.default_rng(seed))"
        )


def checked_iterations(iterations) -> int:
    is_integer = isinstance(iterations, int | np.integer)
    if not is_integer or isinstance(iterations, bool | np.timedelta64):
        raise TypeError(f"iterations is {shown(iterations)}; expected an integer >= 0")
    if iterations < 0:
        raise ValueError(f"iterations is {shown(iterations)}; expected an integer >= 0")
    if iterations > MOST_ITERATIONS:
        raise ValueError(
            f"iterations is {shown(iterations)}; expected at most {MOST_ITERATIONS:.0e}"
        )
    return int(iterations)
