"""The rule that keeps the pairs with whose choice a fitted reward agrees."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.numbers import shown
from tabular_pg.preference.curation.rules import Curated, from_sources, kept
from tabular_pg.preference.fitting.result import Fit


def agreement_filter(data, rewards, *, sources) -> Curated:
    """Pairs of these sources are kept if a fitted reward prefers the chosen response, too.

    Rewards come as fits, whose scores are read: an array, as the true rewards are one, is refused.
    No type keeps who wants to from cheating, with a ``Fit`` put together by hand, or a callable
    that knows a world.

    Parameters
    ----------
    rewards : Fit, or a callable from PreferenceData to a Fit
        With scores of all items; a callable is given the pairs of all other sources, unless no
        pair is left to judge. Idempotent either way.

    Raises
    ------
    ValueError
        If a source is not there, there are no other ones to fit to, or a reward is missing.
    """
    if not isinstance(rewards, Fit) and not callable(rewards):
        raise ValueError(
            f"rewards is of type {type(rewards).__name__}; expected a Fit, or a callable from "
            "PreferenceData to a Fit"
        )
    mask = ~from_sources(data, sources)
    if not mask.all():
        mask[~mask] = _agrees(data, mask, rewards, sources)
    return kept(data, mask, "agreement filter", "the fitted reward does not prefer chosen")


def _agrees(data, others, rewards, sources):
    """Of each pair that is not of the others, whether the reward agrees."""
    if not isinstance(rewards, Fit):
        if not others.any():
            raise ValueError(
                f"sources is {shown(sources)}; expected others, too, to fit a reward to"
            )
        rewards = rewards(data.select(others))
        if not isinstance(rewards, Fit):
            raise ValueError(f"rewards returned a {type(rewards).__name__}; expected a Fit")
    scores, pairs = np.asarray(rewards.scores, dtype=np.float64), data.pairs[~others]
    if scores.ndim != 1 or scores.size <= pairs.max():
        raise ValueError(f"rewards.scores has shape {scores.shape}; expected > {pairs.max()} items")
    missing = pairs[np.isnan(scores[pairs])]
    if missing.size:
        raise ValueError(f"rewards.scores[{missing[0]}] is nan; expected a number for that item")
    return scores[pairs[:, 0]] > scores[pairs[:, 1]]
