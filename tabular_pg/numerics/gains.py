"""By how much actions are worse than the best one of their state, without any mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.numerics.simplex import best_of


class Gains(NamedTuple):
    """Advantages less the largest one of the state, as their parts; see :func:`gain`."""

    A_star: np.ndarray  # (S, A)
    q: np.ndarray  # (S, A), Q* - Q, up to a constant per state
    best: float  # the largest A* - q of the state
    largest: float  # what an action that exists may lose


@njit_inlined
def gains_of(problem, q, s):
    """Those of state ``s``, for Q-gaps ``q`` that are known up to a constant per state."""
    return Gains(problem.A_star, q, best_of(problem, q, s), problem.largest)


@njit_inlined
def gain(gains, s, a):
    """A(s, a) - max_b A(s, b) <= 0, for numbers a difference of what is relatively accurate.

    The mean of the advantages, which may be far larger, does not occur. Where an action does not
    exist it is far below what any may lose.
    """
    return gains.A_star[s, a] - gains.q[s, a] - gains.best


@njit_inlined
def exists(gains, s, a):
    """Whether action ``a`` is available in state ``s``."""
    return gains.A_star[s, a] >= -gains.largest
