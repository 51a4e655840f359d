"""Many independent runs on all cores; what an interruption leaves is where the next call begins."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from common import progress

import tabular_pg
from tabular_pg._threads import cores
from tabular_pg.plotting import write_whole

SAVE_EVERY = 5.0  # seconds


@contextmanager
def resumed(path):
    """``run(function, jobs) -> list`` of ``function(*job)``, the results kept in ``path``.

    ``path`` is removed when the block ends well; otherwise the next call takes from it what was
    done, unless the code has changed since. Functions are defined at the top of a module; jobs are
    tuples of text and numbers, and so, or lists and dicts of them, are results.
    """
    path, code = Path(path), _code()
    known = _load(path, code)
    pool = ProcessPoolExecutor(cores(), initializer=_leave_interrupts_to_the_parent)

    def save():
        write_whole(path, json.dumps({"code": code, "results": known}))

    def run(function, jobs):
        keys = [f"{function.__name__}{job!r}" for job in jobs]
        missing = {key: job for key, job in zip(keys, jobs, strict=True) if key not in known}
        futures = {pool.submit(function, *job): key for key, job in missing.items()}
        saved = time.monotonic()
        for done, future in enumerate(as_completed(futures), len(set(keys)) - len(missing)):
            known[futures[future]] = future.result()
            progress(done + 1, len(set(keys)), function.__name__)
            if time.monotonic() - saved > SAVE_EVERY:
                save()
                saved = time.monotonic()
        return [known[key] for key in keys]

    try:
        yield run
    except BaseException as error:
        save()
        if isinstance(error, KeyboardInterrupt):
            sys.exit("interrupted; the next call goes on from here")
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    path.unlink(missing_ok=True)


def _leave_interrupts_to_the_parent():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _code() -> str:
    """A fingerprint of the package and of the experiments."""
    folders = Path(tabular_pg.__file__).parent, Path(__file__).parent
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
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
