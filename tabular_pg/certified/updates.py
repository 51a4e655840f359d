"""One step of every method, as its paper writes it, in ball arithmetic.

An update maps (rule, k, model, point) to the next coordinates. These are not the kernels of the
package: that both give the same iterates is what a certificate says.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from tabular_pg.certified.arithmetic.balls import (
    NotAPolicy,
    Undecided,
    logarithm,
    projected,
    signed,
    zeros,
)
from tabular_pg.certified.registration import symmetric
from tabular_pg.checks.tables import is_table
from tabular_pg.methods import (
    SPMA,
    TDPMD,
    AcceleratedPG,
    DelightfulPG,
    DualAveragedSPI,
    EnlightenedPG,
    EscortPG,
    HadamardPG,
    HeavyBallPG,
    HomotopicPMD,
    LogBarrierPG,
    NaturalPG,
    NesterovPG,
    NormalizedAcceleratedPG,
    NormalizedPG,
    ProjectedPG,
    ProjectedQAscent,
    RewardWeightedPG,
    SoftmaxPG,
    SoftPolicyIteration,
)
from tabular_pg.methods.gpmd import GPMDClipped, GPMDInside
from tabular_pg.methods.td_pmd import ClippedCritic, InsideCritic, SoftCritic


@symmetric(GPMDInside)
@symmetric(GPMDClipped)
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
    return point.x + 2 * logarithm(signed(np.abs(factor)))


@symmetric(SPMA)
def spma(rule, k, model, point):
    factor = signed(1 + rule.eta * point.A)
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


@symmetric(HomotopicPMD)
def homotopic_pmd(rule, k, model, point):
    tau = rule.tau_0 * rule.delta ** (2 * k)
    return rule.delta * point.x + (1 - rule.delta) / tau * point.A


def _first_critic(rule, model, point):
    return point.q[:, None]


@symmetric(TDPMD, start=_first_critic)
def td_pmd(rule, k, model, point):
    x, E = _followed(rule, model, point)
    return x, E[:, None]


def _followed(rule, model, point):
    """The policy that follows the critic of TD-PMD, and its whole Bellman update."""
    E, alpha = point.memory[:, 0], 1 / (1 + rule.eta * model.tau)
    x, pi = model.coordinates.normalized(alpha * point.x - rule.eta * alpha * _relative(E))
    return x, model.next_values((pi * E).sum(axis=1) + model.coordinates.policy_error(x, pi))


def _first_weighted_critic(rule, model, point):
    return (point.q - np.array(rule.error, dtype=object))[:, None]


def _by_numbers(rule):
    return not (is_table(rule.weights) or is_table(rule.error))


@symmetric(SoftCritic, start=_first_weighted_critic, alike=_by_numbers)
@symmetric(InsideCritic, start=_first_weighted_critic, alike=_by_numbers)
@symmetric(ClippedCritic, start=_first_weighted_critic, alike=_by_numbers)
def weighted_td_pmd(rule, k, model, point):
    (x, updated), weights = _followed(rule, model, point), np.array(rule.weights, dtype=object)
    return x, ((1 - weights) * point.memory[:, 0] + weights * updated)[:, None]


@symmetric(ProjectedPG)
def projected_pg(rule, k, model, point):
    steps = _state_steps(rule.eta, model, point)
    return projected(point.x + steps * point.A)


@symmetric(ProjectedQAscent)
def projected_q_ascent(rule, k, model, point):
    return projected(point.x + rule.eta * point.A)


@symmetric(NormalizedPG)
def normalized_pg(rule, k, model, point):
    return point.x + rule.eta * _direction(_gradient(model, point)), point.memory


def _gradient(model, point):
    return point.d[:, None] / (1 - model.gamma) * point.pi * point.A


def _direction(g):
    """In units of its norm, or 0."""
    norm = (g * g).sum().sqrt()
    return (arb(0) if norm.is_zero() else 1 / norm) * g


def _at_rest(rule, model, point):
    return point.x[:, None]


@symmetric(HeavyBallPG, start=_at_rest)
def heavy_ball_pg(rule, k, model, point):
    moved = softmax_pg(rule, k, model, point)
    return moved + rule.beta * (point.x - point.memory[:, 0]), point.x[:, None]


def _first_theta(rule, model, point):
    return np.stack([point.x, point.x, *[zeros(*point.x.shape)] * 2], axis=1)


@symmetric(NesterovPG, start=_at_rest)
def nesterov_pg(rule, k, model, point):
    t = k + 1
    theta = point.x + rule.eta * t / (t + 1) * _gradient(model, point)
    return theta + (theta - point.memory[:, 0]) * (t - 1) / (t + 2), theta[:, None]


@symmetric(NormalizedAcceleratedPG, start=_first_theta)
@symmetric(AcceleratedPG, start=_first_theta)
def accelerated_pg(rule, k, model, point):
    t, (before, theta, slopes, lost) = k // 2 + 1, np.moveaxis(point.memory, 1, 0)
    now = _gradient(model, point)
    gap = zeros(*now.shape) + (model.mu * point.e).sum()
    if k % 2 == 1:
        phi = point.x + (point.x - before) * (t - 1) / (t + 2)
        return phi, np.stack([before, point.x, now, gap], axis=1)
    moved = point.x
    if k > 2 and lost[0, 0] < gap[0, 0]:
        moved, now = theta, slopes
    elif k > 2 and not gap[0, 0] <= lost[0, 0]:
        raise Undecided("which of phi and theta is better is open")
    if type(rule) is NormalizedAcceleratedPG:
        moved = moved + rule.eta * _direction(now)
    else:
        moved = moved + rule.eta * t / (t + 1) * now
    return moved, np.stack([theta, moved, now, gap], axis=1)


@symmetric(LogBarrierPG)
def log_barrier_pg(rule, k, model, point):
    pull = rule.eta * rule.barrier / model.shape[0] * point.pi
    return softmax_pg(rule, k, model, point) - pull


@symmetric(EnlightenedPG)
def enlightened_pg(rule, k, model, point):
    A = signed(point.A)
    return _gated(rule, model, point, np.where(A > 0, point.pi * A, arb(0)))


@symmetric(DelightfulPG)
def delightful_pg(rule, k, model, point):
    gates = 1 / (1 + np.exp(point.A * point.x / rule.temperature))
    return _gated(rule, model, point, gates * point.pi * point.A)


@symmetric(RewardWeightedPG)
def reward_weighted_pg(rule, k, model, point):
    x, level = point.x, (rule.best - point.e)[:, None]
    data, eta = point.pi * (level + point.A), _state_steps(rule.eta, model, point)
    for _ in range(int(rule.inner)):
        x, trained = model.coordinates.normalized(x)
        x = x + eta * (data - level * trained)
    return x, point.memory


@symmetric(EscortPG)
def escort_pg(rule, k, model, point):
    p, log_norm = rule.p, point.memory[:, 0]
    u = np.exp((1 - 2 / p) * point.x - 2 * log_norm) * point.A * p
    x = point.x + p * logarithm(signed(np.abs(1 + _state_steps(rule.eta, model, point) * u)))
    grown = np.log(np.exp(x).sum(axis=1)) / p
    return x, (log_norm + grown[:, None])[:, None]


def _gated(rule, model, point, terms):
    moves = terms - point.pi * terms.sum(axis=1)[:, None]
    return point.x + _state_steps(rule.eta, model, point) * moves


def _state_steps(eta, model, point):
    """(S, 1) eta_s = eta d(s) / (1 - gamma)."""
    return (eta / (1 - model.gamma) * point.d)[:, None]


def _relative(q):
    """``q`` less its first column: what all actions have in common moves no policy."""
    return q - q[:, :1]
