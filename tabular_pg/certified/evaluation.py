"""Exact policy evaluation in gap coordinates, in ball arithmetic.

The identities are those of ``gaps.evaluation``: they keep balls narrow relative to what they
enclose, for the same reason that they keep float64 accurate. Every function works at flint's
present precision, and every number is a ball that encloses the true one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from tabular_pg.certified.arithmetic.balls import (
    balls,
    centres,
    likeliest,
    logarithm,
    relative,
    softmax,
    solution,
    zeros,
)
from tabular_pg.certified.coordinates import coordinates_of
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.engine.method import Space

NEWTON_STEPS = 200


class Point(NamedTuple):
    """An iterate and everything that updates and theorems ask for; arrays of balls."""

    x: np.ndarray  # (S, A) log pi, xi = log pi - log pi*_tau, or pi (perhaps as fmpq)
    pi: np.ndarray  # (S, A)
    e: np.ndarray  # (S,) V*_tau - V^pi_tau
    q: np.ndarray  # (S, A) gamma P e
    A: np.ndarray  # (S, A) advantages, centred
    d: np.ndarray  # (S,) visitation distribution under mu
    memory: np.ndarray | None  # (S, n, A) what the rule remembers


class Model:
    """An MDP and its optimum as balls of the present precision.

    ``symmetric`` says that a method keeps actions alike that have equal rewards, transitions and
    start probabilities; they then share their balls.

    Attributes
    ----------
    mdp : RationalMDP
    space : Space
    gamma, tau : arb
    r, rho, mu : arrays of arb
    optimal : (S, A) bool, whether the action is optimal: proved, ties included; all for tau > 0
    V, A_star, log_reference, reference : (S,) V*_tau, (S, A) A*, log pi*_tau and pi*_tau
    """

    def __init__(self, mdp: RationalMDP, space: Space, tau: fmpq, symmetric: bool = True):
        self.mdp, self.space, self.tau, self.gamma = mdp, space, arb(tau), arb(mdp.gamma)
        S, A = mdp.r.shape
        self.shape, self._states = (S, A), np.arange(S)[:, None]
        self._alike = mdp.twins.copy() if symmetric else np.tile(np.arange(A), (S, 1))
        self.r, self.rho, self.mu = balls(mdp.r), balls(mdp.rho), balls(mdp.mu)
        self._rows, known = [], {}
        for rows in mdp.P:  # equal probabilities are one and the same ball
            entries = [[(t, known.setdefault(p, arb(p))) for t, p in x.entries()] for x in rows]
            self._rows.append(entries)
        self._fill_soft_optimum() if tau > 0 else self._fill_optimum()
        self.coordinates = coordinates_of(self, space is Space.SIMPLEX)

    def _fill_optimum(self):
        exact = self.mdp.advantages
        self.optimal = exact == 0
        self.A_star = self.as_twins(balls(exact))
        self.reference = balls(np.eye(self.shape[1], dtype=int)[self.optimal.argmax(axis=1)])
        self.log_reference = logarithm(self.reference)
        reward = (self.reference * self.r).sum(axis=1)
        self.V = self.solve(self.transitions(self.reference), reward)

    def _fill_soft_optimum(self):
        self.optimal = np.ones(self.shape, dtype=bool)
        self.V, self.A_star = self._soft_values(), zeros(*self.shape)
        self.log_reference = self._log_softmax(self.V)
        self.reference = np.exp(self.log_reference)

    def P(self) -> np.ndarray:
        """(S, A, S) transition probabilities."""
        P = zeros(*self.shape, self.shape[0])
        for s, a in np.ndindex(self.shape):
            for t, p in self._rows[s][a]:
                P[s, a, t] = p
        return P

    def transitions(self, pi) -> list:
        """For every state the positive entries {t: P_pi(s, t)}."""
        system = []
        for weights, rows in zip(pi, self._rows, strict=True):
            mean = {}
            for weight, row in zip(weights, rows, strict=True):
                if not weight.is_zero():
                    for t, p in row:
                        mean[t] = mean.get(t, 0) + weight * p
            system.append(mean)
        return system

    def solve(self, transitions, b) -> np.ndarray:
        """(S,) x with x = b + gamma P_pi x: exactly 0 in states that no b != 0 is reached from."""
        seen = _reached(_reversed(transitions), b)
        x, number = zeros(len(b)), {s: i for i, s in enumerate(seen)}
        system = [[arb(int(i == j)) for j in range(len(seen))] for i in range(len(seen))]
        for s in seen:
            for t, p in transitions[s].items():
                if t in number:
                    system[number[s]][number[t]] -= self.gamma * p
        x[seen] = solution(arb_mat(system), b[seen])
        return x

    def solve_adjoint(self, transitions, b) -> np.ndarray:
        """(S,) y with y = b + gamma P_pi^T y: exactly 0 in states that no b != 0 leads to."""
        return self.solve(_reversed(transitions), b)

    def next_values(self, v) -> np.ndarray:
        """(S, A) gamma P v; actions with the same dynamics share one ball."""
        q = zeros(*self.shape)
        for s, rows in enumerate(self._rows):
            for a, row in enumerate(rows):
                q[s, a] = self.gamma * sum((p * v[t] for t, p in row), arb(0))
        return q[self._states, self.mdp.same_dynamics]

    def start(self, policy) -> np.ndarray:
        """(S, A) what stands for the policy, an object array of fmpq, in these coordinates; from
        here on actions are alike that also start with the same probability."""
        for s, a in np.ndindex(self.shape):
            if policy[s, a] != policy[s, self._alike[s, a]]:
                self._alike[s, a] = a
        return self.coordinates.start(policy)

    def evaluate(self, x, exact=None, memory=None) -> Point:
        """The point with the coordinates ``x``, which need not be normalized; ``exact`` is its
        policy, if that is rational."""
        x, pi = self.coordinates.normalized(x)
        pi = pi if exact is None else self.as_alike(balls(exact))
        transitions = self.transitions(pi)
        e = self.solve(transitions, self.coordinates.policy_error(x, pi))
        d = self.solve_adjoint(transitions, (1 - self.gamma) * self.mu)
        q = self.next_values(e)
        shared = self.coordinates.shared
        A = shared(_centred(shared(self.coordinates.advantages(x, q)), pi))
        return Point(x, pi, e, q, A, d, memory)

    @property
    def uniform(self) -> np.ndarray:
        """(S,) whether all actions of a state are alike."""
        return (self._alike == 0).all(axis=1)

    def as_twins(self, x):
        """``x`` (S, A), where actions with the same rewards and dynamics share one ball."""
        return x[self._states, self.mdp.twins]

    def as_alike(self, x):
        """The same for those that also started with the same probability: they keep it."""
        return x[self._states, self._alike]

    def _log_softmax(self, V):
        return softmax((self.r + self.next_values(V)) / self.tau)[0]

    def _soft_values(self):
        """V*_tau: Newton's method on centres of balls, then one rigorous bound.

        The soft Bellman operator contracts by gamma, so that V* is within |T V - V| / (1 - gamma)
        of any V.
        """
        V, best = zeros(self.shape[0]), None
        scale = max(abs(x).upper() for x in self.r.flat) + self.tau
        settled = scale * arb(2) ** (-ctx.prec // 2)  # Newton's method is linear at first
        for _ in range(NEWTON_STEPS):
            log_pi = centres(self._log_softmax(V))
            pi = np.exp(log_pi)
            reward = (pi * (self.r - self.tau * log_pi)).sum(axis=1)
            V = centres(self.solve(self.transitions(pi), reward))
            radius = self._residual(V)
            if best is not None and best[0] < settled and not radius < best[0] / 2:
                break
            if best is None or radius < best[0]:
                best = radius, V
        radius, V = best
        return np.array([arb(v, radius) for v in V], dtype=object)

    def _residual(self, V):
        """An upper bound of |V* - V| in the maximum norm."""
        Q = self.r + self.next_values(V)
        chosen = likeliest(Q)
        top = Q[np.arange(len(Q)), chosen]
        TV = top + self.tau * np.log(np.exp(relative(Q, chosen) / self.tau).sum(axis=1))
        return max((abs(x).upper() for x in (TV - V) / (1 - self.gamma)), default=arb(0))


def _reversed(transitions):
    """For every state the positive entries {s: P_pi(s, t)} of its column."""
    columns = [{} for _ in transitions]
    for s, row in enumerate(transitions):
        for t, p in row.items():
            columns[t][s] = p
    return columns


def _reached(successors, b):
    """States with b != 0, and those that lie behind them."""
    seen = {s for s, value in enumerate(b) if not value.is_zero()}
    new = list(seen)
    while new:
        found = [t for t in successors[new.pop()] if t not in seen]
        seen.update(found)
        new.extend(found)
    return sorted(seen)


def _centred(A, pi):
    """Advantages less their mean; that of the likeliest action is a sum over the others."""
    lead = relative(A, likeliest(pi))
    return lead - (pi * lead).sum(axis=1, keepdims=True)
