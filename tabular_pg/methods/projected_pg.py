"""Projected policy gradient and projected Q-ascent (mirror descent in the Euclidean norm).

    pi_s^{k+1} = projection of pi_s^k + eta_s^k Q^k(s, .) onto the simplex,
    eta_s^k = eta_k d_mu^k(s) / (1 - gamma)  (projected PG)  or  eta_k  (projected Q-ascent).

The projection is the same for the advantage A in place of Q. The theorems are in
``theorems.projected_pg``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.mirrors.euclidean import Euclidean, euclidean
from tabular_pg.mirrors.registration import nearest_greedy
from tabular_pg.numerics.gains import gains_of
from tabular_pg.references import cited
from tabular_pg.steps.geometric import Geometric


def _step(rule):
    return rule.eta if rule.growth == 1 else Geometric(rule.eta, rule.growth)


def _refuse(rule):
    """ValueError where both ``growth`` and ``eta`` say how steps grow."""
    if rule.growth != 1 and isinstance(rule.eta, tuple):
        raise ValueError(
            f"growth is {rule.growth} beside eta = {rule.eta}; expected one of them to say how "
            "steps grow"
        )


@cited("agarwal2021")
class ProjectedPG(NamedTuple):
    """Projected policy gradient with step size ``eta``; ``growth`` other than 1 is short for
    ``eta=Geometric(eta, growth)``."""

    eta: float
    growth: float = 1.0

    _step_size, refuse = property(_step), _refuse


@cited("xiao2022")
class ProjectedQAscent(NamedTuple):
    """Projected Q-ascent with step size ``eta``; ``growth`` as for ``ProjectedPG``."""

    eta: float
    growth: float = 1.0

    _step_size, refuse = property(_step), _refuse


@method(ProjectedPG, space=Space.SIMPLEX, visitation=True, statewise=True)
def projected_pg(rule, k, problem, point):
    """Project each row after a step of eta_k d(s) / (1 - gamma) along its advantages."""
    x, q, d = point.x, point.q, point.d
    for s in range(x.shape[0]):
        eta = rule.eta * d[s] / problem.unit
        euclidean(Euclidean(), eta, gains_of(problem, q, s), x, s)


@method(
    ProjectedQAscent,
    space=Space.SIMPLEX,
    statewise=True,
    to_greedy=nearest_greedy(Euclidean, Space.SIMPLEX),
)
def projected_q_ascent(rule, k, problem, point):
    """Project each row after a step of eta_k along its advantages."""
    x, q = point.x, point.q
    for s in range(x.shape[0]):
        euclidean(Euclidean(), rule.eta, gains_of(problem, q, s), x, s)
