"""How often a policy visits the states, and sums along its way."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.choice import linear_solver, transitions_of
from tabular_pg.numerics.systems.dense_solver import solve_each, solve_rows
from tabular_pg.numerics.systems.elimination import UNBLOCKED


def expected(mdp, values):
    """(..., S, A) gamma P v for ``values`` v (..., S)."""
    if mdp.sparse:
        return mdp.gamma * (mdp.P @ values.T).T.reshape(*values.shape[:-1], *mdp.r.shape)
    return mdp.gamma * np.tensordot(values, mdp.P, axes=(values.ndim - 1, 2))


@singledispatch
def visitation(mdp, pi, start) -> np.ndarray:
    """(S,) d_start^pi = (1 - gamma) start^T (I - gamma P_pi)^{-1}, summing to 1; for gamma = 1,
    without that factor, expected visits."""
    systems = linear_solver(mdp)
    systems.update(pi)
    d = mdp.unit * np.array(start, dtype=float)
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
    d = np.tile(mdp.unit * np.asarray(start, dtype=float), (len(policies), 1))
    if mdp.n_states <= UNBLOCKED:
        solve_each(transitions_of(mdp), mdp.gamma, mdp.ends, np.ascontiguousarray(policies), d)
        return d
    systems = linear_solver(mdp)
    for pi, row in zip(policies, d, strict=True):
        systems.update(pi)
        systems.solve_adjoint(row, alike=True)
    return d


def discounted_sums(mdp, pi, b) -> np.ndarray:
    """(K, S) ``discounted_sum`` of each row of b (K, S)."""
    if not isinstance(mdp, MDP):
        return np.stack([discounted_sum(mdp, pi, row) for row in b])
    x = np.array(b, dtype=float)
    if mdp.n_states <= UNBLOCKED:
        solve_rows(transitions_of(mdp), mdp.gamma, mdp.ends, np.ascontiguousarray(pi), x)
        return x
    systems = linear_solver(mdp)
    systems.update(pi)
    for row in x:
        systems.solve(row)
    return x


def later_steps(mdp, pi) -> np.ndarray:
    """(S,) how many steps a policy takes after the first one, on average, at gamma = 1: the length
    of an episode less 1, without that difference."""
    goes_on = np.asarray(mdp.P.sum(axis=-1)).reshape(mdp.r.shape)
    return discounted_sum(mdp, pi, (pi * goes_on).sum(axis=1))


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


def discounted_visits(run, x):
    """(S,) nu = (1 - gamma/x) sum_t (gamma/x)^t rho P_{pi*}^t, so that gamma nu P_{pi*} <= x nu."""
    mdp, share = run.mdp, run.mdp.gamma / x
    P_best = np.einsum("sa,sat->st", run.optimum.pi, mdp.P, optimize=True)
    return np.linalg.solve(np.eye(mdp.n_states) - share * P_best.T, (1 - share) * mdp.rho)
