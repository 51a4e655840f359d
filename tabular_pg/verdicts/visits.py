"""How often a policy visits the states, and sums along its way."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tabular_pg.numerics.systems.choice import linear_solver


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
