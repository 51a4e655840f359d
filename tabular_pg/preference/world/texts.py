"""Texts of prompts that are made up for a world.

Prompts of the same task open with the same few tokens, as prompts do; the rest of their tokens are
drawn one by one. So short runs are shared by many, and a run longer than 7 only by copying.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.preference.data.tokens import Tokens

VOCABULARY = 5000
OPENING = 5  # tokens that all prompts of a task start with
LENGTHS = (14, 40)  # of a prompt, with the opening
COPIED = (8, 14)  # tokens of a held-out prompt in a contaminated one


class Texts(NamedTuple):
    """Of the training prompts, of those held out, and which of the former are contaminated."""

    training: Tokens
    held_out: Tokens
    contaminated: np.ndarray

    __repr__ = compact


def make_texts(rng, task, n_training, contamination) -> Texts:
    """A text for every prompt, given its task; the first ``n_training`` are not held out.

    ``contamination`` is the share of these into which 8 to 14 tokens in a row are copied.
    """
    lengths = rng.integers(LENGTHS[0], LENGTHS[1] + 1, task.size)
    ptr = np.append(0, np.cumsum(lengths))
    values = rng.integers(0, VOCABULARY, ptr[-1])
    openings = rng.integers(0, VOCABULARY, (task.max() + 1, OPENING))
    values[ptr[:-1, None] + np.arange(OPENING)] = openings[task]
    contaminated = np.zeros(n_training, dtype=bool)
    chosen = rng.permutation(n_training)[: round(contamination * n_training)]
    contaminated[chosen] = True
    for x in chosen:
        y = rng.integers(n_training, task.size)
        n = rng.integers(COPIED[0], COPIED[1] + 1)
        source = rng.integers(ptr[y], ptr[y + 1] - n + 1)
        target = rng.integers(ptr[x], ptr[x + 1] - n + 1)
        values[target : target + n] = values[source : source + n]
    both = Tokens(ptr, values)
    return Texts(both.part(0, n_training), both.part(n_training, task.size), contaminated)
