"""Exact policy evaluation in gap coordinates, in ball arithmetic.

The identities are those of ``gaps.evaluation``: they keep balls narrow relative to what they
enclose, for the same reason that they keep float64 accurate. Every function works at flint's
present precision, and every number is a ball that encloses the true one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, arb_mat

from tabular_pg.certified.arithmetic.balls import (
    balls,
    likeliest,
    logarithm,
    relative,
    solution,
    zeros,
)
from tabular_pg.certified.coordinates import coordinates_of
from tabular_pg.certified.regularized.powers import Powers
from tabular_pg.certified.regularized.values import attained, optimal_values
from tabular_pg.engine.method import Space


class Point(NamedTuple):
    """An iterate and everything that updates and theorems ask for; arrays of balls."""

    x: np.ndarray  # (S, A) log pi, xi = log pi - log pi*_tau (or y - y*), or pi (perhaps as fmpq)
    pi: np.ndarray  # (S, A)
    e: np.ndarray  # (S,) V*_tau - V^pi_tau
    q: np.ndarray  # (S, A) gamma P e
    A: np.ndarray  # (S, A) advantages, centred
    d: np.ndarray  # (S,) visitation distribution under mu
    memory: np.ndarray | None  # (S, n, A) what the rule remembers


class Model:
    """An MDP and its optimum as balls of the present precision.

    ``symmetric`` says that a method keeps actions alike that have equal rewards, transitions and
    start probabilities; they then share their balls. ``regularizer`` is one of ``numerics.duals``,
    of exact numbers; for tau > 0, None is the entropy.

    Attributes
    ----------
    mdp : RationalMDP
    space : Space
    powers : Powers of another regularizer than the entropy, or None
    gamma, tau : arb
    r, rho, mu : arrays of arb
    optimal : (S, A) bool, whether the action is optimal: proved, ties included; all for tau > 0
    V, A_star, log_reference, reference : (S,) V*_tau, (S, A) A*, log pi*_tau and pi*_tau
    levels : (S, A) of pi*_tau, see ``regularized.values.Attained``; for tau > 0
    """

    def __init__(self, mdp, space, tau, symmetric=True, regularizer=None):
        self.mdp, self.space, self.tau, self.gamma = mdp, space, arb(tau), arb(mdp.gamma)
        S, A = mdp.r.shape
        self.shape, self._states = (S, A), np.arange(S)[:, None]
        self._alike = mdp.twins.copy() if symmetric else np.tile(np.arange(A), (S, 1))
        self.r, self.rho, self.mu = balls(mdp.r), balls(mdp.rho), balls(mdp.mu)
        self._rows, known = [], {}
        for rows in mdp.P:  # equal probabilities are one and the same ball
            entries = [[(t, known.setdefault(p, arb(p))) for t, p in x.entries()] for x in rows]
            self._rows.append(entries)
        self.powers = None if regularizer is None else Powers.of(regularizer)
        self._fill_regularized_optimum() if tau > 0 else self._fill_optimum()
        self.coordinates = coordinates_of(self, space is Space.SIMPLEX)

    def _fill_optimum(self):
        exact = self.mdp.advantages
        self.optimal = exact == 0
        self.A_star = self.as_twins(balls(exact))
        self.reference = balls(np.eye(self.shape[1], dtype=int)[self.optimal.argmax(axis=1)])
        self.log_reference = logarithm(self.reference)
        reward = (self.reference * self.r).sum(axis=1)
        self.V = self.solve(self.transitions(self.reference), reward)

    def _fill_regularized_optimum(self):
        self.optimal = np.ones(self.shape, dtype=bool)
        self.V, self.A_star = optimal_values(self), zeros(*self.shape)
        found = attained(self.gains(self.V), self.tau, self.powers)
        self.levels, self.reference = self.as_twins(found.levels), self.as_twins(found.pi)
        soft = self.powers is None
        self.log_reference = self.levels if soft else logarithm(self.reference)

    def gains(self, V) -> np.ndarray:
        """(S, A) r + gamma P V; twins share one ball."""
        return self.as_twins(self.r + self.next_values(V))

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
