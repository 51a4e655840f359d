"""Softmax policy gradient with a log barrier against small probabilities.

    theta^{k+1} = theta^k + eta grad L(theta^k),
    L = V(mu) + (barrier / (S A)) sum_{s, a} log pi(a|s),  that is,
    theta(s, a) += eta (d_mu(s) pi(a|s) A(s, a) / (1 - gamma) + (barrier / S) (1/A - pi(a|s))).

It converges to a policy at a distance that the barrier sets, not to an optimal one. Its theorems
are in ``theorems.softmax_pg.barrier``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.methods.softmax_pg import climb, exists
from tabular_pg.references import cited


@cited("agarwal2021")
class LogBarrierPG(NamedTuple):
    """Softmax policy gradient with weight ``barrier`` of the mean logarithm of probabilities, and
    step size ``eta``, a number or one of ``steps``."""

    eta: float
    barrier: float


@method(LogBarrierPG, space=Space.SOFTMAX, visitation=True)
def log_barrier_pg(rule, k, problem, point):
    """The update above, in logarithms of probabilities; A counts the actions that the state has."""
    x, pi = point.x, point.pi
    weight = rule.eta * rule.barrier / x.shape[0]
    climb(problem, point, rule.eta, x)
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):  # 1/A is the same for all, and moves no policy
                x[s, a] -= weight * pi[s, a]
