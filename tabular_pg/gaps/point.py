"""What a run works on: the problem, which stays fixed, and a point, which is overwritten."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_borrowing, njit_inlined
from tabular_pg.gaps.coordinates import rows
from tabular_pg.numerics.systems.elimination import UNBLOCKED
from tabular_pg.numerics.systems.refinement import Earlier, nothing_earlier

ITERATE = (
    "x", "pi", "e", "q", "A", "d", "memory", "f", "base", "log_pi", "far", "far_memory", "shift",
    "log_e", "flaws",
)  # fmt: skip


class Problem(NamedTuple):
    """What stays fixed during a run."""

    P: np.ndarray | NamedTuple  # (S, A, S), or a SparseModel
    gamma: float
    mu: np.ndarray  # (S,)
    A_star: np.ndarray  # (S, A), exactly 0 on optimal actions; all 0 for tau > 0
    optimal: np.ndarray  # (S, A), whether the action is optimal
    tau: float
    coordinates: NamedTuple  # of ``Point.x``: Logits, Offsets, TwoForms, Probabilities or Duals
    visitation: bool  # whether the rule reads ``Point.d``
    n_actions: int  # the most actions that a state has
    largest: float  # what an available action may lose; below it, A_star means unavailable
    ends: np.ndarray | None  # (S, A), how likely an action ends the episode; None for gamma < 1
    unit: float  # what d is in units of: 1 - gamma, or 1 where that is 0


class Point(NamedTuple):
    """One iterate and its evaluation, overwritten in place."""

    x: np.ndarray  # (S, A), log pi, xi = log pi - log pi*_tau, y - y*_tau, or pi
    pi: np.ndarray  # (S, A)
    e: np.ndarray  # (S,), V* - V^pi, divided by exp(log_scale)
    q: np.ndarray  # (S, A), Q* - Q^pi = gamma P e, less gamma base
    A: np.ndarray  # (S, A), the advantage; soft for tau > 0
    d: np.ndarray  # (S,), visitation under mu, summing to 1; for gamma = 1 expected visits
    memory: np.ndarray  # (S, n, A), what the rule remembers: critics, momenta, averages
    least_policy: np.ndarray  # (S, A), least probability over earlier iterates
    least_optimal_mass: np.ndarray  # (S,), the same for all optimal actions together
    N: np.ndarray  # (S, S), gamma P_pi, or then its elimination; empty for sparse P
    pivot: np.ndarray  # (S,)
    slack: np.ndarray  # (S,), the row sums of I - gamma P_pi
    blocks: bool | None  # None where there are few states: the loop is compiled without blocks
    earlier: Earlier | None  # None where every system is eliminated anew
    deep: bool | None  # None: it is compiled without what gaps far below others take
    f: np.ndarray  # (S,), e less its least entry, without the rounding of that
    base: np.ndarray  # (1,), that least entry
    log_pi: np.ndarray  # (S, A), log pi for ``TwoForms``, else empty
    far: np.ndarray  # (S, A), for ``TwoForms`` q - tau log pi*: q, relative to log pi
    far_memory: np.ndarray  # (S, n, A), for ``TwoForms`` the memory of the kernel that moves log pi
    shift: np.ndarray  # (S, n, A), by how much it differed at the start
    log_e: np.ndarray  # (S,), log of the gap if log_e[0] is not nan
    flaws: np.ndarray  # (4,), how many gaps were below the range of floats and were not resolved,
    # the relative error that rounding may have brought into offsets (both the largest so far), and
    # 1 if the gaps of states that are not alike are equal, which is rounding then; and below what
    # gaps wait to be resolved, if any do
    steps: np.ndarray  # (iterations,), the step sizes that were taken, where they are no constant


def empty_point(x, dense=True, log_pi=None, memory=0, steps=0, reuse=False) -> Point:
    """A point at coordinates ``x`` that has not been evaluated yet, with so many arrays (A,) of
    memory in every state, and room for so many step sizes."""
    S, A = x.shape
    shapes = [(S, A), (S,), (S, A), (S, A), (S,), (S, memory, A)]
    least = np.ones((S, A)), np.ones(S)
    system = [(S, S), (S,), (S,)] if dense else [(0, 0), (0,), (0,)]
    zeros = (np.zeros(shape) for shape in shapes)
    blocks = True if S > UNBLOCKED else None
    both = np.empty((0, A)) if log_pi is None else np.array(log_pi)
    far_memory = np.zeros((len(both), memory, A))
    log_e = np.zeros(S)  # pages that nobody writes to take no memory
    log_e[0] = np.nan
    return Point(
        np.array(x), *zeros, *least, *(np.empty(shape) for shape in system), blocks,
        nothing_earlier(S) if reuse else None, True,
        np.zeros(S), np.zeros(1), both, np.zeros(both.shape), far_memory, far_memory.copy(),
        log_e, np.zeros(4), np.full(steps, np.nan),
    )  # fmt: skip


@njit_inlined
def _part(ends, low, high):
    """Some rows of ``ends``, if there are any."""
    if ends is None:
        return None
    return ends[low:high]


@njit_inlined
def without_coordinates(problem):
    """The problem for what does not depend on them, and is compiled once for all of them."""
    return Problem(
        problem.P, problem.gamma, problem.mu, problem.A_star, problem.optimal, problem.tau, None,
        problem.visitation, problem.n_actions, problem.largest, problem.ends, problem.unit,
    )  # fmt: skip


@njit_inlined
def problem_rows(problem, low, high):
    """The problem for states ``low``, ..., ``high - 1`` alone."""
    return Problem(
        problem.P[low:high], problem.gamma, problem.mu[low:high], problem.A_star[low:high],
        problem.optimal[low:high], problem.tau, rows(problem.coordinates, low, high),
        problem.visitation, problem.n_actions, problem.largest, _part(problem.ends, low, high),
        problem.unit,
    )  # fmt: skip


@njit_inlined
def point_rows(point, low, high):
    """The same part of a point; what belongs to no state is shared."""
    return Point(
        point.x[low:high], point.pi[low:high], point.e[low:high], point.q[low:high],
        point.A[low:high], point.d[low:high], point.memory[low:high],
        point.least_policy[low:high], point.least_optimal_mass[low:high], point.N[low:high],
        point.pivot, point.slack, point.blocks, point.earlier, point.deep, point.f[low:high],
        point.base, point.log_pi[low:high], point.far[low:high], point.far_memory[low:high],
        point.shift[low:high], point.log_e[low:high], point.flaws, point.steps,
    )  # fmt: skip


@njit_inlined
def with_form(point, x, q, memory):
    """The point with these coordinates, Q-gaps and memory."""
    return Point(
        x, point.pi, point.e, q, point.A, point.d, memory, point.least_policy,
        point.least_optimal_mass, point.N, point.pivot, point.slack, point.blocks, point.earlier,
        point.deep, point.f, point.base, point.log_pi, point.far, point.far_memory, point.shift,
        point.log_e, point.flaws, point.steps,
    )  # fmt: skip


def second_point(point) -> Point:
    """Another point for the same run: what belongs to an iterate is its own, the linear system and
    the record of steps are shared."""
    own = {name: getattr(point, name).copy() for name in ITERATE}
    return point._replace(**own)


@njit_borrowing
def copy_iterate(source, target):
    """Make ``target`` the iterate that ``source`` is, with its evaluation."""
    for there, here in (
        (target.x, source.x), (target.pi, source.pi), (target.q, source.q), (target.A, source.A),
        (target.log_pi, source.log_pi), (target.far, source.far),
    ):  # fmt: skip
        _copy(here, there)
    for there, here in (
        (target.e, source.e), (target.d, source.d), (target.f, source.f),
        (target.base, source.base), (target.log_e, source.log_e), (target.flaws, source.flaws),
    ):  # fmt: skip
        _copy(here, there)
    for there, here in (
        (target.memory, source.memory), (target.far_memory, source.far_memory),
        (target.shift, source.shift),
    ):  # fmt: skip
        _copy(here, there)


@njit_inlined
def fill(room, value):
    """As ``room[:] = value`` (``np.zeros`` and ``np.full`` compile for a tenth of a second)."""
    for i in range(room.size):
        room.flat[i] = value


@njit_inlined
def copy_table(source, target):
    """As ``target[:] = source`` for (S, A), which takes seconds to compile: it may say what does
    not fit."""
    for s in range(source.shape[0]):
        for a in range(source.shape[1]):
            target[s, a] = source[s, a]


@njit_inlined
def _copy(source, target):
    """The same for any number of axes."""
    for i in range(source.size):
        target.flat[i] = source.flat[i]
