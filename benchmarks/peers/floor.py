"""The floor of an exact iteration by factorization: LAPACK's getrf and two passes over P.

Any method that factorizes anew has to form ``I - gamma P_pi`` (one pass over P), factorize it,
and form ``P V`` (another pass). Here that is all that is done, no policy is ever updated, and of
several ways to do it the fastest one counts.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numba import njit
from numba.extending import get_cython_function_address
from scipy.linalg import lapack

_POINTER = ctypes.c_void_p
_GETRF = ctypes.CFUNCTYPE(None, *[_POINTER] * 6)(
    get_cython_function_address("scipy.linalg.cython_lapack", "dgetrf")
)


def floor_runs(mdp) -> dict:
    """Ways to do the floor's work ``n`` times: ``run(n)`` each; the fastest is the floor."""
    S, A = mdp.r.shape
    P, gamma, pi, v = mdp.P, mdp.gamma, np.full((S, A), 1 / A), np.linspace(0, 1, S)
    M, Q, flat, identity = np.empty((S, S)), np.empty((S, A)), P.reshape(S * A, S), np.eye(S)
    pivots, sizes = np.empty(S, np.int32), np.array([S, 0], np.int32)

    def lapack_run(n):
        for _ in range(n):
            np.einsum("sa,sat->st", -gamma * pi, P, out=M)
            lapack.dgetrf(np.add(M, identity, out=M).T, overwrite_a=1)
            np.dot(flat, v, out=Q.reshape(-1))

    return {
        "by action": lambda n: _by_action(P, gamma, pi, v, M, Q, pivots, sizes, n),
        "by fours": lambda n: _by_fours(P, gamma, pi, v, M, Q, pivots, sizes, n),
        "BLAS": lapack_run,
    }


def part_runs(mdp) -> dict:
    """getrf (with a copy of its matrix) and one pass over P, each on its own, ``n`` times."""
    S, A = mdp.r.shape
    matrix, Q, v = np.empty((S, S)), np.empty((S, A)), np.linspace(0, 1, S)
    form_by_fours(mdp.P, mdp.gamma, np.full((S, A), 1 / A), matrix)
    M, pivots, sizes = np.empty((S, S)), np.empty(S, np.int32), np.array([S, 0], np.int32)
    return {
        "getrf": lambda n: _getrf_only(matrix, M, pivots, sizes, n),
        "pass": lambda n: _pass_only(mdp.P, v, Q, n),
    }


@njit(fastmath=True)
def form_by_action(P, gamma, pi, M):
    """Fill ``M`` with ``I - gamma P_pi``: one pass over P."""
    S, A, _ = P.shape
    for s in range(S):
        M[s] = 0.0
        M[s, s] = 1.0
        for a in range(A):
            weight = gamma * pi[s, a]
            for t in range(S):
                M[s, t] -= weight * P[s, a, t]


@njit(fastmath=True)
def form_by_fours(P, gamma, pi, M):
    """The same, which loads a row of ``M`` once for four actions."""
    S, A, _ = P.shape
    for s in range(S):
        M[s] = 0.0
        M[s, s] = 1.0
        w, p = gamma * pi[s], P[s]
        for a in range(0, A - 3, 4):
            w0, w1, w2, w3 = w[a], w[a + 1], w[a + 2], w[a + 3]
            for t in range(S):
                M[s, t] -= w0 * p[a, t] + w1 * p[a + 1, t] + w2 * p[a + 2, t] + w3 * p[a + 3, t]
        for a in range(A - A % 4, A):
            for t in range(S):
                M[s, t] -= w[a] * p[a, t]


@njit(fastmath=True)
def next_values(P, v, out):
    """Fill ``out`` (S, A) with ``P v``: one pass over P."""
    S, A, _ = P.shape
    for s in range(S):
        for a in range(A):
            total = 0.0
            for t in range(S):
                total += P[s, a, t] * v[t]
            out[s, a] = total


@njit
def getrf(M, pivots, sizes):
    """Factorize ``M`` in place; in C order, LAPACK sees its transpose, which costs the same."""
    _GETRF(
        sizes.ctypes.data, sizes.ctypes.data, M.ctypes.data, sizes.ctypes.data,
        pivots.ctypes.data, sizes[1:].ctypes.data,
    )  # fmt: skip


def _iterations(form):
    @njit
    def run(P, gamma, pi, v, M, Q, pivots, sizes, n):
        for _ in range(n):
            form(P, gamma, pi, M)
            getrf(M, pivots, sizes)
            next_values(P, v, Q)

    return run


_by_action, _by_fours = _iterations(form_by_action), _iterations(form_by_fours)


@njit
def _getrf_only(matrix, M, pivots, sizes, n):
    for _ in range(n):
        M[:] = matrix
        getrf(M, pivots, sizes)


@njit
def _pass_only(P, v, Q, n):
    for _ in range(n):
        next_values(P, v, Q)
        v[0] = Q[0, 0]  # so that no pass can be left out
