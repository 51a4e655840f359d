"""Policy mirror descent with a temporal-difference critic: one Bellman update per step.

    pi^{k+1}  proportional to  (pi^k)^alpha exp(beta Q^k),
    Q^{k+1} = Q^k + W (F_tau^{pi^{k+1}} Q^k - Q^k),
    F_tau^pi Q(s, a) = r(s, a) + gamma E[Q(s', a') - tau log pi(a'|s')],

with alpha = 1 / (1 + eta tau), beta = eta alpha and W = 1, or weights w(s, a) in (0, 1], for any
tau >= 0; the critic starts at Q^0 = Q_tau^{pi^0}, or off it. With another mirror map, which for
tau > 0 regularizes, too, dual variables take the place of logarithms, as in ``methods.gpmd``: for
tau = 0 pi^{k+1} maximizes eta <Q^k, p> - D(p, pi^k), as in ``methods.policy_mirror_descent``.

Kept is the error E^k = Q*_tau - Q^k, see ``methods.td_critic``, of which only differences within a
state move a policy: log pi <- log pi + eta (A* - E) + const for tau = 0, and for tau > 0
xi <- alpha xi - beta E + const. Theorems are in ``theorems.mirror_descent.td_pmd`` and
``theorems.mirror_descent.td_unregularized``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.checks.tables import Table
from tabular_pg.engine.method import Method, Regularization, Space, method
from tabular_pg.engine.rules import MEMBERS, composed
from tabular_pg.methods.td_critic import (
    first_critic,
    first_weighted_critic,
    td_critic,
    weighted_td_critic,
)
from tabular_pg.mirrors import MIRRORS, Entropy, Euclidean, Tsallis
from tabular_pg.mirrors.registration import space_of
from tabular_pg.numerics.gains import gains_of
from tabular_pg.numerics.simplex import argmax, best_of
from tabular_pg.optima.regularized import regularizer_of
from tabular_pg.references import cited

POWER_INSIDE = MIRRORS[Tsallis].forms[Space.SOFTMAX].move
POWER_CLIPPED = MIRRORS[Tsallis].forms[Space.SIMPLEX].move
PROJECT = MIRRORS[Euclidean].forms[Space.SIMPLEX].move
EUCLIDEAN = Euclidean().regularizer.q


@cited("chen2026")
class TDPMD(NamedTuple):
    """Temporal-difference policy mirror descent in KL; ``eta`` is a number or one of ``steps``."""

    eta: float


@cited("chen2026")
class WeightedTDPMD(NamedTuple):
    """The same with a critic that takes a part of every Bellman update: ``weights`` in (0, 1], a
    number or (S, A). It starts at Q^{pi^0} plus ``error``, a number or (S, A) of any sign. The map
    ``mirror`` is as for ``GPMD``."""

    eta: float
    weights: Table
    error: Table = 0.0
    mirror: tuple = Entropy()

    def refuse(self):
        """TypeError or ValueError for a map that regularizes nothing, or for a weight above 1."""
        regularizer_of(self.mirror, "mirror")
        weights = np.array(self.weights, ndmin=2, dtype=object)
        for at in np.ndindex(weights.shape):
            if weights[at] > 1:
                where = list(at) if isinstance(self.weights, tuple) else ""
                raise ValueError(
                    f"weights{where} is {weights[at]}; expected a number in (0, 1], of which 1 is "
                    "a whole Bellman update"
                )


class SoftCritic(NamedTuple):
    """The same with the entropy, as it is run."""

    eta: float
    weights: Table
    error: Table


class InsideCritic(NamedTuple):
    """The same with another map that keeps probabilities positive: phi''(p) = p^(q-2), q < 1."""

    q: float
    eta: float
    weights: Table
    error: Table


class ClippedCritic(NamedTuple):
    """The same with a map that does not, 1 < q <= 2."""

    q: float
    eta: float
    weights: Table
    error: Table


@njit_inlined
def follow_critic(rule, problem, point):
    """xi <- alpha xi - beta E + const."""
    x, pi, E = point.x, point.pi, point.memory[:, 0]
    alpha = 1.0 / (1.0 + rule.eta * problem.tau)
    beta = 1.0 / (1.0 / rule.eta + problem.tau)
    for s in range(x.shape[0]):
        common = E[s, argmax(pi, s)]  # would leave its rounding error behind
        for a in range(x.shape[1]):
            x[s, a] = alpha * x[s, a] - beta * (E[s, a] - common)


@njit_inlined
def tilt_by_critic(rule, problem, point):
    """The same for tau = 0 and the entropy: log pi <- log pi + eta (A* - E) + const."""
    x, E, A_star = point.x, point.memory[:, 0], problem.A_star
    for s in range(x.shape[0]):
        best = best_of(problem, E, s)
        for a in range(x.shape[1]):
            x[s, a] += rule.eta * (A_star[s, a] - E[s, a] - best)


def soft_td_pmd(rule, k, problem, point):
    """Follow the critic in KL, whether it takes whole updates or parts of them."""
    if problem.tau > 0.0:
        follow_critic(rule, problem, point)
    else:
        tilt_by_critic(rule, problem, point)


method(
    TDPMD,
    space=Space.SOFTMAX,
    regularization=Regularization.ANY,
    memory=2,
    start=first_critic,
    learn=td_critic,
)(soft_td_pmd)


def inside_td_pmd(rule, k, problem, point):
    """The same in the geometry of another map, which for tau > 0 is that of the coordinates."""
    if problem.tau > 0.0:
        follow_critic(rule, problem, point)
    else:
        for s in range(point.x.shape[0]):
            gains = gains_of(problem, point.memory[:, 0], s)
            POWER_INSIDE(Tsallis(rule.q), rule.eta, gains, point.x, s)


def clipped_td_pmd(rule, k, problem, point):
    """The same; powers lose digits of small probabilities, which a projection does not."""
    if problem.tau > 0.0:
        follow_critic(rule, problem, point)
    else:
        for s in range(point.x.shape[0]):
            gains = gains_of(problem, point.memory[:, 0], s)
            if rule.q == EUCLIDEAN:
                PROJECT(Euclidean(), rule.eta, gains, point.x, s)
            else:
                POWER_CLIPPED(Tsallis(rule.q), rule.eta, gains, point.x, s)


def member(kind, kernel, space, dual):
    """Register a class that it is run as."""
    parts = njit_inlined(kernel, kind.__name__), space, Regularization.ANY, False, 4
    learning = njit(first_weighted_critic, kind.__name__), njit(weighted_td_critic, kind.__name__)
    free = "error", "q"
    MEMBERS[kind] = Method(
        kind, *parts, False, False, True, *learning, free, None, {}, dual
    )  # fmt: skip


member(SoftCritic, soft_td_pmd, Space.SOFTMAX, False)
member(InsideCritic, inside_td_pmd, Space.SOFTMAX, True)
member(ClippedCritic, clipped_td_pmd, Space.SIMPLEX, True)


def flat(rule):
    """The rule of numbers and tables that it is run as."""
    if isinstance(rule.mirror, Entropy):
        return SoftCritic(*rule[:3])
    kind = InsideCritic if space_of(rule.mirror) is Space.SOFTMAX else ClippedCritic
    return kind(regularizer_of(rule.mirror).q, *rule[:3])


composed(WeightedTDPMD(1.0, 0.5), {"mirror": MIRRORS}, flat)
