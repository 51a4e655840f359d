"""Kernels on the segments of an array with one entry per edge: the actions of one state.

``action_ptr`` (S+1,) says where they lie: state ``s`` owns the entries from ``action_ptr[s]`` up to
``action_ptr[s + 1]``, none if it is terminal.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.numerics.offsets import kl_term


@njit
def state_sums(action_ptr, x):
    """(S,) the sum of ``x`` over each state's actions; 0 without any."""
    sums = np.zeros(action_ptr.size - 1)
    for s in range(sums.size):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            sums[s] += x[e]
    return sums


@njit
def state_maxima(action_ptr, x):
    """(S,) the largest entry of ``x`` over each state's actions; -inf without any."""
    maxima = np.full(action_ptr.size - 1, -math.inf)
    for s in range(maxima.size):
        for e in range(action_ptr[s], action_ptr[s + 1]):
            maxima[s] = max(maxima[s], x[e])
    return maxima


@njit_inlined
def softmax(logits, first, last, policy):
    """Fill ``policy`` from ``first`` to ``last`` with probabilities proportional to exp(logits)."""
    largest, total = -math.inf, 0.0
    for e in range(first, last):
        largest = max(largest, logits[e])
    for e in range(first, last):
        policy[e] = math.exp(logits[e] - largest)
        total += policy[e]
    for e in range(first, last):
        policy[e] /= total


@njit
def state_softmax(action_ptr, logits):
    """(E,) probabilities proportional to ``exp(logits)`` within each state.

    Entries may be -inf, but not all of a state's.
    """
    policy = np.empty(logits.size)
    for s in range(action_ptr.size - 1):
        softmax(logits, action_ptr[s], action_ptr[s + 1], policy)
    return policy


@njit_inlined
def divergence(policy, reference, first, last):
    """KL(policy || reference) over the edges from ``first`` to ``last``: no term is negative.

    The terms are ``pi log(pi/ref) - pi + ref``, which sum to the divergence if both distributions
    sum to 1. Infinite if the reference is 0 where the policy is not.
    """
    total = 0.0
    for e in range(first, last):
        p, q = policy[e], reference[e]
        if p == 0.0:
            total += q
        elif q == 0.0:
            return math.inf
        elif abs(p - q) < 0.25 * q:
            xi = math.log1p((p - q) / q)
            total += q * xi * xi * kl_term(xi)
        else:
            total += p * math.log(p / q) - p + q
    return total


@njit
def state_divergences(action_ptr, policy, reference):
    """(S,) KL(policy_s || reference_s); 0 in terminal states."""
    divergences = np.zeros(action_ptr.size - 1)
    for s in range(divergences.size):
        divergences[s] = divergence(policy, reference, action_ptr[s], action_ptr[s + 1])
    return divergences
