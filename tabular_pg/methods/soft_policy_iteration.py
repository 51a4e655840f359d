"""Soft policy iteration: Newton's method for the entropy-regularized optimum.

    pi^{k+1}(a|s)  proportional to  exp(Q_tau^k(s, a) / tau)

It is entropy-regularized natural policy gradient with eta -> infinity. Its theorems are
in ``theorems.soft_policy_iteration`` and ``theorems.entropy.natural``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Regularization, Space, method
from tabular_pg.numerics.simplex import of_likeliest
from tabular_pg.references import cited


@cited("cen2022")
class SoftPolicyIteration(NamedTuple):
    """Soft policy iteration; it has no step size."""


@method(
    SoftPolicyIteration, space=Space.SOFTMAX, regularization=Regularization.REQUIRED, statewise=True
)
def soft_policy_iteration(rule, k, problem, point):
    """xi <- -q / tau + const: nothing is subtracted from the old offset."""
    x, pi, q = point.x, point.pi, point.q
    for s in range(x.shape[0]):
        common = of_likeliest(q, pi, s)  # would leave its rounding error behind
        for a in range(x.shape[1]):
            x[s, a] = (common - q[s, a]) / problem.tau
