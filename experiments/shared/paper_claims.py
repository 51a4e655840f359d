"""Claims of papers beside what was measured, as tables: outcomes are computed from records."""

from __future__ import annotations

import json
from typing import NamedTuple

from experiments.shared.claim import FIGURES
from experiments.shared.verdicts import markdown_table
from tabular_pg._files import write_whole


class Claim(NamedTuple):
    """A row of the table."""

    paper: str
    measured: str
    outcome: str
    depends_on: str = ""


class Score(NamedTuple):
    """In how many settings one method is better, equal or worse than another."""

    better: int
    equal: int
    worse: int

    def __str__(self):
        return f"better in {self.better}, equal in {self.equal}, worse in {self.worse}"

    @property
    def outcome(self) -> str:
        if self.better == 0:
            return "not reproduced"
        return "depends" if self.worse or self.equal > self.better else "reproduced"


def record(name) -> dict:
    """The record of a figure, of a full run."""
    found = json.loads((FIGURES / f"{name}.json").read_text())
    if found["quick"]:
        raise SystemExit(f"{name}.json is of a quick run; run python -m experiments {name}")
    return found


def together(outcomes) -> str:
    """The outcome of a claim that was tested in several ways."""
    different = set(outcomes)
    return different.pop() if len(different) == 1 else "depends"


def write_claims(name, claims):
    """Print the table and write it to the figures."""
    table = markdown_table(["the paper", "measured here", "outcome", "depends on"], claims)
    write_whole(FIGURES / f"{name}.md", table)
    print(table)
