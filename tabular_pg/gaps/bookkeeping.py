"""What a run keeps of its iterates besides their evaluation."""

from __future__ import annotations

import math

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.simplex import EPS

LOWEST = 1e-290  # gaps below have lost digits
LEAST_OFFSET = 1e-290  # smaller ones have lost digits, and would stop to shrink
MEASURABLE = 1e-270  # gaps of Q below are near underflow, and say nothing about rounding


@njit_inlined
def largest_gap(point, log_scale):
    """max_s V* - V^pi."""
    largest = 0.0
    for s in range(point.e.size):
        largest = max(largest, point.e[s])
    root = math.exp(0.5 * log_scale)
    return (root * largest) * root


@njit_inlined
def largest_advantage(point):
    """max_{s, a} A^pi."""
    largest = point.A[0, 0]
    for i in range(point.A.size):
        largest = max(largest, point.A.flat[i])
    return largest


@njit_inlined
def watch_rounding(problem, point):
    """Keep in ``point.flaws[1]`` what rounding may have cost the offsets that a step has led to.

    Offsets too small for float64 become 0; that is a flaw where others are not.

    Steps that consist of differences of Q-gaps (soft policy iteration) lose digits where those are
    far smaller than the Q-gaps of the state, which ``point`` still holds.
    """
    x, q = point.x, point.q
    cost, size, lost = 0.0, 0.0, 0
    for s in range(x.shape[0]):
        width, level = 0.0, 0.0
        for a in range(x.shape[1]):
            width, level = max(width, abs(x[s, a])), max(level, q[s, a])
        if 0.0 < width < LEAST_OFFSET:
            lost += 1
            width = 0.0
            for a in range(x.shape[1]):
                x[s, a] = 0.0
        level += problem.gamma * point.base[0]
        if level > MEASURABLE:
            cost = max(cost, width * EPS * level / problem.tau)
        size = max(size, width * width)
    if size > 0.0:
        point.flaws[0] = max(point.flaws[0], lost)
        point.flaws[1] = max(point.flaws[1], cost / size)
    elif point.flaws[2] > 0.0:
        point.flaws[1] = 1.0


@njit_inlined
def keep_least(problem, point):
    """Update the running minima by the present iterate."""
    pi, optimal = point.pi, problem.optimal
    least_policy, least_optimal_mass = point.least_policy, point.least_optimal_mass
    for s in range(pi.shape[0]):
        mass = 0.0
        for a in range(pi.shape[1]):
            least_policy[s, a] = min(least_policy[s, a], pi[s, a])
            if optimal[s, a]:
                mass += pi[s, a]
        least_optimal_mass[s] = min(least_optimal_mass[s], mass)
