"""Graphs of comparisons of 64 items, and their outcomes by scores."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import expit

ITEMS, PROMPT = 64, 16


def grouped(size, count, rng):
    """Each with random others of its group of that size."""
    first = np.repeat(np.arange(ITEMS), count)
    other = (first + rng.integers(1, size, size=first.size)) % size
    return np.column_stack([first, first // size * size + other])


def star(count, rng):
    """All others with item 0."""
    others = np.repeat(np.arange(1, ITEMS), count)
    return np.column_stack([others, np.zeros_like(others)])


def chain(count, rng):
    """Each with the next."""
    return np.repeat(np.column_stack([np.arange(ITEMS - 1), np.arange(1, ITEMS)]), count, axis=0)


GRAPHS = {
    "random pairs": partial(grouped, ITEMS),
    "star": star,
    "chain": chain,
    "per prompt": partial(grouped, PROMPT),
}


def judged(pairs, scores, rng):
    """The pairs, winners first, and the probabilities with which their first ones win."""
    p = expit(scores[pairs[:, 0]] - scores[pairs[:, 1]])
    return np.where((rng.random(p.size) < p)[:, None], pairs, pairs[:, ::-1]), p
