"""Rules that select pairs: each a pure function from a data set to a smaller one and a record.

What a rule may look at is what a curator has: scores, ratings, tasks, sources, texts, and rewards
that were fitted to data, never the true ones. A rule keeps the order of the pairs; it does not
depend on that order in which pairs it keeps. A rule refuses a source of which no pair is left.

References
----------
Liu et al. (2024), Skywork-Reward: Bag of Tricks for Reward Modeling in LLMs, arXiv 2410.18451.
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._checks import check_number
from tabular_pg.preference.data import PreferenceData

ROUNDING = 1e-9  # 0.07 * 100 are 7 pairs, not 8


class Record(NamedTuple):
    """What a rule did.

    Attributes
    ----------
    rule : its name.
    reason : why a pair was dropped.
    dropped : the ids of the pairs dropped, in order.
    before, after : counts of pairs by source.
    """

    rule: str
    reason: str
    dropped: np.ndarray
    before: dict[str, int]
    after: dict[str, int]


class Curated(NamedTuple):
    """What a rule kept, and its record."""

    data: PreferenceData
    record: Record


def kept(data, mask, rule, reason) -> Curated:
    """The pairs where the mask holds, and the record of the others."""
    rest = data.select(mask)
    return Curated(rest, Record(rule, reason, data.pair_id[~mask], data.counts, rest.counts))


def deduplicate(data) -> Curated:
    """Of pairs with the same chosen and the same rejected item the one with the least id is kept.

    The opposite choice is no duplicate: it is a second opinion. Idempotent.
    """
    order = np.lexsort([data.pair_id, data.rejected, data.chosen])
    same = (np.diff(data.pairs[order], axis=0) == 0).all(axis=1)
    mask = np.ones(len(data), dtype=bool)
    mask[order[1:][same]] = False
    return kept(data, mask, "deduplicate", "the same pair is there already")


def score_offsets(data, offsets) -> np.ndarray:
    """(N,) the mean score of each pair, minus the offset of its source.

    Parameters
    ----------
    offsets : dict of numbers by source
        What to subtract; nothing for sources that are not named.
    """
    mean = data.scores.mean(axis=1)
    for name, offset in offsets.items():
        check_number(f"offsets[{name!r}]", offset, -np.inf, kind=Real)
        mean = mean - offset * data.of(name)
    return mean


def top_fraction(data, fractions, *, sources, offsets=None, default=None, of=None) -> Curated:
    """The pairs of these sources with the best mean scores are kept, a fraction of every group.

    A fraction of n pairs are ``ceil(fraction * n)``; of equal scores the least ids are kept. With
    ``of`` given the rule is idempotent, and commutes with others; without it a second pass keeps
    a fraction of a fraction.

    Parameters
    ----------
    fractions : dict of numbers in (0, 1] by task or by tuple of tasks
        A tuple is one group.
    sources : sequence of str
        The pairs of all of them compete; other sources are left as they are.
    offsets : dict of numbers by source, optional
        See :func:`score_offsets`.
    default : number in (0, 1], optional
        For all other tasks, as one group; by default these are kept.
    of : PreferenceData, optional
        What it is a fraction of, by default ``data``.

    Raises
    ------
    ValueError
        If an argument is invalid, a source has no pairs, or a pair of theirs has no score.
    """
    pool = data if of is None else of
    groups = {(k,) if isinstance(k, str) else tuple(k): v for k, v in fractions.items()}
    named = [name for group in groups for name in group]
    if len(set(named)) < len(named):
        raise ValueError(f"fractions is {fractions!r}; expected every task at most once")
    if default is not None:
        groups[tuple(n for n in pool.task_names if n not in named)] = default
    mine, score = pool.of(*sources), score_offsets(pool, offsets or {})
    if not np.isin(data.pair_id[data.of(*sources)], pool.pair_id).all():
        raise ValueError("of lacks pairs of the data; expected all of these sources")
    _check_known("scores", pool, mine & np.isnan(score))
    dropped = []
    for group, fraction in groups.items():
        _check_fraction(f"fractions[{group!r}]", fraction)
        rows = np.flatnonzero(mine & pool.about(*group))
        ranked = rows[np.lexsort([pool.pair_id[rows], -score[rows]])]
        dropped.append(pool.pair_id[ranked[int(np.ceil(fraction * rows.size - ROUNDING)) :]])
    mask = ~np.isin(data.pair_id, np.concatenate([np.empty(0, np.int64), *dropped]))
    return kept(data, mask, "top fraction", "the mean score is too low for its task")


def rating_filter(data, *, sources) -> Curated:
    """Pairs of these sources are kept if the chosen response is rated higher. Idempotent."""
    mine = data.of(*sources)
    _check_known("ratings", data, mine & np.isnan(data.ratings).any(axis=1))
    higher = data.ratings[:, 0] > data.ratings[:, 1]
    return kept(data, ~mine | higher, "rating filter", "chosen is not rated higher than rejected")


def adversarial_only(data, *, sources) -> Curated:
    """Pairs of these sources are kept if they are adversarial. Idempotent."""
    mask = ~data.of(*sources) | data.adversarial
    return kept(data, mask, "adversarial only", "the prompt is not adversarial")


def agreement_filter(data, rewards, *, sources) -> Curated:
    """Pairs of these sources are kept if a fitted reward prefers the chosen response, too.

    Parameters
    ----------
    rewards : array_like (n_items,), or a callable
        Fitted rewards of all items; or what fits them to a data set, which is given the pairs of
        all other sources. Idempotent either way.

    Raises
    ------
    ValueError
        If a source has no pairs, there are no other ones to fit to, or a reward is missing.
    """
    mine = data.of(*sources)
    if callable(rewards):
        if mine.all():
            raise ValueError(f"sources is {sources!r}; expected others, too, to fit a reward to")
        rewards = rewards(data.select(~mine))
    rewards = np.asarray(rewards, dtype=np.float64)
    last = int(data.pairs[mine].max())
    if rewards.ndim != 1 or rewards.size <= last:
        raise ValueError(f"rewards has shape {rewards.shape}; expected (n_items,) with > {last}")
    one, other = rewards[data.pairs[mine].T]
    if np.isnan(one).any() or np.isnan(other).any():
        raise ValueError("rewards has nan for a pair to judge; expected a number")
    mask = ~mine
    mask[mine] = one > other
    return kept(data, mask, "agreement filter", "the fitted reward does not prefer chosen")


def agreement_purity(label_accuracy, reward_accuracy):
    """Share of right labels among those with which a reward agrees: p a / (p a + (1-p) (1-a)).

    It holds for labels that are right with probability p and a reward with probability a, if the
    errors are independent.
    """
    right = label_accuracy * reward_accuracy
    return right / (right + (1 - label_accuracy) * (1 - reward_accuracy))


def _check_fraction(name, fraction):
    check_number(name, fraction, 0, 1, kind=Real)
    if fraction == 0:
        raise ValueError(f"{name} is {fraction!r}; expected a finite number in (0, 1]")


def _check_known(name, data, missing):
    if missing.any():
        i = int(missing.argmax())
        raise ValueError(
            f"{name}[{i}] is {getattr(data, name)[i]}, of source "
            f"{data.source_names[data.source[i]]!r}; expected numbers"
        )
