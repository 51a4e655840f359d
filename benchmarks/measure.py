"""Times on a shared machine, peak memory, and calls in a process of their own.

A time is processor time, which other programs do not stretch as they do the clock on the wall.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

MEGABYTE = 2.0**20
STATUS, RESET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def processor_time(function, *arguments, **options) -> float:
    """Seconds of processor time that one call takes."""
    start = time.process_time()
    function(*arguments, **options)
    return time.process_time() - start


def per_iteration(runs, block=0.1, blocks=5, longest=10**7) -> dict[str, float]:
    """Seconds that one more iteration takes, for each of ``runs``.

    Parameters
    ----------
    runs : dict of callables
        ``run(n)`` makes n iterations from the start.
    block : float
        Seconds that a run should last beyond its fixed cost, at least half of which it lasts.
    blocks : int
        How often each is repeated.
    longest : int
        Iterations after which a run is long enough, however fast.

    Returns
    -------
    dict of float
        ``(T(n) - T(1)) / (n - 1)`` with T the least time over the blocks. So compilation, the
        optimum and other fixed costs do not count. All take turns, block by block, so that a busy
        moment of the machine hits all of them alike.
    """
    lengths = {name: _length(run, block, longest) for name, run in runs.items()}
    long, short = ({name: [] for name in runs} for _ in range(2))
    for _ in range(blocks):
        for name, run in runs.items():
            short[name].append(processor_time(run, 1))
            long[name].append(processor_time(run, lengths[name]))
    return {name: (min(long[name]) - min(short[name])) / (lengths[name] - 1) for name in runs}


def _length(run, block, longest) -> int:
    run(1)  # compiles
    fixed = min(processor_time(run, 1) for _ in range(2))
    block, n = max(block, fixed / 2), 2  # less would drown in the noise of what is fixed
    while processor_time(run, n) - fixed < block and n < longest:
        n *= 2
    return n


def per_call(function, block=0.05, blocks=5) -> float:
    """Seconds that a call of ``function`` takes: the least mean over the blocks."""

    def run(n):
        for _ in range(n):
            function()

    return per_iteration({"": run}, block, blocks)[""]


def resident() -> float:
    """Bytes of memory that this process holds now; where the system allows, its peak restarts."""
    if STATUS.exists():
        with contextlib.suppress(OSError):
            RESET_PEAK.write_text("5")
        return _status("VmRSS")
    return peak()


def peak() -> float:
    """The largest number of bytes that this process has held since its peak restarted."""
    if STATUS.exists():  # getrusage would report the parent's peak: a child inherits it
        return _status("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _status(field) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return 1024.0 * int(line.split()[1])


def fresh(function, *arguments, environment=(), patience=None):
    """What ``function(*arguments)`` returns in a process of its own; None if patience ends first.

    ``function`` is a function of a module; arguments and result are what JSON can hold.
    """
    call = json.dumps([function.__module__, function.__name__, arguments])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.measure", call],
            env={**os.environ, **dict(environment)}, timeout=patience,
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    return json.loads(done.stdout.splitlines()[-1])


def close(ours, theirs, resolution) -> bool:
    """Whether two gaps agree to 1e-8, or to what a subtraction of values can resolve."""
    return bool(np.all(np.abs(ours - theirs) <= 1e-8 * np.abs(ours) + resolution))


if __name__ == "__main__":
    module, name, parameters = json.loads(sys.argv[1])
    print(json.dumps(getattr(importlib.import_module(module), name)(*parameters)))
