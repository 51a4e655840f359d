"""The loops for many small MDPs of one shape, which record inside: one after the other, or several
at once in the lanes of the vector unit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.gaps.bookkeeping import largest_gap
from tabular_pg.gaps.lanes import evaluate_lanes, keep_least_lanes
from tabular_pg.gaps.point import Point, Problem
from tabular_pg.numerics.lanes import functions  # noqa: F401  (exp and log of lanes, on import)
from tabular_pg.numerics.lanes.kinds import WIDTH, in_lanes
from tabular_pg.numerics.lanes.operators import choose, unpacked


class LanesWork(NamedTuple):
    """Room for WIDTH runs at a time; all arrays have WIDTH as their last axis."""

    x: np.ndarray
    pi: np.ndarray
    e: np.ndarray
    q: np.ndarray
    A: np.ndarray
    d: np.ndarray
    least_policy: np.ndarray
    least_optimal_mass: np.ndarray
    N: np.ndarray
    pivot: np.ndarray
    slack: np.ndarray
    f: np.ndarray
    base: np.ndarray
    gap_sum: np.ndarray
    recorded: tuple  # x, e, A, least_policy, least_optimal_mass, gap_sum as (n, WIDTH)


class LanesStack(NamedTuple):
    """Chunks of WIDTH problems, in the lanes."""

    P: np.ndarray
    gamma: float
    mu: np.ndarray
    A_star: np.ndarray
    optimal: np.ndarray
    visitation: bool
    n_actions: int
    largest: np.ndarray
    start: np.ndarray
    fields: np.ndarray


@njit_inlined
def spread(record, row, at, values):
    """Write lanes (n, WIDTH) into records (runs, K, n) of so many runs, from ``row`` on."""
    for j in range(WIDTH):
        for i in range(values.shape[0]):
            record[row + j, at, i] = values[i, j]


@njit_inlined
def fill_lanes(room, value):
    for i in range(room.shape[0]):
        for j in range(room.shape[1]):
            room[i, j] = value


def lanes_loop(step):
    """The loop of a method whose step is given, for WIDTH runs at a time."""

    def loop(like, stack, work, record, at, ordinary):
        """Run all, and record the iterations ``at``; ``ordinary`` says of which runs all of that
        was in the range where this is accurate. ``like`` is the tuple of hyper-parameters of
        one run.
        """
        point = Point(
            in_lanes(work.x), in_lanes(work.pi), in_lanes(work.e), in_lanes(work.q),
            in_lanes(work.A), in_lanes(work.d), None, in_lanes(work.least_policy),
            in_lanes(work.least_optimal_mass), in_lanes(work.N), in_lanes(work.pivot),
            in_lanes(work.slack), None, in_lanes(work.f), in_lanes(work.base), None, None, None,
            None, None, None, None,
        )  # fmt: skip
        total = in_lanes(work.gap_sum)
        for c in range(stack.start.shape[0]):
            values = unpacked(in_lanes(stack.fields[c]), like)
            problem = Problem(
                in_lanes(stack.P[c]), stack.gamma, in_lanes(stack.mu[c]),
                in_lanes(stack.A_star[c]), in_lanes(stack.optimal[c]), 0.0, None,
                stack.visitation, stack.n_actions, in_lanes(stack.largest[c])[0],
            )  # fmt: skip
            start = in_lanes(stack.start[c])
            for s in range(start.shape[0]):
                point.least_optimal_mass[s] = 1.0
                for a in range(start.shape[1]):
                    point.x[s, a] = start[s, a]
                    point.least_policy[s, a] = 1.0
            total[0] = 0.0
            right = evaluate_lanes(problem, point)
            i, k = 0, 0
            while True:
                if at[i] == k:
                    for j in range(len(record)):
                        spread(record[j], c * WIDTH, i, work.recorded[j])
                    i += 1
                    if i == at.size:
                        break
                total[0] += largest_gap(point, 0.0)
                keep_least_lanes(problem, point)
                step(values, k, problem, point)
                right = right & evaluate_lanes(problem, point)
                k += 1
            in_lanes(ordinary[c])[0] = choose(right, 1.0, 0.0)

    return loop
