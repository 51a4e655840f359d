"""What is recorded of a run: arrays with a row for each iterate that was asked for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.gaps.bookkeeping import LOWEST

SOURCES = {
    "iterates": "x",
    "scaled_gap": "e",
    "log_policies": "log_pi",
    "A": "A",
    "d": "d",
    "least_policy": "least_policy",
    "least_optimal_mass": "least_optimal_mass",
    "log_e": "log_e",
}
PAGE = 2**15  # numbers that compiled loops write, about, before they are filed


class Room(NamedTuple):
    """Where a number of iterates is kept, of each what is documented at ``Run``."""

    k: np.ndarray
    iterates: np.ndarray
    scaled_gap: np.ndarray
    log_scale: np.ndarray
    log_policies: np.ndarray  # none of them where policies have one form
    A: np.ndarray
    d: np.ndarray
    least_policy: np.ndarray
    least_optimal_mass: np.ndarray
    gap_sum: np.ndarray


def room(size, point) -> Room:
    """Room for so many iterates."""
    shape, S = point.x.shape, point.e.size
    each, both = (size, *shape), (size if len(point.log_pi) else 0, *shape)
    return Room(
        np.empty(size, dtype=np.int64), np.empty(each), np.empty((size, S)), np.empty(size),
        np.empty(both), np.empty(each), np.zeros((size, S)), np.empty(each), np.empty((size, S)),
        np.empty(size),
    )  # fmt: skip


def room_of(point) -> Room:
    """Room for one iterate, the last: it is in the point already."""
    log_policies = point.log_pi[None] if len(point.log_pi) else np.empty((0, *point.x.shape))
    return Room(
        np.empty(1, dtype=np.int64), point.x[None], point.e[None], np.empty(1), log_policies,
        point.A[None], point.d[None], point.least_policy[None], point.least_optimal_mass[None],
        np.empty(1),
    )  # fmt: skip


class Record:
    """Arrays for the iterates ``at``, filled from the first on."""

    def __init__(self, at, point):
        self.at, self.size, self._resolved = at, 0, {}
        self._fields = (room(at.size, point) if at.size > 1 else room_of(point))._asdict()

    @property
    def due(self) -> int:
        """Which iteration is to be recorded next; -1 if none is."""
        return int(self.at[self.size]) if self.size < self.at.size else -1

    @property
    def last(self) -> int:
        """The iteration recorded last; -1 before the first."""
        return int(self._fields["k"][self.size - 1]) if self.size else -1

    def add(self, k, point, log_scale, gap_sum):
        """Record one iterate."""
        numbers = {name: getattr(point, source)[None] for name, source in SOURCES.items()}
        self.extend([k], numbers | {"log_scale": log_scale, "gap_sum": gap_sum})

    def correct_advantages(self, point):
        """The advantages of the iterate recorded last are known only now."""
        self._fields["A"][self.size - 1] = point.A

    def extend(self, k, numbers):
        """Record iterates, given as arrays with a row for each."""
        rows = slice(self.size, self.size + len(k))
        self._fields["k"][rows] = k
        for name, values in numbers.items():
            if name == "log_e":
                for i in np.flatnonzero(~np.isnan(values[:, 0])):
                    self._resolved[self.size + i] = values[i].copy()
            elif len(self._fields[name]):
                self._fields[name][rows] = values
        self.size = rows.stop

    def fields(self, actions=None) -> dict:
        """What was recorded, read-only; advantages of unavailable actions become -inf."""
        if actions is not None:
            self._fields["A"][:, ~actions] = -np.inf
        kept = {name: values[: self.size] for name, values in self._fields.items()}
        kept["log_below"] = self._below(kept["scaled_gap"]) if self._resolved else None
        if not len(kept["log_policies"]):
            kept["log_policies"] = None
        for values in kept.values():
            if values is not None:
                values.setflags(write=False)
        return kept

    def _below(self, scaled_gap) -> np.ndarray:
        """(K, S) logarithms of the gaps that have lost digits to underflow; nan for the others."""
        logarithms = np.full(scaled_gap.shape, np.nan)
        for i, log_e in self._resolved.items():
            below = scaled_gap[i] < LOWEST
            logarithms[i, below] = log_e[below]
        return logarithms


class Ledger(NamedTuple):
    """Where compiled loops record."""

    at: np.ndarray  # iterations
    page: np.ndarray  # a row for each
    numbers: np.ndarray  # what it is a copy of


@njit_inlined
def enter(ledger, k, n):
    """Record iterate k if it is the next one, the n-th; returns how many are recorded then."""
    if ledger.at[n] != k:
        return n
    for i in range(ledger.numbers.size):
        ledger.page[n, i] = ledger.numbers[i]
    return n + 1


class Pages:
    """How compiled loops record, by one copy of one array. What counts of ``point`` is part of it,
    and so are ``log_scale`` and ``gap_sum`` (1,)."""

    def __init__(self, record, point):
        self._record, self._places, size = record, {}, 2
        for name, source in SOURCES.items():
            shape, start = getattr(point, source).shape, size
            size += math.prod(shape)
            self._places[name] = slice(start, size), shape
        self._numbers, self._page = np.zeros(size), np.empty((max(1, PAGE // size), size))
        self.log_scale, self.gap_sum = self._numbers[:1], self._numbers[1:2]
        views = {SOURCES[name]: x[0] for name, x in self._named(self._numbers[None]).items()}
        for source, view in views.items():
            view[...] = getattr(point, source)
        self.point = point._replace(**views)

    def ledger(self, stop) -> tuple[Ledger, int]:
        """A page for a loop, and where that has to stop: where the page is full, at the latest."""
        size, rows = self._record.size, len(self._page)
        at = self._record.at[size : size + rows]
        if at.size == rows:
            stop = min(stop, int(at[-1]))
        return Ledger(at, self._page, self._numbers), stop

    def file(self, n):
        """Record the first ``n`` iterates of the page."""
        self._extend(self._record.at[self._record.size :][:n], self._page[:n])

    def add(self, k):
        """Record the present iterate, whether it was asked for or not."""
        self._extend([k], self._numbers[None])

    def _extend(self, k, rows):
        others = {"log_scale": rows[:, 0], "gap_sum": rows[:, 1]}
        self._record.extend(k, self._named(rows) | others)

    def _named(self, rows) -> dict:
        """Views of such rows, by the names of fields."""
        return {
            name: rows[:, place].reshape(len(rows), *shape)
            for name, (place, shape) in self._places.items()
        }
