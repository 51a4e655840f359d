"""Named numbers: what independent results say together, and how tables and curves show it."""

from __future__ import annotations

import json
import string
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from scipy import stats

from tabular_pg._files import plain
from tabular_pg.plotting import Curve, log10
from tabular_pg.report import markdown_table


class Estimate(dict):
    """``mean`` and ``half_width`` of the 95% interval, by Student's t, of results of ``n`` seeds.

    It is formatted like a number; ``p1`` is a share in percent, with one digit.
    """

    mean = property(itemgetter("mean"))
    half_width = property(itemgetter("half_width"))

    def __format__(self, spec):
        ends = self.mean, self.half_width
        if "p" in spec:  # to 12 digits: a tie must not fall to either side by the last bit
            ends, spec = [float(f"{100 * x:.12g}") for x in ends], f"{spec.replace('p', '.')}f"
        half = ".1g" if spec.endswith("g") else spec.lstrip("+")
        return f"{ends[0]:{spec}} +- {ends[1]:{half}}"

    @property
    def sign(self) -> int:
        """1 above 0, -1 below, and 0 where the interval does not say."""
        return 0 if abs(self.mean) <= self.half_width else 1 if self.mean > 0 else -1


def estimate(values) -> Estimate | None:
    """Of the results of all seeds; None if one of them has none."""
    values = np.array(values, dtype=float)
    if np.isnan(values).any():
        return None
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return Estimate(mean=float(values.mean()), half_width=float(half), n=len(values))


def estimates(found) -> dict:
    """The estimate of every number of ``found``, dicts with the same names."""
    return {name: estimate([each[name] for each in found]) for name in found[0]}


def mean(found, name) -> float:
    """The mean of one number over dicts."""
    return float(np.mean([each[name] for each in found]))


class Score(NamedTuple):
    """In how many settings one method is better, equal or worse than another."""

    better: int
    equal: int
    worse: int

    def __str__(self):
        return f"better in {self.better}, equal in {self.equal}, worse in {self.worse}"

    @property
    def other_way(self) -> Score:
        """Of the other against the one."""
        return Score(*reversed(self))

    @property
    def outcome(self) -> str:
        """Of the claim that it is better."""
        if self.better == 0:
            return "not reproduced"
        return "depends" if self.worse or self.equal > self.better else "reproduced"


def counted(differences) -> Score:
    """How many of these estimates are above, about and below 0."""
    signs = [each.sign for each in differences]
    return Score(*(signs.count(which) for which in (1, 0, -1)))


def as_kept(record) -> dict:
    """A record as its file holds it."""
    return read(json.dumps(plain(record)))


def read(text) -> dict:
    """A record from the text of its file."""
    return json.loads(
        text, object_hook=lambda found: Estimate(found) if "half_width" in found else found
    )


class Cells(string.Formatter):
    """Formats of numbers that leave texts as they are, and show - for what is not known."""

    def format_field(self, value, spec):
        if value is None or isinstance(value, str):
            return value or "-"
        return super().format_field(value, spec)


def table(columns, rows) -> str:
    """Rows of a record as Markdown; ``columns`` maps heads to formats of a row's entries."""
    cells = [[Cells().vformat(column, (), row) for column in columns.values()] for row in rows]
    return markdown_table(list(columns), cells)


def curve(label, x, found, ends=(-np.inf, np.inf), proved=None) -> Curve:
    """Estimates with their intervals, cut off at the ends of what is possible; the axis has no
    logarithms."""
    means, half = _ends(found)
    return Curve(label, x, means, proved, tuple(np.clip([means - half, means + half], *ends)))


def log_curve(label, x, found, least) -> Curve:
    """The same on a logarithmic axis; an interval is cut off at ``least`` of its mean."""
    means, half = _ends(found)
    low = np.maximum(means - half, least * means)
    return Curve(label, x, log10(means), None, (log10(low), log10(means + half)))


def _ends(found):
    """Means and half-widths; nan where there is none."""
    known = [(np.nan, np.nan) if each is None else (each.mean, each.half_width) for each in found]
    return np.array(known).T


def select(rows, **names) -> list[dict]:
    """The rows of a record in which the entries of these names have these values."""
    return [row for row in rows if all(row[name] == value for name, value in names.items())]


def only(rows, **names) -> dict:
    """The one row with these entries."""
    (row,) = select(rows, **names)
    return row


def values(rows, name) -> list:
    """One entry of all rows."""
    return [row[name] for row in rows]
