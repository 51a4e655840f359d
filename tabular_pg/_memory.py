"""Refuse what does not fit into memory before it is allocated."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np


def refuse_beyond_memory(needed, what):
    """Raise MemoryError before an allocation of ``needed`` bytes would fail, or worse, not fail."""
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
