"""Claims of papers beside what was measured, as tables: outcomes are computed from the records of
a folder, those of the runs that were just made there."""

from __future__ import annotations

from typing import NamedTuple

from experiments.shared.command_line import quick_options
from experiments.shared.estimates import read
from tabular_pg._files import write_whole
from tabular_pg.report import markdown_table

QUICK = """**Of quick runs ({names}), which try the code and decide nothing.**

"""


class Claim(NamedTuple):
    """A row of the table."""

    paper: str
    measured: str
    outcome: str
    depends_on: str = ""


def outcome(reproduced) -> str:
    """Of a claim that either is reproduced or is not."""
    return "reproduced" if reproduced else "not reproduced"


def together(outcomes) -> str:
    """The outcome of a claim that was tested in several ways."""
    different = set(outcomes)
    return different.pop() if len(different) == 1 else "depends"


def main(name, statement, claims, arguments=None):
    """Print the table and write it beside the records; ``claims`` makes its rows of
    ``results(name)``, the results of a study."""
    out = quick_options(statement, "the claims of quick runs", arguments).out
    quick = {}

    def results(study):
        path = out / f"{study}.json"
        if not path.exists():
            raise SystemExit(f"{path} is not there; python -m experiments {study} makes one")
        record = read(path.read_text())
        quick[study] = record["quick"]
        return record["results"]

    rows = claims(results)
    of_quick = [study for study, is_quick in quick.items() if is_quick]
    head = "outcome of quick runs" if of_quick else "outcome"
    table = markdown_table(["the paper", "measured here", head, "depends on"], rows)
    table = QUICK.format(names=", ".join(of_quick)) * bool(of_quick) + table
    write_whole(out / f"{name}.md", table)
    print(table, f"results are in {out}", sep="\n")
