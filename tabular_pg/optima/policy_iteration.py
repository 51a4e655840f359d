"""Policy iteration to values of twice the digits of a float, and what is an optimal action then."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._floats import UNDERFLOW

TIES = 16  # units of rounding of the data that are compared: an |A*| below is a tie
SURE_TIES = 8  # such units that say nothing against a tie, unless only rewards differ
DOUBTFUL = 1e4  # a Delta within this factor of the tolerance is warned about
FLOAT_TOLERANCE = 1e-12  # gains up to this, relative to the same, are left to refined values
POLICY_ITERATIONS = 10_000


class Solution(NamedTuple):
    """Values of a policy that no action improves by more than its tolerance."""

    V: np.ndarray
    V_low: np.ndarray
    A: np.ndarray
    reach: np.ndarray  # (S,) what rewards on the way add up to without their signs
    tolerance: np.ndarray  # (S, A)
    near: np.ndarray  # (S, A) a larger loss leaves no doubt
    sure: np.ndarray  # (S, A) what says nothing against a tie
    left: float  # what is missing in V, relative to reach
    backward_error: float  # of the systems that V is the solution of


def policy_iteration(bellman, tie_tolerance) -> Solution:
    """Howard's method; an action is switched only if that gains more than the tie tolerance.

    First in float64, as far as that goes, then with values to twice the digits.
    """
    if bellman.dense:
        chosen = bellman.masked(bellman.r.copy()).argmax(axis=1)
    else:
        chosen = bellman.nearly_greedy()
    precise = False
    for _ in range(POLICY_ITERATIONS):
        V, reach = bellman.values(chosen)
        if not precise:
            advantage = bellman.advantages(V)
            better = advantage > FLOAT_TOLERANCE * bellman.magnitude(reach) + UNDERFLOW
            precise = not better.any()
        if precise:
            V_low = np.zeros(V.size)
            left = bellman.refine(V, V_low, chosen, reach)
            advantage, _ = bellman.advantages(V, V_low)
            advantage -= advantage[np.arange(V.size), chosen][:, None]
            floor, data, certain = bellman.units(V, chosen, reach)
            given = TIES * data if tie_tolerance is None else tie_tolerance
            tolerance = np.maximum(floor, given)
            better = advantage > tolerance
            if not better.any():
                sure = np.maximum(floor, np.where(certain, 0.0, SURE_TIES * data))
                near = np.maximum(DOUBTFUL * TIES * data, 10 * floor)
                return Solution(
                    V, V_low, advantage, reach, tolerance, near, sure, left,
                    bellman.backward_error,
                )  # fmt: skip
        gain = np.where(better, advantage, -np.inf)
        switched = np.where(better.any(axis=1), gain.argmax(axis=1), chosen)
        chosen = switched if bellman.dense or precise else bellman.nearly_greedy(V)
    raise RuntimeError(f"policy iteration did not end within {POLICY_ITERATIONS} steps")
