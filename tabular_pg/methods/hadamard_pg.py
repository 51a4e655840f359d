"""Policy gradient under the Hadamard parametrization, pi = theta * theta on unit spheres.

    theta_s^{k+1} = normalize(theta_s^k + eta times the Riemannian gradient of V(mu)),  that is,
    pi^{k+1}(a|s)  proportional to  pi^k(a|s) (1 + 2 eta_s A^k(s, a))^2,
    eta_s = eta d_mu^k(s) / (1 - gamma).

Its theorems are in ``theorems.hadamard_pg``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.references import cited


@cited("liu2023hadamard")
class HadamardPG(NamedTuple):
    """Hadamard policy gradient with step size ``eta``, a number or one of ``steps``."""

    eta: float


@method(HadamardPG, space=Space.SOFTMAX, visitation=True, statewise=True)
def hadamard_pg(rule, k, problem, point):
    """log pi <- log pi + 2 log|1 + 2 eta_s A| + const; an action with 1 + 2 eta_s A = 0 is lost."""
    x, A, d = point.x, point.A, point.d
    for s in range(x.shape[0]):
        unit = 2.0 * d[s] / problem.unit
        for a in range(x.shape[1]):
            x[s, a] += 2.0 * log_factor(rule.eta, unit * A[s, a])


@njit
def log_factor(eta, slope):
    """log|1 + eta slope|, also where the product overflows."""
    if abs(slope) > 1e300 / eta:
        return math.log(eta) + math.log(abs(slope))
    change = eta * slope
    if change > -1.0:
        return math.log1p(change)
    return math.log(-1.0 - change) if change < -1.0 else -math.inf
