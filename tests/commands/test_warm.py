"""``warm`` compiles what runs need, in processes of its own, and later ones compile nothing."""

from __future__ import annotations

import subprocess
import sys

from support.command_line import said
from tabular_pg import optimize
from tabular_pg.compiled import cache
from tabular_pg.engine.arguments import planned
from tabular_pg.engine.method import METHODS
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.sweeps.warming import KINDS, instance, rule_with, warm_tasks

AGAIN = """
from numba.core import event
from tabular_pg.sweeps.warming import KINDS, warm
with event.install_recorder("numba:compile") as recorded:
    for kind in KINDS:
        warm("PolicyIteration", None, 0.0, kind)
print(len(recorded.buffer))
"""


def test_what_is_warmed_is_not_compiled_again():
    done = said("warm", "PolicyIteration", "--workers", "2")
    assert done.code == 0 and done.out.startswith(f"{len(KINDS)} versions compiled in ")
    assert done.out.rstrip().endswith(f"in {cache.FOLDER}")
    lines = sorted(line.split("  ")[1].partition(":")[0] for line in done.err.splitlines())
    assert lines == sorted(f"PolicyIteration, tau 0.0, {kind}" for kind in KINDS)
    again = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True)
    assert again.stdout == "0\n", again.stderr


def test_every_method_is_warmed_with_every_step_size_and_tau():
    tasks = set(warm_tasks())
    assert {name for name, *_ in tasks} == {rule.__name__ for rule in METHODS}
    for kind in KINDS:
        assert {
            ("NaturalPG", step, tau, kind) for step in (None, "Armijo") for tau in (0.0, 0.1)
        } <= (tasks)
    assert not any(tau for name, _, tau, _ in tasks if name == "ProjectedPG")


def test_the_kinds_of_mdps_are_run_in_ways_of_their_own():
    solvers = [optimize(instance(kind), rule_with("NaturalPG", None), 2).solver for kind in KINDS]
    few, dozens, *many, sparse = solvers
    assert (few, dozens, *many) == (Solver.ELIMINATION, *3 * [Solver.REUSE])
    assert sparse in (Solver.SWEEPS, Solver.SPARSE_LU, Solver.GMRES, Solver.BICGSTAB)


def test_every_task_is_a_run():
    for rule, step, tau, kind in warm_tasks():
        each = [(instance(kind), rule_with(rule, step), tau, None, None)]
        planned(each, 2, None, None, None)


def test_what_is_no_method_is_refused():
    done = said("warm", "NaturalPH")
    assert done.code == 2 and "NaturalPH is no method; expected some of: " in done.err
