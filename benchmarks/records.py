"""What an iteration takes that is recorded, this package and its fastest peer in the same run."""

from __future__ import annotations

import numpy as np

from benchmarks.dense import GAMMA, tasks
from benchmarks.measure import close, processor_time
from benchmarks.peers.dense import jax_scan
from benchmarks.report import Table, Target, judged
from tabular_pg import instances, optimize

SIZES = (5, 5), (10, 4), (20, 5), (50, 5), (100, 10)
ITERATIONS, REPEATS = 1000, 5
TITLE = f"""Microseconds of processor time per iteration, {ITERATIONS} of them, as in the table
*dense*, all recorded and everything before and after them included: here policies, gaps,
advantages, visits and what else a run keeps, by jax's scan policies and values. *apart* is what an
iteration takes if the last one alone is recorded."""


def rows(quick, out):
    """One row per size and method."""
    table = []
    for S, A in SIZES[:1] if quick else SIZES:
        mdp = instances.random_dense(S, A, GAMMA)
        for name, task in list(tasks(mdp).items())[: 1 if quick else None]:
            runs = runs_of(task)
            check_values(task, runs)
            least = {
                key: min(processor_time(run) for _ in range(REPEATS)) / ITERATIONS
                for key, run in runs.items()
            }
            row = {"S": S, "A": A, "method": name}
            row |= {f"{key} (us)": 1e6 * seconds for key, seconds in least.items()}
            ratio = least["jax"] / least["tabular_pg"]
            table.append(judged(row, Target("jax / tabular_pg", ratio, 1.0, at_least=True)))
    return table


def runs_of(task):
    """What is timed."""
    scan, last = jax_scan(task), [ITERATIONS]
    return {
        "tabular_pg": lambda: optimize(task.mdp, task.rule, ITERATIONS, tau=task.tau),
        "apart": lambda: optimize(task.mdp, task.rule, ITERATIONS, tau=task.tau, at=last),
        "jax": lambda: scan(ITERATIONS),
    }


def check_values(task, runs):
    """Refuse a comparison with a peer that computes something else; all is compiled then."""
    run, (_, V) = runs["tabular_pg"](), runs["jax"]()
    runs["apart"]()
    resolution = 1e-13 * np.abs(run.optimum.V).max()
    if not close(run.value_gap[:-1], run.optimum.V - V, resolution):
        raise RuntimeError(f"{task.rule}: the values of jax differ")


TABLE = Table("records", TITLE, rows)
