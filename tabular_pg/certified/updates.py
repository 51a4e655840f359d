"""One step of every method, as its paper writes it, in ball arithmetic.

An update maps (rule, k, model, point) to the next coordinates. These are not the kernels of the
package: that both give the same iterates is what a certificate says.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from flint import arb, fmpq

from tabular_pg.certified.arrays import BallArray, ball_array
from tabular_pg.certified.balls import NotAPolicy, Undecided, logarithm, zeros
from tabular_pg.certified.evaluation import Point
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.method import METHODS, Method
from tabular_pg.methods import (
    SPMA,
    TDPMD,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
)

UPDATES: dict[type, Update] = {}


class Update(NamedTuple):
    """How a rule steps, and whether it treats actions alike that have equal rows and starts."""

    function: Callable
    symmetric: bool
    method: Method  # the registration that it is the twin of
    start: Callable | None  # what the rule remembers at first; zeros if None

    def memory(self, rule, model, point):
        """(S, n, A) what the rule remembers at the first iterate."""
        S, A = model.shape
        n = self.method.memory
        return zeros(S, n, A) if self.start is None else self.start(rule, model, point)

    def step(self, rule, k, model, point):
        """The next coordinates and memory (None for rules without)."""
        found = self.function(rule, k, model, point)
        return found if self.method.memory else (found, None)


def update(rule, start=None):
    """Register the decorated ``function(rule, k, model, point)`` for the record type ``rule``.

    It returns the next coordinates (S, A), which need not be normalized; for rules with memory a
    pair, these and the next memory (S, n, A). Everything that it is given is a ``BallArray``, which
    numpy's functions enclose or refuse: the fields of the rule, ``model.gamma`` and ``model.tau``,
    and ``point.x, pi, e, q, A, d, memory`` (see ``evaluation.Point``).

    Parameters
    ----------
    rule : type
        A rule that is registered with :func:`tabular_pg.method`.
    start : function (rule, model, point), optional
        Returns the memory (S, n, A) at the first iterate; zeros by default.

    Raises
    ------
    TypeError
        If it is not.
    """
    if not isinstance(rule, type) or rule not in METHODS:
        raise TypeError(
            f"rule is {shown(rule)}; expected a class registered with tabular_pg.method"
        )

    def register(function):
        def step(rule, k, model, point):
            found = function(*_seen(rule, model, point, k))
            if not METHODS[type(rule)].memory:
                return _data(rule, found, model.shape)
            if not (isinstance(found, tuple) and len(found) == 2):
                raise TypeError(
                    f"the update of {type(rule).__name__} returned a {type(found).__name__}; "
                    "expected the next coordinates and the next memory"
                )
            shapes = model.shape, point.memory.shape
            return tuple(_data(rule, x, shape) for x, shape in zip(found, shapes, strict=True))

        def begin(rule, model, point):
            (S, A), n = model.shape, METHODS[type(rule)].memory
            return _data(rule, start(*_seen(rule, model, point)), (S, n, A))

        UPDATES[rule] = Update(step, False, METHODS[rule], start and begin)
        return function

    return register


def _seen(rule, model, point, *k):
    """What an update of a user is given."""
    given = type(rule)(*map(ball_array, rule))
    model = SimpleNamespace(gamma=ball_array(model.gamma), tau=ball_array(model.tau))
    return given, *k, model, Point(*(x if x is None else ball_array(x) for x in point))


def _data(rule, x, shape):
    if isinstance(x, BallArray) and x.shape == shape:
        return x.data
    raise TypeError(
        f"the update of {type(rule).__name__} returned a {type(x).__name__}, shape "
        f"{getattr(x, 'shape', None)}; expected a BallArray of shape {shape}"
    )


def refuse_outdated(rule):
    """Raise TypeError if the kernel of ``rule`` was registered again after its update."""
    if UPDATES[rule].method is not METHODS[rule]:
        raise TypeError(
            f"rule is {rule.__name__}, whose kernel was registered again after its exact update; "
            "expected that to be registered again, too, with tabular_pg.certified.update"
        )


def _symmetric(rule, start=None):
    """The same for the rules of this package, which are given plain object arrays of balls."""

    def register(function):
        UPDATES[rule] = Update(function, True, METHODS[rule], start)
        return function

    return register


@_symmetric(NaturalPG)
def natural_pg(rule, k, model, point):
    if model.tau > 0:
        alpha = 1 / (1 + rule.eta * model.tau)
        return alpha * point.x - rule.eta * alpha * _relative(point.q)
    return point.x + rule.eta * point.A


@_symmetric(SoftPolicyIteration)
def soft_policy_iteration(rule, k, model, point):
    return -_relative(point.q) / model.tau


@_symmetric(SoftmaxPG)
def softmax_pg(rule, k, model, point):
    return point.x + _state_steps(rule.eta, model, point) * point.pi * point.A


@_symmetric(HadamardPG)
def hadamard_pg(rule, k, model, point):
    factor = 1 + 2 * _state_steps(rule.eta, model, point) * point.A
    return point.x + 2 * logarithm(_decided(np.abs(factor)))


@_symmetric(SPMA)
def spma(rule, k, model, point):
    factor = _decided(1 + rule.eta * point.A)
    if any(f < 0 and p > 0 for f, p in zip(factor.flat, point.pi.flat, strict=True)):
        raise NotAPolicy(f"SPMA leaves the simplex at iteration {k}: 1 + eta A < 0")
    lost = np.vectorize(arb.is_zero, otypes=[bool])(point.pi)
    return point.x + np.where(lost, arb(0), logarithm(np.where(lost, arb(1), factor)))


@_symmetric(DualAveragedSPI)
def dual_averaged_spi(rule, k, model, point):
    step = arb(model.shape[1]).log()
    if k > 0:
        step *= rule.beta / (1 - rule.beta) ** k
    return point.x + step * point.A


def _first_critic(rule, model, point):
    return point.q[:, None]


@_symmetric(TDPMD, start=_first_critic)
def td_pmd(rule, k, model, point):
    E, alpha = point.memory[:, 0], 1 / (1 + rule.eta * model.tau)
    x, pi = model.normalized(alpha * point.x - rule.eta * alpha * _relative(E))
    E = model.next_values((pi * E).sum(axis=1) + model.policy_error(x, pi))
    return x, E[:, None]


@_symmetric(ProjectedPG)
def projected_pg(rule, k, model, point):
    steps = _state_steps(rule.eta, model, point)
    return _projected(point.x + steps * point.A)


@_symmetric(ProjectedQAscent)
def projected_q_ascent(rule, k, model, point):
    return _projected(point.x + rule.eta * point.A)


@_symmetric(PolicyIteration)
def policy_iteration(rule, k, model, point):
    Q = model.mdp.q(point.x)
    greedy = Q == Q.max(axis=1)[:, None]
    x = point.x.copy()
    for s, row in enumerate(greedy):
        if any(p > 0 and not best for p, best in zip(x[s], row, strict=True)):
            x[s] = [fmpq(int(a == row.argmax())) for a in range(row.size)]
    return x


def _state_steps(eta, model, point):
    """(S, 1) eta_s = eta d(s) / (1 - gamma)."""
    return (eta / (1 - model.gamma) * point.d)[:, None]


def _relative(q):
    """``q`` less its first column: what all actions have in common moves no policy."""
    return q - q[:, :1]


def _decided(x):
    """``x``, whose entries are all certainly positive, certainly negative or exactly 0."""
    for value in x.flat:
        if not (value > 0 or value < 0 or value.is_zero()):
            raise Undecided("the sign of a factor is undecided")
    return x


def _projected(y):
    """Rows of ``y`` projected onto the simplex.

    The threshold is max over n of (sum of the n largest - 1) / n, and increases with every entry.
    """
    x = zeros(*y.shape)
    for s, row in enumerate(y):
        least, most = (_threshold([end(v) for v in row]) for end in (arb.lower, arb.upper))
        threshold = least.union(most)
        x[s] = [(v - threshold).max(arb(0)) for v in row]
    return x


def _threshold(values):
    total, best = arb(-1), None
    for n, value in enumerate(sorted(values, key=arb.mid, reverse=True), start=1):
        total += value
        best = total / n if best is None else best.max(total / n)
    return best
