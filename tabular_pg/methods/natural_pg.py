"""Natural policy gradient under the softmax parametrization (mirror descent in KL).

    pi^{k+1}(a|s)  proportional to  pi^k(a|s) exp(eta A^k(s, a))                       tau = 0
    pi^{k+1}(a|s)  proportional to  pi^k(a|s)^alpha exp(beta Q_tau^k(s, a))            tau > 0

with alpha = 1 / (1 + eta tau) and beta = eta alpha. In the notation of Agarwal et al. (2021)
eta = eta_A / (1 - gamma); in that of Cen et al. (2022) 1 - eta_C tau / (1 - gamma) = alpha.
Its theorems are in ``theorems.natural_pg``, those for tau > 0 in ``theorems.entropy.natural``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Regularization, Space, method
from tabular_pg.mirrors.entropy import Entropy
from tabular_pg.mirrors.registration import nearest_greedy
from tabular_pg.numerics.simplex import best_of, of_likeliest
from tabular_pg.references import cited


@cited("kakade2001", regularized=["cen2022"])
class NaturalPG(NamedTuple):
    """Softmax natural policy gradient with step size ``eta``, a number or one of ``steps``."""

    eta: float


@method(
    NaturalPG,
    space=Space.SOFTMAX,
    regularization=Regularization.ANY,
    statewise=True,
    lanes=True,
    to_greedy=nearest_greedy(Entropy, Space.SOFTMAX),
)
def natural_pg(rule, k, problem, point):
    """The update above; for tau > 0 on xi = log pi - log pi*: xi <- alpha xi - beta q + const."""
    x, pi, q, A_star = point.x, point.pi, point.q, problem.A_star
    alpha = 1.0 / (1.0 + rule.eta * problem.tau)
    beta = 1.0 / (1.0 / rule.eta + problem.tau)
    for s in range(x.shape[0]):
        if problem.tau > 0.0:
            common = of_likeliest(q, pi, s)  # would leave its rounding error behind
            for a in range(x.shape[1]):
                x[s, a] = alpha * x[s, a] - beta * (q[s, a] - common)
        else:
            best = best_of(problem, q, s)  # a large loss of one action would swamp what others gain
            for a in range(x.shape[1]):
                x[s, a] += rule.eta * (A_star[s, a] - q[s, a] - best)
