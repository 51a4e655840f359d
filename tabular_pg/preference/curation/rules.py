"""Rules that select pairs: each a pure function from a data set to a smaller one and a record.

What a rule may look at is what a curator has: scores, ratings, tasks, sources, texts, and rewards
that were fitted to data, never the true ones. A rule keeps the order of the pairs; it does not
depend on that order in which pairs it keeps.

A rule refuses a source that the data never had, which is one that ``source_names`` lacks. Nothing
is done about a source of which an earlier rule left no pair: its name is still there.

References
----------
Liu et al. (2024), Skywork-Reward: Bag of Tricks for Reward Modeling in LLMs, arXiv 2410.18451.
"""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import as_float, check_dict, check_number, is_real, shown
from tabular_pg.preference.data.pairs import PreferenceData, checked_data, checked_names

ROUNDING = 1e-9  # relative: 0.07 * 100 are 7 pairs, not 8


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

    __repr__ = compact


class Curated(NamedTuple):
    """What a rule kept, and its record."""

    data: PreferenceData
    record: Record

    __repr__ = compact


def kept(data, mask, rule, reason) -> Curated:
    """The pairs where the mask holds, and the record of the others."""
    rest = data.select(mask)
    return Curated(rest, Record(rule, reason, data.pair_id[~mask], data.counts, rest.counts))


def deduplicate(data) -> Curated:
    """Of pairs with the same chosen and the same rejected item the one with the least id is kept.

    The opposite choice is no duplicate: it is a second opinion. Idempotent.
    """
    checked_data("data", data)
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
    checked_data("data", data)
    check_dict("offsets", offsets, "numbers by source")
    mean = data.scores.mean(axis=1)
    for name, offset in offsets.items():
        if name not in data.source_names:
            known = ", ".join(data.source_names)
            raise ValueError(f"offsets has the source {shown(name)}; expected one of {known}")
        offset = check_number(f"offsets[{name!r}]", offset, -np.inf, kind=Real)
        mean = mean - offset * data.of(name, empty=True)
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
        What it is a fraction of, by default ``data``. If given, it is what must have pairs of each
        source, and all of those in ``data``.

    Raises
    ------
    ValueError
        If an argument is invalid, a source is not there, or a pair of theirs has no score.
    """
    checked_data("data", data)
    pool = data if of is None else of
    checked_data("of", pool)
    groups = _groups(fractions, default, pool.task_names)
    mine = from_sources(pool, sources, empty=of is None)
    score = score_offsets(pool, {} if offsets is None else offsets)
    if not np.isin(data.pair_id[from_sources(data, sources)], pool.pair_id).all():
        raise ValueError("of lacks pairs of the data; expected all of these sources")
    _check_known("scores", pool, mine & np.isnan(score))
    dropped = []
    for group, fraction in groups.items():
        rows = np.flatnonzero(mine & pool.about(*group))
        ranked = rows[np.lexsort([pool.pair_id[rows], -score[rows]])]
        dropped.append(pool.pair_id[ranked[int(np.ceil(fraction * rows.size * (1 - ROUNDING))) :]])
    mask = ~np.isin(data.pair_id, np.concatenate([np.empty(0, np.int64), *dropped]))
    return kept(data, mask, "top fraction", "the mean score is too low for its task")


def rating_filter(data, *, sources) -> Curated:
    """Pairs of these sources are kept if the chosen response is rated higher. Idempotent."""
    mine = from_sources(data, sources)
    _check_known("ratings", data, mine & np.isnan(data.ratings).any(axis=1))
    higher = data.ratings[:, 0] > data.ratings[:, 1]
    return kept(data, ~mine | higher, "rating filter", "chosen is not rated higher than rejected")


def adversarial_only(data, *, sources) -> Curated:
    """Pairs of these sources are kept if they are adversarial. Idempotent."""
    mask = ~from_sources(data, sources) | data.adversarial
    return kept(data, mask, "adversarial only", "the prompt is not adversarial")


def from_sources(data, sources, empty=True):
    """(N,) whether a pair is from one of these sources."""
    checked_data("data", data)
    names = checked_names("sources", sources)
    if not names:
        raise ValueError(f"sources is {shown(sources)}; expected at least one name")
    return data.of(*names, empty=empty)


def _groups(fractions, default, tasks):
    """The fraction of every group of tasks."""
    check_dict("fractions", fractions, "numbers by task")
    groups, named = {}, []
    for key, fraction in fractions.items():
        group = key if isinstance(key, tuple) else (key,)
        for task in group:
            if task not in tasks:
                known = ", ".join(tasks)
                raise ValueError(f"fractions has the task {shown(task)}; expected one of {known}")
        groups[group] = _checked_fraction(f"fractions[{key!r}]", fraction)
        named += group
    if len(set(named)) < len(named):
        raise ValueError(f"fractions is {fractions!r}; expected every task at most once")
    if default is not None:
        rest = tuple(name for name in tasks if name not in named)
        groups[rest] = _checked_fraction("default", default)
    return groups


def _checked_fraction(name, fraction) -> float:
    if not is_real(fraction) or not 0 < as_float(fraction) <= 1:
        raise ValueError(f"{name} is {shown(fraction)}; expected a finite number in (0, 1]")
    return as_float(fraction)


def _check_known(name, data, missing):
    if missing.any():
        i = int(missing.argmax())
        raise ValueError(
            f"{name}[{i}] is {getattr(data, name)[i]}, of source "
            f"{data.source_names[data.source[i]]!r}; expected numbers"
        )
