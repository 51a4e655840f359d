"""Runs of a search over MDPs, against the same runs by the public functions."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import processor_time
from benchmarks.report import Table, Target, judged
from tabular_pg import REGISTRY, optimize
from tabular_pg.engine.method import METHODS
from tabular_pg.search.arguments import usual_tau
from tabular_pg.search.candidates.moves import random_instance
from tabular_pg.search.climb import climb
from tabular_pg.search.problem import SearchProblem
from tabular_pg.search.stacking import runs_at_once
from tabular_pg.theorem import verdict

S, A, GAMMA, STEPS = 3, 2, 0.9, (1e-2, 1e2)
ONE_STEP, LONG = ("P1", "N2b", "S1b", "E2", "G4", "H1a", "PI1"), ("N1", "S2", "P2s", "G1p", "H2")
FACTORS = {1: 100, 100: 10}  # by which a run of a search is to be faster, by its length; of 100
# iterations 20 times, when the public functions took twice as long


def never(score):
    """What ends no climb."""
    return False


TITLE = """Microseconds of processor time for one run of a method on 3 states and 2 actions, and
for both sides of one theorem about it. *public*: `MDP`, `optimize` and `verdict`, one run at a
time. *search*: what a climb over candidates takes for each of its runs, everything included; a
candidate is run from several starts at once."""


def rows(quick, out):
    """One row per theorem."""
    ids = [(id, 1) for id in ONE_STEP] + [(id, 100) for id in LONG]
    candidates, repeats = (20, 1) if quick else (150, 3)
    return [row(id, K, candidates, repeats) for id, K in ids[:: 6 if quick else 1]]


def row(id, K, candidates, repeats):
    """Both times for a theorem and runs of K iterations, the least of some repeats in turn."""
    theorem = REGISTRY[id]
    rule = next(rule for rule in theorem.rules if rule in METHODS)
    tau = usual_tau(theorem, rule)
    problem = SearchProblem(theorem, rule, GAMMA, tau, K, "ratio", STEPS)
    limits, rng = problem.limits(S, A), np.random.default_rng(0)
    problem.stacked = runs_at_once(problem, limits)
    judged_alone = [problem.judge(random_instance(rng, limits)) for _ in range(20)]

    def public():
        for found in judged_alone:
            x = found.instance
            run = optimize(x.mdp(GAMMA), found.rule, K, tau=problem.tau, at=range(K + 1),
                           log_policy=x.log_policy)  # fmt: skip
            verdict(theorem, run)

    def search():
        start = np.random.default_rng(1)
        climb(problem, limits, start, judged_alone[0], candidates, enough=never)

    public(), search()  # compile
    alone, together = [], []
    for _ in range(repeats):
        alone.append(processor_time(public) / len(judged_alone))
        before = problem.runs
        seconds = processor_time(search)
        together.append(seconds / (problem.runs - before))
    factor = min(alone) / min(together)
    found = {"theorem": id, "method": rule.__name__, "iterations": K, "starts": problem.stacked}
    found |= {"public (us)": 1e6 * min(alone), "search (us)": 1e6 * min(together), "ratio": factor}
    return judged(found, Target("ratio", factor, FACTORS[K], at_least=True))


TABLE = Table("search", TITLE, rows)
