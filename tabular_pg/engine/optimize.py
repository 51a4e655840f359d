"""Run a rule exactly and record its iterates in gap coordinates: one run, or many at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from tabular_pg._machine import ONE_BLAS_THREAD, cores
from tabular_pg._progress import Watch
from tabular_pg.engine.alike import made_together, pieces_of
from tabular_pg.engine.arguments import planned
from tabular_pg.engine.compiled_loop import advance_alone
from tabular_pg.engine.finish import finished
from tabular_pg.engine.lockstep_loop import advance_searching, advance_together
from tabular_pg.engine.run import Run
from tabular_pg.engine.running import task_of
from tabular_pg.numerics.systems.dense_solver import DenseSolver

MOST_RUNS = 100_000
AXES = {"tau": 0, "policy": 2, "log_policy": 2}  # of what is given for one run


def optimize(
    mdp,
    rule,
    iterations,
    *,
    tau=0.0,
    policy=None,
    log_policy=None,
    at=None,
    solver=None,
    tie_tolerance=None,
    until=None,
) -> Run:
    """Run ``rule`` for ``iterations`` steps with exact gradients.

    Once it iterates, Ctrl-C ends it with what is there and the status INTERRUPTED.

    Parameters
    ----------
    mdp : MDP
    rule : an instance of a registered record, for example ``NaturalPG(eta=1.0)``
    iterations : int >= 0
    tau : float
        Weight of the entropy bonus; 0 for the plain problem.
    policy : array_like (S, A), optional
        Start policy; uniform by default.
    log_policy : array_like (S, A), optional
        Its logarithm instead, for probabilities below 1e-308 and to go on where a run has ended:
        ``log_policy=run.log_policies[-1]`` gives the iterates of one long run (a rule with a
        memory, or with steps that depend on k, starts these anew). Offsets from a regularized
        optimum, which floats near log pi* cannot hold, are taken from the run.
    at : sequence of int, optional
        Iterations to record. By default all of them when they are few, else log-spaced ones,
        each with its successor (theorems about one step need both). Most theorems also need 0.
    solver : Solver, optional
        How the linear systems are solved; chosen by size and sparsity by default.
    tie_tolerance : float >= 0, optional
        Which actions count as optimal, see :func:`tabular_pg.optimum`.
    until : float > 0, optional
        End, with the status SETTLED, at the first iterate whose advantage gap max_{s, a} A^k(s, a)
        is at most (1 - gamma) ``until``: V* - V^k <= ``until`` in every state then, which a method
        can tell without knowing V* (theorems A1, A2; Ju and Lan, 2026).

    Returns
    -------
    Run

    Raises
    ------
    TypeError, ValueError
        Names the argument, its value and what was expected.
    MemoryError
        If the run would need more memory than there is; nothing has been allocated then.

    Warns
    -----
    UserWarning
        If it is doubtful which actions are optimal, or if gaps are less accurate than 1e-9.
    """
    with ONE_BLAS_THREAD:
        each = [(mdp, rule, tau, policy, log_policy)]
        task = task_of(*planned(each, iterations, at, solver, tie_tolerance, until))
        with Watch(task.at[-1]) as watch:
            _advance([task], watch)
    return finished(task)


def optimize_many(
    mdp,
    rule,
    iterations,
    *,
    tau=0.0,
    policy=None,
    log_policy=None,
    at=None,
    solver=None,
    tie_tolerance=None,
    until=None,
) -> list[Run]:
    """Run several rules, from several starts or on several MDPs, as ``optimize`` would one by one.

    Runs share the machine's cores, one thread each; runs on one large dense MDP also share every
    pass over its P, and hundreds of runs on small MDPs of one shape (tau = 0, constant steps) are
    made in one compiled call, which ``optimize`` agrees with to 1e-12 / (1 - gamma). What these
    record beside iterates and gaps is made, for all in one more call, when it is asked for; one of
    them keeps all of them in memory, a copy does not.

    Each of ``mdp``, ``rule``, ``tau``, ``policy`` and ``log_policy`` may be a list, plain tuple or
    iterator with one entry per run, or an array with one axis more than for one run; anything else
    serves all runs.

    Parameters
    ----------
    mdp : MDP or list of MDP
    rule : rule or list of rules
    iterations : int >= 0
    tau : float or list of float
    policy, log_policy : array (S, A), None, or a list of these
    at, solver, tie_tolerance, until : as for ``optimize``, for all runs

    Returns
    -------
    list of Run
        In the order of the lists. After Ctrl-C all have the status INTERRUPTED that were not
        through, and hold what was recorded.

    Raises
    ------
    TypeError, ValueError, MemoryError
        As ``optimize`` does, and if the lists differ in length.
    """
    each = _spread(mdp=mdp, rule=rule, tau=tau, policy=policy, log_policy=log_policy)
    with ONE_BLAS_THREAD:
        plans = planned(each, iterations, at, solver, tie_tolerance, until)
        with Watch(sum(int(plan.at[-1]) for plan in plans)) as watch:
            runs = _together(plans, watch)
            others = [i for i, run in enumerate(runs) if run is None]
            tasks = [task_of(plans[i]) for i in others]
            _share(_advance, _groups(tasks, cores()), watch)
    for i, task in zip(others, tasks, strict=True):
        runs[i] = finished(task)
    return runs


def _together(plans, watch) -> list:
    """The runs of plans that are alike, on small MDPs; None for the others."""
    pieces, runs = pieces_of(plans), [None] * len(plans)

    def make(piece, watch):
        if not watch.interrupted:
            made = made_together([plans[i] for i in piece])
            watch.count(sum(int(run.k[-1]) for run in made if run is not None))
            for i, run in zip(piece, made, strict=True):
                runs[i] = run

    _share(make, pieces, watch)
    return runs


def _share(work, parts, watch):
    """Do ``work(part, watch)`` on every core; an error in one ends the others early."""
    with ThreadPoolExecutor(cores()) as pool:
        jobs = [pool.submit(work, part, watch) for part in parts]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            watch.interrupted = True
            raise


def _spread(**arguments) -> list[tuple]:
    """One tuple of arguments per run: lists are taken entry by entry, the rest is repeated.

    A rule is a NamedTuple, and so not a plain tuple.
    """
    several = {
        name: list(islice(x, MOST_RUNS + 1))
        for name, x in arguments.items()
        if _is_several(name, x)
    }
    sizes = {name: len(value) for name, value in several.items()}
    if max(sizes.values(), default=0) > MOST_RUNS:  # perhaps without an end
        raise ValueError(f"lists have lengths {sizes}, or more; expected at most {MOST_RUNS}")
    if len(set(sizes.values())) > 1:
        raise ValueError(f"lists have lengths {sizes}; expected the same for all")
    size = next(iter(sizes.values()), 1)
    columns = (several.get(name, [value] * size) for name, value in arguments.items())
    return list(zip(*columns, strict=True))


def _is_several(name, value) -> bool:
    axes = AXES.get(name)
    if isinstance(value, np.ndarray) and axes is not None:
        return value.ndim == axes + 1
    return type(value) in (list, tuple) or isinstance(value, Iterator)


def _groups(tasks, threads) -> list[list]:
    """What one thread does in one go: runs in lock-step where they share a large dense P."""
    groups = {}
    for i, task in enumerate(tasks):
        shared = isinstance(task.solver, DenseSolver) and not task.searches and task.bar is None
        key = (id(task.mdp), i % threads, tuple(task.at)) if shared else i
        groups.setdefault(key, []).append(task)
    return list(groups.values())


def _advance(tasks, watch):
    with np.errstate(divide="ignore"):  # as in compiled code, where that is not compiled
        if tasks[0].solver is None:
            advance_alone(tasks[0], watch)
        elif tasks[0].searches:
            advance_searching(tasks[0], watch)
        else:
            advance_together(tasks, watch)
