"""Step sizes found by backtracking."""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.search import step_search
from tabular_pg.numerics.simplex import EPS
from tabular_pg.references import cited

ROUNDING = 8 * EPS  # of a gap: a rise that misses its bound by no more than that passes


@cited("armijo1966")
class Armijo(NamedTuple):
    """Backtracking along the path of policies eta -> pi(eta) of a step.

    A step is taken once

        V^{pi(eta)}(mu) - V^k(mu)  >=  slope max(<grad V^k(mu), pi(eta) - pi^k>, 0),

    the condition of Armijo (1966) on a curve, as for projected gradients (Bertsekas, 1976); the
    gradient is that in policies, d_mu^k A^k / (1 - gamma). Where the curve turns back, as a long
    step of Hadamard policy gradient does, the product is negative: V(mu) must not fall. For softmax
    policy gradient the right side is eta |grad_theta V|^2 to first order, as in Lu, Aghaei, Raj and
    Vaswani (2024). Tried are ``first`` at k = 0, later ``grow`` times the step that was taken last,
    and then fractions ``shrink`` of what failed.
    """

    first: float = 1.0
    slope: float = 0.5
    shrink: float = 0.5
    grow: float = 2.0

    def refuse(self):
        """ValueError unless ``slope`` < 1 and ``grow`` >= 1."""
        refuse_slope(self.slope)
        if self.grow < 1:
            raise ValueError(f"eta.grow is {self.grow}; expected a number >= 1")


def refuse_slope(slope):
    """ValueError unless it is below 1."""
    if slope >= 1:
        raise ValueError(f"eta.slope is {slope}; expected a number in (0, 1)")


def propose(step, k, last):
    """What is tried first."""
    return step.grow * last if k > 0 else step.first


@step_search(Armijo, propose=propose, visitation=True)
def armijo(step, problem, point, trial):
    """Whether V(mu) rises by enough."""
    promised, rise, size = 0.0, 0.0, 0.0  # by the gradient, real, and left
    for s in range(point.A.shape[0]):
        rise += problem.mu[s] * (trial.gap[s] - trial.next_gap[s])
        size += problem.mu[s] * trial.gap[s]
        for a in range(point.A.shape[1]):
            if trial.change[s, a] != 0.0:
                promised += point.d[s] * trial.change[s, a] * point.A[s, a]
    bound = step.slope * max(promised, 0.0) / problem.unit
    return rise + ROUNDING * size >= bound
