"""Policy gradient under the escort parametrization, pi = |theta|^p / sum |theta|^p.

    theta^{k+1} = theta^k + eta grad V^k(mu),  that is,
    pi^{k+1}(a|s)  proportional to  pi^k(a|s) |1 + eta_s p pi^k(a|s)^{1 - 2/p} A^k(s, a) / N_s^2|^p,
    eta_s = eta d_mu^k(s) / (1 - gamma),

where N_s = ||theta_s||_p is remembered, and 1 at first. For p = 2 and N = 1 this is a step of
Hadamard policy gradient. Its theorems are in ``theorems.softmax_pg.escort``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.methods.hadamard_pg import log_factor
from tabular_pg.numerics.simplex import argmax
from tabular_pg.references import cited


@cited("mei2020escort")
class EscortPG(NamedTuple):
    """Escort policy gradient with step size ``eta``, a number or one of ``steps``, and exponent
    ``p`` >= 1."""

    eta: float
    p: float = 2.0

    def refuse(self):
        """ValueError unless ``p`` >= 1."""
        if self.p < 1:
            raise ValueError(f"p is {self.p}; expected a number >= 1")


@method(EscortPG, space=Space.SOFTMAX, visitation=True, memory=1)
def escort_pg(rule, k, problem, point):
    """log pi <- log pi + p log|1 + u| + const, and log N by what the constant removes."""
    x, A, p = point.x, point.A, rule.p
    for s in range(x.shape[0]):
        unit, total = point.d[s] / problem.unit, 0.0
        log_norm = point.memory[s, 0, 0]
        for a in range(x.shape[1]):
            if x[s, a] > -math.inf:
                scale = p * math.exp((1.0 - 2.0 / p) * x[s, a] - 2.0 * log_norm)
                x[s, a] += p * log_factor(rule.eta, unit * scale * A[s, a])
        top = x[s, argmax(x, s)]
        for a in range(x.shape[1]):
            total += math.exp(x[s, a] - top)
        for a in range(x.shape[1]):
            point.memory[s, 0, a] = log_norm + (top + math.log(total)) / p
