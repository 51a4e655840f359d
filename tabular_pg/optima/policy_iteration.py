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
DIRECT = 16  # of these come first where a policy is evaluated by a few sweeps


class Solution(NamedTuple):
    """Values of a policy that no action improves by more than its tolerance."""

    V: np.ndarray
    V_low: np.ndarray
    A: np.ndarray
    reach: np.ndarray  # (S,) what rewards on the way add up to without their signs
    floor: np.ndarray  # (S, A) rounding of the arithmetic here
    data: np.ndarray  # (S, A) that of the data of both actions that are compared
    certain: np.ndarray  # (S, A) whether only their rewards differ
    given: float | None  # the tie tolerance that was asked for
    left: float  # what is missing in V, relative to reach
    backward_error: float  # of the systems that V is the solution of

    @property
    def tolerance(self) -> np.ndarray:
        """(S, A) a loss up to this is a tie."""
        if self.given is not None:
            return np.maximum(self.floor, self.given)
        ties = TIES * self.data
        return np.maximum(self.floor, ties, out=ties)

    @property
    def near(self) -> np.ndarray:
        """(S, A) a larger loss leaves no doubt."""
        far = DOUBTFUL * TIES * self.data
        return np.maximum(far, 10 * self.floor, out=far)

    @property
    def sure(self) -> np.ndarray:
        """(S, A) what says nothing against a tie."""
        ties = SURE_TIES * self.data
        ties[self.certain] = 0.0
        return np.maximum(self.floor, ties, out=ties)


def policy_iteration(bellman, tie_tolerance) -> Solution:
    """Howard's method; an action is switched only if that gains more than the tie tolerance.

    First in float64, as far as that goes, then with values to twice the digits.
    """
    left = iter(range(POLICY_ITERATIONS))
    chosen, known = _float_pass(bellman, left)
    for _ in left:
        values = bellman.values(chosen) if known is None else known
        found, known = _refined(bellman, chosen, *values, tie_tolerance), None
        better = found.A > found.tolerance
        if not better.any():
            return found
        chosen = _switched(bellman, chosen, found.A, better)
        del found, better  # the next ones need the memory
    raise RuntimeError(f"policy iteration did not end within {POLICY_ITERATIONS} steps")


def _float_pass(bellman, left):
    """The actions (S,) where no gain is seen in float64, and their values and reach; None for
    these if all that is ``left`` of the steps was taken before."""
    direct = POLICY_ITERATIONS
    if bellman.proper is not None:
        chosen = bellman.proper.first()
    else:
        chosen = bellman.masked(bellman.r.copy()).argmax(axis=1)
        if not bellman.dense:
            direct = DIRECT if bellman.is_mixed(chosen) else 0
            chosen = chosen if direct else bellman.nearly_greedy()
    for i in left:
        V, reach = bellman.values(chosen)
        advantage, rounding = bellman.advantages(V), bellman.magnitude(reach)
        rounding *= FLOAT_TOLERANCE
        rounding += UNDERFLOW
        better = advantage > rounding
        if not better.any():
            return chosen, (V, reach)
        if i < direct:
            chosen = _switched(bellman, chosen, advantage, better)
        else:
            chosen = bellman.nearly_greedy(V)
    return chosen, None


def _switched(bellman, chosen, advantage, better):
    """Each action that is better by most, where there is one."""
    gain = np.where(better, advantage, -np.inf)
    chosen = np.where(better.any(axis=1), gain.argmax(axis=1), chosen)
    if bellman.proper is not None:
        bellman.proper.refuse_improper(chosen)
    return chosen


def _refined(bellman, chosen, V, reach, tie_tolerance) -> Solution:
    """Values of a policy to twice the digits, and what is a gain and what a tie beside them."""
    V_low = np.zeros(V.size)
    left = bellman.refine(V, V_low, chosen, reach)
    units = bellman.units(V, chosen, reach)
    advantage = bellman.advantages(V, V_low)[0]
    advantage -= advantage[np.arange(V.size), chosen][:, None]
    error = bellman.backward_error
    return Solution(V, V_low, advantage, reach, *units, tie_tolerance, left, error)
