"""The critic of temporal-difference policy mirror descent, as its error E^k = Q*_tau - Q^k.

    E^{k+1} = (1 - W) E^k + W gamma P [sum_a pi^{k+1} E^k + kappa(pi^{k+1})],

where kappa is what a policy loses in one step: sum_a pi |A*| for tau = 0, and tau D(pi, pi*) for
tau > 0. If W is one number, a constant in E moves no policy and outlives everything else in it (P
keeps constants), so E is kept less its least entry, but for gamma = 1, where it ends with the
episodes.
"""

from __future__ import annotations

import math

import numpy as np

from tabular_pg._jit import njit, njit_inlined
from tabular_pg.gaps.bookkeeping import MEASURABLE
from tabular_pg.gaps.coordinates import policy_error
from tabular_pg.gaps.point import copy_table
from tabular_pg.numerics.simplex import argmax
from tabular_pg.numerics.systems.products import drop_common, next_values

OTHER = 3.0  # times the critic is a shadow of it: its rounding errors are others, or none
SAMPLE = 10.0  # one of a rounding error may be so much smaller than the next


@njit_inlined
def entry(table, s, a):
    """The entry of a table that is (S, A), or (1, 1) for all."""
    return table[s % table.shape[0], a % table.shape[1]]


def first_critic(rule, problem, point):
    """E^0 = Q*_tau - Q_tau^{pi^0}, and its shadow."""
    copy_table(point.q, point.memory[:, 0])
    cast_shadow(point.memory, 1)


def first_weighted_critic(rule, problem, point):
    """E^0, less the error: in every state that of the first action, and what others differ by. What
    all errors have in common moves no policy, as long as all entries learn alike."""
    E, first, q = point.memory[:, 0], point.memory[:, 1], point.q
    alike = rule.weights.size == 1 and problem.ends is None
    common = rule.error[0, 0] if alike else 0.0
    for s in range(E.shape[0]):
        own = entry(rule.error, s, 0)
        for a in range(E.shape[1]):
            E[s, a] = (q[s, a] - q[s, 0]) - (entry(rule.error, s, a) - own)
        first[s, 0] = q[s, 0] + problem.gamma * point.base[0] - (own - common)
    cast_shadow(point.memory, 2)


@njit
def cast_shadow(memory, n):
    """Behind n arrays put the same times ``OTHER``."""
    for s in range(memory.shape[0]):
        for i in range(n):
            for a in range(memory.shape[2]):
                memory[s, n + i, a] = OTHER * memory[s, i, a]


def td_critic(rule, k, problem, point):
    """One Bellman update of E, with the policy that it has not seen yet."""
    advance(problem, point, point.memory[:, 0], 1.0)
    if problem.tau > 0.0:
        advance(problem, point, point.memory[:, 1], OTHER)
        watch_critic(rule, point, point.memory[:, 1])


@njit
def advance(problem, point, E, unit):
    error = next_error(problem, point, E, unit)
    if problem.ends is None:
        drop_common(error)
    next_values(problem.P, problem.gamma, error, E)


def weighted_td_critic(rule, k, problem, point):
    """A part of that update in every entry: of what actions differ by, nothing is lost to what they
    have in common, as long as that stays so."""
    memory = point.memory
    advance_weighted(rule, problem, point, memory[:, 0], memory[:, 1], 1.0)
    if problem.tau > 0.0:
        advance_weighted(rule, problem, point, memory[:, 2], memory[:, 3], OTHER)
        watch_critic(rule, point, memory[:, 2])


@njit
def advance_weighted(rule, problem, point, differ, first, unit):
    error = next_error(problem, point, differ, unit)
    for s in range(error.size):
        error[s] += first[s, 0]
    if rule.weights.size == 1 and problem.ends is None:
        drop_common(first[:, 0])
        drop_common(error)
    whole = np.empty(differ.shape)
    next_values(problem.P, problem.gamma, error, whole)
    for s in range(differ.shape[0]):
        own = entry(rule.weights, s, 0)
        for a in range(1, differ.shape[1]):
            weight, ahead = entry(rule.weights, s, a), whole[s, a] - whole[s, 0]
            away = (own - weight) * (first[s, 0] - whole[s, a])
            differ[s, a] = (1.0 - weight) * differ[s, a] + own * ahead + away
        first[s, 0] = (1.0 - own) * first[s, 0] + own * whole[s, 0]


@njit
def next_error(problem, point, E, unit):
    """(S,) sum_a pi E + kappa(pi) times ``unit``, of which E is to become gamma P."""
    pi, error = point.pi, np.zeros(point.pi.shape[0])
    unit *= math.exp(policy_error(problem.coordinates, point.x, point.log_pi, pi, error))
    for s in range(pi.shape[0]):
        error[s] *= unit
        for a in range(pi.shape[1]):
            error[s] += pi[s, a] * E[s, a]
    return error


@njit
def watch_critic(rule, point, shadow):
    """Keep in ``point.flaws[1]`` what the rounding of E may cost the next offsets, x / eta - E but
    for a factor, of which only differences between likely actions are left.

    Rounding errors of early updates fade as slowly as any error does, values perhaps faster: the
    ``shadow`` has been through the same updates with errors of its own.
    """
    x, E, pi, largest = point.x, point.memory[:, 0], point.pi, 0.0
    for s in range(x.shape[0]):
        top = argmax(pi, s)
        for a in range(x.shape[1]):
            if pi[s, a] > 0.0:
                largest = max(largest, abs((x[s, a] - x[s, top]) / rule.eta - E[s, a] + E[s, top]))
    if not largest > MEASURABLE:
        return
    moved, noise = 0.0, 0.0
    for s in range(x.shape[0]):
        top = argmax(pi, s)
        common = shadow[s, top] / OTHER - E[s, top]
        for a in range(x.shape[1]):
            step = ((x[s, a] - x[s, top]) / rule.eta - E[s, a] + E[s, top]) / largest
            error = (shadow[s, a] / OTHER - E[s, a] - common) / largest
            moved += pi[s, a] * step * step
            noise += pi[s, a] * error * error
    if moved > 0.0:
        point.flaws[1] = max(point.flaws[1], SAMPLE * math.sqrt(noise / moved))
