"""``convert``: a model from one format of files to another."""

from __future__ import annotations

from pathlib import Path

import click

from tabular_pg.commands.answers import Answer
from tabular_pg.commands.arguments import FORMATS, command, model, of_model
from tabular_pg.commands.models import SUFFIXES, model_of

LOST = {
    "npz": "",
    "csv": "gamma, rho, mu and labels have no place in the file",
    "prism": "gamma, mu, the weights of rho and labels of states have no place in the files",
    "storm": "gamma, mu, the weights of rho and labels of states have no place in the files",
}


@command(
    "convert 'chain(5, gamma=0.9)' chain.npz",
    "convert mine.npz mine.csv",
    "convert mine.csv back.npz --gamma 0.9",
    "convert mine.npz mine.tra --to storm",
)
@model
@click.argument("out", metavar="OUT", type=click.Path())
@click.option("--to", type=click.Choice(FORMATS), help="By default what the name of OUT says: "
              ".npz, .csv, or .tra, as PRISM has them.")  # fmt: skip
@of_model
def convert(model, out, to, gamma, source, max_states):
    """Write MODEL to OUT, in another format.

    Transitions and rewards keep every bit. MODEL is a saved MDP or run (.npz), transitions (.csv,
    or .tra of PRISM and Storm, with what lies beside), gymnasium:ID or an instance.
    """
    to = to or SUFFIXES.get(Path(out).suffix)
    if to is None:
        ends = ", ".join(SUFFIXES)
        raise ValueError(f"out is {out!r}; expected a name that ends in {ends}, or --to")
    mdp = model_of(model, gamma, source, max_states)
    if to == "npz":
        files = [mdp.save(out)]
    elif to == "csv":
        files = [mdp.to_csv(out)]
    else:
        files = getattr(mdp, f"to_{to}")(Path(out).with_suffix(""))
    note = f"note: {LOST[to]}" if LOST[to] else ""
    return Answer("\n".join(map(str, files)), besides=note)
