"""Policy mirror descent with a temporal-difference critic: one Bellman update per step.

    pi^{k+1}  proportional to  (pi^k)^alpha exp(beta Q^k),
    Q^{k+1} = Q^k + W (F_tau^{pi^{k+1}} Q^k - Q^k),
    F_tau^pi Q(s, a) = r(s, a) + gamma E[Q(s', a') - tau log pi(a'|s')],

with alpha = 1 / (1 + eta tau), beta = eta alpha and W = 1, or weights w(s, a) in (0, 1]. With
another mirror map, which then regularizes, too, dual variables take the place of logarithms, as in
``methods.gpmd``.

The critic starts at Q^0 = Q_tau^{pi^0}, or off it, and is kept as its error E^k = Q*_tau - Q^k, for
which E^{k+1} = (1 - W) E^k + W gamma P [sum_a pi^{k+1} E^k + tau D(pi^{k+1}, pi*)]. If W is one
number, a constant in E moves no policy and outlives everything else in it (P keeps constants), so E
is kept less its least entry, but for gamma = 1, where it ends with the episodes.
Theorems are in ``theorems.mirror_descent.td_pmd``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.checks.tables import Table
from tabular_pg.engine.method import Method, Regularization, Space, method
from tabular_pg.engine.rules import MEMBERS, composed
from tabular_pg.gaps.bookkeeping import MEASURABLE
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.gaps.point import copy_table
from tabular_pg.mirrors import MIRRORS, Entropy
from tabular_pg.mirrors.registration import space_of
from tabular_pg.numerics.simplex import EPS, argmax
from tabular_pg.numerics.systems.products import drop_common, next_values
from tabular_pg.optima.regularized import regularizer_of
from tabular_pg.references import cited


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
    """The same with another map that keeps probabilities positive."""

    eta: float
    weights: Table
    error: Table


class ClippedCritic(NamedTuple):
    """The same with a map that does not."""

    eta: float
    weights: Table
    error: Table


@njit_inlined
def entry(table, s, a):
    """The entry of a table that is (S, A), or (1, 1) for all."""
    return table[s % table.shape[0], a % table.shape[1]]


def first_critic(rule, problem, point):
    """E^0 = Q*_tau - Q_tau^{pi^0}."""
    copy_table(point.q, point.memory[:, 0])


def first_weighted_critic(rule, problem, point):
    """E^0, less the error: in every state that of the first action, and what others differ by."""
    E, first = point.memory[:, 0], point.memory[:, 1]
    for s in range(E.shape[0]):
        for a in range(E.shape[1]):
            E[s, a] = point.q[s, a] - entry(rule.error, s, a)
        first[s, 0] = E[s, 0] + problem.gamma * point.base[0]
        for a in range(E.shape[1] - 1, -1, -1):
            E[s, a] -= E[s, 0]


def td_critic(rule, k, problem, point):
    """One Bellman update of E, with the policy that it has not seen yet."""
    E = point.memory[:, 0]
    error = next_error(problem, point)
    level = problem.gamma * error.max()
    if problem.ends is None:
        drop_common(error)
    next_values(problem.P, problem.gamma, error, E)
    if level > MEASURABLE:
        watch_critic(rule, problem, point, EPS * level)


def weighted_td_critic(rule, k, problem, point):
    """A part of that update in every entry: of what actions differ by, nothing is lost to what they
    have in common, as long as that stays so."""
    differ, first, level = point.memory[:, 0], point.memory[:, 1], 0.0
    error = next_error(problem, point)
    for s in range(error.size):
        error[s] += first[s, 0]
    if rule.weights.size == 1 and problem.ends is None:
        drop_common(first[:, 0])
        drop_common(error)
    whole = np.empty(differ.shape)
    next_values(problem.P, problem.gamma, error, whole)
    for s in range(differ.shape[0]):
        own = entry(rule.weights, s, 0)
        for a in range(1, differ.shape[1]):
            weight, ahead = entry(rule.weights, s, a), whole[s, a] - whole[s, 0]
            away = (own - weight) * (first[s, 0] - whole[s, a])
            differ[s, a] = (1.0 - weight) * differ[s, a] + own * ahead + away
            if ahead != 0.0 or away != 0.0:
                level = max(level, abs(whole[s, a]), abs(first[s, 0]))
        first[s, 0] = (1.0 - own) * first[s, 0] + own * whole[s, 0]
    if level > MEASURABLE:
        watch_critic(rule, problem, point, EPS * level)


@njit
def next_error(problem, point):
    """(S,) sum_a pi E + tau D(pi, pi*), of which E is to become gamma P."""
    pi, E, error = point.pi, point.memory[:, 0], np.zeros(point.pi.shape[0])
    unit = math.exp(policy_error(problem.coordinates, point.x, point.log_pi, pi, error))
    for s in range(pi.shape[0]):
        error[s] *= unit
        for a in range(pi.shape[1]):
            error[s] += pi[s, a] * E[s, a]
    return error


@njit
def watch_critic(rule, problem, point, noise):
    """Keep in ``point.flaws[1]`` what the rounding of E may cost the next offsets, in which only
    differences of its entries are left."""
    x, E, moved = point.x, point.memory[:, 0], 0.0
    for s in range(x.shape[0]):
        least = E[s, 0]
        for a in range(x.shape[1]):
            least = min(least, E[s, a])
        for a in range(x.shape[1]):
            moved = max(moved, abs(x[s, a]) / rule.eta, E[s, a] - least)
    if moved > 0.0:
        point.flaws[1] = max(point.flaws[1], noise / moved)


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


@method(
    TDPMD,
    space=Space.SOFTMAX,
    regularization=Regularization.REQUIRED,
    memory=1,
    start=first_critic,
    learn=td_critic,
)
def td_pmd(rule, k, problem, point):
    """Follow a critic that takes whole updates."""
    follow_critic(rule, problem, point)


def weighted_td_pmd(rule, k, problem, point):
    """Follow a critic that takes parts of them."""
    follow_critic(rule, problem, point)


def member(kind, space, dual):
    """Register a class that it is run as."""
    parts = njit_inlined(weighted_td_pmd, kind.__name__), space, Regularization.REQUIRED, False, 2
    learning = njit(first_weighted_critic, kind.__name__), njit(weighted_td_critic, kind.__name__)
    MEMBERS[kind] = Method(
        kind, *parts, False, False, True, *learning, ("error",), None, {}, dual
    )  # fmt: skip


member(SoftCritic, Space.SOFTMAX, False)
member(InsideCritic, Space.SOFTMAX, True)
member(ClippedCritic, Space.SIMPLEX, True)


def flat(rule):
    """The rule of numbers and tables that it is run as."""
    kind = InsideCritic if space_of(rule.mirror) is Space.SOFTMAX else ClippedCritic
    if isinstance(rule.mirror, Entropy):
        kind = SoftCritic
    return kind(*rule[:3])


composed(WeightedTDPMD(1.0, 0.5), {"mirror": MIRRORS}, flat)
