"""How long one waits for a first result where nothing is compiled yet, and for each further one."""

from __future__ import annotations

import time
from tempfile import TemporaryDirectory

from benchmarks.measure import fresh
from benchmarks.report import Table, Target, judged
from tabular_pg import (
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    check,
    instances,
    optimize,
    optimum,
)

FIRST, FURTHER = 3.0, 1.0  # seconds
RUNS = (
    (SoftmaxPG(0.1), 0.0), (ProjectedPG(0.1), 0.0), (HadamardPG(0.1), 0.0), (NaturalPG(1.0), 0.1),
    (SoftmaxPG(0.1), 0.1), (SoftPolicyIteration(), 0.1),
)  # fmt: skip
TITLE = """Seconds of processor time of a process whose folder for compiled code is empty (*cold*),
and of the next one (*warm*). The first result is that of NPG on 10 states, with everything before
it: Python, the import, the optimum. Each further row is one more method or tau in that process,
with its optimum if that is another; the verdicts and the figure are those of the first run."""


def rows(quick, out):
    """One row per thing that one waits for."""
    with TemporaryDirectory() as cache:
        cold, warm = (fresh(waits, environment={"TABULAR_PG_CACHE": cache}) for _ in range(2))
    found = []
    for (what, seconds), (_, again) in zip(cold, warm, strict=True):
        row = {"what": what, "cold (s)": seconds, "warm (s)": again}
        limit = FIRST if what == "first result" else FURTHER
        found.append(judged(row, Target("cold (s)", seconds, limit)))
    return found


def waits() -> list[tuple[str, float]]:
    """What this process has waited for since it began, and how long."""
    mdp = instances.garnet(n_states=10, n_actions=4, branching=3, gamma=0.9, seed=0)
    optimum(mdp)
    found = [("import and optimum", time.process_time())]
    run = optimize(mdp, NaturalPG(1.0), 100)
    found.append(("first result", time.process_time()))

    def wait(what, function, *arguments, **options):
        start = time.process_time()
        function(*arguments, **options)
        found.append((what, time.process_time() - start))

    wait("its verdicts", check, run)
    for rule, tau in RUNS:
        wait(f"{rule}, tau = {tau}", optimize, mdp, rule, 100, tau=tau)
    wait("first figure", run.plot)
    return found


WHY = """A first result compiles 63 functions, 20 of them for the optimum. Half of the time are
numba's own steps in Python (types, its intermediate representation, writing LLVM's), half is LLVM
(reading it, optimizing every function, then what is called as a whole, machine code): `python -m
cProfile -s cumulative` of the first `optimize` in an empty folder for compiled code,
`type_inference_stage` and `lower` against `llvmlite/binding/ffi.py`. All methods share one
evaluation of policies, so that a further one compiles its step and a loop. The first in another
geometry, or with a regularizer, compiles the evaluation and the optimum there, and soft policy
iteration what resolves gaps below the range of floats, 28 functions. What is left is fewer and
shorter functions, or compiled code in the wheel, which would be of one processor and one version
of numba; `tabular-pg warm` does it for an image."""
TABLE = Table("wait", TITLE, rows, WHY)
