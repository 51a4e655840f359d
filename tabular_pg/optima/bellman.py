"""Bellman's equations of one MDP: evaluation, advantages, and a policy that is nearly greedy."""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg._jit import njit
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.double_double import (
    accumulate,
    advantages,
    sparse_advantages,
    sparse_residual,
)
from tabular_pg.numerics.systems.choice import linear_solver
from tabular_pg.numerics.systems.order import order_towards
from tabular_pg.numerics.systems.products import next_values
from tabular_pg.optima.proper import Proper
from tabular_pg.optima.ties import difference_rounding, value_rounding

NEGLIGIBLE = 1e-30  # a correction of a value, relative to the rewards that it adds up
REFINEMENTS = 8
ROUGH_GAIN = 100  # what a step to some digits has to gain; else others are made
TWICE = 2.0**-104  # relative rounding error of a sum of two floats
FEW = 16  # roundings of one advantage, beside those of its sum
SWEEPS = 5000
SETTLED = 6  # sweeps without a change of policy after which they end
TURN = 8  # sweeps in one order


class Bellman:
    """Systems and advantages of an MDP, whose unavailable actions have the advantage -inf."""

    def __init__(self, mdp: MDP):
        self.r, self.gamma, self._systems = mdp.r, mdp.gamma, linear_solver(mdp)
        self.P, self.dense = self._systems.model, isinstance(self._systems.model, np.ndarray)
        self.available = True if mdp.actions is None else mdp.actions
        self.ends, self.proper = mdp.ends, None if mdp.ends is None else Proper(mdp)
        longest = self.r.shape[0] if self.dense else int(np.diff(self.P.indptr).max())
        self._rounding = TWICE * (FEW + longest) / mdp.unit

    def values(self, chosen):
        """(V, reach): values of the deterministic policy, and what they add up without signs."""
        states, pi = np.arange(chosen.size), one_hot(chosen, self.r.shape[1])
        gains = self.r[states, chosen]
        losses = np.maximum(-gains, 0.0)
        gains = np.maximum(gains, 0.0)
        if self.dense:
            np.multiply(self.gamma, self.P[states, chosen], out=self._systems.N)
            self._systems.renew(pi)
        else:
            self._systems.update(pi)
        self.again(gains)
        if losses.any():
            self.again(losses)
        return gains - losses, gains + losses

    def solve(self, pi, b):
        """Overwrite ``b`` by (I - gamma P_pi)^{-1} b."""
        self._systems.update(pi)
        self._systems.solve(b)

    def again(self, b):
        """The same for the same policy."""
        self._systems.solve(b)

    def is_mixed(self, chosen) -> bool:
        """Whether a few sweeps evaluate a policy: states hear soon of all others."""
        gains = np.abs(self.r[np.arange(chosen.size), chosen])
        self._systems.update(one_hot(chosen, self.r.shape[1]))
        return self._systems.sweeps_suffice(gains)

    @property
    def backward_error(self) -> float:
        """The largest componentwise backward error of the systems so far."""
        return float(self._systems.backward_error)

    def advantages(self, V, V_low=None):
        """``r + gamma P V - V`` (S, A), as a pair of floats if V is one."""
        if V_low is None:
            A = np.empty(self.r.shape)
            next_values(self.P, self.gamma, V, A)
            A += self.r
            A -= V[:, None]
            return self.masked(A)
        kernel = advantages if self.dense else sparse_advantages
        A, A_low = np.empty(self.r.shape), np.empty(self.r.shape)
        kernel(self.P, self.r, self.gamma, self.ends, V, V_low, A, A_low)
        return self.masked(A), A_low

    def refine(self, V, V_low, chosen, reach) -> float:
        """Improve the values of ``chosen`` in place to twice the digits; how much is left to do.

        That is relative to what the rewards on the way add up to, state by state. As every step
        starts from a residual of twice the digits, one that is itself right to some digits will
        do; where such steps do not get further, they are made as accurate as can be.
        """
        left, exactly = np.inf, self.dense
        for _ in range(REFINEMENTS if self.dense else 2 * REFINEMENTS):
            step = self._residual(V, V_low, chosen)
            if exactly:
                self.again(step)
            else:
                self._systems.correct(step, reach)
            accumulate(V, V_low, step)
            before, left = left, _largest_ratio(step, reach)
            if left <= NEGLIGIBLE:
                break
            if not left < before / (2 if exactly else ROUGH_GAIN):
                if exactly:
                    break
                left, exactly = np.inf, True  # what is left is known only to that step
        return left

    def _residual(self, V, V_low, chosen):
        """(S,) the advantages of the actions ``chosen``, which are 0 for their own values."""
        if self.dense:
            A, low = self.advantages(V, V_low)
            states = np.arange(V.size)
            return A[states, chosen] + low[states, chosen]
        out = np.empty(V.size)
        sparse_residual(self.P, self.r, self.gamma, self.ends, V, V_low, chosen, out)
        return out

    def magnitude(self, reach):
        """(S, A) the size of the terms that an advantage is the sum of."""
        size = np.empty(self.r.shape)
        next_values(self.P, self.gamma, reach, size)
        size += np.abs(self.r)
        size += reach[:, None]
        return size

    def units(self, V, chosen, reach):
        """What separates an advantage from that of the chosen action: (S, A) rounding of the
        arithmetic here, rounding of the data of both, and whether only their rewards differ,
        exactly as given."""
        drift = np.empty(V.size)
        value_rounding(self.P, self.r, self.gamma, V, chosen, drift)
        self.again(drift)
        drift -= drift.min()
        data, certain = self._differences(self.r, V, drift, chosen)
        zero, added = np.zeros(V.size), self._rounding * reach
        if self.ends is not None:
            self.again(added)
        without = np.zeros(self.r.shape)
        without.setflags(write=False)  # as ``r``, for which the kernel is compiled
        floor = self._differences(without, zero, added, chosen)[0]
        del without
        size = np.abs(self.r)
        size += size[np.arange(V.size), chosen][:, None]
        size *= FEW * TWICE
        size += UNDERFLOW
        floor += size
        return floor, data, certain

    def _differences(self, r, V, drift, chosen):
        unit, certain = np.empty(self.r.shape), np.empty(self.r.shape, dtype=np.bool_)
        difference_rounding(self.P, r, self.gamma, V, drift, chosen, unit, certain)
        return unit, certain

    def masked(self, A):
        """``A`` (S, A), with -inf for unavailable actions."""
        if self.available is not True:
            A[~self.available] = -np.inf
        return A

    def nearly_greedy(self, V=None):
        """(S,) actions that are greedy after enough sweeps of value iteration from below.

        On a large grid policy iteration alone would see the goal come nearer by a few states per
        system that it solves. States are swept in the order of their distance from the best
        rewards, there and back, then in the order of their values, in which news of a goal reaches
        the end of a maze in one sweep, and in their own order, which takes a fraction of the time,
        by turns.
        """
        rewards = self.masked(self.r.copy())
        best, chosen = rewards.max(axis=1), rewards.argmax(axis=1)
        least = best.min()  # what every state can have: values above it resolve long distances
        V = np.zeros(best.size) if V is None else np.maximum(V - least / (1 - self.gamma), 0.0)
        rewards -= least
        available = np.logical_and(self.available, np.ones(self.r.shape, dtype=np.bool_))
        order, idle = order_towards(self.P, best == best.max()), 0
        for i in range(SWEEPS):
            changes = greedy_sweep(
                self.P, rewards, self.gamma, available, V, chosen, order, bool(i % 2)
            )
            idle = 0 if changes else idle + 1
            if idle >= SETTLED:
                break
            if i % TURN == TURN - 1:
                own = (i // TURN) % 2 == 0
                order = np.arange(V.size) if own else np.argsort(-V, kind="stable")
        return chosen


@njit
def greedy_sweep(model, r, gamma, available, V, chosen, order, backward):
    """One Gauss-Seidel sweep of value iteration over a SparseModel; how many actions changed.

    What stays in a state is solved for. An action is changed for a gain beyond rounding only.
    """
    indptr, indices, data, A = model.indptr, model.indices, model.data, model.n_actions
    changes = 0
    for i in range(order.size):
        s = order[order.size - 1 - i] if backward else order[i]
        best, kept, top = -np.inf, -np.inf, chosen[s]
        for a in range(A):
            if not available[s, a]:
                continue
            total, stay = r[s, a], 0.0
            for k in range(np.int64(indptr[s * A + a]), np.int64(indptr[s * A + a + 1])):
                t = indices[k]
                if t == s:
                    stay += gamma * data[k]
                else:
                    total += gamma * data[k] * V[t]
            total /= 1.0 - stay
            if a == chosen[s]:
                kept = total
            if total > best:
                best, top = total, a
        if best - kept > 1e-14 * abs(best):
            chosen[s] = top
            changes += 1
        V[s] = best
    return changes


def one_hot(chosen, n_actions):
    """(S, A) the deterministic policy that takes the actions ``chosen`` (S,)."""
    pi = np.zeros((chosen.size, n_actions))
    pi[np.arange(chosen.size), chosen] = 1.0
    return pi


def _largest_ratio(step, reach) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(step) / reach
    return float(np.where(step == 0, 0.0, ratio).max())
