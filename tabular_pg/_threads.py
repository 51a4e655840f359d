"""Cores and BLAS threads of this process."""

from __future__ import annotations

import functools
import os
import threading

from threadpoolctl import ThreadpoolController


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
