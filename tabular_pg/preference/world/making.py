"""A world drawn from a seed: what its items are like, and the tasks and texts of its prompts."""

from __future__ import annotations

from numbers import Real

import numpy as np

from tabular_pg.checks.arrays import real_vector, refuse_where
from tabular_pg.checks.numbers import check_number
from tabular_pg.preference.world.texts import make_texts
from tabular_pg.preference.world.world import (
    CATEGORIES,
    GENERAL,
    GROUP,
    SHARES,
    SPECIFIC,
    SPURIOUS,
    TASKS,
    World,
)


def make_world(
    prompts=4000,
    responses=16,
    *,
    seed,
    benchmark=400,
    nuisance=60,
    correlations=(0.3, -0.6, 0.0, 0.0),
    specific=0.5,
    level=1.0,
    offset=1.0,
    blur=0.0,
    contamination=0.05,
) -> World:
    """A world drawn from the seed.

    Parameters
    ----------
    prompts, benchmark : int
        How many to learn from, and how many held out, a quarter of them in each category.
    responses : int
        Candidates per prompt, at least 2.
    nuisance : int
        Features that have to do with nothing: the more, the more pairs a fit needs.
    correlations : four numbers in [-1, 1]
        Of each spurious attribute with the reward within a prompt, in each category.
    specific : float in [0, 1]
        Share of the reward's variance that is due to the attributes of the category alone.
    level : float >= 0
        Standard deviation over prompts of each general attribute's mean: some prompts are easy.
    offset : float >= 0
        Standard deviation of the prompts' offsets c(x).
    blur : float >= 0
        Standard deviation of what is added to the quality attributes in ``features``. If positive,
        no reward model is perfect, and spurious attributes are evidence.
    contamination : float in [0, 1]
        Share of the training prompts that have more than 7 tokens in a row of a held-out one.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    check_number("seed", seed, 0)
    check_number("responses", responses, 2)
    check_number("prompts", prompts, 10)  # or else there is a category without any
    check_number("benchmark", benchmark, 4)
    check_number("nuisance", nuisance, 0)
    correlations = _checked_correlations(correlations)
    level, offset, blur = (
        check_number(name, value, 0, kind=Real)
        for name, value in (("level", level), ("offset", offset), ("blur", blur))
    )
    specific = check_number("specific", specific, 0, 1, kind=Real)
    contamination = check_number("contamination", contamination, 0, 1, kind=Real)
    of_prompts, of_items, of_texts = np.random.default_rng(seed).spawn(3)
    category = np.concatenate([_spread(SHARES, prompts), _spread([0.25] * 4, benchmark)])
    quality = _quality(of_items, category, responses)
    within = quality @ _weights(specific)  # of standard deviation 1 in every prompt
    spurious = _spurious(of_items, within, correlations[category].repeat(responses))
    if level > 0:
        quality[:, : len(GENERAL)] += _levels(of_prompts, category.size, level, responses)
    offsets = (offset * of_prompts.standard_normal(category.size)).repeat(responses)
    reward = quality @ _weights(specific) + offsets
    features, names = _features(of_items, quality, spurious, blur, nuisance)
    task = _tasks(of_prompts, category)
    texts = make_texts(of_texts, task, prompts, contamination)
    for array in (category, task, features, spurious, reward, texts.contaminated):
        array.setflags(write=False)
    return World(
        int(responses), int(prompts), category, task, features, names, spurious, reward, *texts
    )


def _spread(shares, count):
    """(count,) positions in ``shares``, each as often as its share says."""
    return np.searchsorted(np.cumsum(shares)[:-1], (np.arange(count) + 0.5) / count)


def _weights(specific):
    """Of the attributes in the reward: squares add to 1 over the general and one group."""
    groups = sum(len(group) for group in SPECIFIC)
    general = np.full(len(GENERAL), np.sqrt((1 - specific) / len(GENERAL)))
    return np.append(general, np.full(groups, np.sqrt(specific / len(SPECIFIC[0]))))


def _quality(rng, category, responses):
    """(n_items, .) the attributes of quality, but for the prompts' levels."""
    group = GROUP[category].repeat(responses)
    general = rng.standard_normal((group.size, len(GENERAL)))
    own = rng.standard_normal((group.size, len(SPECIFIC[0])))
    parts = [own * (group == g)[:, None] for g in range(len(SPECIFIC))]
    return np.hstack([general, *parts])


def _spurious(rng, reward, correlation):
    """(n_items, 2) attributes with this correlation with the reward, in every item."""
    rho = correlation[:, None]
    own = rng.standard_normal((reward.size, len(SPURIOUS)))
    return rho * reward[:, None] + np.sqrt(1 - rho**2) * own


def _levels(rng, prompts, level, responses):
    """(n_items, .) what every prompt adds to the general attributes of its items."""
    return (level * rng.standard_normal((prompts, len(GENERAL)))).repeat(responses, axis=0)


def _features(rng, quality, spurious, blur, nuisance):
    """(n_items, F) what is seen of the attributes, with features that say nothing; their names."""
    if blur > 0:
        quality = quality + blur * rng.standard_normal(quality.shape) * (quality != 0)
    names = (*GENERAL, *(name for group in SPECIFIC for name in group), *SPURIOUS)
    names += tuple(f"nuisance {i}" for i in range(nuisance))
    return np.hstack([quality, spurious, rng.standard_normal((len(quality), nuisance))]), names


def _tasks(rng, category):
    """(n_prompts,) a task of the category's; Chat Hard has those of Chat."""
    where = np.where(category == 1, 0, category)
    task = np.empty(category.size, dtype=np.int64)
    of, shares = (np.array(column) for column in zip(*TASKS.values(), strict=True))
    for c in np.unique(where):
        mine, options = where == c, np.flatnonzero(of == c)
        p = shares[options] / shares[options].sum()
        task[mine] = rng.choice(options, mine.sum(), p=p)
    return task


def _checked_correlations(correlations) -> np.ndarray:
    values = real_vector("correlations", correlations, len(CATEGORIES), "category")
    refuse_where(abs(values) > 1, "correlations", values, "a number in [-1, 1]")
    return values
