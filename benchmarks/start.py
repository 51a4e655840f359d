"""What a library costs before its first iteration is done: compilation, and memory beside P."""

from __future__ import annotations

import time
from tempfile import TemporaryDirectory

from benchmarks.measure import MEGABYTE, fresh, peak, resident
from benchmarks.report import Table
from tabular_pg import NaturalPG, instances

LIBRARIES = ("tabular_pg", "numpy", "numpy + LAPACK", "jax", "QuantEcon")
SMALL, LARGE = (5, 5), (1000, 20)
TITLE = """NPG in a process of its own. *cold* is how much longer the first run takes than the
second (seconds, 5 states); *warm* is the same in the next process, where this package finds its
compiled code on disk. *memory* is the largest growth of the process during three iterations,
P and the library loaded, compared with the size of P (1000 x 20 x 1000 float64)."""


def rows(quick, out):
    """One row per peer."""
    S, A = (200, 10) if quick else LARGE
    size = 8 * S * A * S
    table = []
    for name in LIBRARIES[:1] if quick else LIBRARIES:
        with TemporaryDirectory() as cache:
            environment = {"TABULAR_PG_CACHE": cache}
            cold, warm = (fresh(compile_time, name, environment=environment) for _ in range(2))
        grown = fresh(memory, name, S, A)
        row = {"library": name, "cold (s)": cold, "warm (s)": warm}
        table.append(row | {"memory (MB)": grown / MEGABYTE, "memory / P": grown / size})
    return table


def compile_time(name) -> float:
    """Seconds that the first run of this process takes longer than the second."""
    run = _run(name, *SMALL)
    times = []
    for _ in range(2):
        start = time.process_time()
        run(3)
        times.append(time.process_time() - start)
    return times[0] - times[1]


def memory(name, S, A) -> float:
    """Bytes by which this process grows while it runs; compiled code is loaded before."""
    _run(name, *SMALL)(3)
    run = _run(name, S, A)
    before = resident()
    run(3)
    return peak() - before


def _run(name, S, A):
    from benchmarks.peers.dense import PEERS, Task  # here, so that only children import every peer

    return PEERS[name](Task(instances.random_dense(S, A, 0.99), NaturalPG(0.01)))


TABLE = Table("start", TITLE, rows)
