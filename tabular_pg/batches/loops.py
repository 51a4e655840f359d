"""The loops for many small MDPs of one shape, which record inside: one after the other, or several
at once in the lanes of the vector unit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.compiled.apart import reference
from tabular_pg.gaps.bookkeeping import keep_least, largest_gap
from tabular_pg.gaps.evaluation import evaluate_at_apart
from tabular_pg.gaps.lanes import evaluate_lanes, keep_least_lanes
from tabular_pg.gaps.point import Point, Problem, fill, problem_rows
from tabular_pg.numerics.lanes import functions  # noqa: F401  (exp and log of lanes, on import)
from tabular_pg.numerics.lanes.kinds import WIDTH, in_lanes
from tabular_pg.numerics.lanes.operators import choose, unpacked

LOSING = 1e-9  # relative rounding of offsets above which gaps are not accurate


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
    recorded: tuple  # what is recorded, of this, as (n, WIDTH)


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
            in_lanes(work.slack), None, None, None, in_lanes(work.f), in_lanes(work.base), None,
            None, None, None, None, None, None,
        )  # fmt: skip
        total = in_lanes(work.gap_sum)
        for c in range(stack.start.shape[0]):
            values = unpacked(in_lanes(stack.fields[c]), like)
            problem = Problem(
                in_lanes(stack.P[c]), stack.gamma, in_lanes(stack.mu[c]),
                in_lanes(stack.A_star[c]), in_lanes(stack.optimal[c]), 0.0, None,
                stack.visitation, stack.n_actions, in_lanes(stack.largest[c])[0], None,
                1.0 - stack.gamma,
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
                        if len(record[j]) > 0:
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


@njit_inlined
def keep(record, row, at, values):
    """Copy ``values``, if they are wanted; entry by entry, as an assignment would make an array."""
    if len(record) > 0:
        for i in range(values.size):
            record[row, at, i] = values.flat[i]


def plain_loop(step):
    """The loop of a method whose step is given, for one run after the other."""

    def loop(like, fields, stack, largest, point, start, record, at, ordinary):
        """Run those that are not ``ordinary`` yet, and record the iterations ``at``; ``fields``
        has the hyper-parameters of all, and ``like`` is the tuple of those of one.

        ``stack`` is a problem with the states of all MDPs, one after the other. Runs that are not
        finite, or have lost digits, do not become ordinary.
        """
        S = point.e.size
        for b in range(start.shape[0]):
            if ordinary[b] > 0.0:
                continue
            values = unpacked(fields[b], like)
            here = problem_rows(stack, b * S, (b + 1) * S)
            problem = Problem(
                here.P, here.gamma, here.mu, here.A_star, here.optimal, here.tau,
                here.coordinates, here.visitation, here.n_actions, largest[b], None, here.unit,
            )  # fmt: skip
            for i in range(point.x.size):
                point.x.flat[i] = start[b].flat[i]
            fill(point.least_policy, 1.0)
            fill(point.least_optimal_mass, 1.0)
            fill(point.flaws, 0.0)
            where = reference(problem), reference(point)
            log_scale, total, i, k, resolved = evaluate_at_apart(*where), 0.0, 0, 0, False
            while True:
                if at[i] == k:
                    keep(record[0], b, i, point.x)
                    keep(record[1], b, i, point.e)
                    keep(record[2], b, i, point.A)
                    keep(record[3], b, i, point.least_policy)
                    keep(record[4], b, i, point.least_optimal_mass)
                    if len(record[5]) > 0:
                        record[5][b, i, 0] = total
                    if len(record[6]) > 0:
                        record[6][b, i, 0] = log_scale
                    if problem.visitation:
                        keep(record[7], b, i, point.d)
                    resolved = resolved or point.log_e[0] == point.log_e[0]
                    i += 1
                    if i == at.size:
                        break
                total += largest_gap(point, log_scale)
                keep_least(problem, point)
                step(values, k, problem, point)
                log_scale = evaluate_at_apart(*where)
                k += 1
            ordinary[b] = 1.0 if accurate(point) and not resolved else 0.0

    return loop


@njit_inlined
def accurate(point):
    """Whether gaps are finite, and nothing was lost on the way."""
    nothing = 0.0
    for s in range(point.e.size):
        nothing += 0.0 * point.e[s]  # NaN for what is not finite
    return nothing == 0.0 and point.flaws[0] == 0.0 and point.flaws[1] < LOSING
