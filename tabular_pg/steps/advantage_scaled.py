"""Step sizes in units of the advantages that are left."""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.step_size import LARGEST_STEP, step_size


class AdvantageScaled(NamedTuple):
    """``eta`` divided by the largest advantage of the iterate, max_{s, a} A^k(s, a): a step moves a
    logit by at most eta, however near the optimum is, and grows as advantages fall."""

    eta: float


@step_size(AdvantageScaled)
def advantage_scaled(step, k, problem, point):
    """eta / max A^k; advantages of actions that do not exist are negative."""
    largest = 0.0
    for s in range(point.A.shape[0]):
        for a in range(point.A.shape[1]):
            largest = max(largest, point.A[s, a])
    return step.eta / largest if largest > step.eta / LARGEST_STEP else LARGEST_STEP
