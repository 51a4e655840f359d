"""The loops for few states, compiled as a whole: nothing but arithmetic between two records."""

from __future__ import annotations

import time

from tabular_pg.compiled.apart import reference
from tabular_pg.engine.search import searching
from tabular_pg.gaps.bookkeeping import keep_least, largest_advantage, largest_gap
from tabular_pg.gaps.evaluation import evaluate_at_apart, evaluate_once, resume
from tabular_pg.gaps.point import second_point
from tabular_pg.gaps.records import Pages, enter

BREATH = 0.1  # seconds of iterations between two looks at the outside world
RARELY = 1000  # iterations that are finished from outside before a loop is compiled that does it


def advance_alone(task, watch):
    """Advance one task, recording its iterations ``at``."""
    if task.searches:
        advance_by(task.around(_search_loop), task, watch, evaluate_once)
    else:
        advance_by(task.around(plain_loop if task.bar is None else guarded_loop), task, watch)


def advance_by(loop, task, watch, first=None):
    """Advance one task by a loop, which returns how far it got, and how much of that it recorded;
    ``first`` evaluates the start where the loop does not."""
    record = task.record
    pages = Pages(record, task.point)
    task.point, point = pages.point, pages.point._replace(deep=None)
    points = [point, second_point(point)] if task.searches else [point]
    sums, finished = (pages.gap_sum, pages.log_scale), 0
    bar = () if task.bar is None or task.searches else (task.bar,)

    def forward(k, stop):
        """Call the loop, finish evaluations that wait for it, and call it again."""
        nonlocal finished
        while True:
            ledger, end = pages.ledger(stop)
            k, n = loop(task.values, task.problem, *points, *sums, ledger, k, 0, end, *bar)
            pages.file(n)
            iterate, *trial = (each.flaws[3] > 0.0 for each in points)
            if not (iterate or any(trial)):
                if k == end < stop:  # the page is full
                    continue
                return k
            if iterate:
                resume(task.problem, point, pages.log_scale[0])
                finished += 1
                if k == record.due:
                    pages.add(k)
            for each in points:
                each.flaws[3] = 0.0
            if any(trial) or finished >= RARELY:  # a trial is nothing that can be finished here
                points[:] = [each._replace(deep=True) for each in points]

    if first is None:
        forward(-1, 0)
    else:
        pages.log_scale[0] = first(task.problem, point)
        forward(0, 0)
        if record.due == 0:
            pages.add(0)
    task.method.refuse_result()  # known, now that the loop is compiled
    task.begin()
    k = _paced(task, watch, forward)
    if k > record.last:
        pages.add(k)
    task.method.refuse_result()  # or that the step is


def _paced(task, watch, forward):
    """Go ``forward(k, stop)`` to the end, and look at the outside world now and then; returns how
    far that was."""
    k, last, breath = 0, int(task.at[-1]), 1 if task.searches and task.bar is not None else 64
    while k < last and not (watch.interrupted or task.stalled or task.settled):
        wanted, start = min(k + breath, last), time.monotonic()
        reached = forward(k, wanted)
        watch.count(reached - k)
        task.stalled = reached < wanted and not task.settled
        if reached - k == breath > 1 and time.monotonic() - start < BREATH:
            breath *= 2
        k = reached
    return k


def plain_loop(step):
    """The loop of a method, whose step is given."""

    def loop(values, problem, point, gap_sum, log_scale, ledger, k, n, stop):
        """Take the steps k, ..., stop - 1; step -1 is the evaluation of the start. Ends early
        where gaps have to be resolved, see ``evaluate``. Returns how many steps were taken in all,
        and how many iterates are on the page, n before."""
        here, there = reference(problem), reference(point)
        while k < stop:
            if k >= 0:
                gap_sum[0] += largest_gap(point, log_scale[0])
                keep_least(problem, point)
                step(values, k, problem, point)
            log_scale[0] = evaluate_at_apart(here, there)
            k += 1
            if point.flaws[3] > 0.0:
                break
            n = enter(ledger, k, n)
        return k, n

    return loop


def guarded_loop(step):
    """The same for a run that ends where no advantage is above ``bar``."""

    def loop(values, problem, point, gap_sum, log_scale, ledger, k, n, stop, bar):
        here, there = reference(problem), reference(point)
        while k < stop:
            if k >= 0:
                if largest_advantage(point) <= bar:
                    break
                gap_sum[0] += largest_gap(point, log_scale[0])
                keep_least(problem, point)
                step(values, k, problem, point)
            log_scale[0] = evaluate_at_apart(here, there)
            k += 1
            if point.flaws[3] > 0.0:
                break
            n = enter(ledger, k, n)
        return k, n

    return loop


def _search_loop(step, size, simplex, begin):
    """The loop of a method whose step size is searched."""
    return searching(step, size, simplex, begin, evaluate_at_apart)
