"""Softmax policy gradient with Nesterov's momentum, which nothing takes back.

    theta_t = omega_{t-1} + eta t/(t+1) grad V(omega_{t-1})(mu),
    omega_t = theta_t + (t-1)/(t+2) (theta_t - theta_{t-1}),      omega_0 = theta_0.

Iterate t is omega_t. It is ``AcceleratedPG`` without the test of phi_t, at one evaluation a step:
V(mu) need not rise.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.point import copy_table
from tabular_pg.methods.softmax_pg import climb, exists
from tabular_pg.references import cited


@cited("chen2024")
class NesterovPG(NamedTuple):
    """Softmax policy gradient with Nesterov's momentum; the step size of step t is ``eta`` (a
    number or one of ``steps``) times t / (t + 1)."""

    eta: float


def first_theta(rule, problem, point):
    """theta_0 is where it starts."""
    copy_table(point.x, point.memory[:, 0])


@method(NesterovPG, space=Space.SOFTMAX, visitation=True, memory=1, start=first_theta)
def nesterov_pg(rule, k, problem, point):
    """From omega_{t-1} to omega_t, in logarithms of probabilities."""
    x, memory, t = point.x, point.memory, k + 1.0
    climb(problem, point, rule.eta * t / (t + 1.0), x)
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):
                theta = x[s, a]
                x[s, a] += (t - 1.0) / (t + 2.0) * (theta - memory[s, 0, a])
                memory[s, 0, a] = theta
