"""Pairwise preferences read from files: JSON lines of responses, and tables of names.

Both give ``Pairs``: items numbered in the order in which they appear, and who beat whom. Whatever
cannot be read is refused with the file and the number of the line.
"""

from __future__ import annotations

import csv
import enum
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np


class Ties(enum.Enum):
    """What becomes of a comparison that nobody won."""

    REFUSE = "a tie is an error"
    DROP = "a tie is left out, and counted"
    HALVE = "a tie is half a win for either"


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
    ties : the number of ties that were left out.
    """

    items: tuple
    pairs: np.ndarray
    weights: np.ndarray
    sources: tuple
    ratings: np.ndarray
    ties: int = 0

    @property
    def n_items(self) -> int:
        return len(self.items)


def read_jsonl(path, *, ties=Ties.REFUSE) -> Pairs:
    """The pairs of a file with one JSON object per line.

    ``chosen`` and ``rejected`` are strings, or lists of messages {"role", "content"} that are the
    same up to the last one: what they share is the prompt, and follows ``prompt`` where both are
    there. ``source`` (a string), and ``chosen_score`` and ``rejected_score`` (numbers) are kept.
    An item is a response to a prompt; the same response to the same prompt is the same item.

    Parameters
    ----------
    path : str or Path
    ties : Ties
        What to do where chosen and rejected are the same. ``Ties.HALVE`` is refused here: an item
        cannot be compared with itself.

    Raises
    ------
    ValueError
        Names the file, the line and what was expected.
    """
    _check_ties(ties, (Ties.REFUSE, Ties.DROP))
    rows = _Rows(path)
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                _add_json(rows, line, number, ties)
    return rows.finished()


def read_table(path, *, columns=("winner", "loser"), counts=None, tied=None, ties=Ties.REFUSE):
    """The pairs of a table with a header: tab-separated if the name ends in .tsv, else commas.

    Parameters
    ----------
    path : str or Path
    columns : (str, str)
        The headers of the two names, the winner first.
    counts : str or (str, str), optional
        Header of how often; of two, how often either won.
    tied : str, optional
        Header of how often they tied.
    ties : Ties

    Returns
    -------
    Pairs

    Raises
    ------
    ValueError
        Names the file, the line and what was expected.
    """
    _check_ties(ties, Ties)
    counts = (counts,) if isinstance(counts, str) else tuple(counts or ())
    headers = [*columns, *counts, *([tied] if tied else [])]
    rows = _Rows(path)
    with open(path, encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t" if str(path).endswith(".tsv") else ",")
        for name in headers:
            if name not in (table.fieldnames or ()):
                found = ", ".join(table.fieldnames or ()) or "nothing"
                raise ValueError(f"{path}:1: no column {name!r}; the header has {found}")
        for row in table:
            _add_row(rows, row, table.line_num, columns, counts, tied, ties)
    return rows.finished()


class _Rows:
    """Pairs as they are read."""

    def __init__(self, path):
        self.path = Path(path)
        self.items, self.pairs, self.weights = {}, [], []
        self.sources, self.ratings, self.ties = [], [], 0

    def number(self, item) -> int:
        return self.items.setdefault(item, len(self.items))

    def add(self, winner, loser, weight=1.0, source=None, ratings=(math.nan, math.nan)):
        self.pairs.append((self.number(winner), self.number(loser)))
        self.weights.append(weight)
        self.sources.append(source)
        self.ratings.append(ratings)

    def wrong(self, line, message):
        return ValueError(f"{self.path}:{line}: {message}")

    def finished(self) -> Pairs:
        if not self.pairs:
            raise ValueError(f"{self.path} has no pairs; expected at least one")
        return Pairs(
            tuple(self.items), np.array(self.pairs), np.array(self.weights, dtype=float),
            tuple(self.sources), np.array(self.ratings, dtype=float), self.ties,
        )  # fmt: skip


def _add_json(rows, line, number, ties):
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise rows.wrong(number, f"not JSON: {error}") from None
    if not isinstance(row, dict):
        raise rows.wrong(number, f"{type(row).__name__}; expected an object")
    for key in ("chosen", "rejected"):
        if key not in row:
            raise rows.wrong(number, f"no {key!r}; the keys are {', '.join(row) or 'none'}")
    prompt, source = row.get("prompt") or "", row.get("source")
    for key, value in (("prompt", prompt), ("source", source or "")):
        if not isinstance(value, str):
            raise rows.wrong(number, f"{key} is {value!r}; expected a string")
    (start, chosen), (other, rejected) = (
        _response(rows, number, key, row[key]) for key in ("chosen", "rejected")
    )
    if start != other:
        raise rows.wrong(number, "chosen and rejected differ before the last message")
    if chosen == rejected:
        if ties is Ties.REFUSE:
            raise rows.wrong(number, "chosen and rejected are the same; expected a tie policy")
        rows.ties += 1
        return
    prompt = "\n".join(part for part in (prompt, start) if part)
    ratings = tuple(_rating(rows, number, row, f"{key}_score") for key in ("chosen", "rejected"))
    rows.add((prompt, chosen), (prompt, rejected), source=source, ratings=ratings)


def _response(rows, number, key, value):
    """What comes before the last message, and that message."""
    if isinstance(value, str):
        return "", value
    good = isinstance(value, list) and value
    if not good or not all(
        isinstance(m, dict) and all(isinstance(m.get(k), str) for k in ("role", "content"))
        for m in value
    ):
        raise rows.wrong(
            number, f'{key} is {value!r:.60}; expected a string, or messages {{"role", "content"}}'
        )
    before = "\n".join(f"{message['role']}: {message['content']}" for message in value[:-1])
    return before, value[-1]["content"]


def _rating(rows, number, row, key):
    value = row.get(key)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise rows.wrong(number, f"{key} is {value!r}; expected a finite number")
    return float(value)


def _add_row(rows, row, number, columns, counts, tied, ties):
    first, second = ((row[name] or "").strip() for name in columns)
    if not first or not second:
        raise rows.wrong(number, f"{columns[0]} is {first!r}, {columns[1]} {second!r}; both needed")
    if first == second:
        raise rows.wrong(number, f"{first!r} is compared with itself")
    won = [_count(rows, number, row, name) for name in counts] or [1.0]
    draws = _count(rows, number, row, tied) if tied else 0.0
    if draws and ties is Ties.REFUSE:
        raise rows.wrong(number, f"{tied} is {row[tied]}; expected no ties, or a tie policy")
    if ties is Ties.HALVE:
        won = [won[0] + draws / 2, (won[1] if len(won) > 1 else 0.0) + draws / 2]
    else:
        rows.ties += int(draws)
    rows.number(first), rows.number(second)
    for names, weight in zip(((first, second), (second, first)), won, strict=False):
        if weight:
            rows.add(*names, weight)


def _count(rows, number, row, name):
    try:
        value = float(row[name])
    except (TypeError, ValueError):
        value = math.nan
    if not value >= 0 or not math.isfinite(value):
        raise rows.wrong(number, f"{name} is {row[name]!r}; expected a number >= 0")
    return value


def _check_ties(ties, allowed):
    if ties not in tuple(allowed):
        expected = ", ".join(str(each) for each in allowed)
        raise ValueError(f"ties is {ties!r}; expected one of {expected}")
