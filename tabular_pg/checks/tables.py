"""Hyper-parameters with a value for every state and action: fields that are annotated ``Table``.

A rule holds one number for all, or a tuple of rows, so that rules can be compared and saved;
compiled code is given an array in either case.
"""

from __future__ import annotations

import math
from numbers import Real

import numpy as np

from tabular_pg.checks.arrays import first, real_array
from tabular_pg.checks.numbers import check_number, is_real

Table = float | tuple


def tables_of(record) -> tuple:
    """The names of the fields of a class that hold tables."""
    kinds = getattr(record, "__annotations__", {}).items()
    return tuple(name for name, kind in kinds if getattr(kind, "__forward_arg__", kind) == "Table")


def checked_table(name, value, any_sign=False):
    """A float for all, or a tuple of rows of floats: finite, and positive unless they may have any
    sign."""
    if is_real(value):
        return check_number(name, value, -math.inf if any_sign else 0, kind=Real, open_ends=True)
    values = real_array(name, value)
    if values.ndim != 2:
        raise ValueError(f"{name} has shape {values.shape}; expected a number, or (S, A)")
    if not any_sign and not (values > 0).all():
        at = first(~(values > 0))
        raise ValueError(f"{name}{at} is {values[tuple(at)]}; expected a finite number > 0")
    return tuple(map(tuple, values.tolist()))


def refuse_shapes(rule, shape):
    """Raise ValueError for a table of a rule that is not (S, A), as the MDP is."""
    for name in tables_of(type(rule)):
        value = getattr(rule, name)
        if isinstance(value, tuple) and np.shape(value) != shape:
            raise ValueError(f"{name} has shape {np.shape(value)}; expected (S, A) = {shape}")


def is_table(value) -> bool:
    """Whether a field of a rule holds rows."""
    return type(value) is tuple


def as_rows(name, value):
    """A tuple of rows of a list or an array of them, numbers of any kind as they are."""
    if not isinstance(value, list | tuple | np.ndarray):
        return value
    rows = np.array(value, dtype=object)
    if rows.ndim != 2:
        raise ValueError(f"{name} has shape {rows.shape}; expected a number, or (S, A)")
    return tuple(map(tuple, rows.tolist()))


def each_entry(name, table, function):
    """The table with ``function(name, number)`` of each of its numbers, named with its place."""
    return tuple(
        tuple(function(f"{name}[{s}, {a}]", x) for a, x in enumerate(row))
        for s, row in enumerate(table)
    )


def as_array(value):
    """(S, A), or (1, 1) of one number for all, for :func:`entry`."""
    return np.array(value, dtype=float, ndmin=2)
