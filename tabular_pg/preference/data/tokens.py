"""Texts as sequences of small integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import integer_array
from tabular_pg.checks.numbers import check_number


@dataclass(frozen=True, eq=False)
class Tokens:
    """Texts as sequences of small integers, one after the other.

    Parameters
    ----------
    ptr : array_like of int (n+1,)
        Text i is ``values[ptr[i]:ptr[i+1]]``.
    values : array_like of int
    """

    ptr: np.ndarray
    values: np.ndarray

    __repr__ = compact

    def __post_init__(self):
        ptr, values = integer_array("ptr", self.ptr), integer_array("values", self.values)
        if ptr.size == 0 or ptr[0] != 0 or ptr[-1] != values.size or (np.diff(ptr) < 0).any():
            raise ValueError(
                f"ptr is {ptr}; expected integers that rise from 0 to {values.size}, the number of "
                "tokens"
            )
        freeze(self, ptr=ptr, values=values)

    def __len__(self):
        return self.ptr.size - 1

    def __getitem__(self, i) -> np.ndarray:
        if not 0 <= i < len(self):
            raise IndexError(f"i is {i}; expected a text from 0 to {len(self) - 1}")
        return self.values[self.ptr[i] : self.ptr[i + 1]]

    def part(self, first, last) -> Tokens:
        """The texts ``first`` to ``last - 1``."""
        first = check_number("first", first, 0, len(self))
        last = check_number("last", last, first, len(self))
        ptr = self.ptr[first : last + 1]
        return Tokens(ptr - ptr[0], self.values[ptr[0] : ptr[-1]])


def freeze(record, **arrays):
    """Make the arrays read-only, and fields of a frozen record."""
    for name, array in arrays.items():
        array.setflags(write=False)
        object.__setattr__(record, name, array)
