"""One iteration of each method as an expert user of each library writes it.

A peer is a function from a ``Task`` to ``run(n)``, which starts from the uniform policy, makes n
iterations and returns the values V^n (S,), or None where the library cannot do the job.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numba
import numpy as np
from quantecon.markov import DiscreteDP
from scipy.linalg import lapack

from tabular_pg import MDP, NaturalPG, SoftmaxPG, Solver, optimize


class Task(NamedTuple):
    """A method on an MDP."""

    mdp: MDP
    rule: NaturalPG | SoftmaxPG
    tau: float = 0.0

    @property
    def visitation(self) -> bool:
        return isinstance(self.rule, SoftmaxPG)


def ours(solver):
    """This package with the given solver; None lets it choose."""

    def peer(task):
        def run(n):
            done = optimize(task.mdp, task.rule, n, tau=task.tau, at=[n], solver=solver)
            run.solver = done.solver.name
            return done.optimum.V - done.value_gap[0]

        return run

    return peer


def naive_numpy(task):
    """What one writes first: einsum, and a linear solve for V and another one for d."""
    P, r, gamma, mu = task.mdp.P, task.mdp.r, task.mdp.gamma, task.mdp.mu
    identity = np.eye(mu.size)

    def evaluate(pi, reward):
        M = identity - gamma * np.einsum("sa,sat->st", pi, P)
        V = np.linalg.solve(M, (pi * reward).sum(axis=1))
        d = np.linalg.solve(M.T, (1 - gamma) * mu) if task.visitation else None
        return V, d

    return numpy_loop(task, evaluate, lambda V: r + gamma * np.einsum("sat,t->sa", P, V))


def numpy_lapack(task):
    """BLAS for the two passes over P, and one getrf whose factors serve V and d."""
    P, r, gamma, mu = task.mdp.P, task.mdp.r, task.mdp.gamma, task.mdp.mu
    S, A = r.shape
    flat, start, M = P.reshape(S * A, S), (1 - gamma) * mu, np.empty((S, 1, S))
    diagonal = M.reshape(-1)[:: S + 1]

    def evaluate(pi, reward):
        np.matmul(-gamma * pi[:, None, :], P, out=M)
        np.add(diagonal, 1.0, out=diagonal)
        # getrf wants Fortran order: it factorizes the transpose of M, in place and without a copy
        lu, pivots, _ = lapack.dgetrf(M[:, 0].T, overwrite_a=1)
        V, _ = lapack.dgetrs(lu, pivots, np.einsum("sa,sa->s", pi, reward), 1, overwrite_b=1)
        d = lapack.dgetrs(lu, pivots, start)[0] if task.visitation else None
        return V, d

    return numpy_loop(task, evaluate, lambda V: r + gamma * (flat @ V).reshape(S, A))


def quantecon(task):
    """The policy's chain as a DiscreteDP with one action, whose evaluate_policy solves for V."""
    if task.visitation:
        return None  # it has no adjoint
    P, r, gamma = task.mdp.P, task.mdp.r, task.mdp.gamma
    only = np.zeros(task.mdp.n_states, dtype=int)

    def evaluate(pi, reward):
        chain = np.einsum("sa,sat->st", pi, P)
        process = DiscreteDP((pi * reward).sum(axis=1)[:, None], chain[:, None, :], gamma)
        return process.evaluate_policy(only), None

    return numpy_loop(task, evaluate, lambda V: r + gamma * (P @ V))


def numpy_loop(task, evaluate, action_values):
    """``run(n)`` from what differs between libraries: V and d of pi, and P V as (S, A)."""
    r, tau = task.mdp.r, task.tau

    def values(theta):
        pi, log_pi = softmax(np, theta, tau > 0)
        V, d = evaluate(pi, r - tau * log_pi if tau > 0 else r)
        return pi, log_pi, V, d

    def run(n):
        theta = np.zeros(r.shape)
        for _ in range(n):
            pi, log_pi, V, d = values(theta)
            theta = ascend(task, theta, pi, log_pi, V, action_values(V), d)
        return values(theta)[2]

    return run


def jax_fori_loop(task):
    """The whole run compiled: fori_loop over iterations in float64, factors shared by V and d."""
    P, start, values, step = _jax_parts(task)

    @jax.jit
    def loop(P, n):  # P is an argument: as a constant it would be folded at compile time
        theta = jax.lax.fori_loop(0, n, lambda _, theta: step(theta, P)[0], start)
        return values(theta, P)[2]

    return lambda n: np.asarray(loop(P, n))


def jax_scan(task):
    """The same by scan, which stacks the policies and values of all iterates."""
    P, start, _, step = _jax_parts(task)

    @partial(jax.jit, static_argnames="n")
    def loop(P, n):
        return jax.lax.scan(lambda theta, _: step(theta, P), start, length=n)[1]

    return lambda n: [np.asarray(stacked) for stacked in loop(P, n)]


def _jax_parts(task):
    """P, the first logits, what evaluates logits, and what takes a step and tells from where."""
    P, r, mu = (jnp.asarray(field) for field in (task.mdp.P, task.mdp.r, task.mdp.mu))
    gamma, tau = task.mdp.gamma, task.tau

    def values(theta, P):
        pi, log_pi = softmax(jnp, theta, tau > 0)
        M = jnp.eye(mu.size) - gamma * jnp.einsum("sa,sat->st", pi, P)
        factors = jax.scipy.linalg.lu_factor(M)
        reward = r - tau * log_pi if tau > 0 else r
        V = jax.scipy.linalg.lu_solve(factors, (pi * reward).sum(axis=1))
        start = (1 - gamma) * mu
        d = jax.scipy.linalg.lu_solve(factors, start, trans=1) if task.visitation else None
        return pi, log_pi, V, d

    def step(theta, P):
        pi, log_pi, V, d = values(theta, P)
        Q = r + gamma * jnp.einsum("sat,t->sa", P, V)
        return ascend(task, theta, pi, log_pi, V, Q, d), (pi, V)

    return P, jnp.zeros(r.shape), values, step


def numba_loop(task):
    """The whole run compiled: loops as one writes them down, and np.linalg.solve for V and d."""
    P, r, gamma, mu = task.mdp.P, task.mdp.r, task.mdp.gamma, task.mdp.mu
    eta, tau, visitation = task.rule.eta, task.tau, task.visitation
    return lambda n: _numba_run(P, r, gamma, mu, eta, tau, visitation, n)


@numba.njit
def _numba_run(P, r, gamma, mu, eta, tau, visitation, n):
    theta = np.zeros(r.shape)
    for _ in range(n):
        pi, log_pi, M, V = _numba_values(P, r, gamma, tau, theta)
        if visitation:
            d = np.linalg.solve(M.T, (1 - gamma) * mu)
        for s in range(r.shape[0]):
            for a in range(r.shape[1]):
                Q = r[s, a] + gamma * np.dot(P[s, a], V)
                if visitation:
                    advantage = Q - V[s] - tau * log_pi[s, a]
                    theta[s, a] += eta / (1 - gamma) * d[s] * pi[s, a] * advantage
                else:
                    theta[s, a] = (theta[s, a] + eta * Q) / (1 + eta * tau)
    return _numba_values(P, r, gamma, tau, theta)[3]


@numba.njit
def _numba_values(P, r, gamma, tau, theta):
    S, A = r.shape
    pi, log_pi, M, reward = np.empty((S, A)), np.empty((S, A)), np.eye(S), np.zeros(S)
    for s in range(S):
        shifted = theta[s] - theta[s].max()
        log_pi[s] = shifted - np.log(np.exp(shifted).sum())
        pi[s] = np.exp(log_pi[s])
        for a in range(A):
            reward[s] += pi[s, a] * (r[s, a] - tau * log_pi[s, a])
            for t in range(S):
                M[s, t] -= gamma * pi[s, a] * P[s, a, t]
    return pi, log_pi, M, np.linalg.solve(M, reward)


def softmax(xp, theta, logarithm):
    """``pi`` of a table of logits and, if asked for, its logarithm."""
    shifted = theta - theta.max(axis=1, keepdims=True)
    weights = xp.exp(shifted)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, shifted - xp.log(total) if logarithm else None


def ascend(task, theta, pi, log_pi, V, Q, d):
    """The next logits: softmax PG, NPG or entropy NPG."""
    eta, tau = task.rule.eta, task.tau
    if not task.visitation:
        return (theta + eta * Q) / (1 + eta * tau)
    advantage = Q - V[:, None] - (tau * log_pi if tau > 0 else 0.0)
    return theta + (eta / (1 - task.mdp.gamma)) * d[:, None] * pi * advantage


PEERS = {
    "tabular_pg": ours(Solver.ELIMINATION),
    "tabular_pg, own choice": ours(None),
    "numpy": naive_numpy,
    "numpy + LAPACK": numpy_lapack,
    "jax": jax_fori_loop,
    "numba": numba_loop,
    "QuantEcon": quantecon,
}
