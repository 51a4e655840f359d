"""Functional acceleration of policy mirror descent in KL: momentum, extragradients, lookahead.

    pi^{k+1}  proportional to  pi^k exp(eta (Q^k + beta (Q^k - Q^{k-1})))                 momentum

    pi^{k+1}  proportional to  pi^k exp(eta Q^k)  for even k,
    pi^{k+1}  proportional to  pi^{k-1} exp(eta Q^k)  for odd k                      extragradient

    pi^{k+1}  greedy in Q^k  for even k,  as for extragradients for odd k                  lookahead

A step of the last two takes two iterations: to a proposal, and from where that was made by the
values of the proposal. These are the variants of Chelu and Precup (2024), as in their public code.
Two more are the same in KL, solved exactly, with a constant step: their correction, from the
proposal by Q^{k+1} - Q^k, is the extragradient step, and their lazy correction, a half step by
Q^k - Q^{k-1} before that by Q^k, is momentum with beta = 1. Theorems are in
``theorems.mirror_descent.momentum``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.methods.policy_iteration import greedy_action
from tabular_pg.numerics.simplex import best_of
from tabular_pg.references import cited


@cited("chelu2024")
class MomentumPMD(NamedTuple):
    """Natural policy gradient with step size ``eta``, a number or one of ``steps``, and momentum
    ``beta`` > 0 of the action values."""

    eta: float
    beta: float


@cited("chelu2024")
class ExtragradientPMD(NamedTuple):
    """Natural policy gradient with extragradients, two iterations a step, and step size ``eta``, a
    number or one of ``steps``."""

    eta: float


@cited("chelu2024")
class LookaheadPMD(NamedTuple):
    """Natural policy gradient by the values of the greedy policy, two iterations a step, and step
    size ``eta``, a number or one of ``steps``."""

    eta: float


def keep_values(rule, problem, point):
    """Q^{-1} = Q^0, as its distance from Q*."""
    for s in range(point.q.shape[0]):
        for a in range(point.q.shape[1]):
            point.memory[s, 0, a] = point.q[s, a]


@method(MomentumPMD, space=Space.SOFTMAX, statewise=True, memory=1, start=keep_values)
def momentum_pmd(rule, k, problem, point):
    """The update above; the largest of what is added in a state is taken from all of it."""
    x, q, A_star = point.x, point.q, problem.A_star
    for s in range(x.shape[0]):
        best = -math.inf
        for a in range(x.shape[1]):
            ahead = q[s, a] + rule.beta * (q[s, a] - point.memory[s, 0, a])
            point.memory[s, 0, a] = q[s, a]
            best = max(best, A_star[s, a] - ahead)
            x[s, a] -= rule.eta * ahead
        for a in range(x.shape[1]):
            x[s, a] += rule.eta * (A_star[s, a] - best)


@method(ExtragradientPMD, space=Space.SOFTMAX, statewise=True, memory=1)
def extragradient_pmd(rule, k, problem, point):
    """The update above; log pi^{k-1} is what is remembered."""
    x, q, memory = point.x, point.q, point.memory
    for s in range(x.shape[0]):
        best = best_of(problem, q, s)
        for a in range(x.shape[1]):
            if k % 2 == 0:
                memory[s, 0, a] = x[s, a]
            x[s, a] = memory[s, 0, a] + rule.eta * (problem.A_star[s, a] - q[s, a] - best)


@method(LookaheadPMD, space=Space.SOFTMAX, statewise=True, memory=1, zeros=True)
def lookahead_pmd(rule, k, problem, point):
    """The update above; of tied actions the first is greedy."""
    x, q, memory = point.x, point.q, point.memory
    for s in range(x.shape[0]):
        best, first = best_of(problem, q, s), greedy_action(problem, point, s)
        for a in range(x.shape[1]):
            if k % 2 == 0:
                memory[s, 0, a] = x[s, a]
                x[s, a] = 0.0 if a == first else -math.inf
            else:
                x[s, a] = memory[s, 0, a] + rule.eta * (problem.A_star[s, a] - q[s, a] - best)
