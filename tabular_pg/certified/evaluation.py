"""Exact policy evaluation in gap coordinates, in ball arithmetic.

The identities are those of ``tabular_pg.evaluation``: they keep balls narrow relative to what they
enclose, for the same reason that they keep float64 accurate. Every function works at flint's
present precision, and every number is a ball that encloses the true one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from tabular_pg.certified.rational import RationalMDP
from tabular_pg.method import Space

SERIES_BELOW = 0.25
NEWTON_STEPS = 200


class Undecided(ArithmeticError):
    """Balls are too wide for a decision that the computation depends on."""


class NotAPolicy(ArithmeticError):
    """An update has left the simplex."""


class Point(NamedTuple):
    """An iterate and everything that updates and theorems ask for; arrays of balls."""

    x: np.ndarray  # (S, A) log pi, xi = log pi - log pi*_tau, or pi (perhaps as fmpq)
    pi: np.ndarray  # (S, A)
    e: np.ndarray  # (S,) V*_tau - V^pi_tau
    q: np.ndarray  # (S, A) gamma P e
    A: np.ndarray  # (S, A) advantages, centred
    d: np.ndarray  # (S,) visitation distribution under mu
    critic: np.ndarray  # (S, A) what TD-PMD has in place of q


class Model:
    """An MDP and its optimum as balls of the present precision.

    Attributes
    ----------
    mdp : RationalMDP
    space : Space
    gamma, tau : arb
    r, P, rho, mu : arrays of arb; ``P`` is (S, A, S)
    optimal : (S, A) bool, whether the action is optimal: proved, ties included; all for tau > 0
    V, A_star, log_reference, reference : (S,) V*_tau, (S, A) A*, log pi*_tau and pi*_tau
    """

    def __init__(self, mdp: RationalMDP, space: Space, tau: fmpq):
        self.mdp, self.space, self.tau, self.gamma = mdp, space, arb(tau), arb(mdp.gamma)
        S, A = mdp.r.shape
        self.shape, self._alike = (S, A), mdp.twins.copy()
        self.r, self.rho, self.mu = balls(mdp.r), balls(mdp.rho), balls(mdp.mu)
        self._rows = [
            [[(t, arb(p)) for t, p in row.entries()] for row in rows] for rows in mdp.P
        ]
        self.P = zeros(S, A, S)
        for s, a in np.ndindex(S, A):
            for t, p in self._rows[s][a]:
                self.P[s, a, t] = p
        if tau > 0:
            self.optimal = np.ones((S, A), dtype=bool)
            self.V = self._soft_values()
            self.A_star = zeros(S, A)
            self.log_reference = self._log_softmax(self.V)
            self.reference = np.exp(self.log_reference)
        else:
            exact = mdp.advantages
            self.optimal = exact == 0
            self.A_star = self._as_twins(balls(exact))
            chosen = np.eye(A, dtype=int)[self.optimal.argmax(axis=1)]
            self.V = self.solve(balls(chosen), (balls(chosen) * self.r).sum(axis=1))
            self.reference = balls(chosen)
            self.log_reference = logarithm(self.reference)

    def transitions(self, pi) -> arb_mat:
        """I - gamma P_pi."""
        S = self.shape[0]
        M = [[arb(int(s == t)) for t in range(S)] for s in range(S)]
        for s, rows in enumerate(self._rows):
            for p, row in zip(pi[s], rows, strict=True):
                if not p.is_zero():
                    weight = self.gamma * p
                    for t, probability in row:
                        M[s][t] -= weight * probability
        return arb_mat(M)

    def solve(self, pi, b) -> np.ndarray:
        """(S,) (I - gamma P_pi)^{-1} b."""
        return solution(self.transitions(pi), b)

    def visitation(self, pi, start) -> np.ndarray:
        """(S,) d_start^pi, summing to 1."""
        return solution(self.transitions(pi).transpose(), (1 - self.gamma) * start)

    def next_values(self, v) -> np.ndarray:
        """(S, A) gamma P v; actions with the same dynamics share one ball."""
        q = zeros(*self.shape)
        for s, rows in enumerate(self._rows):
            for a, row in enumerate(rows):
                q[s, a] = self.gamma * sum((p * v[t] for t, p in row), arb(0))
        return self._as_twins(q)

    def start(self, policy) -> np.ndarray:
        """(S, A) what stands for the policy, an object array of fmpq, in these coordinates."""
        if self.space is Space.SIMPLEX:
            return policy
        for s, a in np.ndindex(self.shape):
            twin = self._alike[s, a]
            if policy[s, a] != policy[s, twin]:
                self._alike[s, a] = a
        x = logarithm(balls(policy))
        return x - self.log_reference if self.tau > 0 else x

    def normalized(self, x):
        """The coordinates ``x`` made those of a policy, and the policy."""
        if self.space is Space.SIMPLEX:
            return x, balls(x)
        likeliest = _likeliest(x + self.log_reference if self.tau > 0 else x)
        x = x - _at(likeliest, x)
        if self.tau > 0:
            excess = (self.reference * np.expm1(x)).sum(axis=1, keepdims=True)
            x = self._shared(x - np.log1p(excess))
            return x, self._shared(self.reference * np.exp(x))
        others = np.exp(x)
        others[np.arange(len(x)), likeliest] = arb(0)  # instead of its 1
        rest = others.sum(axis=1, keepdims=True)
        return self._shared(x - np.log1p(rest)), self._shared(np.exp(x) / (1 + rest))

    def policy_error(self, x, pi) -> np.ndarray:
        """(S,) kappa, what the policy loses in one step."""
        if self.tau > 0:
            return self.tau * (self.reference * _KL_TERM(x)).sum(axis=1)
        return -(pi * self.A_star).sum(axis=1)

    def evaluate(self, x) -> Point:
        """The point with the coordinates ``x``, which need not be normalized."""
        x, pi = self.normalized(x)
        system = self.transitions(pi)
        e = solution(system, self.policy_error(x, pi))
        d = solution(system.transpose(), (1 - self.gamma) * self.mu)
        q = self.next_values(e)
        A = self.A_star - q - self.tau * x if self.tau > 0 else self.A_star - q
        A = self._shared(_centred(A, pi)) if self.tau > 0 else self._as_twins(_centred(A, pi))
        return Point(x, pi, e, q, A, d, q.copy())

    def _as_twins(self, x):
        """``x`` (S, A), where actions with the same rewards and dynamics share one ball."""
        return x[np.arange(self.shape[0])[:, None], self.mdp.twins]

    def _shared(self, x):
        """The same for those that also started with the same probability: they keep it."""
        return x[np.arange(self.shape[0])[:, None], self._alike]

    def _log_softmax(self, V):
        Q = self.r + self.next_values(V)
        scaled = (Q - _at(_likeliest(Q), Q)) / self.tau
        return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))

    def _soft_values(self):
        """V*_tau: Newton's method on centres of balls, then one rigorous bound.

        The soft Bellman operator contracts by gamma, so that V* is within |T V - V| / (1 - gamma)
        of any V.
        """
        V = zeros(self.shape[0])
        best = None
        for _ in range(NEWTON_STEPS):
            log_pi = centres(self._log_softmax(V))
            pi = np.exp(log_pi)
            V = centres(self.solve(pi, (pi * (self.r - self.tau * log_pi)).sum(axis=1)))
            radius = self._residual(V)
            if best is not None and not radius < best[0] / 2:
                break
            best = radius, V
        radius, V = best
        return np.array([arb(v, radius.upper()) for v in V], dtype=object)

    def _residual(self, V):
        """An upper bound of |V* - V| in the maximum norm."""
        Q = self.r + self.next_values(V)
        top = _at(_likeliest(Q), Q)
        TV = top[:, 0] + self.tau * np.log(np.exp((Q - top) / self.tau).sum(axis=1))
        return max((abs(x).upper() for x in (TV - V) / (1 - self.gamma)), default=arb(0))


def solution(system, b) -> np.ndarray:
    """(S,) the solution of the linear system.

    Raises
    ------
    Undecided
        If the balls are too wide to show that the matrix is regular.
    """
    try:
        x = system.solve(arb_mat([[v] for v in b]))
    except ZeroDivisionError:
        raise Undecided("a linear system may be singular") from None
    return np.array(x.entries(), dtype=object)


def _centred(A, pi):
    """Advantages less their mean; that of the likeliest action is a sum over the others."""
    lead = A - _at(_likeliest(pi), A)
    return lead - (pi * lead).sum(axis=1, keepdims=True)


def _likeliest(x):
    """(S,) where the rows of ``x`` are about largest; what it is used for allows any choice."""
    return [max(range(len(row)), key=lambda a, row=row: row[a].mid()) for row in x]


def _at(chosen, x):
    """(S, 1) the chosen entries of ``x`` (S, A)."""
    return x[np.arange(len(x)), chosen][:, None]


def kl_term(x) -> arb:
    """x e^x - e^x + 1, relatively accurate near 0."""
    size = abs(x).upper()
    if not size < SERIES_BELOW:
        return x * x.exp() - x.expm1()
    total, term, n = arb(0), x * x / 2, 0  # the series sum_n (n + 1) x^{n+2} / (n+2)!
    smallest = arb(2) ** (-ctx.prec - 10)
    power, factorial = arb(1), arb(2)
    while True:
        total += (n + 1) * power / factorial
        n += 1
        power, factorial = power * x, factorial * (n + 2)
        if size**n < smallest * factorial:
            break
    # The ratio of consecutive terms is at most size < 1/4, so that the rest is at most 4/3 of
    # the first term left out.
    rest = (n + 1) * size**n / factorial * 4 / 3
    return x * x * (total + arb(0, rest.upper()))


def balls(x) -> np.ndarray:
    """Exact numbers as balls of the present precision."""
    return _BALL(x)


def centres(x) -> np.ndarray:
    """The centres of balls, as exact numbers."""
    return _CENTRE(x)


def zeros(*shape) -> np.ndarray:
    """An array of exact zeros."""
    x = np.empty(shape, dtype=object)
    x[...] = arb(0)
    return x


def logarithm(x) -> np.ndarray:
    """log x, which is -inf at an exact zero."""
    return _LOG(x)


def _log(x):
    return arb.neg_inf() if x.is_zero() else x.log()


_BALL = np.frompyfunc(arb, 1, 1)
_CENTRE = np.frompyfunc(arb.mid, 1, 1)
_LOG = np.frompyfunc(_log, 1, 1)
_KL_TERM = np.frompyfunc(kl_term, 1, 1)
