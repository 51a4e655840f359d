"""One step of every method, as its paper writes it, in ball arithmetic.

An update maps (rule, k, model, point) to the next coordinates. These are not the kernels of the
package: that both give the same iterates is what a certificate says.
"""

from __future__ import annotations

import numpy as np
from flint import arb, fmpq

from tabular_pg.certified.arithmetic.balls import NotAPolicy, Undecided, logarithm, zeros
from tabular_pg.certified.registration import symmetric
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


@symmetric(NaturalPG)
def natural_pg(rule, k, model, point):
    if model.tau > 0:
        alpha = 1 / (1 + rule.eta * model.tau)
        return alpha * point.x - rule.eta * alpha * _relative(point.q)
    return point.x + rule.eta * point.A


@symmetric(SoftPolicyIteration)
def soft_policy_iteration(rule, k, model, point):
    return -_relative(point.q) / model.tau


@symmetric(SoftmaxPG)
def softmax_pg(rule, k, model, point):
    return point.x + _state_steps(rule.eta, model, point) * point.pi * point.A


@symmetric(HadamardPG)
def hadamard_pg(rule, k, model, point):
    factor = 1 + 2 * _state_steps(rule.eta, model, point) * point.A
    return point.x + 2 * logarithm(_decided(np.abs(factor)))


@symmetric(SPMA)
def spma(rule, k, model, point):
    factor = _decided(1 + rule.eta * point.A)
    if any(f < 0 and p > 0 for f, p in zip(factor.flat, point.pi.flat, strict=True)):
        raise NotAPolicy(f"SPMA leaves the simplex at iteration {k}: 1 + eta A < 0")
    lost = np.vectorize(arb.is_zero, otypes=[bool])(point.pi)
    return point.x + np.where(lost, arb(0), logarithm(np.where(lost, arb(1), factor)))


@symmetric(DualAveragedSPI)
def dual_averaged_spi(rule, k, model, point):
    step = arb(model.shape[1]).log()
    if k > 0:
        step *= rule.beta / (1 - rule.beta) ** k
    return point.x + step * point.A


def _first_critic(rule, model, point):
    return point.q[:, None]


@symmetric(TDPMD, start=_first_critic)
def td_pmd(rule, k, model, point):
    E, alpha = point.memory[:, 0], 1 / (1 + rule.eta * model.tau)
    x, pi = model.coordinates.normalized(alpha * point.x - rule.eta * alpha * _relative(E))
    E = model.next_values((pi * E).sum(axis=1) + model.coordinates.policy_error(x, pi))
    return x, E[:, None]


@symmetric(ProjectedPG)
def projected_pg(rule, k, model, point):
    steps = _state_steps(rule.eta, model, point)
    return _projected(point.x + steps * point.A)


@symmetric(ProjectedQAscent)
def projected_q_ascent(rule, k, model, point):
    return _projected(point.x + rule.eta * point.A)


@symmetric(PolicyIteration)
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
