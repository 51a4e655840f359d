"""The optima of many small dense MDPs of one shape, for tau = 0, in one compiled call.

It is ``policy_iteration`` and ``bellman`` once more, state by state: the same steps, tolerances and
ties. Of what is doubtful, or beyond the range of floats, nothing is decided here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg._jit import njit
from tabular_pg.numerics.double_double import accumulate, advantages
from tabular_pg.numerics.systems.elimination import eliminate, solve
from tabular_pg.optima.bellman import FEW, NEGLIGIBLE, REFINEMENTS, TWICE
from tabular_pg.optima.optimal import (
    ACCURATE,
    KNOWN,
    LARGEST_VALUE,
    SMALLEST_REWARD,
    Optimum,
)
from tabular_pg.optima.policy_iteration import (
    DOUBTFUL,
    FLOAT_TOLERANCE,
    POLICY_ITERATIONS,
    SURE_TIES,
    TIES,
)
from tabular_pg.optima.ties import difference_rounding, value_rounding


class SmallOptima(NamedTuple):
    """What an ``Optimum`` has, one row per MDP."""

    V: np.ndarray  # (n, S)
    A: np.ndarray  # (n, S, A)
    optimal: np.ndarray  # (n, S, A)
    Delta: np.ndarray  # (n,)
    tolerance: np.ndarray  # (n,)
    sure: np.ndarray  # (n,) whether all of that is beyond doubt


def small_optima(P, r, gamma, tie_tolerance=None) -> SmallOptima:
    """The optima for P (n, S, A, S) and r (n, S, A), where every action is available."""
    n, S, A = r.shape
    flags = np.empty((n, S, A), dtype=bool), np.empty(n, dtype=bool)
    out = SmallOptima(
        np.empty((n, S)), np.empty((n, S, A)), flags[0], np.empty(n), np.empty(n), flags[1]
    )
    _solve_all(P, r, gamma, -1.0 if tie_tolerance is None else tie_tolerance, out)
    size = np.abs(r).max(axis=(1, 2))
    inside = (size / (1.0 - gamma) <= LARGEST_VALUE) & ((size == 0) | (size >= SMALLEST_REWARD))
    np.logical_and(out.sure, inside, out=out.sure)
    return out


def known_optima(mdps, P, r, tie_tolerance):
    """The ``Optimum`` of every MDP for tau = 0, as ``optimum`` returns it from now on; None where
    there is a doubt, which that puts into words. And all A*, as one array."""
    records, key = [KNOWN.setdefault(mdp, {}) for mdp in mdps], (0.0, tie_tolerance, None)
    found = [record.get(key) for record in records]
    if all(found):
        doubtful = any(best.doubt for best in found)
        A = np.array([best.A for best in found])
        return [None if best.doubt else best for best in found] if doubtful else found, A
    V, A, optimal, Delta, tolerance, sure = small_optima(P, r, mdps[0].gamma, tie_tolerance)
    parts = (list(V), list(A), list(optimal), Delta.tolist(), tolerance.tolist(), sure.tolist())
    shared = {"tau": 0.0, "log_softmax": None, "doubt": "", "tie_tolerance": tie_tolerance}
    shared["odds"] = None
    for i, (record, *values, certain) in enumerate(zip(records, *parts, strict=True)):
        if certain:
            best = object.__new__(Optimum)
            best.__dict__.update(zip(SmallOptima._fields, values, strict=False))
            best.__dict__.update(shared)
            found[i] = record.setdefault(key, best)
        else:
            found[i] = None
    return found, A


@njit
def _solve_all(P, r, gamma, given, out):
    """Fill ``out``; ``given`` is the tie tolerance, or negative."""
    S, A = r.shape[1:]
    N, pivot, slack = np.empty((S, S)), np.empty(S), np.empty(S)
    V, V_low, reach, chosen = np.empty(S), np.empty(S), np.empty(S), np.empty(S, dtype=np.int64)
    step, zero, no_reward = np.empty(S), np.zeros(S), np.zeros((S, A))
    data, floor = np.empty((S, A)), np.empty((S, A))
    high, low = np.empty((S, A)), np.empty((S, A))
    certain, unused = np.empty((S, A), dtype=np.bool_), np.empty((S, A), dtype=np.bool_)
    rounding = TWICE * (FEW + S) / (1.0 - gamma)
    for i in range(len(r)):
        exact, optimal = out.A[i], out.optimal[i]
        for s in range(S):
            chosen[s] = np.argmax(r[i, s])
        left, settled = POLICY_ITERATIONS, False
        while left > 0 and not settled:
            left -= 1
            _values(P[i], r[i], gamma, chosen, N, pivot, slack, V, reach, step)
            settled = not _switched(P[i], r[i], gamma, V, reach, exact, chosen)
        missing = np.inf
        while left > 0:
            left -= 1
            V_low[:] = 0.0
            before, missing = np.inf, np.inf
            for _ in range(REFINEMENTS):
                advantages(P[i], r[i], gamma, None, V, V_low, high, low)
                before, missing = missing, 0.0
                for s in range(S):
                    step[s] = high[s, chosen[s]] + low[s, chosen[s]]
                solve(N, pivot, step)
                accumulate(V, V_low, step)
                for s in range(S):
                    if step[s] != 0.0:
                        missing = max(missing, abs(step[s]) / reach[s])
                if missing <= NEGLIGIBLE or not missing < before / 2:
                    break
            advantages(P[i], r[i], gamma, None, V, V_low, high, low)
            value_rounding(P[i], r[i], gamma, V, chosen, step)
            solve(N, pivot, step)
            step -= step.min()
            difference_rounding(P[i], r[i], gamma, V, step, chosen, data, certain)
            for s in range(S):
                step[s] = rounding * reach[s]
            difference_rounding(P[i], no_reward, gamma, zero, step, chosen, floor, unused)
            better = False
            for s in range(S):
                best, top, base = chosen[s], 0.0, high[s, chosen[s]]
                size = abs(r[i, s, chosen[s]])
                for a in range(A):
                    floor[s, a] += FEW * TWICE * (abs(r[i, s, a]) + size) + UNDERFLOW
                    exact[s, a] = high[s, a] - base
                    tolerance = max(floor[s, a], TIES * data[s, a] if given < 0.0 else given)
                    if exact[s, a] > tolerance and exact[s, a] > top:
                        best, top, better = a, exact[s, a], True
                chosen[s] = best
            if not better:
                break
            _values(P[i], r[i], gamma, chosen, N, pivot, slack, V, reach, step)
        out.V[i] = V
        sure, Delta, largest = left > 0 and missing <= ACCURATE, np.inf, 0.0
        for s in range(S):
            sure = sure and not 0.0 < reach[s] < UNDERFLOW
            for a in range(A):
                loss = -exact[s, a]
                tolerance = max(floor[s, a], TIES * data[s, a] if given < 0.0 else given)
                optimal[s, a] = loss <= tolerance
                if optimal[s, a]:
                    tie = max(floor[s, a], 0.0 if certain[s, a] else SURE_TIES * data[s, a])
                    sure = sure and (given >= 0.0 or abs(loss) <= tie)
                    largest, exact[s, a] = max(largest, tolerance), 0.0
                else:
                    near = max(DOUBTFUL * TIES * data[s, a], 10.0 * floor[s, a])
                    sure = sure and (given >= 0.0 or loss >= near)
                    Delta = min(Delta, loss)
        out.Delta[i], out.tolerance[i], out.sure[i] = Delta, largest, sure


@njit
def _values(P, r, gamma, chosen, N, pivot, slack, V, reach, losses):
    """Fill ``V`` with the values of a deterministic policy, and ``reach`` with what they add up
    without signs; ``N`` and ``pivot`` hold its elimination then."""
    S = V.size
    for s in range(S):
        slack[s] = 1.0 - gamma
        for t in range(S):
            N[s, t] = gamma * P[s, chosen[s], t]
    eliminate(N, pivot, slack)
    lost = False
    for s in range(S):
        gain = r[s, chosen[s]]
        V[s], losses[s] = max(gain, 0.0), max(-gain, 0.0)
        lost = lost or gain < 0.0
    solve(N, pivot, V)
    if lost:
        solve(N, pivot, losses)
    for s in range(S):
        reach[s] = V[s] + losses[s]
        V[s] -= losses[s]


@njit
def _switched(P, r, gamma, V, reach, advantage, chosen):
    """Whether an action is better beyond rounding; ``chosen`` has the best of these then."""
    any_better = False
    for s in range(V.size):
        best, top = chosen[s], 0.0
        for a in range(r.shape[1]):
            value, size = 0.0, 0.0
            for t in range(V.size):
                value += P[s, a, t] * V[t]
                size += P[s, a, t] * reach[t]
            gain = gamma * value + r[s, a] - V[s]
            size = gamma * size + abs(r[s, a]) + reach[s]
            if gain > FLOAT_TOLERANCE * size + UNDERFLOW and gain > top:
                best, top, any_better = a, gain, True
        chosen[s] = best
    return any_better
