"""Measure this package against its peers: ``python -m benchmarks`` from the repository root."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.report import markdown, missed, write_csv
from tabular_pg._files import write_whole

TABLES = (
    "dense", "records", "start", "wait", "reuse", "sweep", "long", "scaling", "search",
    "population", "verdicts", "methods",
)  # fmt: skip
RESULTS = Path(__file__).resolve().parent / "results"


def main():
    """Write every table asked for; exit with status 1 if a target is missed."""
    options = _options()
    done = {}
    for table in list(map(_table, options.only)):
        name = table.name
        print(f"{name} ...", file=sys.stderr, flush=True)
        done[table] = table.rows(options.quick, options.out)
        write_csv(name, done[table], options.out)
    text = markdown(done, "python -m benchmarks")
    write_whole(options.out / "results.md", text)
    print(text)
    failed = sum(missed(rows) for rows in done.values())
    print(f"{failed} rows miss a target; results are in {options.out}")
    sys.exit(1 if failed and not options.quick else 0)


def _table(name):
    """That of a module of this package; what it is measured beside may be missing."""
    try:
        return importlib.import_module(f"benchmarks.{name}").TABLE
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("benchmarks", "tabular_pg", "experiments"):
            raise
        sys.exit(f"table {name} needs {error.name}: pip install -e '.[bench]' has all peers")


def _options():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="small sizes and short runs: a look in half a minute")
    add("--only", nargs="+", choices=TABLES, metavar="TABLE", help=", ".join(TABLES))
    add("--out", type=Path, help="folder for the results; default benchmarks/results/, or its "
        "folder preview/ with --quick or --only")  # fmt: skip
    options = parser.parse_args()
    if options.out is None:
        partial = options.quick or options.only
        options.out = RESULTS / "preview" if partial else RESULTS
    options.only = options.only or list(TABLES)
    return options


if __name__ == "__main__":
    main()
