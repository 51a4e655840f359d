"""Many runs of one rule on one MDP, from different starts, in the arrays of one run: formulas are
evaluated once for all of them, which is what makes a search fast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tabular_pg.engine.run import Run

ROWS, MOST = 1500, 64  # iterates of a stack, about, and runs, at most


@dataclass(frozen=True, eq=False)
class Stack(Run):
    """Runs with the same recorded iterations, one after the other.

    Attributes
    ----------
    first, last : (K,) the rows of the first and the last iterate of the run of every row.
    starts : (runs,) which of the given starts they have.
    """

    first: np.ndarray = 0
    last: np.ndarray = -1
    starts: np.ndarray | None = None

    def start_of(self, row) -> int:
        """The start of the run of a row."""
        return int(self.starts[row // (self.last[0] + 1)])


def rows_of(length, starts) -> dict:
    """``first``, ``last`` and ``starts`` of a stack of runs with so many rows each."""
    first = np.repeat(np.arange(starts.size) * length, length)
    return {"first": first, "last": first + length - 1, "starts": starts}


def size_of(length) -> int:
    """How many runs of so many recorded iterates are stacked."""
    return max(1, min(MOST, ROWS // length))
