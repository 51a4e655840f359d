"""Exact rational numbers, numbered as they appear, and the steps that make one of two."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact


class Operation(NamedTuple):
    """``left symbol right = result``, all three by their numbers."""

    left: int
    symbol: str
    right: int
    result: int


class Arithmetic(NamedTuple):
    """Rationals and operations that have been met so far; it grows while states are enumerated.

    Attributes
    ----------
    values : the rationals, each once.
    numbers : the number of each, its index in ``values``.
    operations : every operation on two of them that has been asked for.
    pairs : for two numbers, the (result, index in ``operations``) of all operations on them.
    """

    values: list[Fraction]
    numbers: dict[Fraction, int]
    operations: list[Operation]
    pairs: dict[tuple[int, int], list[tuple[int, int]]]

    __repr__ = compact


def number(arithmetic, value) -> int:
    """The number of a rational, a new one if it has none yet."""
    known = arithmetic.numbers.setdefault(value, len(arithmetic.values))
    if known == len(arithmetic.values):
        arithmetic.values.append(value)
    return known


def combinations(arithmetic, i, j) -> list[tuple[int, int]]:
    """(result, index of the operation) of every operation on the numbers ``i`` and ``j``.

    These are sum and product once, difference and quotient in both orders, which for equal values
    are the same and count once, and no division by 0: at most 6, for two zeros 3.
    """
    known = arithmetic.pairs.get((i, j))
    if known is None:
        known = arithmetic.pairs[i, j] = [
            (operation.result, index) for index, operation in _operations(arithmetic, i, j)
        ]
    return known


def _operations(arithmetic, i, j):
    """The index of each operation on two numbers, and the operation, larger operand first."""
    if arithmetic.values[i] < arithmetic.values[j]:
        i, j = j, i
    a, b = arithmetic.values[i], arithmetic.values[j]
    results = [(i, "+", j, a + b), (i, "-", j, a - b), (i, "*", j, a * b)]
    if b != 0:
        results.append((i, "/", j, a / b))
    if a != b:
        results.append((j, "-", i, b - a))
    if a not in (b, 0):
        results.append((j, "/", i, b / a))
    for left, symbol, right, result in results:
        operation = Operation(left, symbol, right, number(arithmetic, result))
        arithmetic.operations.append(operation)
        yield len(arithmetic.operations) - 1, operation


class Steps(NamedTuple):
    """The text of states, sorted lists of numbers, and of the steps between them.

    Attributes
    ----------
    values, operations : as in ``Arithmetic``.
    states : for each state, its numbers.
    successor : (E,) where each edge leads.
    operation : (E,) what it does.
    """

    values: list[Fraction]
    operations: list[Operation]
    states: list[tuple[int, ...]]
    successor: np.ndarray
    operation: np.ndarray

    __repr__ = compact

    def state(self, s) -> str:
        """The numbers that are there: ``2 2 3``."""
        return " ".join(str(value) for value in sorted(self.values[i] for i in self.states[s]))

    def edge(self, e) -> str:
        """The step and what it leaves: ``8 / 4 = 2 (left: 2 2 3)``."""
        left, symbol, right, result = self.operations[self.operation[e]]
        step = f"{_operand(self.values[left])} {symbol} {_operand(self.values[right])}"
        return f"{step} = {self.values[result]} (left: {self.state(self.successor[e])})"


def _operand(value) -> str:
    plain = value >= 0 and value.denominator == 1
    return str(value) if plain else f"({value})"
