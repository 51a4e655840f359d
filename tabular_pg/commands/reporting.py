"""``report``: runs and what theorems say of them, as a page of HTML."""

from __future__ import annotations

from pathlib import Path

import click

from tabular_pg.commands.answers import FINE, WRONG, Answer
from tabular_pg.commands.arguments import command, complete_methods, models, of_model, of_run
from tabular_pg.commands.models import loaded_or_run, model_of, parted, run_of
from tabular_pg.saved.kind import kind_of
from tabular_pg.sweeps.specs import NAMED

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

    for i, model in enumerate(models):
        if model in models[:i]:
            raise ValueError(f"models[{i}] is {model!r}, as one before it; expected it once")
    runs = {model: _runs(model, methods, *parted(asked)) for model in models}
    names = [some[0].mdp.name for some in runs.values()]
    called = [x if names.count(x) == 1 and x != UNNAMED else None for x in names]
    made = {id(some[0].mdp): _expression(model) for model, some in runs.items()}
    rows = []
    for name, (model, some) in zip(called, runs.items(), strict=True):
        rows += verdict_rows("runs", name or model, some)
    path = write_report(
        out, rows, title=title, tightness=tightness, made=lambda run: made[id(run.mdp)]
    )  # fmt: skip
    violated = any(row.verdict.holds is False for row in rows)
    return Answer(str(path), WRONG if violated else FINE)


def _runs(model, methods, of_model, of_run) -> list:
    if not methods:
        return [loaded_or_run(model, None, of_model, of_run)]
    mdp = model_of(model, **of_model)
    return [run_of(mdp, method, **of_run) for method in methods]


def _expression(model) -> str:
    """How a model of the command line is made in Python; "" if that takes more than a line."""
    if Path(model).suffix == ".npz":
        return f"Run.load({model!r}).mdp" if kind_of(model) == "Run" else f"MDP.load({model!r})"
    return f"instances.{model}" if model.partition("(")[0] in NAMED else ""
