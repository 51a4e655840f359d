"""The optimum of a small dense MDP, compiled as a whole: 10 us where ``optimum`` takes 100.

The same computation as in ``optima``, with the same ties, and without warnings: what a search
finds is run again by ``optimize``, or in ball arithmetic.
"""

from __future__ import annotations

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.numerics.double_double import accumulate, advantages, soft_residual
from tabular_pg.numerics.systems.elimination import eliminate, solve
from tabular_pg.optima.policy_iteration import TIES
from tabular_pg.optima.ties import difference_rounding, value_rounding

FLOOR = 2.0**-90  # of the values: what is left of the digits of pairs of floats
POLICY_ITERATIONS, NEWTON_STEPS, SETTLED = 200, 200, 1e-12


@njit
def factors(P, gamma, pi, N, pivot, slack):
    """The elimination of ``I - gamma P_pi`` for a policy (S, A)."""
    S = N.shape[0]
    for s in range(S):
        slack[s] = 1.0 - gamma
        for t in range(S):
            total = 0.0
            for a in range(pi.shape[1]):
                total += pi[s, a] * P[s, a, t]
            N[s, t] = gamma * total
    eliminate(N, pivot, slack)


@njit
def plain_optimum(P, r, gamma):
    """``(V, V_low, A*, optimal, tolerance)``: values as pairs of floats, by Howard's method."""
    S, A = r.shape
    V, V_low, N, pivot, slack = np.empty(S), np.zeros(S), np.empty((S, S)), np.empty(S), np.empty(S)
    pi, chosen, rest = np.zeros((S, A)), np.zeros(S, dtype=np.int64), np.empty(S)
    for s in range(S):
        chosen[s] = np.argmax(r[s])
    floor, drift = FLOOR * np.abs(r).max() / (1.0 - gamma), np.empty(S)
    tolerance, certain = np.empty((S, A)), np.empty((S, A), dtype=np.bool_)
    high, low = np.empty((S, A)), np.empty((S, A))
    for _ in range(POLICY_ITERATIONS):
        pi[:] = 0.0
        for s in range(S):
            pi[s, chosen[s]] = 1.0
            V[s], V_low[s] = r[s, chosen[s]], 0.0
        factors(P, gamma, pi, N, pivot, slack)
        solve(N, pivot, V)
        for _ in range(2):
            advantages(P, r, gamma, None, V, V_low, high, low)
            for s in range(S):
                rest[s] = high[s, chosen[s]] + low[s, chosen[s]]
            solve(N, pivot, rest)
            accumulate(V, V_low, rest)
        advantages(P, r, gamma, None, V, V_low, high, low)
        value_rounding(P, r, gamma, V, chosen, drift)
        solve(N, pivot, drift)
        drift -= drift.min()
        difference_rounding(P, r, gamma, V, drift, chosen, tolerance, certain)
        better = False
        for s in range(S):
            best, base = chosen[s], high[s, chosen[s]] + low[s, chosen[s]]
            for a in range(A):
                tolerance[s, a] = max(floor, TIES * tolerance[s, a])
                high[s, a] = (high[s, a] - base) + low[s, a]
                if high[s, a] > tolerance[s, a] and high[s, a] > high[s, best]:
                    best, better = a, True
            chosen[s] = best
        if not better:
            break
    optimal = np.zeros((S, A), dtype=np.bool_)
    for s in range(S):
        for a in range(A):
            optimal[s, a] = high[s, a] >= -tolerance[s, a]
            if optimal[s, a]:
                high[s, a] = 0.0
    return V, V_low, high, optimal, tolerance.max()


@njit
def soft_optimum(P, r, gamma, tau, V, V_low):
    """``(V*_tau, log pi*_tau)`` by Newton's method, from the values of the plain optimum."""
    S, A = r.shape
    N, pivot, slack = np.empty((S, S)), np.empty(S), np.empty(S)
    high, low, pi = np.empty((S, A)), np.empty((S, A)), np.empty((S, A))
    above, below = np.empty((S, A)), np.empty((S, A))
    residual, previous, precise = np.empty(S), np.inf, False
    for _ in range(NEWTON_STEPS):
        advantages(P, r, gamma, None, V, V_low, above, below)
        soft_residual(above, below, tau, True, precise, high, low, residual)
        size = np.abs(residual).max()
        if size < SETTLED and size >= previous / 2:
            if precise:
                break
            precise, previous = True, np.inf
            continue
        previous = size
        for s in range(S):
            pi[s] = np.exp(high[s] + low[s])
            pi[s] /= pi[s].sum()
            residual[s] *= tau
        factors(P, gamma, pi, N, pivot, slack)
        solve(N, pivot, residual)
        accumulate(V, V_low, residual)
    for s in range(S):
        top = np.argmax(high[s])
        rest = 0.0
        for a in range(A):
            if a != top:
                rest += np.exp(high[s, a] + low[s, a])
        pi[s] = (high[s] - np.log1p(rest)) + low[s]
    return V + tau * np.log(A) / (1.0 - gamma), pi
