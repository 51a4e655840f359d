"""How often a policy visits the states, and sums along its way."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.choice import linear_solver, transitions_of
from tabular_pg.numerics.systems.elimination import UNBLOCKED, eliminate, solve, solve_adjoint
from tabular_pg.numerics.systems.products import transitions


@singledispatch
def visitation(mdp, pi, start) -> np.ndarray:
    """(S,) d_start^pi = (1 - gamma) start^T (I - gamma P_pi)^{-1}, summing to 1."""
    systems = linear_solver(mdp)
    systems.update(pi)
    d = (1 - mdp.gamma) * np.array(start, dtype=float)
    systems.solve_adjoint(d)
    return d


@singledispatch
def discounted_sum(mdp, pi, b) -> np.ndarray:
    """(S,) (I - gamma P_pi)^{-1} b."""
    systems = linear_solver(mdp)
    systems.update(pi)
    x = np.array(b, dtype=float)
    systems.solve(x)
    return x


def visitations(mdp, policies, start) -> np.ndarray:
    """(K, S) ``visitation`` of each of the policies (K, S, A)."""
    if not isinstance(mdp, MDP):
        return np.stack([visitation(mdp, pi, start) for pi in policies])
    d = np.tile((1 - mdp.gamma) * np.asarray(start, dtype=float), (len(policies), 1))
    if mdp.n_states <= UNBLOCKED:
        _visits(transitions_of(mdp), mdp.gamma, np.ascontiguousarray(policies), d)
        return d
    systems = linear_solver(mdp)
    for pi, row in zip(policies, d, strict=True):
        systems.update(pi)
        systems.solve_adjoint(row, alike=True)
    return d


@njit
def _visits(P, gamma, policies, d):
    """Overwrite the rows of ``d`` by solutions of the adjoint systems of these policies."""
    S = d.shape[1]
    N, pivot, slack = np.empty((S, S)), np.empty(S), np.empty(S)
    for k in range(d.shape[0]):
        transitions(P, gamma, policies[k], N)
        slack[:] = 1.0 - gamma
        eliminate(N, pivot, slack)
        solve_adjoint(N, pivot, d[k])


def discounted_sums(mdp, pi, b) -> np.ndarray:
    """(K, S) ``discounted_sum`` of each row of b (K, S)."""
    if not isinstance(mdp, MDP):
        return np.stack([discounted_sum(mdp, pi, row) for row in b])
    x = np.array(b, dtype=float)
    if mdp.n_states <= UNBLOCKED:
        _sums(transitions_of(mdp), mdp.gamma, np.ascontiguousarray(pi), x)
        return x
    systems = linear_solver(mdp)
    systems.update(pi)
    for row in x:
        systems.solve(row)
    return x


@njit
def _sums(P, gamma, pi, x):
    """Overwrite the rows of ``x`` by solutions of the systems of one policy."""
    S = x.shape[1]
    N, pivot, slack = np.empty((S, S)), np.empty(S), np.full(S, 1.0 - gamma)
    transitions(P, gamma, pi, N)
    eliminate(N, pivot, slack)
    for k in range(x.shape[0]):
        solve(N, pivot, x[k])


def mismatch(run, under=None, start=None, pi=None) -> float:
    """max_s d*_start(s) / under(s), both rho by default; inf where ``under`` misses a state.

    ``pi`` is the optimal policy that is meant, where there are several.
    """
    start = run.mdp.rho if start is None else start
    under = start if under is None else under
    d = visitation(run.mdp, run.optimum.pi if pi is None else pi, start)
    seen = d > 0
    with np.errstate(divide="ignore"):
        return (d[seen] / under[seen]).max()


@singledispatch
def stationary(mdp, pi) -> np.ndarray:
    """(S,) a stationary distribution of P_pi, the limit of visits from the uniform start."""
    P_pi = np.einsum("sa,sat->st", pi, mdp.P, optimize=True)
    P_pi = 0.5 * (np.eye(mdp.n_states) + P_pi)  # same stationary distributions, aperiodic
    for _ in range(60):
        P_pi = P_pi @ P_pi
        P_pi /= P_pi.sum(axis=1, keepdims=True)
    return P_pi.mean(axis=0)
