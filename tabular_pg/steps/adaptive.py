"""Step sizes that adapt to how far the policy is from a greedy one."""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.step_size import LARGEST_STEP, step_size
from tabular_pg.references import cited
from tabular_pg.steps.geometric import LARGEST_EXPONENT


@cited("johnson2023")
class Adaptive(NamedTuple):
    """``max_s D(greedy_s, pi_s^k) / c_k`` with ``c_k = slack * decay**k``: the step after which the
    policy is greedy but for c_k, in every state (Johnson, Pike-Burke and Rebeschini, 2023).

    For decay = gamma^2 policy mirror descent has the rate gamma of policy iteration, for
    decay = gamma^(2h) with lookahead h the rate gamma^h. D is the divergence of the mirror map of
    the method, from the nearest of the actions that are best at the iterate.
    """

    slack: float
    decay: float


@step_size(Adaptive, distance=True)
def adaptive(step, k, problem, point, distance):
    """distance / (slack decay^k)."""
    if distance <= 0.0:  # greedy already: any step keeps it so
        return LARGEST_STEP
    exponent = math.log(distance) - math.log(step.slack) - k * math.log(step.decay)
    return math.exp(max(min(exponent, LARGEST_EXPONENT), -LARGEST_EXPONENT))
