"""Softmax policy mirror ascent.

    pi^{k+1}(a|s)  =  pi^k(a|s) (1 + eta A^k(s, a)),

which sums to 1 already. It is a policy as long as eta A^k >= -1; eta <= 1 - gamma ensures that
for rewards in [0, 1]. A larger step may leave the simplex: the run then ends NOT_FINITE.
Its theorems are in ``theorems.mirror_descent.multiplicative``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.references import cited


@cited("asad2024")
class SPMA(NamedTuple):
    """Softmax policy mirror ascent with step size ``eta``, a number or one of ``steps``."""

    eta: float


@method(SPMA, space=Space.SOFTMAX, statewise=True)
def spma(rule, k, problem, point):
    """log pi <- log pi + log(1 + eta A); normalizing only removes the drift of rounding."""
    x, A = point.x, point.A
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            change = rule.eta * A[s, a]
            if change > -1.0:
                x[s, a] += math.log1p(change)
            elif x[s, a] > -math.inf:  # an action that is lost stays lost
                x[s, a] = -math.inf if change == -1.0 else math.nan
