"""What ``optimize`` accepts: each check names the argument, its value and what was expected."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np

from tabular_pg.method import Regularization

RECORD_ALL = 2000  # iterations up to which every iterate is recorded
RECORD_ENTRIES = 5_000_000  # and the number of recorded probabilities up to which it is
RECORD_PER_DECADE = 30
MOST_ITERATIONS = 10**18
LARGEST_MOVE = 1e304  # of eta times the largest value


def refuse_combination(name, method, mdp, tau):
    if tau > 0 and method.regularization is Regularization.NONE:
        raise ValueError(f"tau is {tau}; {name} is defined for tau = 0 only")
    if tau == 0 and method.regularization is Regularization.REQUIRED:
        raise ValueError(f"tau is 0; {name} is defined for tau > 0 only")
    if method.visitation and not (mdp.mu > 0).all():
        s = int(np.argmin(mdp.mu))
        raise ValueError(
            f"mu[{s}] is {mdp.mu[s]}; {name} takes its gradient under mu and needs mu > 0 in "
            "every state"
        )


def refuse_overflow(rule, best):
    eta, Q = getattr(rule, "eta", 0.0), best.Q
    largest = float(np.abs(Q).max(where=np.isfinite(Q), initial=0.0))
    if eta * largest > LARGEST_MOVE:
        raise ValueError(
            f"eta is {eta}; expected at most {LARGEST_MOVE / largest:.3g}: with values up to "
            f"{largest:.3g} a step would overflow"
        )


def checked_iterations(iterations) -> int:
    if isinstance(iterations, bool) or not isinstance(iterations, int | np.integer):
        raise TypeError(f"iterations is {iterations!r}; expected an integer >= 0")
    if iterations < 0:
        raise ValueError(f"iterations is {iterations}; expected an integer >= 0")
    if iterations > MOST_ITERATIONS:
        raise ValueError(f"iterations is {iterations}; expected at most {MOST_ITERATIONS:.0e}")
    return int(iterations)


def recorded(at, iterations, entries) -> np.ndarray:
    if at is not None:
        chosen = np.asarray(at)
        if chosen.ndim != 1 or chosen.size == 0 or chosen.dtype.kind not in "iu":
            raise ValueError(f"at is {at!r}; expected a non-empty sequence of integers")
        wrong = (chosen < 0) | (chosen > iterations)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ValueError(f"at[{i}] is {chosen[i]}; expected an integer in 0..{iterations}")
        return np.unique(chosen)
    if iterations <= RECORD_ALL and iterations * entries <= RECORD_ENTRIES:
        return np.arange(iterations + 1)
    count = 2 + int(RECORD_PER_DECADE * np.log10(iterations))
    spaced = np.geomspace(1, iterations, count).round().astype(np.int64)
    pairs = np.concatenate([[0, 1, iterations - 1], spaced, spaced + 1])
    return np.unique(pairs[pairs <= iterations])


def refuse_beyond_memory(needed, what):
    """Raise MemoryError before an allocation of ``needed`` bytes would fail, or worse, not fail."""
    available = _available_memory()
    if needed > available:
        raise MemoryError(
            f"{what}: about {needed / 1e9:.3g} GB are needed and {available / 1e9:.3g} GB available"
        )


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
