"""Homotopic policy mirror descent: natural policy gradient with a regularization that fades.

pi^{k+1}  proportional to  (pi^k)^delta exp((1 - delta) Q^k / tau_k),   tau_k = tau_0 delta^(2k),

which is the step (1 - delta) / (delta tau_k) of the natural policy gradient, regularized towards
the uniform policy with weight tau_k. In Li, Lan and Zhao (2022) delta is gamma.

Its theorems are in ``theorems.mirror_descent.homotopic``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.numerics.simplex import best_of
from tabular_pg.references import cited


@cited("li2022homotopic")
class HomotopicPMD(NamedTuple):
    """Homotopic policy mirror descent in KL: the regularization is ``tau_0 * delta**(2 * k)`` at
    iteration k, with ``delta`` in (0, 1)."""

    tau_0: float
    delta: float

    def refuse(self):
        """ValueError unless ``delta`` < 1."""
        if self.delta >= 1:
            raise ValueError(f"delta is {self.delta}; expected a number in (0, 1)")


@method(HomotopicPMD, space=Space.SOFTMAX, statewise=True)
def homotopic_pmd(rule, k, problem, point):
    """log pi <- delta log pi + (1 - delta) / tau_k A^k + const, the latter step cut at 1e250."""
    delta = rule.delta
    step = (1.0 - delta) / max(rule.tau_0 * delta ** (2 * k), (1.0 - delta) / LARGEST_STEP)
    x, q, A_star = point.x, point.q, problem.A_star
    for s in range(x.shape[0]):
        best = best_of(problem, q, s)
        for a in range(x.shape[1]):
            x[s, a] = delta * x[s, a] + step * (A_star[s, a] - q[s, a] - best)
