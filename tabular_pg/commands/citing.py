"""``cite``: the BibTeX entries of what was used."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from tabular_pg.commands.answers import Answer
from tabular_pg.commands.arguments import command, complete_things


@command(
    "cite",
    "cite N4 SoftmaxPG garnet > references.bib",
    "cite run.npz runs.csv",
    "cite --all",
)
@click.argument("what", nargs=-1, shell_complete=complete_things)
@click.option("--all", "every", is_flag=True, help="All that this package knows.")
def cite(what, every):
    """Print BibTeX entries of this package and of WHAT was used.

    WHAT are ids of theorems, names of methods, step sizes and instances, keys of entries, saved
    runs and MDPs (.npz), or tables of a sweep (.csv).
    """
    from tabular_pg.citing import bibtex
    from tabular_pg.references import ENTRIES

    return Answer(bibtex(list(ENTRIES) if every else [_read(x) for x in what]).rstrip("\n"))


def _read(text):
    """What a file holds; anything else is a name."""
    from tabular_pg.commands.models import model_of
    from tabular_pg.engine.run import Run
    from tabular_pg.saved.kind import kind_of

    if text.endswith(".npz"):
        is_run = Path(text).is_file() and kind_of(text) == "Run"
        return Run.load(text) if is_run else model_of(text)
    if text.endswith(".csv"):
        with open(text, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if rows and not {"theorem", "rule", "instance"} & set(rows[0]):
            raise ValueError(f"{text} has no column theorem, rule or instance; expected a table")
        return rows
    return text
