"""What a source of preference data is like: how its pairs were made, and who judged them."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from tabular_pg.checks.arrays import real_vector, refuse_where
from tabular_pg.checks.numbers import (
    check_flag,
    settle,
    shown,
)
from tabular_pg.preference.world.annotators import Annotator, Rater, Scorer, choose
from tabular_pg.preference.world.world import CATEGORIES, training_sample

TRIES = 6  # pairs of a prompt among which the most opposed or most aligned one is taken
PER_PROMPT = 5  # responses to a prompt of a scored pool
UNIT = 0.03  # of the scorer, per unit of reward: the rules' offsets are meant for such scores


class Spec:
    """What must hold of the fields of all kinds of sources."""

    def __post_init__(self):
        settle(self, "size", 1)
        mixture = real_vector("mixture", self.mixture, len(CATEGORIES), "category")
        refuse_where(mixture < 0, "mixture", mixture, "a share >= 0")
        if not 0 < mixture.sum() < np.inf:
            raise ValueError(f"mixture is {shown(self.mixture)}; expected four shares, some > 0")
        object.__setattr__(self, "mixture", tuple(mixture.tolist()))
        for name, value in list(vars(self).items()):
            if name in ("strength", "inflation"):
                settle(self, name, -np.inf, kind=Real)
            elif name in ("noise", "temperature"):
                settle(self, name, 0, kind=Real, open_ends=True)
            elif name.endswith("_share") or (name == "opposed" and value is not None):
                settle(self, name, 0, 1, kind=Real)
            elif name == "flagged":
                check_flag(name, value)


@dataclass(frozen=True)
class ScoredPool(Spec):
    """Five responses per prompt; chosen is the one with the best score, rejected the worst.

    Parameters
    ----------
    size : int >= 1
        Pairs at scale 1.
    mixture : four numbers >= 0
        Shares of the categories, up to a factor.
    strength : float
        A response with a reward higher by 1 is exp(strength) times as likely to be generated.
    inflation : float
        What the scorer adds to this generator's responses.
    bias_share, flip_share : float in [0, 1]
    noise : float > 0
        Of the scorer, in units of reward.
    """

    size: int
    mixture: tuple[float, ...] = (0.52, 0.0, 0.0, 0.48)
    strength: float = 0.0
    inflation: float = 0.0
    bias_share: float = 0.6
    flip_share: float = 0.4
    noise: float = 1.0

    def draw(self, world, count, bias, flip, rng) -> dict:
        """The arrays of ``count`` pairs, by the names of the fields of PreferenceData."""
        prompts = training_sample(world, self.mixture, count, rng)
        items = _generated(world, prompts, min(PER_PROMPT, world.n_responses), self.strength, rng)
        scorer = Scorer(self.noise, 0.0, bias * self.bias_share, self.inflation, UNIT)
        scores = scorer.score(world, items, rng)
        rows = np.arange(count)
        best, worst = scores.argmax(axis=1), scores.argmin(axis=1)
        of_both = np.column_stack([scores[rows, best], scores[rows, worst]])
        kept = rng.random(count) >= flip * self.flip_share
        pair = items[rows, best], items[rows, worst]
        return _labelled(prompts, *pair, kept) | {"scores": of_both}


@dataclass(frozen=True)
class Annotated(Spec):
    """Two responses per prompt, and an annotator who chooses.

    Parameters
    ----------
    size, mixture, strength, bias_share, flip_share :
        As for :class:`ScoredPool`.
    temperature : float > 0
        The annotators'.
    opposed : float in [0, 1], optional
        For this share of the pairs one is looked for in which the better response has less of the
        spurious attributes, for the others one in which it has more. None: pairs as they come.
    flagged : bool
        Whether the source says which ones are opposed, as adversarial.
    """

    size: int
    mixture: tuple[float, ...]
    strength: float = 0.0
    bias_share: float = 1.0
    flip_share: float = 1.0
    temperature: float = 1.0
    opposed: float | None = None
    flagged: bool = False

    def draw(self, world, count, bias, flip, rng) -> dict:
        """The arrays of ``count`` pairs, by the names of the fields of PreferenceData."""
        prompts = training_sample(world, self.mixture, count, rng)
        if self.opposed is None:
            first, second = _generated(world, prompts, 2, self.strength, rng).T
            opposed = np.zeros(count, dtype=bool)
        else:
            opposed = rng.random(count) < self.opposed
            first, second = _sought(world, prompts, opposed, self.strength, rng)
        T = self.temperature
        annotator = Annotator(T, flip * self.flip_share, bias * self.bias_share / T)
        right = choose(annotator, world, first, second, rng)
        return _labelled(prompts, first, second, right) | {"adversarial": opposed & self.flagged}


@dataclass(frozen=True)
class Rated(Spec):
    """Two responses per prompt, each rated by itself; parameters as above."""

    size: int
    mixture: tuple[float, ...]
    strength: float = 0.0
    bias_share: float = 0.3
    flip_share: float = 0.4
    noise: float = 0.7

    def draw(self, world, count, bias, flip, rng) -> dict:
        """The arrays of ``count`` pairs, by the names of the fields of PreferenceData."""
        prompts = training_sample(world, self.mixture, count, rng)
        items = _generated(world, prompts, 2, self.strength, rng)
        rates = Rater(self.noise, 0.0, bias * self.bias_share).rate(world, items, rng)
        gain = rates[:, 0] - rates[:, 1]
        first = np.where(gain == 0, rng.random(count) < 0.5, gain > 0)
        kept = rng.random(count) >= flip * self.flip_share
        ordered = np.where(first[:, None], rates, rates[:, ::-1])
        return _labelled(prompts, *items.T, first == kept) | {"ratings": ordered}


def _labelled(prompts, first, second, right):
    return {
        "prompt": prompts,
        "chosen": np.where(right, first, second),
        "rejected": np.where(right, second, first),
    }


def _generated(world, prompts, count, strength, rng):
    """(N, count) distinct items per prompt, drawn one by one in proportion to exp(strength r*)."""
    items = prompts[:, None] * world.n_responses + np.arange(world.n_responses)
    keys = strength * world.reward[items] + rng.gumbel(size=items.shape)
    order = np.argpartition(-keys, count - 1, axis=1)[:, :count]
    return np.take_along_axis(items, rng.permuted(order, axis=1), axis=1)


def _sought(world, prompts, opposed, strength, rng):
    """Of some pairs for each prompt the one that is most opposed, or else most aligned."""
    pairs = _generated(world, np.repeat(prompts, TRIES), 2, strength, rng)
    r, z = world.reward[pairs], world.spurious.sum(axis=1)[pairs]
    alignment = ((r[:, 0] - r[:, 1]) * (z[:, 0] - z[:, 1])).reshape(-1, TRIES)
    best = np.where(opposed[:, None], -alignment, alignment).argmax(axis=1)
    return pairs.reshape(-1, TRIES, 2)[np.arange(prompts.size), best].T
