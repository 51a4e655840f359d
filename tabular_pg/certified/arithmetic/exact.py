"""Exact rational numbers from what users write, distributions made of them, and greedy policies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real

import numpy as np
from flint import fmpq, fmpz

from tabular_pg.checks.numbers import as_float, is_real, shown
from tabular_pg.checks.probabilities import ROW_SUM_TOLERANCE

NO_SEQUENCES = str | bytes | bytearray | Mapping | Set  # although they can be iterated over
TOLERANCE = fmpq(*ROW_SUM_TOLERANCE.as_integer_ratio())


class Row:
    """A distribution, as positive integer weights over their sum."""

    def __init__(self, name, index, values):
        """``values`` must be a distribution, up to the rounding of floats; else ValueError."""
        numbers = [rational(_at(name, *index, t), x) for t, x in enumerate(values)]
        wrong = next((t for t, x in enumerate(numbers) if x < 0), None)
        if wrong is not None:
            entry = f"{_at(name, *index, wrong)} is {shown(values[wrong])}"
            raise ValueError(f"{entry}; expected a probability >= 0")
        total = sum(numbers, fmpq(0))
        rounded = any(isinstance(x, float | np.floating) for x in values)
        if abs(total - 1) > rounded * TOLERANCE * len(numbers):
            text = repr(to_float(total)) if rounded else str(total)
            raise ValueError(f"{_at(name, *index)} sums to {text}; expected 1")
        common = math.lcm(*(int(x.q) for x in numbers))
        weights = [(t, (x * common).p) for t, x in enumerate(numbers) if x != 0]
        factor = math.gcd(*(int(w) for _, w in weights))
        self.weights = tuple((t, w // factor) for t, w in weights)
        self.total = sum((w for _, w in self.weights), fmpz(0))
        self.size = len(numbers)
        self.key = tuple((t, int(w)) for t, w in self.weights)

    def entries(self):
        """Pairs (t, probability > 0)."""
        return [(t, fmpq(w, self.total)) for t, w in self.weights]

    def dense(self):
        """All probabilities, as a list of fmpq."""
        row = [fmpq(0)] * self.size
        for t, p in self.entries():
            row[t] = p
        return row


def rational(name, x) -> fmpq:
    """``x`` as an exact rational number.

    Raises
    ------
    ValueError
        If it is not a finite number of one of these kinds: integer, fraction, float, Decimal, fmpq.
    """
    if isinstance(x, fmpq | fmpz):
        return fmpq(x)
    if is_real(x):
        if isinstance(x, Integral):
            return fmpq(int(x))
        if isinstance(x, Rational):
            return fmpq(x.numerator, x.denominator)
        if isinstance(x, Decimal) and x.is_finite() or isinstance(x, Real) and math.isfinite(x):
            return fmpq(*x.as_integer_ratio())
    raise ValueError(f"{name} is {shown(x)}; expected a finite number: integer, Fraction or float")


def to_float(x) -> float:
    """The float64 nearest to the rational number ``x``; infinite beyond their range."""
    return as_float(Fraction(int(x.p), int(x.q)))


def objects(lists) -> np.ndarray:
    """Nested lists as a read-only object array, whatever the elements look like to numpy."""
    shape, flat = [], lists
    while isinstance(flat, list):
        shape.append(len(flat))
        flat = flat[0]
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        x = lists
        for i in index:
            x = x[i]
        array[index] = x
    array.setflags(write=False)
    return array


def nested(name, values, depth, shape=None) -> list:
    """Nested sequences as lists of that depth; ValueError if they are not, or not of the shape."""

    def lists(values, index, depth):
        if depth == 0:
            return values
        try:
            if isinstance(values, NO_SEQUENCES) or len(values) < 0:
                raise TypeError
            values = list(values)
        except (
            TypeError,
            NotImplementedError,
        ):  # also of generators, which may not end, and sparse matrices
            raise ValueError(
                f"{_at(name, *index)} is {shown(values)}; expected a sequence"
            ) from None
        if shape is not None and len(values) != shape[len(index)]:
            raise ValueError(
                f"{_at(name, *index)} has {len(values)} entries; expected {shape[len(index)]} "
                f"({name} has shape {shape})"
            )
        return [lists(x, (*index, i), depth - 1) for i, x in enumerate(values)]

    return lists(values, (), depth)


def _at(name, *index) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def reward(index, x, row):
    """The reward of (s, a), an expectation if it is given for every next state."""
    if not hasattr(x, "__iter__") or isinstance(x, str | bytes):
        return rational(_at("r", *index), x)
    (values,) = nested("r", [x], 2, (1, row.size))
    exact = [rational(_at("r", *index, t), value) for t, value in enumerate(values)]
    return sum((p * exact[t] for t, p in row.entries()), fmpq(0))


def weights(name, values, size) -> np.ndarray:
    """(size,) a distribution; uniform for None."""
    if values is None:
        return objects([fmpq(1, size)] * size)
    return objects(Row(name, (), nested(name, values, 1, (size,))).dense())


def greedy(x, values):
    """``x``, with all mass of a row on its first greedy action unless it is greedy."""
    largest, x = values == values.max(axis=1)[:, None], x.copy()
    for s, row in enumerate(largest):
        if any(p > 0 and not best for p, best in zip(x[s], row, strict=True)):
            x[s] = vertex(row.argmax(), row.size)
    return x


def vertex(a, n):
    """The policy (n,) of a state that takes the action ``a``."""
    return [fmpq(int(b == a)) for b in range(n)]
