"""``sweep``: what is missing of a grid is handed out and watched over, in bounded memory."""

from __future__ import annotations

import itertools
import queue
from collections import Counter
from concurrent.futures import BrokenExecutor, Executor

from tabular_pg._progress import Progress
from tabular_pg.checks.numbers import check_path, check_type, checked_flag, shown
from tabular_pg.sweeps.estimate import Estimate, estimated, refuse_what_does_not_fit
from tabular_pg.sweeps.execution import execute, failure
from tabular_pg.sweeps.grid import grid_of
from tabular_pg.sweeps.names import refuse_while_reading
from tabular_pg.sweeps.results import Results
from tabular_pg.sweeps.store import FAILED, Store
from tabular_pg.sweeps.workers import CannotStart, WorkerDied, Workers

AHEAD = 1000  # tasks that an executor of others is given before it has done the first
DEATHS = 3  # of workers, after which a task is given up


def sweep(grid, store, executor=None, *, shard=(0, 1), workers=None, retry_failed=False) -> Results:
    """Do what is missing of a grid; every finished run is kept in the store at once.

    However it ends, by Ctrl-C, a crash, a full disk or a time limit, the same call goes on from
    there; a changed grid keeps the runs that it shares. A run that fails is a row with its error.

    Parameters
    ----------
    grid : Grid, or dict of its fields
    store : path
        A folder, created if needed. Several sweeps may write to it at the same time.
    executor : concurrent.futures.Executor, optional
        Such as dask's ``client.get_executor()`` or mpi4py's ``MPIPoolExecutor()``. It stays open.
        Processes of our own by default.
    shard : (int, int)
        ``(i, n)``: every n-th run, from the i-th on, with i in 0..n-1, for n jobs that know nothing
        of each other.
    workers : int, optional
        How many processes of our own; ``SLURM_CPUS_PER_TASK`` by default, or else the number of
        cores that this process may use.
    retry_failed : bool
        Whether runs that have failed are tried again.

    Returns
    -------
    Results
        Of the runs of the shard. The same bytes whatever did the work.

    Raises
    ------
    TypeError, ValueError
        Names the argument and what was expected.
    MemoryError, OSError
        Before it starts, if it would not fit; OSError later if the store cannot be written.
    RuntimeError
        If the executor breaks, or no worker can be started.
    """
    refuse_while_reading()
    tasks, retry_failed = (
        _part(grid_of(grid).tasks, shard),
        checked_flag("retry_failed", retry_failed),
    )
    check_path("store", store)
    if executor is not None:
        check_type("executor", executor, Executor)
        if workers is not None:
            raise ValueError(f"workers is {shown(workers)}, and executor is given; expected one")
    store = Store.opened(store)
    missing = _missing(tasks, store, retry_failed)
    if missing:
        pool = Workers(workers) if executor is None else None
        count = None if pool is None else pool.count
        submit = (pool or executor).submit
        try:
            refuse_what_does_not_fit(estimated(missing, submit), store, count)
            ahead = AHEAD if pool is None else 2 * pool.count
            Drive(missing, submit, store, ahead, len(tasks)).run()
        except KeyboardInterrupt as error:
            error.add_note("what was done is kept; the next call goes on from there")
            raise
        finally:
            if pool is not None:
                pool.shutdown()
    return Results(tasks, store)


def collect(grid, store) -> Results:
    """What is there of a grid; nothing is run."""
    check_path("store", store)
    return Results(grid_of(grid).tasks, Store.opened(store))


def estimate(grid, workers=None) -> Estimate:
    """What a grid needs, from building one MDP of each kind in processes that end after it.

    Parameters
    ----------
    grid : Grid, or dict of its fields
    workers : int, optional
        How many processes measure.

    Returns
    -------
    Estimate
    """
    tasks, pool = grid_of(grid).tasks, Workers(workers)
    try:
        return estimated(tasks, pool.submit)
    finally:
        pool.shutdown()


def _part(tasks, shard):
    i, n = shard if isinstance(shard, tuple | list) and len(shard) == 2 else (None, None)
    if not (isinstance(i, int) and isinstance(n, int) and 0 <= i < n):
        raise ValueError(f"shard is {shown(shard)}; expected (i, n) with 0 <= i < n")
    return tasks[i::n]


def _missing(tasks, store, retry_failed) -> list:
    """Each once, also where two labels ask for the same."""
    found = {}
    for task in tasks:
        if task.key not in found:
            state = store.state(task.key)
            found[task.key] = None if state and not (retry_failed and state == FAILED) else task
    return [task for task in found.values() if task is not None]


class Drive:
    """Tasks on their way: a few are submitted ahead, and each is forgotten once it is kept.

    With ``strict`` the first that fails ends it.
    """

    def __init__(self, tasks, submit, store, ahead, total, text="runs", strict=False):
        self.waiting, self.submit, self.store, self.ahead = iter(tasks), submit, store, ahead
        self.strict, self.bar = strict, Progress(total, text, total - len(tasks))
        self.under_way, self.done, self.deaths = {}, queue.SimpleQueue(), Counter()

    def run(self):
        try:
            for task in itertools.islice(self.waiting, self.ahead):
                self.begin(task)
            while self.under_way:
                future = self.done.get()
                task = self.under_way.pop(future)
                if self.settled(task, future):
                    self.bar.add(1)
                    task = next(self.waiting, None)
                if task is not None:
                    self.begin(task)
        finally:
            self.bar.close()
            for future in list(self.under_way):
                future.cancel()

    def begin(self, task):
        future = self.submit(execute, task.job, str(self.store.folder))
        self.under_way[future] = task
        future.add_done_callback(self.done.put)

    def settled(self, task, future) -> bool:
        """Whether a task need not be tried again."""
        try:
            refused, content, failed = future.result()
        except (WorkerDied, CannotStart) as error:
            self.deaths[task.key] += 1
            if self.deaths[task.key] < DEATHS:
                return False
            if isinstance(error, CannotStart):
                raise
            text = f"{error}, {DEATHS} times"
            refused, content, failed = "", failure("WorkerDied", text), True
        except BrokenExecutor as error:
            text = "the executor broke; what was done is kept, and the next call goes on from there"
            raise RuntimeError(text) from error
        except Exception as error:  # of the executor: tasks keep theirs
            refused, content, failed = "", failure(type(error).__name__, str(error)), True
        if content is not None and not refused:
            self.store.put(task.key, content, failed)
        if refused:
            raise OSError(
                f"the store cannot be written: {refused}; what was done is kept, and the next call "
                "goes on from there"
            )
        if failed and self.strict:
            error = self.store.get(task.key)[0]["error"]
            failed = RuntimeError(f"{error['type']}: {error['message']}")
            failed.add_note(error["traceback"])
            raise failed
        return True
