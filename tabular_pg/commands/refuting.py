"""``refute``: a counterexample to a statement of one's own, if one is found."""

from __future__ import annotations

import click

from tabular_pg.commands.answers import Answer
from tabular_pg.commands.arguments import as_json, command


@command(
    "refute statement.py --budget 2000 --iterations 10",
    code="0 if the statement survives, 1 if it is refuted, certified in ball arithmetic, 2 on an "
    "error, after Ctrl-C or where that is open",
)
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--states", type=int, default=2, help="2 by default.")
@click.option("--actions", type=int, default=2, help="2 by default.")
@click.option("--gamma", type=float, default=0.9, help="0.9 by default.")
@click.option("--tau", type=float, help="1/2 by default where the statement needs one.")
@click.option("--rule", help="The method, if the statement is about several.")
@click.option("--iterations", type=int, default=20, help="20 by default.")
@click.option("--budget", type=int, default=20_000, help="How many candidates are run; 20000.")
@click.option("--seed", type=int, default=0, help="0 by default.")
@click.option("--mode", default="auto", help="auto, ratio, half, rate, slope or moved.")
@as_json
def refute(file, **options):
    """Search a counterexample to a statement.

    FILE has one function under @theorem(...). Searched are the MDP, the start and the step size for
    which it is nearest to being false.
    """
    from tabular_pg.search.conjecture import refuted

    return Answer(*refuted(file, **options))
