"""``tabular-pg theorems``, or ``python -m tabular_pg theorems``: what is registered."""

from __future__ import annotations

import argparse
import os
import sys

import tabular_pg.preference
import tabular_pg.reasoning.dapo  # noqa: F401  (these register more than tabular_pg does)
from tabular_pg._tables import markdown_table
from tabular_pg.references import OWN
from tabular_pg.theorem import REGISTRY, Confidence, sorted_theorems


def theorem_table() -> str:
    """Every registered theorem as one row of a Markdown table."""
    rows = []
    for t in sorted_theorems():
        tau = {True: "> 0", False: "0", None: "any"}[t.regularized]
        rules = ", ".join(rule.__name__ for rule in t.rules)
        label = "" if t.confidence is Confidence.DERIVED else f", {t.confidence.name.lower()}"
        source = ("this package" if t.source == OWN else t.source) + label
        rows.append([t.id, t.claim, rules, tau, t.kind.name.lower(), source])
    return markdown_table(["id", "claim", "rules", "tau", "kind", "source"], rows).rstrip("\n")


def main(arguments=None):
    """The command line, whose reader may stop reading."""
    try:
        _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments):
    parser = argparse.ArgumentParser(prog="python -m tabular_pg", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    theorems = commands.add_parser(
        "theorems", help="list every registered theorem, or explain some"
    )
    theorems.add_argument("id", nargs="*", help="print statement and source of these theorems")
    theorems.add_argument("--markdown", action="store_true", help="the list as a Markdown table")
    options = parser.parse_args(arguments)
    for id in options.id:
        if id not in REGISTRY:
            parser.error(f"id is {id!r}; expected one of {', '.join(REGISTRY)}")
        t = REGISTRY[id]
        print(f"{t.id} ({t.kind.value}; {t.confidence.value})\n  {t.statement}\n  {t.reference}")
    if options.markdown:
        print(theorem_table())
    elif not options.id:
        for t in sorted_theorems():
            print(f"{t.id:<4} {t.claim}")
