"""Steps of policy mirror descent in ball arithmetic: the optimality condition in every state.

With the derivative phi' of a map it is phi'(p_a) = top - y_a, where y_a >= 0 is what the dual
coordinate phi'(pi_a) + eta A_a lacks of the largest, and ``top`` is known from both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from flint import arb, ctx

from tabular_pg.certified.arithmetic.balls import (
    Undecided,
    first_largest,
    positive_power,
    zeros,
)
from tabular_pg.certified.registration import symmetric
from tabular_pg.engine.method import Space
from tabular_pg.methods.functional_acceleration import (
    ExtragradientPMD,
    LookaheadPMD,
    MomentumPMD,
)
from tabular_pg.methods.gradients.softargmax_pg import SoftargmaxPowers
from tabular_pg.methods.policy_mirror_descent import member
from tabular_pg.mirrors import AlphaDivergence, Entropy, Euclidean, LogBarrier, Tsallis

WIDEST = 2.0**-10  # of an enclosure of ``top``


class Dual(NamedTuple):
    """The derivative of a map, and its inverse, as functions of a ball and the fields of a rule."""

    derivative: Callable
    inverse: Callable


DUALS = {
    Entropy: Dual(lambda p, rule: p.log(), lambda y, rule: y.exp()),
    Euclidean: Dual(lambda p, rule: p, lambda y, rule: positive_power(y, 1)),
    Tsallis: Dual(
        lambda p, rule: (positive_power(p, rule.q - 1) - 1) / (rule.q - 1),
        lambda y, rule: positive_power(1 + (rule.q - 1) * y, 1 / (rule.q - 1)),
    ),
    LogBarrier: Dual(lambda p, rule: 1 - 1 / p, lambda y, rule: 1 / (1 - y)),
}


def _advantages(rule, model, point):
    """A* - (Q* - Q_h), up to a constant per state."""
    q = point.q
    for _ in range(getattr(rule, "lookahead", 1) - 1):
        v = [_least(row) for row in q - model.A_star]
        q = model.next_values(np.array(v, dtype=object))
    return model.A_star - q


def _least(row):
    found = row[0]
    for x in row[1:]:
        found = found.min(x)
    return found


def dual_row(dual, rule, pi, gains):
    """argmax_p eta <gains, p> - D(p, pi) for a map that is a sum over actions."""
    y = [dual.derivative(p, rule) + rule.eta * g for p, g in zip(pi, gains, strict=True)]
    largest = y[0]
    for value in y[1:]:
        largest = largest.max(value)
    less, n = [largest - value for value in y], len(pi)

    def excess(top):
        return sum((dual.inverse(top - x, rule) for x in less), arb(-1))

    low, high = dual.derivative(arb(1) / n, rule), dual.derivative(arb(1), rule)
    top = enclosed_root(excess, low, high)
    return [dual.inverse(top - x, rule) for x in less]


def alpha_row(rule, pi, gains):
    """The same for an alpha-divergence: pi (z + (1 - alpha) eta |gain|)^(-1 / (1 - alpha))."""
    power, best = 1 - rule.alpha, gains[0]
    for g in gains[1:]:
        best = best.max(g)
    losses = [power * rule.eta * (best - g) for g in gains]

    def policy(z):
        return [p * (z + loss) ** (-1 / power) for p, loss in zip(pi, losses, strict=True)]

    low = max(pi, key=lambda p: float(p.mid()))
    low = min((p**power for p, loss in zip(pi, losses, strict=True) if not loss > 0), key=float)
    z = enclosed_root(lambda z: 1 - sum(policy(z), arb(0)), low.lower() / 2, arb(1))
    return policy(z)


def enclosed_root(function, low, high):
    """A ball around the point in [low, high] at which an increasing function is 0."""
    below, above, middle = low.mid(), high.mid(), high.mid()
    f_below, f_above = function(below).mid(), function(above).mid()
    for step in range(10 * ctx.prec):
        if f_above <= 0 or f_below >= 0:
            middle = above if f_above <= 0 else below
            break
        middle = (below + above) / 2
        if step % 3:
            middle = above - f_above * (above - below) / (f_above - f_below)
        middle = middle.mid()
        if not below < middle < above:
            break
        value = function(middle).mid()
        if value > 0:
            above, f_above, f_below = middle, value, f_below / (2 if step % 3 else 1)
        elif value < 0:
            below, f_below, f_above = middle, value, f_above / (2 if step % 3 else 1)
        else:
            break
    radius = abs(middle) * arb(2) ** (4 - ctx.prec) + arb(2) ** (-4 * ctx.prec)
    while radius < WIDEST:
        if function(middle - radius) < 0 < function(middle + radius):
            return middle + arb(0, radius)
        radius *= 4
    raise Undecided("the constant of a step of mirror descent is undecided")


def _register(record, space, ahead):
    def update(rule, k, model, point):
        """Every row by the step of the map; nothing is remembered, as it is computed anew."""
        x, gains = zeros(*model.shape), _advantages(rule, model, point)
        for s in range(len(x)):
            if record is AlphaDivergence:
                row = alpha_row(rule, point.pi[s], gains[s])
            else:
                row = dual_row(DUALS[record], rule, point.pi[s], gains[s])
            x[s] = row if space is Space.SIMPLEX else [p.log() for p in row]
        return (x, point.memory) if ahead else x

    symmetric(member(record, space, ahead))(update)


@symmetric(MomentumPMD, start=lambda rule, model, point: point.q[:, None])
def momentum_pmd(rule, k, model, point):
    before = point.memory[:, 0]
    x = point.x + rule.eta * (model.A_star - point.q - rule.beta * (point.q - before))
    return x, point.q[:, None]


@symmetric(ExtragradientPMD)
def extragradient_pmd(rule, k, model, point):
    before = point.x[:, None] if k % 2 == 0 else point.memory
    return before[:, 0] + rule.eta * point.A, before


@symmetric(LookaheadPMD, alike=False)
def lookahead_pmd(rule, k, model, point):
    if k % 2 == 1:
        return point.memory[:, 0] + rule.eta * point.A, point.memory
    x = zeros(*model.shape)
    for s, first in enumerate(map(first_largest, point.A)):
        x[s] = [arb(0) if a == first else arb.neg_inf() for a in range(len(x[s]))]
    return x, point.x[:, None]


@symmetric(SoftargmaxPowers)
def softargmax_pg(rule, k, model, point):
    """Every row by its gradient in theta, diag w - w w^T / sum w times the advantages."""
    x = zeros(*model.shape)
    for s, (pi, A) in enumerate(zip(point.pi, point.A, strict=True)):
        w = np.array([positive_power(p, 2 - rule.q) for p in pi], dtype=object)
        slopes = point.d[s] / (1 - model.gamma) * w * (A - (w * A).sum() / w.sum())
        if model.tau > 0:  # coordinates are theta
            x[s] = point.x[s] + rule.eta * slopes
        else:
            x[s] = [p.log() for p in dual_row(DUALS[Tsallis], rule, pi, slopes)]
    return x, point.memory


for _ahead in (False, True):
    for _record in (Tsallis, LogBarrier, AlphaDivergence):
        _register(_record, Space.SOFTMAX, _ahead)
    _register(Tsallis, Space.SIMPLEX, _ahead)
_register(Entropy, Space.SOFTMAX, True)
_register(Euclidean, Space.SIMPLEX, True)
