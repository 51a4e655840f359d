"""The command line of a script: a quick run or a full one, and where results go."""

from __future__ import annotations

import argparse
from pathlib import Path

FIGURES = Path(__file__).resolve().parents[2] / "figures"


def quick_options(statement, quick, arguments):
    """``quick`` and ``out`` from the command line of a script that draws one figure."""
    parser = argparse.ArgumentParser(description=statement.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--out", type=Path, help="folder for the results; default figures/, or "
                        "figures/preview/ with --quick")  # fmt: skip
    options = parser.parse_args(arguments)
    options.out = options.out or (FIGURES / "preview" if options.quick else FIGURES)
    return options
