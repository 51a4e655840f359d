"""Accelerated softmax policy gradient: Nesterov's momentum, kept where it has made V(mu) no worse.

    theta_t = omega_{t-1} + step_t,
    phi_t   = theta_t + (t-1)/(t+2) (theta_t - theta_{t-1}),
    omega_t = phi_t  if  V(phi_t)(mu) >= V(theta_t)(mu),  else  theta_t,      omega_0 = theta_0.

Every t needs two evaluations, and takes two iterations: iterate 2t - 1 is theta_t, iterate 2t is
phi_t (whether it is kept or not). With g = grad V(omega_{t-1})(mu), step_t is eta t/(t+1) g, for
which Chen et al. (2024) take eta = (1 - gamma)^3 / 16, or eta g / ||g||. The theorems are in
``theorems.softmax_pg.momentum``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.gaps.point import copy_table
from tabular_pg.methods.gradients.normalized_pg import fill_direction
from tabular_pg.methods.softmax_pg import climb, exists
from tabular_pg.references import cited

EARLIER, LATEST, SLOPE, LEVEL = range(4)  # theta_{t-1}, theta_t, its gradient, log of its gap


@cited("chen2024")
class AcceleratedPG(NamedTuple):
    """Accelerated softmax policy gradient, two iterations a step; the step size of step t is
    ``eta`` (a number or one of ``steps``) times t / (t + 1)."""

    eta: float


@cited("chen2024")
class NormalizedAcceleratedPG(NamedTuple):
    """The same with steps of the length ``eta`` (a number or one of ``steps``) along the gradient
    in units of its norm."""

    eta: float


def first_evaluation(rule, problem, point):
    """theta_0 is where it starts, and what was before."""
    copy_table(point.x, point.memory[:, EARLIER])
    keep(problem, point, False)


def next_evaluation(rule, k, problem, point):
    """theta_t is kept with its evaluation; of phi_t that of the better one."""
    keep_or_choose(k, problem, point, False)


def first_normalized(rule, problem, point):
    """The same with the direction of the gradient."""
    copy_table(point.x, point.memory[:, EARLIER])
    keep(problem, point, True)


def next_normalized(rule, k, problem, point):
    """The same with the direction of the gradient."""
    keep_or_choose(k, problem, point, True)


@njit
def fill(problem, point, normalized):
    """The gradient, less what actions of a state have in common, or that in units of its norm."""
    slope = point.memory[:, SLOPE]
    if normalized:
        fill_direction(problem, point, slope)
    else:
        slope[:] = 0.0
        climb(problem, point, 1.0, slope)


@njit
def keep(problem, point, normalized):
    """theta_t, its gradient and the logarithm of its gap."""
    copy_table(point.x, point.memory[:, LATEST])
    point.memory[0, LEVEL, 0] = log_gap(problem, point)
    fill(problem, point, normalized)


@njit
def keep_or_choose(k, problem, point, normalized):
    """theta_t, or omega_t and its gradient, which a step is taken from, in place of theta_t's."""
    if k % 2 == 1:
        keep(problem, point, normalized)
    elif log_gap(problem, point) <= point.memory[0, LEVEL, 0]:
        fill(problem, point, normalized)
    else:
        copy_table(point.memory[:, LATEST], point.x)


@njit
def log_gap(problem, point):
    """log of V*(mu) - V(mu)."""
    kappa, total = np.zeros(point.e.size), 0.0
    log_scale = policy_error(problem.coordinates, point.x, point.log_pi, point.pi, kappa)
    for s in range(point.e.size):
        total += problem.mu[s] * point.e[s]
    return log_scale + math.log(total) if total > 0.0 else -math.inf


@njit
def ahead(problem, point, t):
    """From theta_t to phi_t, in logarithms of probabilities."""
    x, memory = point.x, point.memory
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):
                x[s, a] += (t - 1.0) / (t + 2.0) * (x[s, a] - memory[s, EARLIER, a])


@njit
def upwards(problem, point, step):
    """From omega_{t-1} to theta_t."""
    x, memory = point.x, point.memory
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):
                memory[s, EARLIER, a] = memory[s, LATEST, a]
                x[s, a] += step * memory[s, SLOPE, a]


@method(
    AcceleratedPG,
    space=Space.SOFTMAX,
    visitation=True,
    memory=4,
    start=first_evaluation,
    learn=next_evaluation,
)
def accelerated_pg(rule, k, problem, point):
    """theta_t, or phi_t."""
    t = k // 2 + 1.0
    if k % 2 == 1:
        ahead(problem, point, t)
    else:
        upwards(problem, point, rule.eta * t / (t + 1.0))


@method(
    NormalizedAcceleratedPG,
    space=Space.SOFTMAX,
    visitation=True,
    memory=4,
    start=first_normalized,
    learn=next_normalized,
)
def normalized_accelerated_pg(rule, k, problem, point):
    """theta_t, or phi_t."""
    if k % 2 == 1:
        ahead(problem, point, k // 2 + 1.0)
    else:
        upwards(problem, point, rule.eta)
