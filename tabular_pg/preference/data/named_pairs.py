"""Comparisons of named items, and how they are put together row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_path
from tabular_pg.preference.data.dialogues import unmistakable


@dataclass(frozen=True, eq=False)
class Pairs:
    """Comparisons of named items.

    Attributes
    ----------
    items : tuple of str, or of (prompt, response) for JSON lines
    pairs : (N, 2) numbers of winner and loser.
    weights : (N,) how often.
    sources : tuple of str or None, one per pair.
    ratings : (N, 2) of the winner and of the loser, NaN where there are none.
    ties : the number of ties that were left out; like counts it need not be whole.
    margins : (N,) by how much the winner is better, NaN where that is not said; None for tables.
    """

    items: tuple
    pairs: np.ndarray
    weights: np.ndarray
    sources: tuple
    ratings: np.ndarray
    ties: float = 0
    margins: np.ndarray | None = None

    __repr__ = compact

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.items)


class Rows:
    """Pairs as they are read."""

    def __init__(self, path):
        check_path("path", path)
        self.path = Path(path)
        self.items, self.pairs, self.weights = {}, [], []
        self.sources, self.ratings, self.ties = [], [], 0
        self.texts, self.of_text, self.margins = {}, {}, []

    def number(self, item) -> int:
        """That of an item, which is a new one if it was not met before."""
        return self.items.setdefault(item, len(self.items))

    def add(self, winner, loser, weight=1.0, source=None, ratings=(math.nan, math.nan)):
        """Add a comparison, also of items that were not met before."""
        self.pairs.append((self.number(winner), self.number(loser)))
        self.weights.append(weight)
        self.sources.append(source)
        self.ratings.append(ratings)

    def prompt(self, said, text) -> str:
        """The text of a conversation, the same whatever it is spelled like, and no other's."""
        if said not in self.texts:
            if self.of_text.setdefault(text, said) != said:
                text = unmistakable(said)
                self.of_text[text] = said
            self.texts[said] = text
        return self.texts[said]

    def wrong(self, line, message):
        """The error that a line is wrong."""
        return ValueError(f"{self.path}:{line}: {message}")

    def finished(self) -> Pairs:
        """All pairs that were read, else ValueError."""
        if not self.pairs:
            raise ValueError(f"{self.path} has no pairs; expected at least one")
        ties = int(self.ties) if self.ties == int(self.ties) else self.ties
        return Pairs(
            tuple(self.items), np.array(self.pairs), np.array(self.weights, dtype=float),
            tuple(self.sources), np.array(self.ratings, dtype=float), ties,
            np.array(self.margins, dtype=float) if self.margins else None,
        )  # fmt: skip
