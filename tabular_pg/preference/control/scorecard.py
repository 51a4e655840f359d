"""How good fitted rewards are on the prompts held out: accuracy per category, and regret.

Both are exact: all pairs of responses are compared, all policies evaluated by sums.

References
----------
Lambert et al. (2024), RewardBench, arXiv 2403.13787.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.checks.arrays import real_numbers, real_vector
from tabular_pg.checks.numbers import check_type
from tabular_pg.preference.control.tables import expected_reward
from tabular_pg.preference.control.tilted import beta_at, tilted_policy
from tabular_pg.preference.world.world import CATEGORIES, World


class Scorecard(NamedTuple):
    """Pair accuracy on the prompts held out.

    Attributes
    ----------
    accuracy : of each category, by name.
    average : of the categories.
    """

    accuracy: dict[str, float]
    average: float


def pair_accuracy(rewards, fitted) -> np.ndarray:
    """(prompts,) how many of the pairs of different reward the fitted rewards order as these do.

    Equal fitted rewards count half; nan where all rewards of a prompt are equal.

    Parameters
    ----------
    rewards, fitted : (prompts, K)
    """
    rewards, fitted = real_numbers("rewards", rewards), real_numbers("fitted", fitted)
    if rewards.ndim != 2 or 0 in rewards.shape:
        raise ValueError(f"rewards has shape {rewards.shape}; expected (prompts, responses)")
    if fitted.shape != rewards.shape:
        raise ValueError(f"fitted has shape {fitted.shape}; expected {rewards.shape}")
    i, j = np.triu_indices(np.shape(rewards)[1], 1)
    true = np.sign(rewards[:, i] - rewards[:, j])
    said = np.sign(fitted[:, i] - fitted[:, j])
    right = ((true * said + 1) / 2 * (true != 0)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return right / (true != 0).sum(axis=1)


def scorecard(world, scores) -> Scorecard:
    """The accuracy of fitted rewards, (n_items,), over all pairs of responses held out."""
    check_type("world", world, World)
    fitted = real_vector("scores", scores, world.n_items, "item")
    prompts = world.benchmark
    tables = (world.table(each, prompts) for each in (world.reward, fitted))
    right, category = pair_accuracy(*tables), world.category[prompts]
    accuracy = {name: float(np.nanmean(right[category == c])) for c, name in enumerate(CATEGORIES)}
    return Scorecard(accuracy, float(np.mean(list(accuracy.values()))))


def regret_at_kl(world, scores, kl=1.0) -> float:
    """True reward that is lost by optimizing fitted rewards instead of the true ones, equally far.

    Both policies are the optima at the beta of their own at which their KL divergence from uniform
    is ``kl``, mean over the prompts held out. Raises ValueError if fitted rewards cannot get there.
    """
    check_type("world", world, World)
    fitted = real_vector("scores", scores, world.n_items, "item")
    gold = world.table(world.reward, world.benchmark)
    uniform = np.full(gold.shape, 1 / world.n_responses)
    values = []
    for table in (gold, world.table(fitted, world.benchmark)):
        policy = tilted_policy(uniform, table, beta_at(uniform, table, kl, "kl"))
        values.append(expected_reward(policy, gold).mean())
    return float(values[0] - values[1])
