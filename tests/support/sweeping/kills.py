"""A sweep in a process of its own, ended in every way that there is."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

WAYS = ("worker", "driver", "terminal", "time limit", "full disk")
SMALL = 400  # bytes: no result fits into a file of this size
SCRIPT = """
import resource, signal, sys
from tabular_pg import NaturalPG, SoftmaxPG
from tabular_pg.sweeps import sweep

store, many, full = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "full disk"
if full:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({small}, resource.RLIM_INFINITY))
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where tests run in the background
garnet = ("garnet", {{"n_states": 6, "n_actions": 3, "branching": 2, "gamma": 0.9}})
bandit = ("two_armed_bandit", {{"gap": 0.0}})  # fails: a row with its error
grid = {{
    "instances": {{"garnet": garnet, "wrong": bandit}}, "rules": [NaturalPG, SoftmaxPG],
    "iterations": 100, "eta": [0.1, 1.0], "tau": [0.0, 0.1], "seeds": range(many),
}}
results = sweep(grid, store, workers=2)
results.write_table(store + ".csv")
print(results)
"""


def started(store, many, way=""):
    """The process of a sweep of 8 * many runs and 8 that fail."""
    command = [sys.executable, "-c", SCRIPT.format(small=SMALL), str(store), str(many), way]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kept(store) -> dict:
    """What is finished, with what tells whether it was written again."""
    found = {}
    for path in Path(store).glob("??/[!.]*"):
        with contextlib.suppress(FileNotFoundError):
            state = path.stat()
            found[path.name] = state.st_ino, state.st_mtime_ns
    return found


def workers_of(process) -> list[int]:
    found = []
    for task in Path(f"/proc/{process.pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def interrupt(store, many, way, rng: random.Random, most=0.5):
    """Start a sweep, let it finish a few runs, end it in this way; how it ended, and what was kept
    before and after."""
    before, process = kept(store), started(store, many, way)
    try:
        if way != "full disk":
            end = time.monotonic() + 60
            while len(kept(store)) <= len(before) and process.poll() is None:
                assert time.monotonic() < end
                time.sleep(0.01)
            time.sleep(rng.uniform(0, most))
        workers = workers_of(process)
        if way == "worker" and workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)
            time.sleep(rng.uniform(0, most))
            process.kill()
        elif way != "full disk":
            number = {"terminal": signal.SIGINT, "time limit": signal.SIGTERM}
            process.send_signal(number.get(way, signal.SIGKILL))
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    return said, before, kept(store), workers
