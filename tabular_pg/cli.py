"""``tabular-pg``: the commands, listed; ``python -m tabular_pg`` is the same."""

from __future__ import annotations

import sys

import click

import tabular_pg
import tabular_pg.preference
import tabular_pg.reasoning.dapo  # noqa: F401  (these register more than tabular_pg does)
from tabular_pg.commands.answers import Program
from tabular_pg.commands.citing import cite
from tabular_pg.commands.claims import certify, check
from tabular_pg.commands.converting import convert
from tabular_pg.commands.drawing import replot
from tabular_pg.commands.listing import (
    instances,
    methods,
    theorem_table,  # noqa: F401  (found here since before there were commands)
    theorems,
)
from tabular_pg.commands.refuting import refute
from tabular_pg.commands.reporting import report
from tabular_pg.commands.runs import optimum, run
from tabular_pg.commands.sweeps import sweep
from tabular_pg.commands.warming import warm

COMMANDS = (
    theorems, methods, instances, optimum, run, check, certify, sweep, refute, convert, replot,
    report, cite, warm,
)  # fmt: skip
SHELLS = """\b
Example:
  tabular-pg run 'garnet(20, 4, 5, 0.9)' 'NaturalPG(1.0)' --iterations 1000

\b
Exit code: 0 if all went well; 1 if a claim is violated or a run failed; 2 on an error.

\b
Completion in the shell, for bash (zsh, fish):
  eval "$(_TABULAR_PG_COMPLETE=bash_source tabular-pg)\""""


@click.group(
    cls=Program,
    epilog=SHELLS,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
)
@click.version_option(tabular_pg.__version__, prog_name="tabular-pg")
@click.option("--debug", is_flag=True, help="Before a command: errors with their traceback.")
@click.option("--load", multiple=True, type=click.Path(), metavar="FILE.py",
              help="Before a command: a file with methods and theorems of your own.")  # fmt: skip
def program(debug, load):
    """Policy optimization with exact gradients: runs, theorems about them, and proofs."""
    for file in load:
        from tabular_pg.sweeps.names import read_file

        read_file(file)


for command in COMMANDS:
    program.add_command(command)


def main(arguments=None):
    """The command line; exits with the code of the command unless that is 0."""
    try:
        program.main(arguments)
    except SystemExit as ended:
        if ended.code:
            sys.exit(ended.code)
