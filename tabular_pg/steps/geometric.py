"""Step sizes that grow or shrink geometrically."""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.step_size import step_size

LARGEST_EXPONENT = 700.0  # e to that is in the range of floats, and more may not be


class Geometric(NamedTuple):
    """``eta * growth**k`` at iteration k, cut at 1e250; growth 1/gamma or 1/gamma^2 gives policy
    mirror descent a rate gamma (Xiao, 2022; Johnson, Pike-Burke and Rebeschini, 2023)."""

    eta: float
    growth: float

    def at(self, k):
        """The step size of iteration ``k``, in numbers of the kind that the fields are."""
        return self.eta * self.growth**k


@step_size(Geometric, schedule=True)
def geometric(step, k, problem, point):
    """eta growth^k."""
    exponent = k * math.log(step.growth)
    if abs(exponent) < LARGEST_EXPONENT:
        return step.eta * step.growth**k
    return math.exp(min(math.log(step.eta) + exponent, LARGEST_EXPONENT))
