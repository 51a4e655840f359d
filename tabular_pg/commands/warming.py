"""``warm``: everything that runs need, compiled."""

from __future__ import annotations

import time

import click

from tabular_pg.commands.answers import Answer
from tabular_pg.commands.arguments import command, complete_methods
from tabular_pg.compiled import cache


@command("warm PolicyIteration")
@click.argument("methods", metavar="[METHOD]...", nargs=-1, shell_complete=complete_methods)
@click.option("--workers", type=int, help="Processes; as many as there are cores.")
def warm(methods, workers):
    """Compile the methods, all by default, so that no run has to wait.

    That is runs of one rule on one MDP with gamma < 1, with every kind of step size, for five sizes
    and kinds of MDPs; not populations of small MDPs, ``until`` and checks.

    Compiled code is kept in the folder that is printed, for all later processes of this user; the
    environment variable TABULAR_PG_CACHE names another one. Methods of your own are compiled at
    their first run.
    """
    from tabular_pg.sweeps.warming import warm_tasks, warmed
    from tabular_pg.sweeps.workers import Workers

    known = sorted({task[0] for task in warm_tasks()})
    for name in methods:
        if name not in known:
            raise ValueError(f"{name} is no method; expected some of: {', '.join(known)}")
    if cache.FOLDER is None:
        raise OSError("there is no folder for compiled code; TABULAR_PG_CACHE may name one")
    tasks = [task for task in warm_tasks() if not methods or task[0] in methods]
    start, spent, workers = time.perf_counter(), 0.0, Workers(workers)
    try:
        for i, ((rule, step, tau, kind), seconds) in enumerate(warmed(workers, tasks), 1):
            eta = f", {step}" if step else ""
            line = f"{i}/{len(tasks)}  {rule}{eta}, tau {tau}, {kind}: {seconds:.1f} s"
            click.echo(line, err=True)
            spent += seconds
    finally:
        workers.shutdown()
    took = time.perf_counter() - start
    return Answer(
        f"{len(tasks)} versions compiled in {took:.0f} s by {workers.count} processes "
        f"({spent:.0f} s of work), in {cache.FOLDER}"
    )
