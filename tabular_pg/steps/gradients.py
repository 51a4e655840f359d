"""Step sizes in units of the gradient of V(mu) in the logits of a softmax policy."""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.search import step_search
from tabular_pg.engine.step_size import LARGEST_STEP, step_size
from tabular_pg.references import cited
from tabular_pg.steps.armijo import ROUNDING, refuse_slope


@njit_inlined
def gradient_norm(problem, point):
    """The Euclidean norm of d pi A / (1 - gamma); its squares may be below the range of floats."""
    largest, total = 0.0, 0.0
    for s in range(point.A.shape[0]):
        for a in range(point.A.shape[1]):
            largest = max(largest, abs(point.d[s] * point.pi[s, a] * point.A[s, a]))
    if largest == 0.0:
        return 0.0
    for s in range(point.A.shape[0]):
        for a in range(point.A.shape[1]):
            x = point.d[s] * point.pi[s, a] * point.A[s, a] / largest
            total += x * x
    return math.sqrt(total) * largest / problem.unit


@cited("mei2021")
class Normalized(NamedTuple):
    """``eta`` over the norm of the gradient of V(mu) in logits: with ``SoftmaxPG`` the normalized
    policy gradient of Mei et al. (2021)."""

    eta: float


@step_size(Normalized, visitation=True)
def normalized(step, k, problem, point):
    """eta / |grad V(mu)|."""
    norm = gradient_norm(problem, point)
    return step.eta / norm if norm > step.eta / LARGEST_STEP else LARGEST_STEP


class Polyak(NamedTuple):
    """``scale`` times (V*(mu) - V^k(mu)) / |grad V^k(mu)|^2, the gradient taken in logits: Polyak's
    step for a known optimal value."""

    scale: float = 1.0


@step_size(Polyak, visitation=True)
def polyak(step, k, problem, point):
    """The gap over the squared gradient; as long as it may be where both are below 1e-200."""
    norm, gap = gradient_norm(problem, point), 0.0
    for s in range(point.e.size):
        gap += problem.mu[s] * point.e[s]
    if norm < 1e-200:
        return LARGEST_STEP
    return step.scale * (gap / norm) / norm


@cited("bhandari2021")
class Backtracking(NamedTuple):
    """Halving from ``first`` over the norm of the gradient of V(mu) in logits, at every iterate
    anew, until V(mu) rises by ``slope`` eta |grad V(mu)|^2: the search in the public code of
    Bhandari and Russo (2021). It is meant for ``SoftmaxPG``: the step of another method rises by
    something else."""

    first: float = 10.0
    slope: float = 0.5
    shrink: float = 0.5

    def refuse(self):
        """ValueError unless ``slope`` < 1: no gradient promises more."""
        refuse_slope(self.slope)


def propose(step, k, last, problem, point):
    """first / |grad V(mu)|."""
    norm = gradient_norm(problem, point)
    return step.first / norm if norm > step.first / LARGEST_STEP else LARGEST_STEP


@step_search(Backtracking, propose=propose, visitation=True)
def backtracking(step, problem, point, trial):
    """Whether V(mu) rises by enough."""
    norm, rise, size = gradient_norm(problem, point), 0.0, 0.0
    for s in range(trial.gap.size):
        rise += problem.mu[s] * (trial.gap[s] - trial.next_gap[s])
        size += problem.mu[s] * trial.gap[s]
    return rise + ROUNDING * size >= step.slope * trial.eta * norm * norm
