"""The loop for few states, compiled as a whole: nothing but arithmetic between two records."""

from __future__ import annotations

import time

import numpy as np

from tabular_pg.gaps.evaluation import evaluate, keep_least, largest_gap

BREATH = 0.1  # seconds of iterations between two looks at the outside world


def advance_alone(task, watch):
    """Advance one task, recording its iterations ``at``."""
    advance = task.method.around(_loop, task.two_forms)
    rule, problem, point = tuple(task.rule), task.problem, task.point
    gap_sum, k, breath = np.zeros(1), 0, 64
    log_scale = advance(rule, problem, point, gap_sum, 0.0, -1, 0)
    task.method.refuse_result()  # known, now that the loop is compiled
    task.begin()
    for stop in task.at.tolist():
        while k < stop and not watch.interrupted:
            size, start = min(breath, stop - k), time.monotonic()
            log_scale = advance(rule, problem, point, gap_sum, log_scale, k, k + size)
            k += size
            watch.count(size)
            if size == breath and time.monotonic() - start < BREATH:
                breath *= 2
        if k > task.record.last:
            task.record.add(k, point, log_scale, gap_sum[0])
            task.record.add_advantages(point)
        if k < stop:
            return


def _loop(step):
    """The loop of a method, whose step is given."""

    def loop(rule, problem, point, gap_sum, log_scale, k, stop):
        """Take the steps k, ..., stop - 1; step -1 is the evaluation of the start."""
        while k < stop:
            if k >= 0:
                gap_sum[0] += largest_gap(point, log_scale)
                keep_least(problem, point)
                step(rule, k, problem, point)
            log_scale = evaluate(problem, point)
            k += 1
        return log_scale

    return loop
