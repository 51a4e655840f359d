"""Eight losses of a pair of rewards, each with its first two derivatives.

All are functions of a margin D; s is sigma(D). For seven of them D = r_chosen - r_rejected, so that
rewards may be shifted together. Cross-entropy is ``pointwise``: it classifies each response by
itself, and its value on a pair is the sum over the two margins r_chosen and -r_rejected. That is
Bradley-Terry with every response compared with one more item, whose reward is 0.

Every record has ``value(D)``, ``slope(D)`` and ``curvature(D)``, which take arrays, and says of
itself whether it is ``convex``, whether it is ``pointwise``, and whether it ``decreases`` for ever,
so that its minimum is at a finite margin only if something holds against it. Those that are not
convex have a margin ``farthest``, beyond which a minimum without a ridge is not looked for.

The forms are those of Skywork-Reward. Its hyper-parameters were not at hand: gamma = 2 is the focal
loss's usual one, margin 1, t = 0.7 and temperature 2 are choices made here.

References
----------
Liu et al. (2024), Skywork-Reward: bag of tricks for reward modeling in LLMs, arXiv 2410.18451.
Cai et al. (2024), InternLM2 technical report, arXiv 2403.17297 (the focal loss with penalty).
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import expit

from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.numbers import settle, shown
from tabular_pg.preference.fitting.logistic import BradleyTerry, CrossEntropy, TemperatureBT
from tabular_pg.references import cited

FARTHEST = 40.0  # a margin


@cited("liu2024skywork")
@dataclass(frozen=True)
class Focal:
    """-(1 - s)^gamma log s: pairs that are right already count less. Not convex for gamma > 0."""

    gamma: float = 2.0

    pointwise, decreases, farthest = False, True, FARTHEST

    def __post_init__(self):
        settle(self, "gamma", 0, kind=Real)

    @property
    def convex(self):
        """Only for gamma = 0, which is Bradley-Terry."""
        return self.gamma == 0

    def value(self, D):
        """The loss at the margins ``D``."""
        return _wrong(D, self.gamma) * np.logaddexp(0.0, np.negative(D))

    def slope(self, D):
        """Its derivative in ``D``."""
        s, q, loss = expit(D), expit(np.negative(D)), np.logaddexp(0.0, np.negative(D))
        return -_wrong(D, self.gamma) * (self.gamma * s * loss + q)

    def curvature(self, D):
        """Its second derivative in ``D``."""
        g, s, q = self.gamma, expit(D), expit(np.negative(D))
        bent = g * np.logaddexp(0.0, np.negative(D)) * (g * s - q)
        return _wrong(D, g) * s * ((1 + 2 * g) * q + bent)


@cited("liu2024skywork")
@dataclass(frozen=True)
class FocalPenalty:
    """-(1 - 2 max(s - 1/2, 0))^gamma log s: Bradley-Terry for pairs that are wrong, focal after.

    At D = 0 the slope falls by ``jump``, gamma log(2) / 2, and is given from the left: there is a
    kink, and it is concave. Two items that beat each other as often are therefore not best rated
    equal, and no minimum has a margin of 0.
    """

    gamma: float = 2.0

    pointwise, decreases, farthest = False, True, FARTHEST

    __post_init__, convex = Focal.__post_init__, Focal.convex

    @property
    def jump(self):
        """By how much the slope falls at D = 0."""
        return self.gamma * np.log(2) / 2

    def value(self, D):
        """The loss at the margins ``D``."""
        return self._either(D, BradleyTerry().value, Focal(self.gamma).value)

    def slope(self, D):
        """Its derivative in ``D``."""
        return self._either(D, BradleyTerry().slope, Focal(self.gamma).slope)

    def curvature(self, D):
        """Its second derivative in ``D``."""
        return self._either(D, BradleyTerry().curvature, Focal(self.gamma).curvature)

    def _either(self, D, wrong, right):
        return np.where(np.greater(D, 0), 2.0**self.gamma * right(D), wrong(D))


@cited("liu2024skywork")
@dataclass(frozen=True)
class Hinge:
    """max(0, margin - D). At the kink the slope is given from the right."""

    margin: float = 1.0

    convex, pointwise, decreases = True, False, False

    def __post_init__(self):
        settle(self, "margin", 0, kind=Real, open_ends=True)

    def value(self, D):
        """The loss at the margins ``D``."""
        return np.maximum(0.0, self.margin - np.asarray(D))

    def slope(self, D):
        """Its derivative in ``D``."""
        return np.where(np.less(D, self.margin), -1.0, 0.0)

    def curvature(self, D):
        """Its second derivative in ``D``."""
        return np.zeros(np.shape(D))


@cited("liu2024skywork")
@dataclass(frozen=True)
class MarginMSE:
    """(D - margin)^2."""

    margin: float = 1.0

    convex, pointwise, decreases = True, False, False

    def __post_init__(self):
        settle(self, "margin", 0, kind=Real, open_ends=True)

    def value(self, D):
        """The loss at the margins ``D``."""
        return (np.asarray(D) - self.margin) ** 2

    def slope(self, D):
        """Its derivative in ``D``."""
        return 2.0 * (np.asarray(D) - self.margin)

    def curvature(self, D):
        """Its second derivative in ``D``."""
        return np.full(np.shape(D), 2.0)


@cited("liu2024skywork")
@dataclass(frozen=True)
class TemperedLog:
    """-(s^(1-t) - 1) / (1 - t): Bradley-Terry as t -> 1, and 1 - s for t = 0.

    It is at most 1 / (1 - t), so that a few pairs may be given up; it is not convex.
    """

    t: float = 0.7

    convex, pointwise, decreases = False, False, True

    def __post_init__(self):
        settle(self, "t", 0, 1, kind=Real)
        if self.t == 1:
            raise ValueError(f"t is {self.t!r}; expected t < 1, and BradleyTerry() for its limit")

    @property
    def farthest(self):
        """Of two items, one of which won w times as often, the minimum is at log(w) / t."""
        return FARTHEST / max(self.t, 0.5)

    def value(self, D):
        """The loss at the margins ``D``."""
        loss = np.logaddexp(0.0, np.negative(D))
        return -np.expm1(-(1 - self.t) * loss) / (1 - self.t)

    def slope(self, D):
        """Its derivative in ``D``."""
        return -self._power(D) * expit(np.negative(D))

    def curvature(self, D):
        """Its second derivative in ``D``."""
        s, q = expit(D), expit(np.negative(D))
        return self._power(D) * q * (s - (1 - self.t) * q)

    def _power(self, D):
        """s^(1-t)"""
        return np.exp(-(1 - self.t) * np.logaddexp(0.0, np.negative(D)))


LOSSES = (
    BradleyTerry, Focal, FocalPenalty, Hinge, MarginMSE, TemperedLog, TemperatureBT, CrossEntropy,
)  # fmt: skip


def pair_loss(loss, chosen, rejected) -> np.ndarray:
    """The loss of pairs with these rewards, whichever of the eight it is."""
    checked_loss(loss)
    chosen, rejected = real_array("chosen", chosen), real_array("rejected", rejected)
    if chosen.ndim and rejected.ndim and rejected.shape != chosen.shape:
        raise ValueError(f"rejected has shape {rejected.shape}; expected {chosen.shape}, as chosen")
    if loss.pointwise:
        return loss.value(chosen) + loss.value(np.negative(rejected))
    return loss.value(np.subtract(chosen, rejected))


def checked_loss(loss):
    """``loss`` is one of the eight records, else ValueError."""
    if not isinstance(loss, LOSSES):
        names = ", ".join(f"{kind.__name__}()" for kind in LOSSES)
        raise ValueError(f"loss is {shown(loss)}; expected one of {names}")
    return loss


def _wrong(D, gamma):
    """(1 - s)^gamma"""
    return np.exp(-gamma * np.logaddexp(0.0, D))
