"""What ``check`` takes, against the run that it checks."""

from __future__ import annotations

import warnings

from benchmarks.measure import processor_time
from benchmarks.report import Table, Target, judged
from tabular_pg import (
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    SoftmaxPG,
    check,
    instances,
    optimize,
)

RUNS = (
    (NaturalPG(1e-3), 0.0), (SoftmaxPG(1e-2), 0.0), (ProjectedPG(1e-3), 0.0),
    (HadamardPG(1e-3), 0.0), (NaturalPG(1e-2), 0.1), (SoftmaxPG(1e-2), 0.1),
)  # fmt: skip
LENGTHS, LONG = (1000, 10_000, 100_000), 10**7
LIMIT, REPEATS = 0.5, 5
TITLE = """Milliseconds of processor time of a run on 5 states and 5 actions, recorded as
`optimize` does by default, and of every theorem about it."""


def rows(quick, out):
    """One row per method and length."""
    table = []
    for rule, tau in RUNS[: 2 if quick else None]:
        lengths = LENGTHS[:1] if quick else LENGTHS
        table += [row(rule, tau, n, REPEATS) for n in lengths]
    if not quick:
        table.append(row(NaturalPG(1e-5), 0.0, LONG, 1))
    return table


def row(rule, tau, n, repeats):
    """The least of some repeats in turn."""
    mdp = instances.garnet(n_states=5, n_actions=5, branching=3, gamma=0.9, seed=0)
    made, checked = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = optimize(mdp, rule, n, tau=tau)  # compiles
        verdicts = check(run)
        for _ in range(repeats):
            made.append(processor_time(optimize, mdp, rule, n, tau=tau))
            checked.append(processor_time(check, run))
    found = {"method": type(rule).__name__, "tau": tau, "iterations": n, "records": len(run.k)}
    found |= {"theorems": sum(verdict.applies for verdict in verdicts)}
    found |= {"run (ms)": 1e3 * min(made), "check (ms)": 1e3 * min(checked)}
    targets = [Target("check / run", min(checked) / min(made), 1.0)]
    if n == LONG:
        targets.append(Target("check (s)", min(checked), LIMIT))
    return judged(found, *targets)


WHY = """A run of a thousand iterations, all recorded, takes 1 ms since compiled loops record
themselves; when the target was set it took 10 ms, and was met. A theorem about a thousand records
of 5 x 5 takes 0.3 to 0.6 ms, in passes of numpy over arrays of 40 to 200 kB. What is looked at
again in numbers of any size (zeros that may have underflowed: P1 near the optimum) takes ten times
the float's time."""
TABLE = Table("verdicts", TITLE, rows, WHY)
