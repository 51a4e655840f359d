"""Whole runs in which one factorization serves many iterations, against a fresh one in each."""

from __future__ import annotations

from itertools import product

import numpy as np

from benchmarks.measure import close, processor_time
from benchmarks.peers.floor import floor_runs
from benchmarks.report import Table, Target, judged
from tabular_pg import NaturalPG, Solver, instances, optimize, optimum

GAMMA, ETA = 0.99, 1.0
REPEATS = 3
TITLE = """NPG (eta = 1) from the uniform policy, gamma = 0.99, with the solver that the package
chooses and, on sparse problems, with reused dense factors as well: milliseconds of processor time
per evaluated policy, over the whole run (the optimum does not count). *fresh* is the floor of any
method that factorizes in each iteration: LAPACK's getrf and two passes over P. The gaps agree
with those of a fresh subtraction-free factorization."""


def rows(quick, out):
    """One row per MDP."""
    table = []
    for (name, make, iterations, factor), solver in product(cases(quick), (None, Solver.REUSE)):
        if name == "dense" and solver:
            continue  # that is what the package chooses
        mdp = make()
        iterations = 20 if quick else iterations
        run, own, fresh = compare(mdp, iterations, solver, 1 if quick else REPEATS)
        row = {"MDP": name, "S": mdp.n_states, "A": mdp.n_actions, "iterations": iterations}
        row |= {"tabular_pg (ms)": 1e3 * own, "fresh (ms)": 1e3 * fresh, "ratio": fresh / own}
        row |= {"solver": run.solver.name, "factorizations": run.factorizations}
        row |= {"refinements/iteration": run.refinements / (iterations + 1)}
        table.append(judged(row, Target("ratio", fresh / own, factor, at_least=True)))
    return table


def cases(quick):
    """Name, MDP, iterations and the ratio to reach: dense, Garnet and grid from S = 500 to 2000."""
    for S, A, n in [(500, 10, 400), (1000, 20, 60), (2000, 4, 60)][: 1 if quick else 3]:
        yield "dense", lambda S=S, A=A: instances.random_dense(S, A, GAMMA), n, 1.8
    for S, A, n in [(500, 10, 400), (1000, 10, 100), (2000, 4, 60)][: 1 if quick else 3]:
        yield "Garnet", lambda S=S, A=A: instances.garnet(S, A, 5, GAMMA), n, 1.8
    for height, width, n in [(20, 25, 400), (25, 40, 100), (40, 50, 60)][: 1 if quick else 3]:
        yield "gridworld", lambda h=height, w=width: instances.gridworld(h, w, GAMMA), n, 1.4


def compare(mdp, iterations, solver, repeats):
    """The run, and seconds per evaluated policy of it and of the floor, which take turns."""
    rule = NaturalPG(ETA)
    run = optimize(mdp, rule, iterations, solver=solver)
    check_gaps(run)
    floors = floor_runs(mdp)
    optima, runs, fresh = [], [], {name: [] for name in floors}
    for _ in range(repeats):
        optima.append(processor_time(optimum, mdp))
        runs.append(processor_time(last_of, mdp, rule, iterations, solver))
        for name, floor in floors.items():
            fresh[name].append(processor_time(floor, 5) / 5)
    own = (min(runs) - min(optima)) / (iterations + 1)
    return run, own, min(map(min, fresh.values()))


def last_of(mdp, rule, iterations, solver):
    """The run of which only the end is recorded."""
    return optimize(mdp, rule, iterations, at=[iterations], solver=solver)


def check_gaps(run):
    """Refuse a run whose gaps are not those of a fresh subtraction-free factorization."""
    at = run.k[run.k <= 20]
    fresh = optimize(run.mdp, run.rule, int(at[-1]), at=at, solver=Solver.ELIMINATION)
    assert close(fresh.value_gap, run.value_gap[np.isin(run.k, at)], 0.0), run


WHY = """Rows with REUSE on sparse P force dense factors where the package itself chooses SWEEPS or
SPARSE_LU, which are in the rows above them: with few successors policies move too fast for earlier
factors to serve (see *factorizations*). The largest dense MDP spends its time in passes over
P, 160 MB, which every refinement needs: the memory's speed, not arithmetic."""
TABLE = Table("reuse", TITLE, rows, WHY)
