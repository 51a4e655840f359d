"""``report``: runs and what theorems say of them, as a page of HTML."""

from __future__ import annotations

import itertools

import click

from tabular_pg.commands.answers import FINE, WRONG, Answer
from tabular_pg.commands.arguments import command, complete_methods, models, of_model, of_run
from tabular_pg.commands.models import loaded_or_run, parted

UNNAMED = "MDP"


@command(
    "report run.npz --out report.html",
    "report 'two_armed_bandit(0.5)' --method 'NaturalPG(1.0)' --out report.html",
    code="0 if no theorem is violated, 1 if one is, 2 on an error",
)
@models
@click.option("--method", "methods", multiple=True, shell_complete=complete_methods,
              help="What is run on every MODEL; may be repeated.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(), help="The page to write.")
@click.option("--title", default="Theorems on runs", help="Its head.")
@click.option("--tightness", type=click.Path(), help="A record of experiments/tightness.py: how "
              "near a search came to breaking every theorem.")  # fmt: skip
@of_run
@of_model
def report(models, methods, out, title, tightness, **asked):
    """Write all theorems on some runs as one page of HTML.

    Every MODEL is a saved run, or with --method what is run, as for run. The page needs no network.
    Needs jinja2: pip install 'tabular_pg[report]'.
    """
    from tabular_pg.report import verdict_rows, write_report

    rows = []
    for model, method in itertools.product(models, methods or [None]):
        run = loaded_or_run(model, method, *parted(dict(asked)))
        name = run.mdp.name if run.mdp.name != UNNAMED else model
        rows += verdict_rows("runs", name, [run])
    path = write_report(out, rows, title=title, tightness=tightness)
    violated = any(row.verdict.holds is False for row in rows)
    return Answer(str(path), WRONG if violated else FINE)
