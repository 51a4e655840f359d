"""Cores, BLAS threads and memory, as far as this process may use them."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

LITTLE = 2**24  # bytes; to ask the system whether there are so many takes 60 us


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class _OneBlasThread:
    """A second one gains nothing in systems of these sizes, and costs a lot on a busy machine.

    The limit is the whole process's: the first run sets it, the last one to end lifts it.
    """

    def __init__(self):
        self._runs, self._lock, self._limit = 0, threading.Lock(), None

    def __enter__(self):
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                self._limit = _libraries().limit(limits=1, user_api="blas")

    def __exit__(self, *error):
        with self._lock:
            self._runs -= 1
            if self._runs == 0:
                self._limit.restore_original_limits()


ONE_BLAS_THREAD = _OneBlasThread()


@functools.cache
def _libraries():
    return ThreadpoolController()


def refuse_beyond_memory(needed, what):
    """Raise MemoryError before an allocation of ``needed`` bytes would fail, or worse, not fail."""
    if needed <= LITTLE:
        return
    available = _available_memory()
    if needed > available:
        size = f"{needed / 1e9:.3g}" if needed < 1e300 else "more than 1e291"
        raise MemoryError(
            f"{what}: about {size} GB are needed and {available / 1e9:.3g} GB available"
        )


def empty_table(n_states, n_actions, name, advice="") -> np.ndarray:
    """A table (S, A, S) of zeros, if it fits into memory with what it takes to check it."""
    needed = 10 * n_states * n_actions * n_states
    refuse_beyond_memory(needed, f"the dense P of {name}{advice}")
    return np.zeros((n_states, n_actions, n_states))


def _available_memory() -> float:
    """Bytes, as far as the system says: of the machine and of the group that the process is in."""
    free = [float("inf")]
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free.append(1024.0 * int(line.split()[1]))
    with contextlib.suppress(OSError, ValueError):  # no such group, or its limit is "max"
        group = Path("/sys/fs/cgroup")
        used = int((group / "memory.current").read_text())
        free.append(int((group / "memory.max").read_text()) - used)
    with contextlib.suppress(ValueError, OSError, AttributeError):
        free.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    return min(free)
