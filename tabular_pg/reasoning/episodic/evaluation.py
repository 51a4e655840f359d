"""Exact values, visits and regularized optima: one pass over the states each.

States are numbered level by level, so that a successor's number is larger: backups run over the
states in reverse, visits flow forward. Equation numbers are those of the DAPO paper.

References
----------
Liu et al. (2024), Improving Multi-Step Reasoning Abilities of Large Language Models with Direct
Advantage Policy Optimization, arXiv 2412.18279.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.reasoning.episodic.segments import divergence


@njit
def backup(action_ptr, successor, terminal_reward, policy):
    """(S,) V(s) = sum_a pi(a|s) V(s'), the terminal reward where the episode ends."""
    V = terminal_reward.copy()
    for s in range(V.size - 1, -1, -1):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            V[s] += policy[e] * V[successor[e]]
    return V


@njit
def greedy_backup(action_ptr, successor, terminal_reward):
    """(S,) V*(s) = max_a V*(s')."""
    V = terminal_reward.copy()
    for s in range(V.size - 1, -1, -1):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            V[s] = max(V[s], V[successor[e]])
    return V


@njit
def advantages(action_ptr, successor, V):
    """(E,) V(s') - V(s) of the step from s to s'."""
    A = np.empty(successor.size)
    for s in range(V.size):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            A[e] = V[successor[e]] - V[s]
    return A


@njit
def visits(action_ptr, successor, policy, start):
    """(S,) d(s) = E sum_t 1{s_t = s}, not normalized, for weights ``start`` of the first states."""
    d = np.zeros(action_ptr.size - 1)
    for root in range(start.size):
        d[root] = start[root]
    for s in range(d.size):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            d[successor[e]] += d[s] * policy[e]
    return d


@njit
def kl_backup(action_ptr, successor, terminal_reward, policy, reference, beta):
    """(S,) V_beta of (3): the backup, minus ``beta KL(pi_s || ref_s)`` in every state passed."""
    V = terminal_reward.copy()
    for s in range(V.size - 1, -1, -1):
        first, last = action_ptr[s], action_ptr[s + 1]
        for e in range(first, last):
            V[s] += policy[e] * V[successor[e]]
        V[s] -= beta * divergence(policy, reference, first, last)
    return V


@njit
def soft_backup(action_ptr, successor, terminal_reward, reference, beta):
    """V*_beta (S,) and the policy (E,) proportional to ``ref exp(V*_beta(s') / beta)``."""
    V = terminal_reward.copy()
    policy = np.zeros(successor.size)
    for s in range(V.size - 1, -1, -1):
        if action_ptr[s] < action_ptr[s + 1]:
            V[s] = _soften(action_ptr[s], action_ptr[s + 1], successor, V, reference, beta, policy)
    return V, policy


@njit_inlined
def _soften(first, last, successor, V, reference, beta, policy):
    """Fill a state's part of ``policy``; return ``beta log sum ref exp(V(s') / beta)``.

    The logarithm is taken of ``1 + sum ref expm1(..)``, which for large beta keeps what
    ``log(sum ref exp(..))`` loses, unless the best actions have little mass.
    """
    best, excess, total = -math.inf, 0.0, 0.0
    for e in range(first, last):
        if reference[e] > 0.0:
            best = max(best, V[successor[e]])
    for e in range(first, last):
        if reference[e] > 0.0:
            exponent = (V[successor[e]] - best) / beta
            excess += reference[e] * math.expm1(exponent)
            policy[e] = reference[e] * math.exp(exponent)
            total += policy[e]
    for e in range(first, last):
        policy[e] /= total
    return best + beta * (math.log1p(excess) if excess > -0.5 else math.log(total))
