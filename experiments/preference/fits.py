"""What the experiments on rewards share: worlds, data sets, and fits whose ridge the data choose.

The ridge is chosen as who has no other data would: a fifth of the prompts is held out, a model is
fitted to the pairs of the others, and the pairs held out are judged by their labels, right or
wrong. Nothing here but ``oracle`` and what measures the result has seen the true reward.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from tabular_pg.preference import (
    BradleyTerry,
    Fit,
    fit,
    make_world,
    pair_loss,
    regret_at_kl,
    scorecard,
    skywork_rules,
    sources,
)

HELD_OUT = 0.2  # of the prompts
REGIMES = {"biased": (1.0, 0.0), "flips": (0.0, 0.25), "clean": (0.0, 0.0)}  # bias, flip
OF_SOURCES = 1000  # added to the seed of a world: its data have random numbers of their own


class Learned(NamedTuple):
    """Rewards fitted to all items, and the ridge that was chosen."""

    fit: Fit
    ridge: float

    @property
    def scores(self) -> np.ndarray:
        """(n_items,)"""
        return self.fit.scores


class HeldOut(NamedTuple):
    """How good a fit is on pairs that it has not seen, by their labels."""

    loss: float
    accuracy: float


@cache
def world_of(prompts, seed):
    """The world of a seed."""
    return make_world(prompts, seed=seed)


def fitted(world, data, loss, ridge) -> Fit:
    """Rewards linear in the features; only the items compared take part, but all have a score."""
    items, pairs = np.unique(data.pairs, return_inverse=True)
    features = world.features[items]
    found = fit(pairs.reshape(-1, 2), items.size, loss=loss, features=features, ridge=ridge)
    compared = found.comparisons
    return replace(
        found,
        scores=world.features @ found.coefficients,
        features=world.features,
        comparisons=replace(
            compared,
            winner=items[compared.winner],
            loser=items[compared.loser],
            n_items=world.n_items,
        ),
    )


def held_out(world, data, loss, ridges, seed) -> list[HeldOut]:
    """For each ridge: fitted to the pairs of 80% of the prompts, judged on those of the others."""
    order = np.random.default_rng(seed).permutation(world.n_training)
    apart = np.isin(data.prompt, order[: round(HELD_OUT * order.size)])
    rest, judged = data.select(~apart), data.select(apart)
    found = []
    for ridge in ridges:
        scores = fitted(world, rest, loss, ridge).scores
        chosen, rejected = scores[judged.pairs.T]
        accuracy = (np.sign(chosen - rejected) + 1).mean() / 2
        found.append(HeldOut(float(pair_loss(loss, chosen, rejected).mean()), float(accuracy)))
    return found


def learned(world, data, ridges, seed, loss=BradleyTerry()) -> Learned:  # noqa: B008  (frozen)
    """Fitted to all pairs, with the ridge of the least loss on pairs held out."""
    losses = [each.loss for each in held_out(world, data, loss, ridges, seed)]
    ridge = ridges[int(np.argmin(losses))]
    return Learned(fitted(world, data, loss, ridge), ridge)


def drawn(world, scale, bias, flip, seed):
    """The pairs of every source, by its name."""
    return sources(world, scale, bias=bias, flip=flip, seed=OF_SOURCES + seed)


def kept_whole(world, pool):
    """What the rules of the paper leave if nothing is done about WildGuardMix."""
    return skywork_rules(adversarial=False, benchmark=world.benchmark_tokens).run(pool).data


def random_subset(data, size, rng, always=None):
    """So many pairs at random, first of all those where the mask ``always`` holds."""
    keys = rng.random(len(data)) - (0 if always is None else 2 * always)
    return data.select(np.sort(np.argsort(keys)[:size]))


def measured(world, scores) -> dict:
    """Accuracy in every category, their mean ``average``, and the ``regret`` at a KL of 1."""
    card = scorecard(world, scores)
    return card.accuracy | {"average": card.average, "regret": regret_at_kl(world, scores)}
