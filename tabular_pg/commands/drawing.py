"""``replot``: a figure from the CSV beside it, at another width."""

from __future__ import annotations

import contextlib

import click

from tabular_pg.commands.answers import Answer
from tabular_pg.commands.arguments import command


@command("replot figure.csv smaller --width icml")
@click.argument("csv", metavar="CSV", type=click.Path())
@click.argument("out", metavar="OUT", type=click.Path())
@click.option("--width", default="neurips", help="A venue, or a number of inches; neurips.")
def replot(csv, out, width):
    """Draw a figure again from its CSV, to OUT."""
    from tabular_pg.plotting import replot as replotted

    with contextlib.suppress(ValueError):
        width = float(width)
    saved = replotted(csv, width=width).save(out)
    files = saved if isinstance(saved, list | tuple) else [saved or out]
    return Answer("\n".join(map(str, files)))
