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
import re
from pathlib import Path

from tabular_pg.checks.numbers import checked_list, shown
from tabular_pg.preference.data.dialogues import listed, parsed, short, unique_keys
from tabular_pg.preference.data.named_pairs import Pairs, Rows

COUNT = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Ties(enum.Enum):
    """What becomes of a comparison that nobody won."""

    REFUSE = "a tie is an error"
    DROP = "a tie is left out, and counted"
    HALVE = "a tie is half a win for either"


def read_jsonl(path, *, ties=Ties.REFUSE, ignore=()) -> Pairs:
    """The pairs of a file with one JSON object per line, in UTF-8.

    The keys that are understood, and what they may hold, are in the table of ``dialogues``. A key
    that is not is an error, unless it is ignored.
    An item is a response to a prompt, and the prompt is all that was said before: the same response
    to the same prompt is the same item, whether the prompt is a string, the message of a user or
    inside the messages of the responses. Its text is that of where it is first met; where two
    conversations would have the same text, the second one's is its messages in JSON.
    Raises ValueError with the file, the line and what was expected.

    Parameters
    ----------
    path : str or Path
    ties : Ties
        Where chosen and rejected are the same; not HALVE, as these would be one item twice.
    ignore : sequence of str
        Keys to leave out.
    """
    _check_ties(ties, (Ties.REFUSE, Ties.DROP))
    ignore = checked_list("ignore", ignore, "keys", str)
    rows, text = Rows(path), _text(path)
    if text.lstrip().startswith("[") and _is_array(text):
        raise rows.wrong(1, "list; expected an object in every line, this is one JSON array")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            _add_json(rows, line, number, ties, frozenset(ignore))
    return rows.finished()


def _is_array(text):
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


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
    rows, delimiter = Rows(path), "\t" if str(path).endswith(".tsv") else ","
    table = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter=delimiter)
    try:
        found = list(table.fieldnames or ())
        for name in headers:
            if found.count(name) != 1:
                many = f"{found.count(name)} columns" if name in found else "no column"
                header = listed(found) if found else "nothing"
                raise rows.wrong(1, f"{many} {short(name)}; the header has {header}")
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
    counted = isinstance(counts, tuple | list) and len(counts) > 0
    for name, value, sizes, expected in (
        ("columns", columns, (2,), "two headers"),
        ("counts", counts, (0, 1, 2), "one header, two, or None"),
        ("tied", ties, (0, 1) if counted else (0,), "a header, beside counts"),
    ):
        good = isinstance(value, tuple | list) and len(value) in sizes
        if not good or not all(isinstance(header, str) for header in value):
            raise ValueError(f"{name} is {short(value)}; expected {expected}")
    headers = [*columns, *counts, *ties]
    if len(set(headers)) < len(headers):
        raise ValueError(f"columns, counts and tied are {headers}; expected different headers")
    return counts, headers


def _add_json(rows, line, number, ties, ignore):
    """Add the pair of one line, whose forms are those of the table of ``dialogues``."""
    try:
        pair = parsed(_object(line), ignore)
    except ValueError as error:
        raise rows.wrong(number, str(error)) from None
    if pair.chosen == pair.rejected:
        if ties is Ties.REFUSE:
            raise rows.wrong(number, "chosen and rejected are the same; expected a tie policy")
        rows.ties += 1
        return
    prompt = rows.prompt(pair.said, pair.text)
    items = (prompt, pair.chosen), (prompt, pair.rejected)
    rows.add(*items, source=pair.source, ratings=pair.ratings)
    rows.margins.append(pair.margin)


def _object(line) -> dict:
    """The JSON object that a line is, else ValueError."""
    try:
        row = json.loads(line, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        kind = "" if "is there twice" in str(error) else "not JSON: "
        raise ValueError(f"{kind}{str(error):.200}") from None
    if not isinstance(row, dict):
        raise ValueError(f"{type(row).__name__}; expected an object")
    return row


def _add_row(rows, row, number, columns, counts, tied, ties):
    if None in row:
        raise rows.wrong(number, f"{len(row[None])} fields more than the header has")
    first, second = ((row[name] or "").strip() for name in columns)
    if not (first and second):
        raise rows.wrong(
            number, f"{columns[0]} is {short(first)}, {columns[1]} {short(second)}; both needed"
        )
    if first == second:
        raise rows.wrong(number, f"{short(first)} is compared with itself")
    won = [_count(rows, number, row, name) for name in counts] or [1.0]
    draws = _count(rows, number, row, tied) if tied else 0.0
    if draws and ties is Ties.REFUSE:
        raise rows.wrong(number, f"{tied} is {row[tied]:.60}; expected no ties, or a tie policy")
    if ties is Ties.HALVE:
        won = [won[0] + draws / 2, (won[1] if len(won) > 1 else 0.0) + draws / 2]
    else:
        rows.ties += draws
    rows.number(first), rows.number(second)
    for names, weight in zip(((first, second), (second, first)), won, strict=False):
        if weight:
            rows.add(*names, weight)


def _count(rows, number, row, name):
    """A number as this file format has them: digits, a point, an exponent, and nothing else."""
    text = row[name]
    if isinstance(text, str) and COUNT.fullmatch(text) and (value := float(text)) < math.inf:
        return value
    raise rows.wrong(number, f"{name} is {short(text)}; expected a number >= 0")


def _check_ties(ties, allowed):
    if not isinstance(ties, Ties) or ties not in tuple(allowed):
        expected = ", ".join(str(each) for each in allowed)
        raise ValueError(f"ties is {shown(ties)}; expected one of {expected}")
