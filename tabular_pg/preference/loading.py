"""Pairwise preferences read from files: JSON lines of responses, and tables of names.

Both give ``Pairs``: items numbered in the order in which they appear, and who beat whom. Whatever
cannot be read is refused with the file and the number of the line.
"""

from __future__ import annotations

import csv
import enum
import io
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MESSAGES = 'messages {"role", "content"}'


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
    ties : the number of ties that were left out; like counts it need not be whole.
    """

    items: tuple
    pairs: np.ndarray
    weights: np.ndarray
    sources: tuple
    ratings: np.ndarray
    ties: float = 0

    @property
    def n_items(self) -> int:
        return len(self.items)


def read_jsonl(path, *, ties=Ties.REFUSE) -> Pairs:
    """The pairs of a file with one JSON object per line, in UTF-8.

    ``chosen`` and ``rejected`` are strings, or lists of messages {"role", "content"} that are the
    same up to the last one: what they share is the prompt, and follows ``prompt`` where both are
    there. ``prompt`` is a string or a list of messages too. ``source`` (a string), and
    ``chosen_score`` and ``rejected_score`` (numbers) are kept.
    An item is a response to a prompt; the same response to the same prompt is the same item.
    Raises ValueError with the file, the line and what was expected.

    Parameters
    ----------
    path : str or Path
    ties : Ties
        Where chosen and rejected are the same; not HALVE, as these would be one item twice.
    """
    _check_ties(ties, (Ties.REFUSE, Ties.DROP))
    rows = _Rows(path)
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            _add_json(rows, line, number, ties)
    return rows.finished()


def read_table(path, *, columns=("winner", "loser"), counts=None, tied=None, ties=Ties.REFUSE):
    """The pairs of a table with a header: tab-separated if the name ends in .tsv, else commas.

    Raises ValueError with the file, the line and what was expected.

    Parameters
    ----------
    path : str or Path
    columns : (str, str)
        The headers of the two names, the winner first.
    counts : str or (str, str), optional
        Header of how often; of two, how often either won.
    tied : str, optional
        Header of how often they tied; needs ``counts``.
    ties : Ties
    """
    _check_ties(ties, Ties)
    counts, headers = _headers(columns, counts, tied)
    rows, delimiter = _Rows(path), "\t" if str(path).endswith(".tsv") else ","
    table = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter=delimiter)
    try:
        found = list(table.fieldnames or ())
        for name in headers:
            if found.count(name) != 1:
                many = f"{found.count(name)} columns" if name in found else "no column"
                header = ", ".join(found) or "nothing"
                raise rows.wrong(1, f"{many} {name!r}; the header has {header}")
        for row in table:
            _add_row(rows, row, table.line_num, columns, counts, tied, ties)
    except csv.Error as error:
        raise rows.wrong(table.line_num, f"not a table: {error}") from None
    return rows.finished()


def _text(path):
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}:{line}: not UTF-8: {error.reason}") from None


def _headers(columns, counts, tied):
    """Those of counts as a tuple, and all that the table needs, else ValueError."""
    counts = (counts,) if isinstance(counts, str) else () if counts is None else counts
    ties = () if tied is None else (tied,)
    for name, value, sizes, expected in (
        ("columns", columns, (2,), "two headers"),
        ("counts", counts, (0, 1, 2), "one header, two, or None"),
        ("tied", ties, (0, 1) if counts else (0,), "a header, beside counts"),
    ):
        good = isinstance(value, tuple | list) and len(value) in sizes
        if not good or not all(isinstance(header, str) for header in value):
            raise ValueError(f"{name} is {value!r}; expected {expected}")
    headers = [*columns, *counts, *ties]
    if len(set(headers)) < len(headers):
        raise ValueError(f"columns, counts and tied are {headers}; expected different headers")
    return counts, headers


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
        ties = int(self.ties) if self.ties == int(self.ties) else self.ties
        return Pairs(
            tuple(self.items), np.array(self.pairs), np.array(self.weights, dtype=float),
            tuple(self.sources), np.array(self.ratings, dtype=float), ties,
        )  # fmt: skip


def _add_json(rows, line, number, ties):
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise rows.wrong(number, f"not JSON: {error}") from None
    if not isinstance(row, dict):
        raise rows.wrong(number, f"{type(row).__name__}; expected an object")
    for key in ("chosen", "rejected"):
        if key not in row:
            raise rows.wrong(number, f"no {key!r}; the keys are {', '.join(row) or 'none'}")
    prompt, source = "" if row.get("prompt") is None else row["prompt"], row.get("source")
    if source is not None and not isinstance(source, str):
        raise rows.wrong(number, f"source is {source!r:.60}; expected a string")
    before, last = _messages(rows, number, "prompt", prompt)
    if not isinstance(prompt, str):
        last = f"{prompt[-1]['role']}: {last}"
    (start, chosen), (other, rejected) = (
        _messages(rows, number, key, row[key]) for key in ("chosen", "rejected")
    )
    if start != other:
        raise rows.wrong(number, "chosen and rejected differ before the last message")
    if chosen == rejected:
        if ties is Ties.REFUSE:
            raise rows.wrong(number, "chosen and rejected are the same; expected a tie policy")
        rows.ties += 1
        return
    prompt = "\n".join(part for part in (before, last, start) if part)
    ratings = tuple(_rating(rows, number, row, f"{key}_score") for key in ("chosen", "rejected"))
    rows.add((prompt, chosen), (prompt, rejected), source=source, ratings=ratings)


def _messages(rows, number, key, value):
    """What is said before the last message, and that message; of a string, '' and all of it."""
    if isinstance(value, str):
        return "", value
    if not isinstance(value, list) or not value or not all(
        isinstance(m, dict) and all(isinstance(m.get(k), str) for k in ("role", "content"))
        for m in value
    ):  # fmt: skip
        raise rows.wrong(number, f"{key} is {value!r:.60}; expected a string, or {MESSAGES}")
    spoken = [f"{message['role']}: {message['content']}" for message in value]
    return "\n".join(spoken[:-1]), value[-1]["content"]


def _rating(rows, number, row, key):
    value = row.get(key)
    if value is None:
        return math.nan
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if good and abs(value) <= sys.float_info.max:
        return float(value)
    raise rows.wrong(number, f"{key} is {value!r:.60}; expected a finite number")


def _add_row(rows, row, number, columns, counts, tied, ties):
    if None in row:
        raise rows.wrong(number, f"{len(row[None])} fields more than the header has")
    first, second = ((row[name] or "").strip() for name in columns)
    if not (first and second):
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
        rows.ties += draws
    rows.number(first), rows.number(second)
    for names, weight in zip(((first, second), (second, first)), won, strict=False):
        if weight:
            rows.add(*names, weight)


def _count(rows, number, row, name):
    try:
        if 0 <= (value := float(row[name])) < math.inf:
            return value
    except (TypeError, ValueError):
        pass
    raise rows.wrong(number, f"{name} is {row[name]!r}; expected a number >= 0")


def _check_ties(ties, allowed):
    if ties not in tuple(allowed):
        expected = ", ".join(str(each) for each in allowed)
        raise ValueError(f"ties is {ties!r}; expected one of {expected}")
