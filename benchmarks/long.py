"""A run of ten million iterations: seconds on the clock, and memory that does not grow with it."""

from __future__ import annotations

import time

from benchmarks.measure import MEGABYTE, fresh, peak, resident
from benchmarks.report import Table, Target, judged
from tabular_pg import NaturalPG, instances, optimize

LENGTHS = (10**4, 10**5, 10**6, 10**7)
STEPS = {1e-5: "above 1e-300", 1.0: "far below 1e-300"}  # and where the gap ends
LIMIT = 15.0  # seconds
TITLE = """NPG on a random MDP with 5 states and 5 actions, recorded at the default (log-spaced)
iterations: all of `optimize`, the optimum included, on the clock. With the larger step the gap
soon leaves the range of float64 and is kept as a logarithm. *growth* is that of the process during
the run; *beyond record* leaves out what the run returns."""


def rows(quick, out):
    """One row per step size and length."""
    table = []
    for eta, gap in STEPS.items():
        for n in LENGTHS[:2] if quick else LENGTHS:
            found = fresh(measure, eta, n)
            row = {"eta": eta, "gap": gap, "iterations": n, "time (s)": found["seconds"]}
            row |= {"us/iteration": 1e6 * found["seconds"] / n}
            row |= {"growth (MB)": found["growth"], "beyond record (MB)": found["beyond"]}
            table.append(judged(row, *_targets(n, found)))
    return table


def _targets(n, found):
    if n == LENGTHS[-1]:
        yield Target("time (s)", found["seconds"], LIMIT)
    yield Target("beyond record (MB)", found["beyond"], 1.0)


def measure(eta, n) -> dict[str, float]:
    """Seconds and memory of one run in this process, in which shorter ones compiled the code."""
    mdp, rule = instances.random_dense(5, 5, 0.99), NaturalPG(eta)
    optimize(mdp, rule, 3000)
    before, start = resident(), time.perf_counter()
    run = optimize(mdp, rule, n)
    seconds, growth = time.perf_counter() - start, peak() - before
    fields = vars(run).values()
    record = sum(getattr(value, "nbytes", 0) for value in fields)
    return {
        "seconds": seconds,
        "growth": growth / MEGABYTE,
        "beyond": max(growth - record, 0.0) / MEGABYTE,
    }


TABLE = Table("long", TITLE, rows)
