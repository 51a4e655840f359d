"""The loop for many states: runs on one MDP side by side, with one pass over P per iteration.

A step needs P twice: for ``q = gamma P e`` of the old iterate and for ``P_pi`` of the new one.
Rules whose step in a state depends on that state alone get both in one go, state by state, while
its rows of P are in the cache; and so do all runs of the group.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg.engine.compiled_loop import advance_by
from tabular_pg.engine.method import Space
from tabular_pg.engine.search import searching
from tabular_pg.gaps.bookkeeping import keep_least, largest_gap, watch_rounding
from tabular_pg.gaps.coordinates import normalize, policy_error
from tabular_pg.gaps.evaluation import advantages, resolve_below, restore, set_aside
from tabular_pg.gaps.point import point_rows, problem_rows
from tabular_pg.numerics.systems.products import next_values, transitions

SHARED = 2**21  # bytes of P that all runs work on before the next ones are read
CACHED = 2**18  # bytes of P that one run uses twice in a row


def advance_searching(task, watch):
    """Advance one task whose step sizes have to pass a test, with a solver of its own."""
    kernels = task.step, task.size, task.method.space is Space.SIMPLEX, task.first_memory

    def first(problem, point):
        return _evaluated(task, point)

    def evaluated(problem, point):
        return _evaluated(task, *point)

    advance_by(searching(*kernels, evaluated), task, watch, first)


def _evaluated(task, point):
    """What ``gaps.evaluation.evaluate`` does, with the solver of the task."""
    normalize(task.problem.coordinates, point.x, point.log_pi, point.pi)
    task.solver.update(point.pi)
    log_scale = _solve(task, point)
    _values(task.problem, point, log_scale)
    return log_scale


def advance_together(tasks, watch):
    """Advance all ``tasks`` on one MDP, recording the same iterations ``at``."""
    for task in tasks:
        normalize(task.problem.coordinates, task.point.x, task.point.log_pi, task.point.pi)
        task.solver.update(task.point.pi)
    stops, k = set(tasks[0].at.tolist()), 0
    while True:
        for task in tasks:
            task.log_scale = _solve(task, task.point)
        last = watch.interrupted or k == tasks[0].at[-1] or _settled(tasks)
        record = last or k in stops
        if record:
            for task in tasks:
                task.record.add(k, task.point, task.log_scale, task.gap_sum)
        _pass(tasks, k, not last)
        if record:
            for task in tasks:
                task.record.correct_advantages(task.point)
        if last:
            return
        watch.count(len(tasks))
        k += 1


def _settled(tasks) -> bool:
    """Whether the one run that may end early does; its advantages are computed for that."""
    task = tasks[0]
    if task.bar is None:
        return False
    _values(task.problem, task.point, task.log_scale)
    return task.settled


def _solve(task, point):
    """Fill e, and d, for the policy of a point; returns ``log_scale``."""
    problem, solver = task.problem, task.solver
    if problem.tau > 0:
        watch_rounding(problem, point)
    log_scale = policy_error(problem.coordinates, point.x, point.log_pi, point.pi, point.e)
    common = 0.0 if problem.ends is not None else set_aside(point.e, problem.gamma)
    solver.solve(point.e, log_scale == 0.0)
    bar = restore(problem, point, common, log_scale)
    if bar > 0.0:
        resolve_below(problem, point, log_scale, bar)
    if problem.visitation:
        np.multiply(problem.mu, problem.unit, out=point.d)
        solver.solve_adjoint(point.d, True)
    return log_scale


def _values(problem, point, log_scale):
    """Fill q and A from e."""
    next_values(problem.P, problem.gamma, point.f, point.q)
    advantages(problem, point, math.exp(0.5 * log_scale))


def _pass(tasks, k, moving):
    """Fill q and A of every task; if moving, take step k and form the systems of the new policy."""
    for task in tasks:
        if moving:
            task.gap_sum += largest_gap(task.point, task.log_scale)
        if k == 0 and task.method.start is not None:  # which may look at any entry
            _values(task.problem, task.point, task.log_scale)
            task.begin()
    P = tasks[0].problem.P
    if isinstance(P, np.ndarray):
        together = P.shape[0] if len(tasks) == 1 else max(1, SHARED // P[0].nbytes)
        for low in range(0, P.shape[0], together):
            for task in tasks:
                _pass_dense(task, k, low, low + together, moving)
    else:
        for task in tasks:
            _pass_sparse(task, k, moving)


def _pass_sparse(task, k, moving):
    problem, point = task.problem, task.point
    _values(problem, point, task.log_scale)
    if moving:
        keep_least(problem, point)
        task.step(task.values, k, problem, point)
        task.method.refuse_result()
        normalize(problem.coordinates, point.x, point.log_pi, point.pi)
        task.solver.update(point.pi)


def _pass_dense(task, k, low, high, moving):
    P, size = task.problem.P, max(1, CACHED // task.problem.P[0].nbytes)
    if not task.statewise:  # all states at once, when the first block is due
        if low > 0:
            return
        size = high = P.shape[0]
    cross, high = task.around(_cross), min(high, P.shape[0])
    cross(task.values, task.problem, task.point, task.log_scale, k, low, high, size, moving)
    task.method.refuse_result()
    if moving and high == P.shape[0]:
        task.solver.renew(task.point.pi)


def _cross(step):
    """The pass over some states of a method, whose step is given."""

    def cross(rule, problem, point, log_scale, k, low, high, size, moving):
        """From e to q, the next policy and its rows of N in states ``low``, ..., ``high - 1``."""
        for start in range(low, high, size):
            stop = min(start + size, high)
            here = problem_rows(problem, start, stop)
            there = point_rows(point, start, stop)
            next_values(here.P, here.gamma, point.f, there.q)
            advantages(here, there, math.exp(0.5 * log_scale))
            if moving:
                keep_least(here, there)
                step(rule, k, here, there)
                normalize(here.coordinates, there.x, there.log_pi, there.pi)
                transitions(here.P, here.gamma, there.pi, there.N)

    return cross
