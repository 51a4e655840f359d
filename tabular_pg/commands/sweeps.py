"""``sweep``: a grid of runs, or a shard of it, kept as they finish."""

from __future__ import annotations

from pathlib import Path

import click

from tabular_pg.commands.answers import ERROR, FINE, WRONG, Answer, json_text
from tabular_pg.commands.arguments import as_json, command

TABLES = ("table", "curves", "verdicts")
GOES_ON = "interrupted: what was done is kept; the same command goes on"


class Shard(click.ParamType):
    """``i/n``: every n-th run from the i-th on."""

    name = "i/n"

    def convert(self, value, param, ctx):
        """``(i, n)``."""
        if isinstance(value, tuple):
            return value
        i, _, n = value.partition("/")
        if not (i.isdecimal() and n.isdecimal() and int(i) < int(n)):
            self.fail(f"{value!r}; expected i/n with 0 <= i < n", param, ctx)
        return int(i), int(n)


@command(
    "sweep study.py store --workers 2 --table runs.csv",
    "sweep study.py store --shard 0/10",
    "sweep study.py store --collect --json",
    code="0 if every run of the shard is finished, 1 if some failed or, with --collect, are "
    "missing, 2 on an error or Ctrl-C",
)
@click.argument("file", metavar="FILE", type=click.Path())
@click.argument("store", metavar="STORE", type=click.Path())
@click.option("--shard", type=Shard(), default=(0, 1), show_default=False,
              help="Every n-th run from the i-th on, i from 0; in an array of Slurm, --array=0-9, "
              "$SLURM_ARRAY_TASK_ID/10.")  # fmt: skip
@click.option("--workers", type=int,
              help="Processes; SLURM_CPUS_PER_TASK, or all cores, by default.")  # fmt: skip
@click.option("--retry-failed", is_flag=True, help="Try runs again that have failed.")
@click.option("--estimate", is_flag=True, help="Say what it needs, and run nothing.")
@click.option("--collect", is_flag=True, help="Run nothing: what is there, of all shards.")
@click.option("--table", metavar="PATH", help="Write a row a run, as .csv or .parquet.")
@click.option("--curves", metavar="PATH", help="Write a row for every iteration that was kept.")
@click.option("--verdicts", metavar="PATH", help="Write a row for every verdict that was kept.")
@as_json
def sweep(file, store, shard, workers, retry_failed, estimate, collect, as_json, **tables):
    """Do what is missing of a grid of runs.

    FILE is of Python, with a Grid, or a dict, called grid; STORE is made if it is not there. After
    Ctrl-C, a crash or a full disk the same command goes on.
    """
    from tabular_pg.sweeps import collect as collected
    from tabular_pg.sweeps import estimate as estimated
    from tabular_pg.sweeps import sweep as swept
    from tabular_pg.sweeps.grid import grid_of
    from tabular_pg.sweeps.names import read_file
    from tabular_pg.sweeps.results import MISSING

    given = getattr(read_file(file), "grid", None)
    if given is None:
        raise ValueError(f"{file} has no grid; expected grid = Grid(...) at its top")
    grid = grid_of(given)
    if estimate:
        return Answer(str(estimated(grid, workers)))
    if collect:
        if not Path(store).is_dir():
            raise ValueError(f"store is {store!r}, which is not there; expected one of a sweep")
        results = collected(grid, store)
    else:
        try:
            results = swept(grid, store, shard=shard, workers=workers, retry_failed=retry_failed)
        except KeyboardInterrupt:
            return Answer("", ERROR, GOES_ON)
    for name in TABLES:
        if tables[name]:
            getattr(results, f"write_{name}")(tables[name])
    text = json_text(results.table()) if as_json else str(results)
    missing = collect and any(row["status"] == MISSING for row in results.table())
    return Answer(text, WRONG if missing or results.failures() else FINE)
