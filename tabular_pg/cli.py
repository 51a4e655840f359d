"""``tabular-pg theorems``: what is registered; ``tabular-pg refute``: a counterexample, if found.

``python -m tabular_pg`` is the same.
"""

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
    text, code = _answer(arguments)
    try:
        if text:
            print(text)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code:
        sys.exit(code)


def _answer(arguments):
    """What is printed, and the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tabular_pg", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    theorems = commands.add_parser(
        "theorems", help="list every registered theorem, or explain some"
    )
    theorems.add_argument("id", nargs="*", help="print statement and source of these theorems")
    theorems.add_argument("--markdown", action="store_true", help="the list as a Markdown table")
    _add_refute(commands)
    options = parser.parse_args(arguments)
    if "file" in options:
        from tabular_pg.search.conjecture import refute  # compiles more than a list needs

        return refute(options)
    lines = []
    for id in options.id:
        if id not in REGISTRY:
            parser.error(f"id is {id!r}; expected one of {', '.join(REGISTRY)}")
        t = REGISTRY[id]
        lines.append(f"{t.id} ({t.kind.value}; {t.confidence.value})")
        lines += [f"  {t.statement}", f"  {t.reference}"]
    if options.markdown:
        lines.append(theorem_table())
    elif not options.id:
        lines += [f"{t.id:<4} {t.claim}" for t in sorted_theorems()]
    return "\n".join(lines), 0


def _add_refute(commands):
    parser = commands.add_parser(
        "refute",
        help="search a counterexample to the statement in a file",
        description="Search the MDP, start and step size for which the statement in FILE, one "
        "function under @theorem(...), is nearest to being false. Exit code: 1 if it is refuted, "
        "certified in ball arithmetic; 0 if it survives; 2 on an error.",
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--states", type=int, default=2)
    parser.add_argument("--actions", type=int, default=2)
    parser.add_argument("--gamma", type=float, default=0.9)
    parser.add_argument("--tau", type=float, help="1/2 by default where the statement needs one")
    parser.add_argument("--rule", help="the method, if the statement is about several")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--budget", type=int, default=20_000, help="how many candidates are run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mode", default="auto", help="auto, ratio, half, rate, slope or moved")
    parser.add_argument("--json", action="store_true")
