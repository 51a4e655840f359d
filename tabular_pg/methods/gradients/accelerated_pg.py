"""Accelerated softmax policy gradient: Nesterov's momentum, kept where it has made V(mu) no worse.

    theta_t = omega_{t-1} + eta t/(t+1) grad V(omega_{t-1})(mu),
    phi_t   = theta_t + (t-1)/(t+2) (theta_t - theta_{t-1}),
    omega_t = phi_t  if  V(phi_t)(mu) >= V(theta_t)(mu),  else  theta_t,      omega_0 = theta_0.

Every t needs two evaluations, and takes two iterations: iterate 2t - 1 is theta_t, iterate 2t is
phi_t (whether it is kept or not). Chen et al. (2024) take eta = (1 - gamma)^3 / 16. Its theorems
are in ``theorems.softmax_pg.momentum``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.methods.softmax_pg import climb, exists
from tabular_pg.references import cited

EARLIER, LATEST, SLOPE, LEVEL = range(4)  # theta_{t-1}, theta_t, its gradient, log of its gap


@cited("chen2024")
class AcceleratedPG(NamedTuple):
    """Accelerated softmax policy gradient, two iterations a step; the step size of step t is
    ``eta`` (a number or one of ``steps``) times t / (t + 1)."""

    eta: float


def first_evaluation(rule, problem, point):
    """theta_0 is where it starts, and what was before."""
    point.memory[:, EARLIER] = point.x
    keep(problem, point)


def next_evaluation(rule, k, problem, point):
    """theta_t is kept with its evaluation; of phi_t that of the better one."""
    if k % 2 == 1:
        keep(problem, point)
    else:
        choose_better(problem, point)


@njit
def keep(problem, point):
    """theta_t, its gradient and the logarithm of its gap."""
    slope = point.memory[:, SLOPE]
    point.memory[:, LATEST] = point.x
    point.memory[:, LEVEL] = log_gap(problem, point)
    slope[:] = 0.0
    climb(problem, point, 1.0, slope)


@njit
def choose_better(problem, point):
    """omega_t and its gradient, which a step is taken from, in place of theta_t's gradient."""
    slope = point.memory[:, SLOPE]
    if log_gap(problem, point) <= point.memory[0, LEVEL, 0]:
        slope[:] = 0.0
        climb(problem, point, 1.0, slope)
    else:
        point.x[:] = point.memory[:, LATEST]


@njit
def log_gap(problem, point):
    """log of V*(mu) - V(mu)."""
    kappa, total = np.zeros(point.e.size), 0.0
    log_scale = policy_error(problem.coordinates, point.x, point.log_pi, point.pi, kappa)
    for s in range(point.e.size):
        total += problem.mu[s] * point.e[s]
    return log_scale + math.log(total) if total > 0.0 else -math.inf


@method(
    AcceleratedPG,
    space=Space.SOFTMAX,
    visitation=True,
    memory=4,
    start=first_evaluation,
    learn=next_evaluation,
)
def accelerated_pg(rule, k, problem, point):
    """From theta_t to phi_t, or from omega_{t-1} to theta_t, in logarithms of probabilities."""
    x, memory, t = point.x, point.memory, k // 2 + 1.0
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):
                if k % 2 == 1:
                    x[s, a] += (t - 1.0) / (t + 2.0) * (x[s, a] - memory[s, EARLIER, a])
                else:
                    memory[s, EARLIER, a] = memory[s, LATEST, a]
                    x[s, a] += rule.eta * t / (t + 1.0) * memory[s, SLOPE, a]
