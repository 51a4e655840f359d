"""Many independent runs on all cores; what an interruption leaves is where the next call begins."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

import tabular_pg
from tabular_pg._files import plain, write_whole
from tabular_pg._machine import cores
from tabular_pg._progress import progress
from tabular_pg.checks.numbers import check_path, checked_list

SAVE_EVERY = 5.0  # seconds
ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Terminated(BaseException):
    """Somebody has asked this process to end."""


@contextmanager
def resumed(path, sources=()):
    """``run(function, jobs) -> list`` of ``function(*job)`` on all cores, kept in a file.

    The file is removed when the block ends well; otherwise the next call takes from it what was
    done, unless the code has changed since. Workers end when this process does, however it ends.

    Parameters
    ----------
    path : path
        The file, as JSON, in a folder that is created if needed.
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
    SystemExit
        On Ctrl-C, or a signal to end, after what was done has been saved.

    Examples
    --------
    In a script, where ``measure`` is a function at its top::

        with resumed("results.partial.json", sources=[__file__]) as run:
            gaps = run(measure, [(eta, seed) for eta in (0.1, 1.0) for seed in range(5)])
            write_whole("results.json", json.dumps(gaps))
    """
    check_path("path", path)
    path, code = Path(path), _code(checked_list("sources", sources, "files and folders"))
    known = _load(path, code)
    pool = ProcessPoolExecutor(cores(), initializer=_follow_the_parent)

    def save():
        write_whole(path, json.dumps({"code": code, "results": known}))

    def run(function, jobs):
        jobs = _checked_jobs(function, jobs)
        keys = [f"{function.__module__}.{function.__qualname__}{job!r}" for job in jobs]
        missing = {key: job for key, job in zip(keys, jobs, strict=True) if key not in known}
        futures = {pool.submit(function, *job): key for key, job in missing.items()}
        saved = time.monotonic()
        try:
            for done, future in enumerate(as_completed(futures), len(set(keys)) - len(missing)):
                future.result()
                _keep(futures, known)
                progress(done + 1, len(set(keys)), function.__name__)
                if time.monotonic() - saved > SAVE_EVERY:
                    save()
                    saved = time.monotonic()
        finally:
            _keep(futures, known)
        return [known[key] for key in keys]

    with _ended_in_order():
        try:
            yield run
        except BaseException as error:
            save()
            if isinstance(error, KeyboardInterrupt | Terminated):
                _stop(pool)
                sys.exit("interrupted; the next call goes on from here")
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    path.unlink(missing_ok=True)


def _checked_jobs(function, jobs) -> list:
    """The jobs as a list of tuples, for a function that other processes find by its name."""
    if "<" in getattr(function, "__qualname__", "<"):
        raise TypeError(f"function is {function!r}; expected one defined at the top of a module")
    jobs = list(jobs)
    for i, job in enumerate(jobs):
        if not isinstance(job, tuple):
            raise TypeError(f"jobs[{i}] is {job!r}; expected a tuple of arguments")
    return jobs


def _keep(futures, known):
    """Note the results that are there."""
    for future in [future for future in futures if future.done()]:
        key = futures.pop(future)
        if not future.cancelled() and future.exception() is None:
            known[key] = plain(future.result(), key, finite=False)


@contextmanager
def _ended_in_order():
    """The first signal to end is raised as ``Terminated``, and others are left alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number, frame):
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise Terminated

    ours = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _stop(pool):
    """End the jobs that are running; nobody waits for them."""
    for process in list((pool._processes or {}).values()):
        process.terminate()


def _follow_the_parent():
    """In a worker: leave Ctrl-C to the parent, and end when it is gone, however that came."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    parent = multiprocessing.parent_process()

    def follow():
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


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


def _load(path, code) -> dict:
    try:
        saved = json.loads(path.read_text())
        if saved["code"] == code:
            return saved["results"]
        why = "the code has changed since"
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        why = "it is no record of results"
    print(f"{path} is not used: {why}", file=sys.stderr)
    return {}
