"""``python -m tabular_pg.sweeps study.py store``: the ``grid`` of a file, or a shard of it."""

from __future__ import annotations

import argparse
import sys

from tabular_pg.sweeps import collect, estimate, sweep
from tabular_pg.sweeps.grid import grid_of
from tabular_pg.sweeps.names import read_file

DONE, SOME_FAILED, ERROR = 0, 1, 2
TABLES = ("table", "curves", "verdicts")


def main(arguments=None) -> int:
    """The exit status: 0 if every run of the shard is finished, 1 if some failed, 2 on an error."""
    options = _options(arguments)
    try:
        results = _done(options)
        for name in TABLES:
            if getattr(options, name):
                getattr(results, f"write_{name}")(getattr(options, name))
    except Exception as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("interrupted: what was done is kept; the same command goes on", file=sys.stderr)
        return ERROR
    print(results)
    return SOME_FAILED if results.failures() else DONE


def _done(options):
    given = getattr(read_file(options.file), "grid", None)
    if given is None:
        raise ValueError(f"{options.file} has no grid; expected grid = Grid(...) at its top")
    grid = grid_of(given)
    if options.estimate:
        print(estimate(grid, options.workers))
    if options.estimate or options.collect:
        return collect(grid, options.store)
    return sweep(
        grid, options.store, shard=options.shard, workers=options.workers,
        retry_failed=options.retry_failed,
    )  # fmt: skip


def _shard(text) -> tuple[int, int]:
    i, n = map(int, text.split("/"))
    if not 0 <= i < n:
        raise ValueError
    return i, n


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m tabular_pg.sweeps", description=__doc__)
    add = parser.add_argument
    add("file", metavar="FILE", help="a file of Python with a Grid, or a dict, called grid")
    add("store", metavar="STORE", help="the folder of finished runs; made if it is not there")
    add("--shard", type=_shard, default=(0, 1), metavar="i/n",
        help="every n-th run from the i-th on, i from 0; in an array of Slurm, --array=0-9, "
        "$SLURM_ARRAY_TASK_ID/10")  # fmt: skip
    add("--workers", type=int, help="processes; SLURM_CPUS_PER_TASK, or all cores, by default")
    add("--retry-failed", action="store_true", help="try runs again that have failed")
    add("--estimate", action="store_true", help="say what it needs, and run nothing")
    add("--collect", action="store_true", help="run nothing: what is there, of all shards")
    add("--table", metavar="PATH", help="write a row a run, as .csv or .parquet")
    add("--curves", metavar="PATH", help="write a row for every iteration that was kept")
    add("--verdicts", metavar="PATH", help="write a row for every verdict that was kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
