"""Tsallis entropies, between the logarithmic barrier, Shannon's entropy and the Euclidean norm.

Their derivative is p^(q-1)/(q-1) up to a constant, taken here so that it is 0 at p = 1. For q < 1
it tends to -infinity as p does to 0, and every action keeps a positive probability; for q > 1 it
does not, and methods stop at an optimal policy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space
from tabular_pg.mirrors.registration import of_others, separable
from tabular_pg.numerics.duals import Regularizer
from tabular_pg.references import cited

NEAR = 1e-3  # logarithms below have a series


@cited("xiao2022")
class Tsallis(NamedTuple):
    """h(p) = (sum_a p_a^q - 1) / (q (q - 1)) with ``q`` in (0, 2] other than 1; q = 2 is Euclidean,
    and q -> 1 the entropy."""

    q: float

    def refuse(self):
        """ValueError for q = 1, and q > 2."""
        if self.q == 1:
            raise ValueError("mirror.q is 1; expected another number, or the mirror map Entropy()")
        if self.q > 2:
            raise ValueError(
                f"mirror.q is {self.q}; expected a number in (0, 2]: beyond, values do not "
                "determine small probabilities, nor gaps, to many digits"
            )

    def to_actions(self, pi):
        """(..., A) D(e_a, pi) for every action, for policies in numbers of any kind."""
        q, others = self.q, of_others(pi)
        series = others * ((2 - q) / 3 + others * (2 - q) * (3 - q) / 8)
        logs = np.log(pi)
        lack = np.expm1(q * logs) / q - np.expm1((q - 1) * logs) / (q - 1)
        return of_others(pi**q) / q + np.where(others < NEAR, others**2 * (0.5 + series), lack)

    @property
    def regularizer(self):
        """What it is in a regularized problem."""
        return Regularizer(self.q, 0.0)

    @property
    def space(self):
        """Probabilities stay positive for q < 1."""
        return Space.SOFTMAX if self.q < 1 else Space.SIMPLEX


def log_derivative(mirror, x):
    """Of x = log p."""
    return math.expm1((mirror.q - 1.0) * x) / (mirror.q - 1.0)


def log_inverse(mirror, y):
    """log p."""
    return math.log1p((mirror.q - 1.0) * y) / (mirror.q - 1.0)


def log_to_action(mirror, x, s, a):
    """D(e_a, pi) = sum over the others of p^q / q, and what p_a lacks of 1."""
    q, log_p = mirror.q, x[s, a]
    found = math.expm1(q * log_p) / q - math.expm1((q - 1.0) * log_p) / (q - 1.0)
    if log_p > -NEAR:
        third, fourth = 2.0 * q - 1.0, 3.0 * q * (q - 1.0) + 1.0
        found = log_p * log_p * (0.5 + log_p * (third / 6.0 + log_p * fourth / 24.0))
    for b in range(x.shape[1]):
        if b != a:
            found += math.exp(q * x[s, b]) / q
    return found


@njit_inlined
def safe_log(p):
    """log p, and -infinity for 0, which Python refuses."""
    return math.log(p) if p > 0.0 else -math.inf


def derivative(mirror, p):
    """Of p; a difference of powers would have no digits for q near 1."""
    return math.expm1((mirror.q - 1.0) * safe_log(p)) / (mirror.q - 1.0)


def inverse(mirror, y):
    """p, and 0 below the derivative at 0."""
    power = (mirror.q - 1.0) * y
    return math.exp(math.log1p(power) / (mirror.q - 1.0)) if power > -1.0 else 0.0


def to_action(mirror, x, s, a):
    """The same from probabilities."""
    q, others, found = mirror.q, 0.0, 0.0
    for b in range(x.shape[1]):
        if b != a:
            others += x[s, b]
            found += x[s, b] ** q / q
    if others < NEAR:  # what p_a lacks of 1, by series
        third, fourth = (2.0 - q) / 3.0, (2.0 - q) * (3.0 - q) / 8.0
        return found + others * others * (0.5 + others * (third + others * fourth))
    log_p = safe_log(x[s, a])
    return found + math.expm1(q * log_p) / q - math.expm1((q - 1.0) * log_p) / (q - 1.0)


separable(
    Tsallis, space=Space.SOFTMAX, derivative=log_derivative, inverse=log_inverse,
    to_action=log_to_action,
)  # fmt: skip
separable(Tsallis, space=Space.SIMPLEX, derivative=derivative, inverse=inverse, to_action=to_action)
