"""Softmax policy gradient whose terms are gated: enlightened and delightful policy gradient.

    theta^{k+1}(s, a) = theta^k(s, a) + eta_s sum_i w_i pi^k(i|s) A^k(s, i) (1{a = i} - pi^k(a|s)),
    w_i = 1 where A^k(s, i) > 0, else 0                              enlightened,
    w_i = 1 / (1 + exp(A^k(s, i) log pi^k(i|s) / temperature))       delightful,
    eta_s = eta d_mu^k(s) / (1 - gamma).

With w = 1 this is softmax policy gradient; the second gate tends to the first as the temperature
tends to 0. Theorems are in ``theorems.softmax_pg.gated``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.numerics.simplex import argmax
from tabular_pg.references import cited


@cited("mei2026")
class EnlightenedPG(NamedTuple):
    """Softmax policy gradient of the actions with a positive advantage alone, with step size
    ``eta``, a number or one of ``steps``."""

    eta: float


@cited("mei2026")
class DelightfulPG(NamedTuple):
    """Softmax policy gradient gated by advantage times surprisal over ``temperature``, with step
    size ``eta``, a number or one of ``steps``."""

    eta: float
    temperature: float


@method(EnlightenedPG, space=Space.SOFTMAX, visitation=True, statewise=True)
def enlightened_pg(rule, k, problem, point):
    """The update above with the first gate, in logarithms of probabilities."""
    for s in range(point.x.shape[0]):
        push(point, s, rule.eta * point.d[s] / problem.unit, 0.0)


@method(DelightfulPG, space=Space.SOFTMAX, visitation=True, statewise=True)
def delightful_pg(rule, k, problem, point):
    """The update above with the second gate, in logarithms of probabilities."""
    for s in range(point.x.shape[0]):
        push(point, s, rule.eta * point.d[s] / problem.unit, rule.temperature)


@njit_inlined
def push(point, s, eta, temperature):
    """Move row ``s`` by ``eta`` (g_a (1 - pi_a) - pi_a sum_{i != a} g_i), g the gated terms.

    Both sums over the others are formed without what they leave out, where that is nearly all: the
    best action gains the square of what is left to gain.
    """
    x, pi = point.x, point.pi
    likely, largest = argmax(pi, s), 0
    rest, others = 0.0, 0.0
    for a in range(x.shape[1]):
        if abs(gated(point, s, a, temperature)) > abs(gated(point, s, largest, temperature)):
            largest = a
    for a in range(x.shape[1]):
        rest += 0.0 if a == likely else pi[s, a]
        others += 0.0 if a == largest else gated(point, s, a, temperature)
    lead = gated(point, s, largest, temperature)
    for a in range(x.shape[1]):
        own = gated(point, s, a, temperature)
        complement = rest if a == likely else 1.0 - pi[s, a]
        remaining = others if a == largest else others + lead - own
        x[s, a] += eta * (own * complement - pi[s, a] * remaining)


@njit_inlined
def gated(point, s, a, temperature):
    """w pi A of one action."""
    p, gain = point.pi[s, a], point.A[s, a]
    if p == 0.0:
        return 0.0
    if temperature == 0.0:
        return p * gain if gain > 0.0 else 0.0
    delight = -gain * point.x[s, a] / temperature
    return p * gain / (1.0 + math.exp(-delight))
