"""Regularized optima in balls: Newton's method on their centres, then one rigorous bound.

The Bellman operator (T V)(s) = max_p <Q(s, .), p> - tau h(p), Q = r + gamma P V, contracts by
gamma, so that V*_tau is within |T V - V| / (1 - gamma) of any V. It is convex in V, whatever h is,
and Newton's method is policy iteration.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, ctx

from tabular_pg.certified.arithmetic.balls import (
    Undecided,
    centres,
    likeliest,
    relative,
    softmax,
    zeros,
)
from tabular_pg.certified.regularized.powers import shift

NEWTON_STEPS = 200


class Attained(NamedTuple):
    """What attains max_p <Q(s, .), p> - tau h(p) in every state."""

    pi: np.ndarray  # (S, A)
    levels: np.ndarray  # (S, A) log pi for the entropy, else as in ``powers``
    h: np.ndarray  # (S,) of these policies
    value: np.ndarray  # (S,) the maximum


def attained(Q, tau, powers) -> Attained:
    """That of the entropy if ``powers`` is None."""
    states, chosen = np.arange(len(Q)), likeliest(Q)
    rise = relative(Q, chosen) / tau
    if powers is None:
        log_pi, pi = softmax(rise)
        h, value = (pi * log_pi).sum(axis=1), -log_pi[states, chosen]
    else:
        pi, log_pi = zeros(*Q.shape), zeros(*Q.shape)
        for s, row in enumerate(rise):
            log_pi[s], pi[s] = attained_row(row, powers)
        h = np.array([powers.weight(row) for row in pi], dtype=object)
        value = (pi * rise).sum(axis=1) - h
    return Attained(pi, log_pi, h, Q[states, chosen] + tau * value)


def attained_row(rise, powers):
    """(levels, pi) of the policy of a row, for dual variables up to a constant."""
    levels = [1 + powers.m * y for y in rise]
    pi = [powers.probability(w) for w in levels]
    still = [arb(0)] * len(levels)
    common = shift(powers, still, levels, pi, sum(pi, arb(-1)))
    if common.is_zero():
        return levels, pi
    levels = [w + powers.m * common for w in levels]
    return levels, [powers.probability(w) for w in levels]


def optimal_values(model) -> np.ndarray:
    """(S,) balls around V*_tau of a model with tau > 0."""
    V, best = zeros(model.shape[0]), None
    scale = max(abs(x).upper() for x in model.r.flat) + model.tau
    settled = scale * arb(2) ** (-ctx.prec // 2)  # Newton's method is linear at first
    for _ in range(NEWTON_STEPS):
        found = attained(model.gains(V), model.tau, model.powers)
        distance = (found.value - V) / (1 - model.gamma)
        if not all(map(arb.is_finite, distance)):
            raise Undecided("regularized values are undecided")
        radius = max(abs(x).upper() for x in distance)
        if best is not None and best[0] < settled and not radius < best[0] / 2:
            break
        if best is None or radius < best[0]:
            best = radius, V
        pi = centres(found.pi)
        reward = (pi * model.r).sum(axis=1) - model.tau * found.h
        V = centres(model.solve(model.transitions(pi), centres(reward)))
    radius, V = best
    return np.array([arb(v, radius) for v in V], dtype=object)
