"""A table is a list of rows; it is written as CSV, and all tables together as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tabular_pg._files import write_whole
from tabular_pg._tables import csv_table, markdown_table

PACKAGES = ("tabular_pg", "numpy", "scipy", "numba", "jax", "jaxlib", "quantecon")


@dataclass(frozen=True)
class Table:
    """One benchmark: ``rows(quick, out)`` measures and returns a list of dicts, one per row."""

    name: str
    title: str
    rows: Callable
    why: str = ""  # targets are missed, as far as a profile tells


@dataclass(frozen=True)
class Target:
    """A claim about a measured number: at least, or at most, ``limit``."""

    what: str
    measured: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self):
        return f"{self.what} {'>=' if self.at_least else '<='} {self.limit:g}"


def judged(row, *targets) -> dict:
    """``row`` with what it should be, and whether it is; a miss says by how much."""
    missed = [f"no: {t.what} is {t.measured:.3g}" for t in targets if not t.met]
    met = "; ".join(missed) if missed else "yes" if targets else ""
    return {**row, "target": ", ".join(map(str, targets)), "met": met}


def missed(rows) -> int:
    """The number of rows that miss a target."""
    return sum(row.get("met", "").startswith("no") for row in rows)


def write_csv(name, rows, out):
    """``rows`` as ``name``.csv in the folder ``out``."""
    write_whole(out / f"{name}.csv", csv_table(*_cells(rows)))


def markdown(tables, command) -> str:
    """All tables; ``tables`` maps a ``Table`` to its rows."""
    parts = ["# Benchmarks\n", f"Written by `{command}`.\n"]
    parts.append(markdown_table(["what", ""], machine().items()))
    for table, rows in tables.items():
        parts += [f"## {table.name}\n", f"{table.title}\n", markdown_table(*_cells(rows))]
        if missed(rows) and table.why:
            parts.append(f"*What is missed, and why.* {table.why}\n")
    return "\n".join(parts)


def _cells(rows):
    """The heads of a table, and its rows as text."""
    heads = list(rows[0])
    return heads, [[shown(row.get(head)) for head in heads] for row in rows]


def shown(value) -> str:
    """A number to three digits, as much as a timing is worth; empty for what there is not."""
    if value is None:
        return ""
    return f"{float(f'{value:.3g}'):g}" if isinstance(value, float) else str(value)


def machine() -> dict[str, str]:
    """The processor, its cores, and the versions of all that was measured."""
    facts = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    return facts | {name: _version(name) for name in PACKAGES}


def _version(name) -> str:
    """Of a package; peers need not be there for every table."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
