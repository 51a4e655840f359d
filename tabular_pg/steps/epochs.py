"""Step sizes of strongly polynomial policy mirror descent: epochs in which steps grow by powers of
4, in units of the largest advantage at their start.

An epoch is T phases of N steps, N = ceil(4 / (1 - gamma)), T = ceil(log(S^3 A / ((1 - gamma)^2
log 2))), as in the public code of Ju and Lan (2026), whose advantage gap these are made for.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.step_size import LARGEST_STEP, step_size
from tabular_pg.references import cited


@cited("ju2026")
class Epochs(NamedTuple):
    """``4^(1 + phase) / Delta`` for the Euclidean map, Delta = max A^k / (1 - gamma) at the start
    of an epoch; ``phase`` counts from 0 in each."""


@cited("ju2026")
class GrowingEpochs(NamedTuple):
    """``log(A) 4^phase 2^(T epoch) / Delta`` for the entropy: later epochs begin with longer steps,
    as a softmax policy never becomes optimal."""


def lengths(S, A, unit):
    """The steps of a phase, N, and the phases of an epoch, T, with ``unit`` = 1 - gamma, a number
    of any kind that has a logarithm."""
    ratio = float(S) ** 3 * A / (unit * unit * math.log(2.0))
    return int(np.ceil(4.0 / unit)), max(1, int(np.ceil(np.log(ratio))))


_lengths = njit_inlined(lengths)


@step_size(Epochs)
def epochs(step, k, problem, point):
    """A step 4 times the last one at the start of a phase, or one anew."""
    N, T = _lengths(point.x.shape[0], problem.n_actions, problem.unit)
    return _next(k, N, T, problem, point, 4.0)


@step_size(GrowingEpochs)
def growing_epochs(step, k, problem, point):
    """The same, with a first step that grows from epoch to epoch."""
    N, T = _lengths(point.x.shape[0], problem.n_actions, problem.unit)
    growth = min(2.0 ** min(T * (k // (N * T)), 800), LARGEST_STEP)
    return _next(k, N, T, problem, point, math.log(problem.n_actions) * growth)


@njit_inlined
def _next(k, N, T, problem, point, first):
    if k % (N * T) > 0:
        return point.steps[k - 1] * (4.0 if k % N == 0 else 1.0)
    largest = 0.0
    for s in range(point.A.shape[0]):
        for a in range(point.A.shape[1]):
            largest = max(largest, point.A[s, a])
    Delta = largest / problem.unit
    return first / Delta if Delta > first / LARGEST_STEP else LARGEST_STEP
