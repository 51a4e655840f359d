"""Who says which of two responses is better: annotators, raters and scoring models.

All of them see the true reward through noise, are drawn to the spurious attributes z by a bias,
and mix up the two responses with a probability, the flip rate. None is told which of a pair comes
first, so that ``prefers(world, i, j) + prefers(world, j, i) = 1``. The probability of every label
is known, and with it the accuracy to expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import expit, ndtr

from tabular_pg.checks.arrays import plain_array
from tabular_pg.checks.numbers import check_generator, check_type, settle
from tabular_pg.preference.world.world import World

LEVELS = 5  # ratings are 0 to 4


@dataclass(frozen=True)
class Annotator:
    """Chooses by a logistic model of the rewards, with a bias, and then flips.

    The first of two is preferred with probability f + (1 - 2 f) sigma(dr* / T + b sum_j dz_j).

    Parameters
    ----------
    temperature : float > 0
        T
    flip : float in [0, 0.5]
        f
    bias : float
        b, what a unit of every spurious attribute adds to the log-odds.
    """

    temperature: float = 1.0
    flip: float = 0.0
    bias: float = 0.0

    def __post_init__(self):
        settle(self, "temperature", 0, kind=Real, open_ends=True)
        _check(self)

    def prefers(self, world, first, second) -> np.ndarray:
        """The probability that the first item is called the better one."""
        first, second = _both(world, first, second)
        drawn = world.reward / self.temperature + self.bias * world.spurious.sum(axis=1)
        return _flipped(expit(drawn[first] - drawn[second]), self.flip)


@dataclass(frozen=True)
class Rater:
    """Rates every response by itself on the scale 0 to 4; equal ratings are decided by a coin.

    The rating is 2 + (r* + b sum_j z_j + noise) / s, rounded and clipped.

    Parameters
    ----------
    noise : float > 0
        Standard deviation, in units of the reward.
    flip : float in [0, 0.5]
        How often the two responses of a pair are mixed up.
    bias : float
        b, in units of the reward.
    step : float > 0
        s, how much more reward a rating higher by 1 stands for.
    """

    noise: float = 0.5
    flip: float = 0.0
    bias: float = 0.0
    step: float = 1.2

    def __post_init__(self):
        settle(self, "noise", 0, kind=Real, open_ends=True)
        settle(self, "step", 0, kind=Real, open_ends=True)
        _check(self)

    def rate(self, world, items, rng) -> np.ndarray:
        """Ratings of these items."""
        items = _checked(world, "items", items)
        check_generator(rng)
        seen = _seen(self, world)[items] + self.noise * rng.standard_normal(np.shape(items))
        return np.clip(np.rint(LEVELS // 2 + seen / self.step), 0, LEVELS - 1)

    def prefers(self, world, first, second) -> np.ndarray:
        """The probability that the first item is called the better one."""
        first, second = _both(world, first, second)
        one, other = self._distribution(world, first), self._distribution(world, second)
        below = np.cumsum(other, axis=-1) - other / 2  # half of what is equal
        return _flipped((one * below).sum(axis=-1), self.flip)

    def _distribution(self, world, items):
        """(..., 5) the probability of every rating."""
        edges = self.step * (np.arange(LEVELS - 1) + 0.5 - LEVELS // 2)
        below = ndtr((edges - _seen(self, world)[items][..., None]) / self.noise)
        return np.diff(below, axis=-1, prepend=0.0, append=1.0)


@dataclass(frozen=True)
class Scorer:
    """A model that scores every response by itself, on a scale of its own.

    The score is offset + unit (r* + b sum_j z_j + noise).

    Parameters
    ----------
    noise : float > 0
        Standard deviation, in units of the reward.
    flip : float in [0, 0.5]
        How often the two responses of a pair are mixed up.
    bias : float
        b, in units of the reward.
    offset : float
        Added to all scores alike.
    unit : float > 0
        How much score a unit of reward is.
    """

    noise: float = 0.5
    flip: float = 0.0
    bias: float = 0.0
    offset: float = 0.0
    unit: float = 1.0

    def __post_init__(self):
        settle(self, "noise", 0, kind=Real, open_ends=True)
        settle(self, "offset", -np.inf, kind=Real)
        settle(self, "unit", 0, kind=Real, open_ends=True)
        _check(self)

    def score(self, world, items, rng) -> np.ndarray:
        """Scores of these items."""
        items = _checked(world, "items", items)
        check_generator(rng)
        seen = _seen(self, world)[items] + self.noise * rng.standard_normal(np.shape(items))
        return self.offset + self.unit * seen

    def prefers(self, world, first, second) -> np.ndarray:
        """The probability that the first item is called the better one."""
        first, second = _both(world, first, second)
        seen = _seen(self, world)
        wins = ndtr((seen[first] - seen[second]) / (np.sqrt(2) * self.noise))
        return _flipped(wins, self.flip)


def choose(annotator, world, first, second, rng) -> np.ndarray:
    """(N,) whether the first item of each pair is called the better one, one draw per pair."""
    _check_judge(annotator)
    first, second = _both(world, first, second)
    check_generator(rng)
    return rng.random(first.shape) < annotator.prefers(world, first, second)


def label_accuracy(annotator, world, first, second) -> np.ndarray:
    """(N,) the probability that the truly better item of each pair is called so; 1/2 of equals."""
    _check_judge(annotator)
    first, second = _both(world, first, second)
    gain = np.sign(world.reward[first] - world.reward[second])
    return 0.5 + gain * (annotator.prefers(world, first, second) - 0.5)


def _seen(judge, world):
    """(n_items,) what a rater or a scorer sees of each, but for the noise."""
    return world.reward + judge.bias * world.spurious.sum(axis=1)


def _both(world, first, second):
    first, second = _checked(world, "first", first), _checked(world, "second", second)
    if first.shape != second.shape:
        raise ValueError(
            f"second has shape {second.shape}; expected {first.shape}, an item for each of first"
        )
    return first, second


def _check_judge(annotator):
    if not callable(getattr(annotator, "prefers", None)):
        raise TypeError(
            f"annotator is of type {type(annotator).__name__}; expected an Annotator, a Rater or a "
            "Scorer"
        )


def _checked(world, name, items):
    """Items of the world, in any shape."""
    check_type("world", world, World)
    items = plain_array(name, items, "integers")
    if items.size and items.dtype.kind not in "iu":
        raise ValueError(f"{name} is of type {items.dtype}; expected integers")
    wrong = (items < 0) | (items >= world.n_items)
    if wrong.any():
        where = np.unravel_index(wrong.argmax(), items.shape)
        index = f"[{', '.join(str(i) for i in where)}]" if where else ""
        raise ValueError(
            f"{name}{index} is {items[where]}; expected an item from 0 to {world.n_items - 1}"
        )
    return items.astype(np.int64, copy=False)


def _flipped(probability, flip):
    return flip + (1 - 2 * flip) * probability


def _check(judge):
    settle(judge, "flip", 0, 0.5, kind=Real)
    settle(judge, "bias", -np.inf, kind=Real)
