"""Arrays of real numbers from what users write, and messages where it is something else."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real

import numpy as np
from scipy import sparse

from tabular_pg.checks.numbers import as_float, is_real, shown

PLAIN = frozenset({int, float, np.float64})  # of which lists need not be looked at one by one
DEEPEST = 8  # nested list


def real_array(name, values, ignored=None, finite=True, missing=False) -> np.ndarray:
    """``values`` as a new float64 array of real numbers; 0 where the mask ``ignored`` holds.

    An array of booleans counts as its zeros and ones; nan is allowed if it stands for ``missing``.

    Raises
    ------
    ValueError
        If they are not real numbers, have a mask of their own or, outside the mask ``ignored``
        and unless told otherwise, are not finite.
    """
    raw = plain_array(name, values)
    if raw.dtype.kind not in "biufO":
        raise ValueError(f"{name} is not an array of real numbers: entries are {raw.dtype}")
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
    if missing:
        wrong &= ~np.isnan(values)
    if wrong.any():
        at = first(wrong)
        expected = "a finite number or nan" if missing else "a finite number"
        raise ValueError(f"{name}{at or ''} is {values[tuple(at)]}; expected {expected}")
    return values


def plain_array(name, values, what="real numbers") -> np.ndarray:
    """``values`` as an array of whatever type, or ValueError: not one with masked entries."""
    mixed = False
    for part in _parts(name, values):
        if isinstance(part, np.ma.MaskedArray) and _is_masked(part):
            hint = " (unavailable actions are given by actions=)" if name in ("P", "r") else ""
            raise ValueError(
                f"{name} is a masked array; expected plain {what}, as its mask would be lost{hint}"
            )
        if sparse.issparse(part):
            raise ValueError(f"{name} is or contains a sparse matrix; expected an array of {what}")
        mixed = mixed or isinstance(part, bool | np.bool_)
    try:
        raw = np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        reason = _unequal(name, values) or error
        raise ValueError(f"{name} is not an array of {what}: {reason}") from None
    unknown = raw.dtype.kind == "O" and raw.ndim == 0 and not isinstance(values, Real | Decimal)
    if unknown:  # None, a dictionary, a set, a generator
        raise ValueError(f"{name} is not an array of {what}: got {shown(values)}")
    if mixed and (raw.dtype.kind != "b" or raw.ndim == 0):
        raise ValueError(f"{name} is not an array of {what}: it has booleans among them")
    return raw


def _parts(name, values):
    """What nested lists and tuples are made of, except for lists of plain numbers."""
    todo = [(values, 0)]
    while todo:
        part, depth = todo.pop()
        if not isinstance(part, list | tuple):
            yield part
        elif depth == DEEPEST:
            raise ValueError(f"{name} is nested more than {DEEPEST} deep; expected an array")
        elif not PLAIN.issuperset(map(type, part)):
            todo.extend((x, depth + 1) for x in part)


def _unequal(name, values) -> str:
    """Which of nested lists has another length than the first, in words; '' if none has."""
    level = [(name, values)]
    while level:
        sizes = [len(x) if hasattr(x, "__len__") else "none" for _, x in level]
        for (place, _), size in zip(level, sizes, strict=True):
            if size != sizes[0]:
                return f"{place} has length {size}; expected {sizes[0]}, as {level[0][0]} has"
        if sizes[0] == "none" or isinstance(level[0][1], str | bytes):
            return ""
        level = [(f"{place}[{i}]", y) for place, x in level for i, y in enumerate(x)]
    return ""


def _is_masked(array) -> bool:
    """Whether some entry is masked; structured arrays, which nothing takes, count as masked."""
    return array.dtype.names is not None or bool(np.ma.is_masked(array))


def _real(name, at, value) -> float:
    """One entry of an array of objects as a float."""
    if not is_real(value):
        raise ValueError(
            f"{name} is not an array of real numbers: {name}{list(at)} is {shown(value)}"
        )
    number = as_float(value)
    if math.isinf(number) and value != number:
        raise ValueError(f"{name}{list(at)} is beyond the range of floats")
    return number


def refuse_negative(name, values):
    """No entry of the array is negative, else ValueError."""
    wrong = values < 0
    if wrong.any():
        at = first(wrong)
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a probability >= 0")


def first(mask) -> list[int]:
    """The first index at which the mask holds."""
    return [int(i) for i in np.unravel_index(mask.argmax(), mask.shape)]


def real_numbers(name, values) -> np.ndarray:
    """``values`` as a new float64 array of finite numbers, else ValueError."""
    return real_array(name, values)


def integer_array(name, values) -> np.ndarray:
    """``values`` as a new vector of int64, else ValueError."""
    values = plain_array(name, values, "integers")
    if values.size == 0 and values.dtype.kind in "iuf":
        values = values.astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has shape {values.shape} and type {values.dtype}; expected a vector of "
            "integers"
        )
    beyond = values > np.iinfo(np.int64).max if values.dtype.kind == "u" else np.zeros(1, bool)
    refuse_where(beyond, name, values, "an integer below 2^63")
    return values.astype(np.int64)


def real_vector(name, values, size, what) -> np.ndarray:
    """``values`` as a new vector of finite numbers, one per ``what``, else ValueError."""
    values = real_numbers(name, values)
    if values.shape != (size,):
        raise ValueError(f"{name} has shape {values.shape}; expected ({size},), one per {what}")
    return values


def class_numbers(name, values) -> np.ndarray:
    """``values`` as a new vector of integers >= 0, else ValueError."""
    values = integer_array(name, values)
    refuse_where(values < 0, name, values, "an integer >= 0")
    return values


def refuse_where(wrong, name, values, expected):
    """The mask (n,) holds nowhere, else ValueError with the first of the values where it does."""
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(f"{name}[{i}] is {values[i]}; expected {expected}")
