"""Step sizes that are searched for: a step is tried, evaluated, and taken or followed by another.

What is compared is known only after an evaluation, so that a trial is a point of its own.
"""

from __future__ import annotations

import math
from inspect import signature
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_foreign, njit_inlined
from tabular_pg.compiled.apart import reference
from tabular_pg.engine.registration import NUMBER, TRUTH, refuse_function, refuse_visits
from tabular_pg.engine.step_size import (
    LARGEST_STEP,
    STEP_SIZES,
    StepSize,
    checked_record,
    native_part,
    part_of,
)
from tabular_pg.gaps.bookkeeping import LOWEST, keep_least, largest_gap
from tabular_pg.gaps.point import Point, copy_iterate
from tabular_pg.gaps.records import enter

MOST_TRIALS = 100_000  # of one step; halving it, from 1e250 to 0, takes 1900
NOTHING_PASSED = -math.inf  # stands for the step that was not taken
TAKEN = -1.0  # follows a trial that is to be taken
PROPOSE = ("step", "k", "last")
SEEING = (*PROPOSE, "problem", "point")
ACCEPT = ("step", "problem", "point", "trial")
FOLLOW = (*ACCEPT, "notes")


class Trial(NamedTuple):
    """What an acceptance test is given of a trial step."""

    eta: float
    point: Point  # the iterate that it leads to, and its evaluation
    change: np.ndarray  # (S, A), pi^trial - pi^k, relatively accurate
    gap: np.ndarray  # (S,), V* - V^k
    next_gap: np.ndarray  # (S,), V* - V^trial


def searching(step, size, simplex, begin, evaluate):
    """``search(values, problem, point, trial, gap_sum, log_scale, ledger, k, n, stop)`` takes
    the steps k, ..., stop - 1, or as many as pass, and returns how many were taken in all, and how
    many iterates are on the page, n before.

    ``step`` and ``begin``, which fills what is remembered before step 0, take the step size as if
    it were a constant; ``simplex`` says whether iterates are probabilities rather than logarithms;
    ``evaluate`` is that of ``gaps.evaluation``, given references, or does the same. Where it leaves
    gaps of a trial to be resolved the search returns before step k, which can be taken anew.
    """
    record, propose, follow, remembered = size.record, size.propose, size.follow, size.notes

    def search(values, problem, point, trial, gap_sum, log_scale, ledger, k, n, stop):
        fields, before, after = values
        rule = record(*fields)
        gaps, change, last = np.empty((2, point.e.size)), np.empty(point.x.shape), 0.0
        notes, tried = np.empty(remembered), (reference(problem), reference(trial))
        most = LARGEST_STEP / max(1.0, problem.largest)
        if k > 0:
            last = point.steps[k - 1]
        while k < stop:
            gap = largest_gap(point, log_scale[0])
            keep_least(problem, point)
            fill_gaps(point, log_scale[0], gaps[0])
            unresolved = gap < LOWEST and last > 0.0
            eta = last if unresolved else min(propose(rule, k, last, problem, point), most)
            found, moved, proposed, trials = False, True, eta, 0
            notes[:] = 0.0
            while moved and eta > 0.0 and not found and trials < MOST_TRIALS:
                trials += 1
                copy_iterate(point, trial)
                if k == 0:
                    begin(((eta,), before, after), problem, trial)
                step(((eta,), before, after), k, problem, trial)
                trial_scale = evaluate(*tried)
                if trial.flaws[3] > 0.0:
                    return k, n
                fill_gaps(trial, trial_scale, gaps[1])
                fill_change(point, trial, simplex, change)
                seen = Trial(eta, trial, change, gaps[0], gaps[1])
                following = TAKEN if unresolved else follow(rule, problem, point, seen, notes)
                found = following < 0.0
                moved = remembered > 0 or differs(point.x, trial.x)
                if not found:
                    eta = min(following, most)
            if not found:
                point.steps[k] = NOTHING_PASSED if proposed > 0.0 else proposed
                return k, n
            copy_iterate(trial, point)
            gap_sum[0] += gap
            log_scale[0], last = trial_scale, eta
            k += 1
            n = enter(ledger, k, n)
        return k, n

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


def step_search(record, *, propose, visitation=False, any_sign=()):
    """Register the decorated ``accept(step, problem, point, trial) -> bool`` for a record type:
    the acceptance test of a backtracking search.

    ``propose(step, k, last) -> eta`` is what is tried first, ``last`` being the step that was taken
    before (0 at k = 0); it may take ``problem`` and ``point`` besides. While the test fails, eta is
    multiplied by the field ``shrink`` of the record. ``trial`` is an :class:`engine.search.Trial`:
    the step, where it leads, and the gaps before and after. Where the gap is below 1e-290, and its
    differences have no digits, the last step is taken untested. A run ends, STALLED, where a step
    that moves no policy fails, or 100,000 steps have.

    Parameters
    ----------
    record : type
        A NamedTuple of positive floats with a field ``shrink`` < 1; ``refuse`` as for
        :func:`step_size`.
    propose : function (step, k, last) -> eta
    visitation : bool
        Whether the test reads ``point.d``.
    any_sign : tuple of str, optional
        Names of fields that may be 0 or negative.

    Raises
    ------
    TypeError, ValueError
        As :func:`step_size` does, and for a record without ``shrink``.
    """
    checked_record(record, any_sign)
    if "shrink" not in record._fields:
        raise ValueError(f"record is {record.__name__}{record._fields}; expected a field shrink")

    def register(accept):
        seeing = len(signature(propose).parameters) == len(SEEING) if callable(propose) else False
        refuse_function(propose, SEEING if seeing else PROPOSE, "propose")
        refuse_function(accept, ACCEPT, "accept")
        refuse_visits(accept, visitation, record, "accept")
        native = native_part(record, propose, accept)
        parts = zip((propose, accept), (NUMBER, TRUTH), strict=True)
        proposed, accepted = (part_of(record, x, native, expected) for x, expected in parts)
        if not seeing:
            proposed = _looking_away(record, proposed, native)
        facts = False, visitation, native, tuple(any_sign), False
        follow = _backtracking(record, accepted, native)
        STEP_SIZES[record] = StepSize(record, None, *facts, proposed, accepted, follow)
        return accept

    return register


def line_search(record, *, propose, notes):
    """Register the decorated ``follow(step, problem, point, trial, notes) -> eta`` for a record
    type of this package: what is tried after ``trial``, TAKEN to take that, 0 to give up.

    ``propose`` is that of :func:`step_search`. ``notes`` is how many numbers the search keeps, all
    0 at the first trial of a step; ``follow`` is given them, and overwrites them.
    """
    checked_record(record, ())

    def register(follow):
        refuse_function(propose, PROPOSE, "propose")
        refuse_function(follow, FOLLOW, "follow")
        proposed = _looking_away(record, part_of(record, propose, True, NUMBER), True)
        facts = False, False, True, (), False
        followed = part_of(record, follow, True, NUMBER)
        STEP_SIZES[record] = StepSize(record, None, *facts, proposed, None, followed, notes)
        return follow

    return register


def _looking_away(record, propose, native):
    """The same with two arguments that it does not read."""

    def proposed(step, k, last, problem, point):
        return propose(step, k, last)

    proposed.__name__ = propose.__name__
    return _made(record, proposed, native)


def _backtracking(record, accept, native):
    """What follows a trial: it is taken if it passes the test, else its step shrinks."""

    def followed(step, problem, point, trial, notes):
        return TAKEN if accept(step, problem, point, trial) else trial.eta * step.shrink

    return _made(record, followed, native)


def _made(record, function, native):
    made = njit_inlined if native else njit_foreign
    return made(function, f"{record.__module__}.{record.__qualname__}")
