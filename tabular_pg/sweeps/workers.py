"""Processes of our own: each reads tasks from a pipe, and ends when that does.

They are started as fresh interpreters: the script that calls ``sweep`` is not run again in them, it
needs no ``if __name__ == "__main__"``, and no thread or lock is inherited. One that dies takes one
task with it, and it is known which. Whatever ends the driver closes the pipes, and so ends them.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from tabular_pg._machine import cores
from tabular_pg.checks.numbers import check_number
from tabular_pg.sweeps.estimate import measure
from tabular_pg.sweeps.execution import execute
from tabular_pg.sweeps.warming import warm

FUNCTIONS = {"execute": execute, "measure": measure, "warm": warm}
START = """import sys
sys.path[:] = {path!r}
from tabular_pg.sweeps.workers import serve
serve()
"""
READY = "ready"


class WorkerDied(RuntimeError):
    """The process that ran a task is gone."""


class CannotStart(RuntimeError):
    """No process could be started, or it ended before it took a task."""


def default_workers() -> int:
    """As many as Slurm gave to the task, or as there are cores that this process may use."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return int(given) if given.isdigit() and int(given) > 0 else cores()


class Workers:
    """So many processes, with the ``submit`` of an executor for the functions of this package.

    Parameters
    ----------
    count : int > 0, optional
        ``SLURM_CPUS_PER_TASK`` by default, or else the number of cores of this process.
    """

    def __init__(self, count=None):
        self.count = default_workers() if count is None else check_number("workers", count, 1)
        self._threads = ThreadPoolExecutor(self.count)  # each waits for the answers of one process
        self._mine, self._lock = threading.local(), threading.Lock()
        self._running, self._ended = set(), False

    def submit(self, function, *arguments):
        """A future of what ``function``, one of FUNCTIONS, returns in a process."""
        line = json.dumps([function.__name__, arguments]) + "\n"
        return self._threads.submit(self._answer, line)

    def shutdown(self):
        """End them; what they are doing is lost."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._running:
            _reap(process)

    def _answer(self, line):
        process = getattr(self._mine, "process", None)
        if process is None:
            process = self._mine.process = self._started()
        answer = _asked(process, line)
        if not answer:
            raise WorkerDied(f"the process that ran it {self._end_of(process)}")
        return json.loads(answer)

    def _started(self):
        path = [os.getcwd() if place == "" else place for place in sys.path]
        with self._lock:
            if self._ended:
                raise CannotStart("the workers were told to end")
            process = subprocess.Popen(
                [sys.executable, "-c", START.format(path=path)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                start_new_session=os.name == "posix",
            )  # fmt: skip  # a session of its own: Ctrl-C is for the driver
            self._running.add(process)
        if process.stdout.readline().strip() != READY:
            raise CannotStart(f"a worker {self._end_of(process)} before it took a task")
        return process

    def _end_of(self, process) -> str:
        """How a process ended; another takes its place."""
        self._mine.process = None
        with self._lock:
            self._running.discard(process)
        process.kill()
        code = _reap(process)
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit status {code}"


def _asked(process, line) -> str:
    try:
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline()
    except OSError:
        return ""


def _reap(process) -> int:
    code = process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()
    return code


def serve():
    """The life of a worker: what functions print goes to standard error, and the end of the
    requests is the end of the process, in the middle of a task as well."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    requests = queue.SimpleQueue()

    def read():
        for line in sys.stdin:
            requests.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    print(READY, file=answers, flush=True)
    while True:
        name, arguments = json.loads(requests.get())
        answer = json.dumps(FUNCTIONS[name](*arguments))
        try:
            print(answer, file=answers, flush=True)
        except OSError:  # nobody is left to hear it
            os._exit(0)
