"""The loop of a searched step size: a step is tried, evaluated, and taken if it passes a test.

What the test compares is known only after an evaluation, so that a trial is a point of its own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.run import LOWEST
from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.gaps.bookkeeping import keep_least, largest_gap
from tabular_pg.gaps.point import Point, copy_iterate

MOST_TRIALS = 100_000  # of one step; halving it, from 1e250 to 0, takes 1900
NOTHING_PASSED = -math.inf  # stands for the step that was not taken


class Trial(NamedTuple):
    """What an acceptance test is given of a trial step."""

    eta: float
    point: Point  # the iterate that it leads to, and its evaluation
    change: np.ndarray  # (S, A), pi^trial - pi^k, relatively accurate
    gap: np.ndarray  # (S,), V* - V^k
    next_gap: np.ndarray  # (S,), V* - V^trial


def searching(step, size, simplex, begin, evaluate):
    """``search(values, problem, point, trial, gap_sum, log_scale, k, stop)`` takes the steps k,
    ..., stop - 1, or as many as pass, and returns (how many were taken in all, ``log_scale``); step
    -1 is the evaluation of the start.

    ``step`` and ``begin``, which fills what is remembered before step 0, take the step size as if
    it were a constant; ``simplex`` says whether iterates are probabilities rather than logarithms;
    ``evaluate(problem, point)`` is that of ``gaps.evaluation`` or does the same. Where it leaves
    gaps of a trial to be resolved the search returns before step k, which can be taken anew.
    """
    record, propose, accept = size.record, size.propose, size.accept

    def search(values, problem, point, trial, gap_sum, log_scale, k, stop):
        fields, before, after = values
        rule = record(*fields)
        gaps, change, last = np.empty((2, point.e.size)), np.empty(point.x.shape), 0.0
        most = LARGEST_STEP / max(1.0, problem.largest)
        if k < 0:
            return 0, evaluate(problem, point)
        if k > 0:
            last = point.steps[k - 1]
        while k < stop:
            gap = largest_gap(point, log_scale)
            keep_least(problem, point)
            fill_gaps(point, log_scale, gaps[0])
            unresolved = gap < LOWEST and last > 0.0
            eta = last if unresolved else min(propose(rule, k, last, problem, point), most)
            found, moved, proposed, trials = False, True, eta, 0
            while moved and eta > 0.0 and not found and trials < MOST_TRIALS:
                trials += 1
                copy_iterate(point, trial)
                if k == 0:
                    begin(((eta,), before, after), problem, trial)
                step(((eta,), before, after), k, problem, trial)
                trial_scale = evaluate(problem, trial)
                if trial.flaws[3] > 0.0:
                    return k, log_scale
                fill_gaps(trial, trial_scale, gaps[1])
                fill_change(point, trial, simplex, change)
                seen = Trial(eta, trial, change, gaps[0], gaps[1])
                found = unresolved or accept(rule, problem, point, seen)
                moved = differs(point.x, trial.x)
                if not found:
                    eta *= rule.shrink
            if not found:
                point.steps[k] = NOTHING_PASSED if proposed > 0.0 else proposed
                return k, log_scale
            copy_iterate(trial, point)
            gap_sum[0] += gap
            log_scale, last = trial_scale, eta
            k += 1
        return k, log_scale

    return search


@njit_inlined
def differs(x, y):
    """Whether any entries do."""
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if x[s, a] != y[s, a]:
                return True
    return False


@njit_inlined
def fill_gaps(point, log_scale, gaps):
    """V* - V^pi of a point in the range of floats."""
    root = math.exp(0.5 * log_scale)
    for s in range(gaps.size):
        gaps[s] = (root * point.e[s]) * root


@njit_inlined
def fill_change(point, trial, simplex, change):
    """pi^trial - pi^k, from the logarithms unless iterates are probabilities."""
    for s in range(change.shape[0]):
        for a in range(change.shape[1]):
            move = trial.x[s, a] - point.x[s, a]
            if simplex:
                change[s, a] = move
            elif -1.0 < move < 1.0:
                change[s, a] = point.pi[s, a] * math.expm1(move)
            else:
                change[s, a] = trial.pi[s, a] - point.pi[s, a]
