"""An MDP in exact rational numbers, and its optimal policies, found and proved in them."""

from __future__ import annotations

import contextlib
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

TOLERANCE = fmpq(*ROW_SUM_TOLERANCE.as_integer_ratio())


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
        rows = nested("P", P, 3, (S, A, S))
        rows = [[Row("P", (s, a), x) for a, x in enumerate(y)] for s, y in enumerate(rows)]
        rewards = [
            [_reward((s, a), x, rows[s][a]) for a, x in enumerate(y)]
            for s, y in enumerate(nested("r", r, 2, (S, A)))
        ]
        given = {
            "P": tuple(map(tuple, rows)),
            "r": objects(rewards),
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


class Row:
    """A distribution, as positive integer weights over their sum."""

    def __init__(self, name, index, values):
        """``values`` must be a distribution, up to the rounding of floats; else ValueError."""
        numbers = [rational(_at(name, *index, t), x) for t, x in enumerate(values)]
        wrong = next((t for t, x in enumerate(numbers) if x < 0), None)
        if wrong is not None:
            entry = f"{_at(name, *index, wrong)} is {values[wrong]!r}"
            raise ValueError(f"{entry}; expected a probability >= 0")
        total = sum(numbers, fmpq(0))
        rounded = any(isinstance(x, float | np.floating) for x in values)
        if abs(total - 1) > rounded * TOLERANCE * len(numbers):
            shown = repr(to_float(total)) if rounded else str(total)
            raise ValueError(f"{_at(name, *index)} sums to {shown}; expected 1")
        common = math.lcm(*(int(x.q) for x in numbers))
        weights = [(t, (x * common).p) for t, x in enumerate(numbers) if x != 0]
        factor = math.gcd(*(int(w) for _, w in weights))
        self.weights = tuple((t, w // factor) for t, w in weights)
        self.total = sum((w for _, w in self.weights), fmpz(0))
        self.size = len(numbers)
        self.key = tuple((t, int(w)) for t, w in self.weights)

    def entries(self):
        """Pairs (t, probability > 0)."""
        return [(t, fmpq(w, self.total)) for t, w in self.weights]

    def dense(self):
        """All probabilities, as a list of fmpq."""
        row = [fmpq(0)] * self.size
        for t, p in self.entries():
            row[t] = p
        return row


def rational(name, x) -> fmpq:
    """``x`` as an exact rational number.

    Raises
    ------
    ValueError
        If it is not a finite number of one of these kinds: integer, fraction, float, Decimal, fmpq.
    """
    if not isinstance(x, bool | np.bool_):
        if isinstance(x, fmpq | fmpz):
            return fmpq(x)
        if isinstance(x, Integral):
            return fmpq(int(x))
        if isinstance(x, Rational):
            return fmpq(x.numerator, x.denominator)
        if isinstance(x, Decimal) and x.is_finite() or isinstance(x, Real) and math.isfinite(x):
            return fmpq(*x.as_integer_ratio())
    raise ValueError(f"{name} is {x!r}; expected a finite number: integer, Fraction or float")


def to_float(x) -> float:
    """The float64 nearest to the rational number ``x``."""
    return float(Fraction(int(x.p), int(x.q)))


def objects(lists) -> np.ndarray:
    """Nested lists as a read-only object array, whatever the elements look like to numpy."""
    shape, flat = [], lists
    while isinstance(flat, list):
        shape.append(len(flat))
        flat = flat[0]
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        x = lists
        for i in index:
            x = x[i]
        array[index] = x
    array.setflags(write=False)
    return array


def nested(name, values, depth, shape=None) -> list:
    """Nested sequences as lists of that depth; ValueError if they are not, or not of the shape."""

    def lists(values, index, depth):
        if depth == 0:
            return values
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise ValueError(f"{_at(name, *index)} is {values!r}; expected a sequence")
        values = list(values)
        if shape is not None and len(values) != shape[len(index)]:
            raise ValueError(
                f"{_at(name, *index)} has {len(values)} entries; expected {shape[len(index)]} "
                f"({name} has shape {shape})"
            )
        return [lists(x, (*index, i), depth - 1) for i, x in enumerate(values)]

    return lists(values, (), depth)


def _at(name, *index) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _reward(index, x, row):
    """The reward of (s, a), an expectation if it is given for every next state."""
    if not hasattr(x, "__iter__") or isinstance(x, str):
        return rational(_at("r", *index), x)
    (values,) = nested("r", [x], 2, (1, row.size))
    exact = [rational(_at("r", *index, t), value) for t, value in enumerate(values)]
    return sum((p * exact[t] for t, p in row.entries()), fmpq(0))


def _weights(name, values, size) -> np.ndarray:
    if values is None:
        return objects([fmpq(1, size)] * size)
    return objects(Row(name, (), nested(name, values, 1, (size,))).dense())
