"""The policy that rewards tilt a reference to, and Newton's method for the rewards."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array

from tabular_pg._jit import njit
from tabular_pg.preference.fitting.newton import newton_step
from tabular_pg.reasoning.episodic.segments import state_sums

STILL = 1e-9  # of a Newton step, relative to x: there is the end
HALVINGS = 40  # of a step: 2^-40 of it, about 1e-12, would move x by less than STILL
DESCENT = 1e-4  # what a step must gain of what the slope promises (Armijo), the usual constant
SLACK = 1e-13  # by how much a value may rise, relative to it: sums of many terms are rounded so


def polished(objective, hessian, x, iterations):
    """x after Newton steps that go down, and the size of the next one, relative to x."""
    value, gradient = objective(x)
    moved = math.inf
    for _ in range(iterations):
        with np.errstate(all="ignore"):
            H = hessian(x)
        if not np.isfinite(H.data).all():
            return x, math.inf
        step = newton_step(H, gradient, convex=False)
        moved = float(np.abs(step).max() / (1.0 + np.abs(x).max()))
        size, slack = 1.0, SLACK * abs(value)
        for _ in range(HALVINGS):
            trial = x + size * step
            reached, slope = objective(trial)
            if reached <= value + DESCENT * size * (gradient @ step) + slack:
                break
            size *= 0.5
        else:
            return x, moved
        x, value, gradient = trial, reached, slope
        if moved <= STILL:
            break
    return x, moved


def hessian_of(ptr, policy, terms, pull, bend, ridge, beta):
    """(n, n) sparse second derivatives in x; ``pull`` are the slopes in the rewards."""
    n = policy.size
    member = csr_array((np.ones(n), np.arange(n), ptr), shape=(ptr.size - 1, n))
    weighted = member * policy
    A = terms - (terms @ member.T) @ weighted  # margins by x
    level = (member @ pull) / beta
    spread = diags_array(policy * np.repeat(level, np.diff(ptr)))
    curved = spread - weighted.T @ (diags_array(level) @ weighted)
    return csr_array(bend(csr_array(A)) - curved + ridge * eye_array(n))


@njit
def tilt(ptr, reference, rest, x, beta):
    """pi = ref exp(x / beta) / Z of these edges, beta log(pi / ref), and 1 / Z of each state.

    In Z the other edges of a state, of probability ``rest``, count with x = 0.
    """
    policy, rewards, scale = np.empty(x.size), np.empty(x.size), np.empty(rest.size)
    for s in range(rest.size):
        largest = 0.0 if rest[s] > 0.0 else -math.inf
        for e in range(ptr[s], ptr[s + 1]):
            largest = max(largest, x[e])
        scale[s] = math.exp(-largest / beta) if rest[s] > 0.0 else 0.0
        total = rest[s] * scale[s]
        for e in range(ptr[s], ptr[s + 1]):
            policy[e] = reference[e] * math.exp((x[e] - largest) / beta)
            total += policy[e]
        scale[s] /= total
        for e in range(ptr[s], ptr[s + 1]):
            policy[e] /= total
            rewards[e] = x[e] - largest - beta * math.log(total)
    return policy, rewards, scale


@njit
def through_norm(ptr, policy, slope, start):
    """``start`` plus the slopes in x, for slopes in the rewards: less pi times their sum."""
    gradient = start + slope
    sums = state_sums(ptr, slope)
    for s in range(ptr.size - 1):
        for e in range(ptr[s], ptr[s + 1]):
            gradient[e] -= policy[e] * sums[s]
    return gradient
