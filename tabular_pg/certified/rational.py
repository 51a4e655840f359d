"""An MDP in exact rational numbers, and its optimal policies, found and proved in them."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mat, fmpz

from tabular_pg._machine import refuse_beyond_memory
from tabular_pg.certified.arithmetic.exact import (
    Row,
    nested,
    objects,
    rational,
    reward,
    to_float,
    weights,
)
from tabular_pg.checks.numbers import shown
from tabular_pg.mdps.mdp import MDP
from tabular_pg.optima.optimal import optimum


@dataclass(frozen=True, init=False, eq=False)
class RationalMDP:
    """A finite discounted MDP whose every number is rational.

    Parameters
    ----------
    P : nested sequence (S, A, S)
        Integers, fractions or floats, which are dyadic fractions. A row without floats must sum to
        1 exactly; one with floats within 1e-12 S, and is divided by its exact sum.
    r : nested sequence (S, A) or (S, A, S)
        Rewards of (s, a), or of (s, a, t), whose expectation is kept.
    gamma : number in [0, 1)
    rho, mu : sequences (S,), optional
        As for :class:`tabular_pg.MDP`; uniform by default.
    name : str

    Attributes
    ----------
    P : tuple of tuples of Row, the positive entries of ``P[s][a]``
    r : (S, A) object array of fmpq
    gamma : fmpq
    rho, mu : (S,) object arrays of fmpq

    Raises
    ------
    ValueError
        Names the argument, the offending index, its value and what was expected.
    """

    P: tuple
    r: np.ndarray
    gamma: fmpq
    rho: np.ndarray
    mu: np.ndarray
    name: str

    def __init__(self, P, r, gamma, *, rho=None, mu=None, name="MDP"):
        rows = nested("P", P, 3)
        S, A = len(rows), len(rows[0]) if rows else 0
        if not (S and A):
            raise ValueError("P is empty; expected shape (S, A, S) with S >= 1 and A >= 1")
        rows = nested("P", rows, 3, (S, A, S))
        rows = [[Row("P", (s, a), x) for a, x in enumerate(y)] for s, y in enumerate(rows)]
        rewards = [
            [reward((s, a), x, rows[s][a]) for a, x in enumerate(y)]
            for s, y in enumerate(nested("r", r, 2, (S, A)))
        ]
        given = {
            "P": tuple(map(tuple, rows)),
            "r": objects(rewards),
            "gamma": rational("gamma", gamma),
            "rho": weights("rho", rho, S),
            "mu": weights("mu", mu, S),
            "name": str(name),
        }
        if not 0 <= given["gamma"] < 1:
            raise ValueError(f"gamma is {shown(gamma)}; expected a number in [0, 1)")
        for key, value in given.items():
            object.__setattr__(self, key, value)

    @classmethod
    def of(cls, mdp) -> RationalMDP:
        """The same MDP with its float64 entries taken as they are, and rows divided by their sums.

        Raises
        ------
        TypeError, ValueError
            If ``mdp`` is neither an MDP nor a RationalMDP, or not all actions are available.
        """
        if isinstance(mdp, RationalMDP):
            return mdp
        if not isinstance(mdp, MDP):
            raise TypeError(f"mdp is of type {type(mdp).__name__}; expected MDP or RationalMDP")
        if mdp.actions is not None:
            s, a = np.argwhere(~mdp.actions)[0]
            raise ValueError(
                f"actions[{s}, {a}] is False; certified runs need every action in every state"
            )
        if mdp.gamma == 1:
            raise ValueError("gamma is 1; certified runs are made for gamma < 1")
        refuse_beyond_memory(8 * mdp.r.size * mdp.n_states, "rational numbers of a sparse P")
        P = mdp.P.toarray() if mdp.sparse else mdp.P
        P = P.reshape(*mdp.r.shape, -1)
        return cls(P, mdp.r, mdp.gamma, rho=mdp.rho, mu=mdp.mu, name=mdp.name)

    def rounded(self) -> MDP:
        """This MDP in float64, for :func:`tabular_pg.optimize`."""
        P = np.zeros((*self.r.shape, self.n_states))
        for s, a in np.ndindex(self.r.shape):
            for t, p in self.P[s][a].entries():
                P[s, a, t] = to_float(p)
        r, rho, mu = (np.vectorize(to_float, [float])(x) for x in (self.r, self.rho, self.mu))
        return MDP(P, r, to_float(self.gamma), rho=rho, mu=mu, renormalize=True, name=self.name)

    @property
    def n_states(self) -> int:
        """S, the number of states."""
        return self.r.shape[0]

    @property
    def n_actions(self) -> int:
        """A, the number of actions."""
        return self.r.shape[1]

    def called(self, s, a=None) -> str:
        """As :meth:`tabular_pg.MDP.called`: nothing here has names."""
        return ""

    @cached_property
    def twins(self) -> np.ndarray:
        """(S, A) the first action of the state that has the same rewards and transitions."""
        return self._first_like(lambda s, a: (self.r[s, a], self.P[s][a].key))

    @cached_property
    def same_dynamics(self) -> np.ndarray:
        """(S, A) the first action of the state that has the same transitions."""
        return self._first_like(lambda s, a: self.P[s][a].key)

    def _first_like(self, key):
        first = np.empty(self.r.shape, dtype=int)
        for s in range(self.n_states):
            seen = {}
            first[s] = [seen.setdefault(key(s, a), a) for a in range(self.n_actions)]
        return first

    def q(self, pi) -> np.ndarray:
        """(S, A) Q^pi, exactly; ``pi`` (S, A) of fmpq or integers."""
        S, pi = self.n_states, nested("pi", pi, 2, self.r.shape)
        pi = [[rational(f"pi[{s}, {a}]", x) for a, x in enumerate(row)] for s, row in enumerate(pi)]
        system, reward = fmpq_mat(S, S), fmpq_mat(S, 1)
        for s in range(S):
            discounted = [fmpq(0)] * S
            for p, row, r in zip(pi[s], self.P[s], self.r[s], strict=True):
                if p != 0:
                    reward[s, 0] += p * r
                    for t, weight in row.entries():
                        discounted[t] += p * weight
            for t in range(S):
                system[s, t] = (1 if s == t else 0) - self.gamma * discounted[t]
        numerators, denominator = system.solve(reward).numer_denom()
        V = [numerators[t, 0] for t in range(S)]
        next_value = [
            [sum((w * V[t] for t, w in row.weights), fmpz(0)) for row in rows] for rows in self.P
        ]
        Q = [
            [
                r + self.gamma * fmpq(v, row.total * denominator)
                for r, v, row in zip(*triple, strict=True)
            ]
            for triple in zip(self.r, next_value, self.P, strict=True)
        ]
        return objects(Q)

    @cached_property
    def advantages(self) -> np.ndarray:
        """(S, A) A*, exactly: 0 for optimal actions and negative for all others.

        Howard's policy iteration from what float64 takes for optimal. It ends where no action has
        a positive advantage, which proves that its policy is optimal.
        """
        states = np.arange(self.n_states)
        chosen = self._nearly_optimal()
        while True:
            pi = np.zeros(self.r.shape, dtype=int)
            pi[states, chosen] = 1
            Q = self.q(pi.tolist())
            A = Q - Q[states, chosen][:, None]
            better = A.max(axis=1) > 0
            if not better.any():
                A.setflags(write=False)
                return A
            chosen = np.where(better, A.argmax(axis=1), chosen)

    def _nearly_optimal(self) -> np.ndarray:
        """(S,) what float64 takes for optimal actions; the first ones where it gives up."""
        with warnings.catch_warnings(), contextlib.suppress(ValueError, OverflowError):
            warnings.simplefilter("ignore")  # what is doubtful there is decided here
            return optimum(self.rounded()).optimal.argmax(axis=1)
        return np.zeros(self.n_states, dtype=int)

    def source(self) -> str:
        """A Python expression for this MDP, with ``from fractions import Fraction``."""

        def text(x):
            if isinstance(x, fmpq):
                return str(x.p) if x.q == 1 else f"Fraction({x.p}, {x.q})"
            return "[" + ", ".join(map(text, x)) + "]"

        dense = [[row.dense() for row in rows] for rows in self.P]
        return (
            f"RationalMDP(P={text(dense)}, r={text(self.r)}, gamma={text(self.gamma)}, "
            f"rho={text(self.rho)}, mu={text(self.mu)}, name={self.name!r})"
        )

    def __repr__(self):
        return (
            f"RationalMDP({self.name!r}, n_states={self.n_states}, n_actions={self.n_actions}, "
            f"gamma={self.gamma})"
        )
