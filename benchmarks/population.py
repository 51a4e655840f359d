"""Thousands of small MDPs of one shape: one by one, together, in a search, and by jax."""

from __future__ import annotations

import gc
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.measure import processor_time
from benchmarks.report import Table, Target, judged
from benchmarks.search import never
from tabular_pg import MDP, REGISTRY, NaturalPG, optimize, optimize_many, optimum
from tabular_pg.batches.batch import Batch, advanced
from tabular_pg.engine.alike import OTHERS
from tabular_pg.engine.method import METHODS
from tabular_pg.optima.small import small_optima
from tabular_pg.search.candidates.moves import random_instance
from tabular_pg.search.climb import climb
from tabular_pg.search.population import slacks
from tabular_pg.search.problem import SearchProblem
from tabular_pg.search.stacking import runs_at_once
from tabular_pg.theorem import verdict

SHAPES, GAMMA, RULE, K, THEOREM = [(3, 2), (5, 3)], 0.9, NaturalPG(1.0), 100, REGISTRY["N1"]
TIMES, TIMES_JAX = 20, 3  # by which runs together are to be faster than alone, and than jax
BEFORE = {(3, 2): 60, (5, 3): 30}  # what *alone* took when that was asked for, in times of jax
HOWARD = 10  # steps of policy iteration that jax takes: all need as many as the slowest
AGREE = 1e-9  # of the gaps, relative to the values that jax subtracts
TITLE = """Microseconds of processor time for one MDP, of which there are thousands with random
entries: its optimum and 100 iterations of natural policy gradient. *alone*: `MDP`, `optimum`,
`optimize` and `verdict` of N1. *together*: `MDP`, `optimize_many`, and the slack of N1 by one
evaluation of its formula. *runs*: `optimize_many` of MDPs that are there. *records*: the same, and
every record of every run asked for. *arrays*: optima and gaps as arrays. *search*: all that a climb
takes for one of its runs. *jax*: optima and gaps by `vmap`, `scan` and `jnp.linalg.solve`, in
float64. All cores together. *before* is what *alone* took when targets were set: 60 times, and with
5 states 30 times, what jax takes.
"""


def rows(quick, out):
    """One row per shape."""
    n, repeats = (256, 1) if quick else (2048, 5)
    return [row(S, A, n, repeats) for S, A in SHAPES]


def row(S, A, n, repeats):
    """All times, the least of some repeats in turn, and whether gaps agree."""
    rng = np.random.default_rng(0)
    P, r = rng.dirichlet(np.ones(S), (n, S, A)), rng.random((n, S, A))
    mdps = made(P, r)
    ways = {
        "alone": (lambda: alone(P[:64], r[:64]), min(n, 64)),
        "together": (lambda: together(P, r), n),
        "runs": (lambda: optimize_many(mdps, RULE, K), n),
        "records": (lambda: with_records(optimize_many(mdps, RULE, K)), n),
        "arrays": (lambda: arrays(P, r), n),
        "jax": (by_jax(P, r), n),
    }
    agree(ways, P, r)
    times = {name: [] for name in (*ways, "search")}
    climbing = search(S, A, 20 if repeats == 1 else 100)
    for _ in range(repeats):
        for name, (way, count) in ways.items():
            mdps = made(P, r)  # whose optima nobody knows
            gc.collect()  # what others have left is not for this one to clear away
            times[name].append(processor_time(way) / count)
        times["search"].append(climbing())
    best = {name: min(x) for name, x in times.items()}
    found = {"states": S, "actions": A} | {f"{name} (us)": 1e6 * x for name, x in best.items()}
    before = BEFORE[S, A] * best["jax"]
    found["together/alone"] = best["alone"] / best["together"]
    ratios = {
        "together/before": (before / best["together"], TIMES),
        "search/before": (before / best["search"], TIMES),
        "arrays/jax": (best["jax"] / best["arrays"], TIMES_JAX),
        "runs/jax": (best["jax"] / best["runs"], TIMES_JAX),
    }
    found |= {name: ratio for name, (ratio, _) in ratios.items()}
    return judged(found, *(Target(name, *x, at_least=True) for name, x in ratios.items()))


def made(P, r):
    """The MDPs."""
    return [MDP(*pair, GAMMA) for pair in zip(P, r, strict=True)]


def alone(P, r):
    """Runs and slacks one by one."""
    runs, found = [], []
    for mdp in made(P, r):
        optimum(mdp)
        runs.append(optimize(mdp, RULE, K))
        found.append(verdict(THEOREM, runs[-1]).slack)
    return runs, np.array(found)


def together(P, r):
    """The same together."""
    runs = optimize_many(made(P, r), RULE, K)
    return runs, slacks(THEOREM, runs)


def with_records(runs):
    """The runs, with what is otherwise made when it is asked for."""
    for run in runs:
        for name in OTHERS:
            getattr(run, name)
    return runs


def arrays(P, r):
    """The gaps (n, K + 1) under the uniform distribution, without objects."""
    n, S, A = r.shape
    best = small_optima(P, r, GAMMA)
    start = np.full((n, S, A), -np.log(A))
    batch = Batch(P, GAMMA, np.full((n, S), 1.0 / S), best.A, start, np.full((n, 1), RULE.eta))
    method, at = METHODS[NaturalPG], np.arange(K + 1)
    records, ordinary = advanced(batch, method, tuple(RULE), at, ("scaled_gap",))
    assert ordinary.all() and best.sure.all()
    return records.scaled_gap.mean(axis=2)


def by_jax(P, r):
    """The same by jax, as a function without arguments."""
    jax.config.update("jax_enable_x64", True)
    run = jax.jit(jax.vmap(partial(_jax_gaps, eta=RULE.eta)))
    P, r = jnp.asarray(P), jnp.asarray(r)
    return lambda: run(P, r).block_until_ready()


def _jax_gaps(P, r, eta):
    (S, A), identity = r.shape, jnp.eye(r.shape[0])

    def values(pi):
        P_pi = jnp.einsum("sa,sat->st", pi, P)
        V = jnp.linalg.solve(identity - GAMMA * P_pi, (pi * r).sum(axis=1))
        return V, r + GAMMA * P @ V

    def greedy(Q):
        return jax.nn.one_hot(Q.argmax(axis=1), A, dtype=r.dtype)

    def iteration(logits, _):
        V, Q = values(jax.nn.softmax(logits, axis=1))
        return logits + eta * Q, V.mean()

    best = jax.lax.fori_loop(0, HOWARD, lambda _, pi: greedy(values(pi)[1]), greedy(r))
    _, found = jax.lax.scan(iteration, jnp.zeros((S, A)), None, length=K + 1)
    return values(best)[0].mean() - found


def search(S, A, candidates):
    """A function that climbs, and returns the seconds of processor time for one run of that."""
    problem = SearchProblem(THEOREM, NaturalPG, GAMMA, 0.0, K, "ratio", (1e-2, 1e2))
    limits = problem.limits(S, A)
    problem.stacked = runs_at_once(problem, limits)
    start = problem.judge(random_instance(np.random.default_rng(0), limits))

    def climbing():
        rng, before = np.random.default_rng(1), problem.runs
        seconds = processor_time(climb, problem, limits, rng, start, candidates, None, never)
        return seconds / (problem.runs - before)

    climbing()
    return climbing


def agree(ways, P, r):
    """Compile everything; an error, unless all gaps and slacks are those of runs one by one."""
    found = {name: way() for name, (way, _) in ways.items()}
    runs, expected = found["alone"]
    gaps, n = np.array([run.gap for run in runs]), len(runs)
    np.testing.assert_allclose(found["together"][1][:n], expected, rtol=1e-12)
    for name in ("together", "runs"):
        several = found[name][0] if name == "together" else found[name]
        np.testing.assert_allclose([run.gap for run in several[:n]], gaps, rtol=1e-12)
    np.testing.assert_allclose(found["arrays"][:n], gaps, rtol=1e-12)
    np.testing.assert_allclose(found["jax"][:n], gaps, rtol=0, atol=AGREE / (1.0 - GAMMA))


WHY = """What `optimize_many` returns is a `Run` for every MDP, with the iterates of the 101
recorded iterations and an `Optimum` that is known from then on, which jax's arrays of gaps are
without; *arrays* is the like comparison. The arithmetic is half of *runs*; the rest are Python's
objects (a plan, an optimum, a run), 8 to 10 us for one MDP. Of *together* a third is `MDP`, which
checks every row."""
TABLE = Table("population", TITLE, rows, WHY)
