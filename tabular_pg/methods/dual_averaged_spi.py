"""Dual-averaged soft policy iteration: natural policy gradient with geometrically growing steps.

pi^k  proportional to  exp(sum_{j<k} alpha_j Q^j),  alpha_0 = log A,
alpha_k = beta log A / (1 - beta)^k,   from the uniform policy.

Its theorem is in ``theorems.mirror_descent.dual_averaged``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.numerics.simplex import best_of
from tabular_pg.references import cited


@cited("nanda2026")
class DualAveragedSPI(NamedTuple):
    """Dual-averaged soft policy iteration with averaging weight ``beta`` in (0, 1)."""

    beta: float

    def refuse(self):
        """ValueError unless ``beta`` < 1."""
        if self.beta >= 1:
            raise ValueError(f"beta is {self.beta}; expected a number in (0, 1)")


@method(DualAveragedSPI, space=Space.SOFTMAX, statewise=True)
def dual_averaged_spi(rule, k, problem, point):
    """log pi <- log pi + alpha_k A^k + const, the step capped at 1e250."""
    step = math.log(problem.n_actions)
    if k > 0:
        step *= rule.beta * min(math.exp(min(-k * math.log1p(-rule.beta), 600.0)), LARGEST_STEP)
    x, q, A_star = point.x, point.q, problem.A_star
    for s in range(x.shape[0]):
        best = best_of(problem, q, s)
        for a in range(x.shape[1]):
            x[s, a] += step * (A_star[s, a] - q[s, a] - best)
