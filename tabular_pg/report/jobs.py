"""Many independent jobs on all cores; what an interruption leaves is where the next call begins."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import tabular_pg
from tabular_pg.checks.numbers import check_path, checked_list
from tabular_pg.sweeps.driver import Drive
from tabular_pg.sweeps.names import reference, refuse_while_reading
from tabular_pg.sweeps.store import DONE, Store
from tabular_pg.sweeps.workers import Workers


class Call(NamedTuple):
    """A job as ``Drive`` takes it."""

    key: str
    job: str


@contextmanager
def resumed(path, sources=()):
    """``run(function, jobs) -> list`` of ``function(*job)`` on all cores, each kept as it is done.

    What is kept is removed when the block ends well; otherwise the next call takes from it what was
    done, unless the code has changed since. Workers end when this process does, however it ends.

    Parameters
    ----------
    path : path
        A folder that is created if needed, and is removed.
    sources : sequence of paths
        Files, or folders of files ``*.py``, with your own code that results depend on. A change of
        them, or of this package, makes results stale.

    Yields
    ------
    function
        ``run(function, jobs)``: the function is defined at the top of a module; jobs are tuples of
        text and numbers, and so, or lists and dicts of them, are results. Equal jobs run once.

    Raises
    ------
    RuntimeError
        If a job fails, with its error.
    SystemExit
        On Ctrl-C.

    Examples
    --------
    In a script, where ``measure`` is a function at its top::

        if __name__ == "__main__":
            with resumed("results.partial", sources=[__file__]) as run:
                gaps = run(measure, [(eta, seed) for eta in (0.1, 1.0) for seed in range(5)])
                write_whole("results.json", json.dumps(gaps))
    """
    refuse_while_reading()
    check_path("path", path)
    code = _code(checked_list("sources", sources, "files and folders"))
    store, pool = Store.opened(path), Workers()

    def run(function, jobs):
        calls = [_call(function, job, code) for job in _checked_jobs(function, jobs)]
        each = {call.key: call for call in calls}
        missing = [call for key, call in each.items() if store.state(key) != DONE]
        text, ahead = function.__name__, 2 * pool.count
        Drive(missing, pool.submit, store, ahead, len(each), text, strict=True).run()
        return [store.get(call.key)[0]["result"] for call in calls]

    try:
        yield run
    except KeyboardInterrupt:
        sys.exit("interrupted; the next call goes on from here")
    finally:
        pool.shutdown()
    shutil.rmtree(store.folder)


def _call(function, job, code) -> Call:
    files = {}
    name = reference("function", function, files)
    key = hashlib.sha256(f"{code} {name}{job!r}".encode()).hexdigest()[:40]
    arguments = base64.b64encode(pickle.dumps(job)).decode()
    parts = {"key": key, "call": name, "files": files, "arguments": arguments}
    return Call(key, json.dumps(parts))


def _checked_jobs(function, jobs) -> list:
    """The jobs as a list of tuples, for a function that other processes find by its name."""
    if "<" in getattr(function, "__qualname__", "<"):
        raise TypeError(f"function is {function!r}; expected one defined at the top of a module")
    jobs = list(jobs)
    for i, job in enumerate(jobs):
        if not isinstance(job, tuple):
            raise TypeError(f"jobs[{i}] is {job!r}; expected a tuple of arguments")
    return jobs


def _code(sources) -> str:
    """A fingerprint of the package and of what else results depend on."""
    places = [Path(tabular_pg.__file__).parent]
    for i, source in enumerate(sources):
        check_path(f"sources[{i}]", source)
        if not Path(source).exists():
            raise FileNotFoundError(f"sources[{i}] is {str(source)!r}, which is not there")
        places.append(Path(source))
    found = ([place] if place.is_file() else place.rglob("*.py") for place in places)
    files = sorted({file.resolve() for some in found for file in some})
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
