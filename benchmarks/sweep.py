"""Many runs at once: small ones on two cores, large ones on one MDP in lock-step."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.measure import close
from benchmarks.report import Table, Target, judged
from tabular_pg import NaturalPG, instances, optimize, optimize_many

REPEATS = 5  # the least counts: one that both cores were free for
TITLE = """`optimize_many` against as many calls of `optimize` in a row, the optima included:
seconds on the clock, so what else runs on the machine counts; *CPU ratio* compares processor time.
Step sizes are log-spaced; only the last iterate is recorded, and its gaps are the same."""


def rows(quick, out):
    """One row per sweep."""
    table = []
    for name, make, count, iterations, limit in cases(quick):
        mdps, rules = make(count)
        clock, cpu = compare(mdps, rules, iterations, 1 if quick else REPEATS)
        ratio = clock[1] / clock[0]
        row = {"sweep": name, "runs": count, "iterations": iterations}
        row |= {"one by one (s)": clock[0], "together (s)": clock[1], "ratio": ratio}
        row |= {"CPU ratio": cpu[1] / cpu[0]}
        table.append(judged(row, Target("ratio", ratio, limit)))
    return table


def cases(quick):
    """Name, MDPs and rules, number of runs, iterations and the largest ratio allowed."""
    n = 1000 if quick else 5000
    yield "20x5, step sizes", lambda m: (instances.garnet(20, 5, 5, 0.9), _steps(m)), 64, n, 0.6
    yield "20x5, MDPs", lambda m: (_seeds(m), [NaturalPG(0.1)] * m), 64, n, 0.6
    S, A, count = (200, 10, 4) if quick else (1000, 20, 16)
    one = (lambda m: (instances.random_dense(S, A, 0.99), _steps(m)), count, 5 if quick else 20)
    yield f"{S}x{A}, step sizes", *one, 1.0


def compare(mdps, rules, iterations, repeats):
    """Least seconds on the clock and of the processor, one by one and together."""
    each = mdps if isinstance(mdps, list) else [mdps] * len(rules)
    last = [iterations]

    def alone():
        pairs = zip(each, rules, strict=True)
        return [optimize(mdp, rule, iterations, at=last) for mdp, rule in pairs]

    def together():
        return optimize_many(mdps, rules, iterations, at=last)

    for a, b in zip(alone(), together(), strict=True):  # compiles, too
        assert close(a.value_gap, b.value_gap, 0.0), (a, b)
    times = np.array([[_times(alone), _times(together)] for _ in range(repeats)])
    return times.min(axis=0).T


def _times(function):
    clock, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - clock, time.process_time() - cpu


def _steps(count):
    return [NaturalPG(float(eta)) for eta in np.geomspace(1e-2, 1.0, count)]


def _seeds(count):
    return [instances.garnet(20, 5, 5, 0.9, seed=seed) for seed in range(count)]


TABLE = Table("sweep", TITLE, rows)
