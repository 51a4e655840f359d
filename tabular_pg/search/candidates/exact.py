"""An instance in fractions, and what is certain about it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.search.candidates.instance import Instance

FEW = Fraction(1, 1000)


class ExactInstance(NamedTuple):
    """As ``Instance``, of object arrays of Fraction; ``policy`` holds probabilities."""

    P: np.ndarray  # (S, A, S)
    r: np.ndarray  # (S, A)
    rho: np.ndarray  # (S,)
    mu: np.ndarray  # (S,)
    policy: np.ndarray  # (S, A)
    parameters: np.ndarray

    __repr__ = compact

    def floats(self) -> Instance:
        """The same in floats."""
        P, r, rho, mu, policy, parameters = (x.astype(float) for x in self)
        with np.errstate(divide="ignore"):
            return Instance(P, r, rho, mu, np.log(policy), parameters)

    @property
    def complexity(self) -> int:
        """The digits of all numbers, and something for every state and action."""
        S, A = self.r.shape
        return 40 * S * A + sum(sum(map(size, x.flat)) for x in self)


def size(x) -> int:
    """The binary digits of a fraction, where powers of ten count little; less for 1, and 0 for 0;
    near 1, of what is left."""
    if x in (0, 1):
        return int(x)
    if 1 - FEW < x < 1:
        return 4 + size(1 - x)
    n, d = x.numerator, x.denominator
    zeros = _zeros(n) + _zeros(d)
    digits = (n // 10 ** _zeros(n)).bit_length() + (d // 10 ** _zeros(d)).bit_length()
    return min(n.bit_length() + d.bit_length(), digits + zeros.bit_length() + 2)


def _zeros(n) -> int:
    """How many zeros a whole number ends with."""
    return len(str(n)) - len(str(n).rstrip("0"))


def exact_instance(instance) -> ExactInstance:
    """The fractions next to the floats of a candidate; rows sum to 1 exactly."""
    policy = np.exp(instance.log_policy)
    rows = (_rows(x) for x in (instance.P, instance.rho, instance.mu, policy))
    P, rho, mu, policy = rows
    r, parameters = (
        np.vectorize(near, [object])(x, 10**12) for x in (instance.r, instance.parameters)
    )
    return ExactInstance(P, r, rho, mu, policy, parameters)


def near(x, denominator) -> Fraction:
    """The nearest fraction with at most this denominator; small numbers keep their digits."""
    exact = Fraction(float(x))
    if exact == 0:
        return exact
    shift = Fraction(10) ** max(0, -math.floor(math.log10(abs(x))) - 1)
    return (exact * shift).limit_denominator(denominator) / shift


def row_near(p, denominator) -> np.ndarray:
    """The row (n,) of fractions near to a distribution whose likeliest entry is what is left."""
    return _filled(p, [near(x, denominator) for x in p])


def tenths_near(p) -> np.ndarray:
    """The row (n,) of powers of ten near to one whose likeliest entry is what is left."""
    tens = (Fraction(10) ** round(math.log10(float(x))) if x > 0 else Fraction(0) for x in p)
    return _filled(p, list(tens))


def _filled(p, values) -> np.ndarray:
    """``values`` with what is left of 1 in the place of the likeliest entry of ``p``."""
    found = np.array(values, dtype=object)
    top = int(np.argmax([float(x) for x in p]))
    found[top] = 0
    found[top] = 1 - sum(found, Fraction(0))
    return found


def _rows(p) -> np.ndarray:
    flat = p.reshape(-1, p.shape[-1])
    found = np.array([row_near(row, 10**12) for row in flat], dtype=object)
    return found.reshape(p.shape)
