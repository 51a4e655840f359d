"""The logarithmic barrier: 1/pi moves along the advantages."""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space
from tabular_pg.mirrors.registration import separable
from tabular_pg.numerics.duals import Regularizer


class LogBarrier(NamedTuple):
    """h(p) = -sum_a log p_a, the limit of Tsallis entropies for q -> 0. No policy with a zero is at
    a finite distance, and without growing steps the gap falls no faster than 1/k."""

    @property
    def regularizer(self):
        """What it is in a regularized problem."""
        return Regularizer(0.0, 0.0)


def derivative(mirror, x):
    """1 - 1/p, of x = log p."""
    return -math.expm1(-x)


def inverse(mirror, y):
    """log p."""
    return -math.log1p(-y)


separable(LogBarrier, space=Space.SOFTMAX, derivative=derivative, inverse=inverse)
