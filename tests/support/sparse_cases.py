"""Random MDPs with sparse P, and the systems of a policy in dense and in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from scipy import sparse as sp

from support.exact import exact_system
from tabular_pg import MDP, instances
from tabular_pg.numerics.systems.compressed_rows import sparse_model, transitions
from tabular_pg.numerics.systems.elimination import eliminate, solve, solve_adjoint
from tabular_pg.numerics.systems.sparse_solver import SparseSolver

seeds = st.integers(0, 2**32 - 1)
GAMMAS = (0.0, 0.9, 0.99, 0.9999)


def rows(successors, weights):
    """A CSR matrix from successors and probabilities (S, A, b)."""
    S, A, b = successors.shape
    indptr = np.arange(0, S * A * b + 1, b)
    P = sp.csr_array((weights.ravel(), successors.ravel(), indptr), shape=(S * A, S))
    P.sum_duplicates()
    return P


def random_rows(rng, S, A, b, leak=None):
    """Random successors; with ``leak``, in two halves that are left with that probability."""
    weights, successors = rng.dirichlet(np.ones(b), (S, A)), rng.integers(0, S, (S, A, b))
    if leak is not None:
        half = S // 2
        successors %= half
        successors[half:] += half
        across = rng.integers(0, half, (S, A, 1))
        across[:half] += half
        successors = np.concatenate([successors, across], axis=2)
        weights = np.concatenate([(1 - leak) * weights, np.full((S, A, 1), leak)], axis=2)
    return rows(successors, weights)


def line(S, slip):
    left, right = np.maximum(np.arange(S) - 1, 0), np.minimum(np.arange(S) + 1, S - 1)
    successors = np.stack([np.stack([left, right], 1), np.stack([right, left], 1)], 1)
    return rows(successors, np.broadcast_to([1 - slip, slip], (S, 2, 2)).copy())


def make(kind, rng, gamma):
    """An MDP with sparse P of the given kind, its rewards 0."""
    size = int(rng.integers(2, 9))
    P = {
        "garnet": lambda: random_rows(rng, 8 * size, 3, 4),
        "goal": lambda: instances.gridworld(size, 9, gamma, sparse=True).P,
        "line": lambda: line(8 * size, rng.choice([0.1, 0.5])),
        "halves": lambda: random_rows(rng, 8 * size, 2, 3, leak=10.0 ** -rng.integers(2, 12)),
        "few": lambda: random_rows(rng, int(rng.integers(1, 5)), 2, 2),
    }[kind]()
    return MDP(P, np.zeros((P.shape[1], P.shape[0] // P.shape[1])), gamma)


KINDS = ("garnet", "goal", "line", "halves", "few")


def policy(rng, shape, kind):
    S, A = shape
    if kind == "uniform":
        return np.full(shape, 1 / A)
    if kind == "random":
        return rng.dirichlet(np.ones(A), S)
    return 1e-8 / A + (1 - 1e-8) * np.eye(A)[rng.integers(A, size=S)]


def right_side(rng, S, kind):
    return {
        "positive": rng.random(S),
        "unit": np.eye(S)[rng.integers(S)],
        "range": 10.0 ** -rng.uniform(0, 200, S),
        "tiny": rng.random(S) * 1e-250,
    }[kind]


class Case(NamedTuple):
    """What a random system is made from (arrays would make failures unreadable)."""

    seed: int
    kind: str
    gamma: float
    policy: str
    side: str

    def build(self):
        """``(mdp, pi, b)``"""
        rng = np.random.default_rng(self.seed)
        mdp = make(self.kind, rng, self.gamma)
        return mdp, policy(rng, mdp.r.shape, self.policy), right_side(rng, mdp.n_states, self.side)


def cases(gammas=GAMMAS):
    return st.builds(
        Case,
        seeds,
        st.sampled_from(KINDS),
        st.sampled_from(gammas),
        st.sampled_from(("uniform", "random", "sharp")),
        st.sampled_from(("positive", "unit", "range", "tiny")),
    )


def dense_P(mdp):
    return mdp.P.toarray().reshape(mdp.n_states, mdp.n_actions, mdp.n_states)


def dense_solutions(mdp, pi, b):
    """``(x, y)`` with M x = b and M^T y = b, accurate entry by entry."""
    N, pivot = mdp.gamma * np.einsum("sa,sat->st", pi, dense_P(mdp)), np.empty(mdp.n_states)
    eliminate(N, pivot, np.full(mdp.n_states, 1 - mdp.gamma))
    x, y = b.copy(), b.copy()
    solve(N, pivot, x)
    solve_adjoint(N, pivot, y)
    return x, y


def slack(mdp):
    """(S,) the row sums of I - gamma P_pi."""
    return np.full(mdp.n_states, 1 - mdp.gamma)


def prepared(mdp, pi):
    """``(model, values, M)``: P_pi on its pattern, and I - gamma P_pi in fractions."""
    model = sparse_model(mdp)
    values = np.empty(model.column.size)
    transitions(model, mdp.gamma, pi, values)
    N = [[Fraction(0)] * mdp.n_states for _ in range(mdp.n_states)]
    for s in range(mdp.n_states):
        for k in range(model.row[s], model.row[s + 1]):
            N[s][model.column[k]] += Fraction(values[k])
    return model, values, exact_system(N, 1 - mdp.gamma)


def solver_for(mdp, pi, solver=None):
    systems = SparseSolver(sparse_model(mdp), mdp.gamma, solver)
    systems.update(pi)
    return systems


def uniform(mdp):
    return np.full(mdp.r.shape, 1 / mdp.n_actions)
