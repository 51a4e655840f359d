"""What a sweep will need, said before it starts: disk for its store, memory for its workers."""

from __future__ import annotations

import shutil
from collections import defaultdict
from typing import NamedTuple

from tabular_pg._machine import refuse_beyond_memory
from tabular_pg.sweeps.execution import measure

WORKER = 300_000_000  # bytes of a process with this package and its compiled code
DRIVER = 200_000_000


class Estimate(NamedTuple):
    """Bytes on disk for all runs, and of memory for the process of the largest; ``unknown`` counts
    the runs whose instance could not be built."""

    runs: int
    disk: int
    memory: int
    unknown: int

    def __str__(self):
        unknown = f"; {self.unknown} of them not known" if self.unknown else ""
        return (
            f"{self.runs} runs{unknown}: {self.disk / 1e6:,.1f} MB on disk, "
            f"{self.memory / 1e6:,.0f} MB of memory a worker"
        )


def estimated(tasks, submit) -> Estimate:
    """One run of every rule on every instance is measured, for all seeds; where workers are."""
    alike = defaultdict(list)
    for task in tasks:
        alike[task.instance, task.rule, bool(task.step)].append(task)
    futures = [(submit(measure, group[0].job), len(group)) for group in alike.values()]
    disk = unknown = 0
    memory = WORKER
    for future, count in futures:
        try:
            needed = future.result()
        except Exception:  # of the worker; the task itself will say more
            needed = None
        if needed is None:
            unknown += count
        else:
            memory, disk = max(memory, WORKER + needed[0]), disk + count * needed[1]
    return Estimate(len(tasks), disk, memory, unknown)


def refuse_what_does_not_fit(needed, store, workers):
    """Raise OSError or MemoryError; ``workers`` is None where they are elsewhere."""
    free = shutil.disk_usage(store.folder).free
    if needed.disk > free:
        raise OSError(
            f"{needed.runs} runs need about {needed.disk / 1e6:,.1f} MB on disk, and "
            f"{free / 1e6:,.1f} MB are free at {store.folder}; expected fewer iterations in at, or "
            'a lower level than "iterates" or "all"'
        )
    if workers is not None:
        what = (
            f"{workers} workers of {needed.memory / 1e9:.3g} GB for the largest runs (fewer "
            "workers, or fewer recorded iterations, need less)"
        )
        refuse_beyond_memory(DRIVER + workers * needed.memory, what)
