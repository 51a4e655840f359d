"""The losses that are -log sigma of something: Bradley and Terry's likelihood, and two like it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import expit

from tabular_pg.checks.numbers import settle
from tabular_pg.references import cited


@cited("bradley1952")
@dataclass(frozen=True)
class BradleyTerry:
    """-log s: the negative log-likelihood of Bradley and Terry's model."""

    convex, pointwise, decreases = True, False, True

    def value(self, D):
        """The loss at the margins ``D``."""
        return np.logaddexp(0.0, np.negative(D))

    def slope(self, D):
        """Its derivative in ``D``."""
        return -expit(np.negative(D))

    def curvature(self, D):
        """Its second derivative in ``D``."""
        return expit(D) * expit(np.negative(D))


@cited("liu2024skywork")
@dataclass(frozen=True)
class TemperatureBT:
    """-log sigma(D / temperature)."""

    temperature: float = 2.0

    convex, pointwise, decreases = True, False, True

    def __post_init__(self):
        settle(self, "temperature", 0, kind=Real, open_ends=True)

    def value(self, D):
        """The loss at the margins ``D``."""
        return BradleyTerry().value(np.divide(D, self.temperature))

    def slope(self, D):
        """Its derivative in ``D``."""
        return BradleyTerry().slope(np.divide(D, self.temperature)) / self.temperature

    def curvature(self, D):
        """Its second derivative in ``D``."""
        return BradleyTerry().curvature(np.divide(D, self.temperature)) / self.temperature**2


@cited("liu2024skywork")
@dataclass(frozen=True)
class CrossEntropy:
    """-log sigma(r_chosen) - log(1 - sigma(r_rejected)), as -log s at r_chosen and -r_rejected."""

    convex, pointwise, decreases = True, True, True
    value, slope = BradleyTerry.value, BradleyTerry.slope
    curvature = BradleyTerry.curvature
