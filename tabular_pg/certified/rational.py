"""An MDP in exact rational numbers, and its optimal policies, found and proved in them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from numbers import Integral, Rational, Real

import numpy as np
from flint import fmpq, fmpq_mat, fmpz

from tabular_pg._transitions import ROW_SUM_TOLERANCE
from tabular_pg.mdp import MDP
from tabular_pg.optimal import optimum


@dataclass(frozen=True, init=False, eq=False)
class RationalMDP:
    """A finite discounted MDP whose every number is rational.

    Parameters
    ----------
    P : nested sequence (S, A, S)
        Integers, fractions or floats, which are dyadic fractions. A row without floats must sum to
        1 exactly; one with floats within 1e-12 S, and is divided by its exact sum.
    r : nested sequence (S, A)
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
        rows = [[list(row) for row in rows] for rows in _nested("P", P)]
        S, A = len(rows), len(rows[0]) if rows else 0
        ragged = S == 0 or A == 0 or any(len(x) != A for x in rows)
        if ragged or any(len(row) != S for x in rows for row in x):
            raise ValueError("P is not of shape (S, A, S) with S >= 1 and A >= 1")
        rewards = [list(row) for row in _nested("r", r)]
        if len(rewards) != S or any(len(row) != A for row in rewards):
            raise ValueError(f"r is not of shape (S, A) = {(S, A)}")
        given = {
            "P": tuple(
                tuple(Row(f"P[{s}, {a}]", row) for a, row in enumerate(x))
                for s, x in enumerate(rows)
            ),
            "r": objects(
                [
                    [rational(f"r[{s}, {a}]", x) for a, x in enumerate(row)]
                    for s, row in enumerate(rewards)
                ]
            ),
            "gamma": rational("gamma", gamma),
            "rho": _weights("rho", rho, S),
            "mu": _weights("mu", mu, S),
            "name": str(name),
        }
        if not 0 <= given["gamma"] < 1:
            raise ValueError(f"gamma is {gamma!r}; expected a number in [0, 1)")
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
        return self.r.shape[0]

    @property
    def n_actions(self) -> int:
        return self.r.shape[1]

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
        S = self.n_states
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is doubtful in float64 is decided here
            chosen = optimum(self.rounded()).optimal.argmax(axis=1)
        while True:
            pi = np.zeros(self.r.shape, dtype=int)
            pi[states, chosen] = 1
            Q = self.q(pi.tolist())
            A = Q - Q[states, chosen][:, None]
            better = A.max(axis=1) > 0
            if not better.any():
                return A
            chosen = np.where(better, A.argmax(axis=1), chosen)

    def source(self) -> str:
        """A Python expression for this MDP, with ``from fractions import Fraction``."""

        def text(x):
            if isinstance(x, fmpq):
                return str(x.p) if x.q == 1 else f"Fraction({x.p}, {x.q})"
            return "[" + ", ".join(map(text, x)) + "]"

        dense = [[row.dense(self.n_states) for row in rows] for rows in self.P]
        return (
            f"RationalMDP(P={text(dense)}, r={text(self.r)}, gamma={text(self.gamma)}, "
            f"rho={text(self.rho)}, mu={text(self.mu)}, name={self.name!r})"
        )

    def __repr__(self):
        return (
            f"RationalMDP({self.name!r}, n_states={self.n_states}, n_actions={self.n_actions}, "
            f"gamma={self.gamma})"
        )


class Row:
    """A distribution, as positive integer weights over their sum."""

    def __init__(self, name, values):
        """``values`` must be a distribution, up to the rounding of floats; else ValueError."""
        numbers = [rational(f"{name}[{t}]", x) for t, x in enumerate(values)]
        wrong = next((t for t, x in enumerate(numbers) if x < 0), None)
        if wrong is not None:
            raise ValueError(f"{name}[{wrong}] is {values[wrong]!r}; expected a probability >= 0")
        total = sum(numbers, fmpq(0))
        rounded = any(isinstance(x, float | np.floating) for x in values)
        if abs(to_float(total - 1)) > rounded * ROW_SUM_TOLERANCE * len(numbers):
            raise ValueError(f"{name} sums to {to_float(total)!r}; expected 1")
        common = math.lcm(*(int(x.q) for x in numbers))
        weights = [(t, (x * common).p) for t, x in enumerate(numbers) if x != 0]
        factor = math.gcd(*(int(w) for _, w in weights))
        self.weights = tuple((t, w // factor) for t, w in weights)
        self.total = sum((w for _, w in self.weights), fmpz(0))
        self.key = tuple((t, int(w)) for t, w in self.weights)

    def entries(self):
        """Pairs (t, probability > 0)."""
        return [(t, fmpq(w, self.total)) for t, w in self.weights]

    def dense(self, size):
        """All probabilities, as a list of fmpq."""
        row = [fmpq(0)] * size
        for t, p in self.entries():
            row[t] = p
        return row


def rational(name, x) -> fmpq:
    """``x`` as an exact rational number.

    Raises
    ------
    ValueError
        If it is not an integer, a fraction or a finite float.
    """
    if isinstance(x, fmpq | fmpz | Integral) and not isinstance(x, bool):
        return fmpq(x) if isinstance(x, fmpq | fmpz) else fmpq(int(x))
    if isinstance(x, Rational) and not isinstance(x, bool):
        return fmpq(x.numerator, x.denominator)
    if isinstance(x, Real | Decimal) and not isinstance(x, bool) and math.isfinite(x):
        return fmpq(*x.as_integer_ratio())
    raise ValueError(f"{name} is {x!r}; expected an integer, a Fraction or a finite float")


def to_float(x) -> float:
    """The float64 nearest to the rational number ``x``."""
    return float(Fraction(int(x.p), int(x.q)))


def objects(nested) -> np.ndarray:
    """Nested lists as an object array, whatever the elements look like to numpy."""
    shape, flat = [], nested
    while isinstance(flat, list):
        shape.append(len(flat))
        flat = flat[0]
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        x = nested
        for i in index:
            x = x[i]
        array[index] = x
    return array


def _nested(name, values):
    try:
        return [list(rows) for rows in values]
    except TypeError:
        raise ValueError(f"{name} is {values!r}; expected nested sequences of numbers") from None


def _weights(name, values, size) -> np.ndarray:
    if values is None:
        return objects([fmpq(1, size)] * size)
    values = list(values)
    if len(values) != size:
        raise ValueError(f"{name} has {len(values)} entries; expected {size}, one per state")
    return objects(Row(name, values).dense(size))
