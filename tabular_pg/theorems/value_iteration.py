"""Value iteration, plain and anchored: how fast policies get better, and values more consistent."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.iterations.anchored_value_iteration import AnchoredValueIteration
from tabular_pg.methods.iterations.value_iteration import ValueIteration
from tabular_pg.theorem import theorem
from tabular_pg.verdicts.actions import each_action
from tabular_pg.verdicts.assumptions import (
    discounted,
    few_updates,
    from_the_start,
    some_pair,
    some_suboptimal_action,
)
from tabular_pg.verdicts.quantities import EPS, at_start, steps, steps_to_optimality
from tabular_pg.verdicts.visits import expected

VALUES, ANCHORED = (ValueIteration,), (AnchoredValueIteration,)


def anchored_values(run):
    """(steps, S) V* - U_k, as the method has it, and V* - T^{pi^{k+1}} U_k."""
    i, mdp, first = steps(run), run.mdp, at_start(run, run.value_gap)
    at, found = dict(zip(run.k[i].tolist(), i, strict=True)), []
    left, lost = first, expected(mdp, first) - run.optimum.A
    for k in range(int(run.k[i[-1]]) + 1):
        if k > 0:
            beta = anchor(mdp, k)
            left = beta * first + (1 - beta) * each_action(run, lost, np.inf).min(axis=1)
            lost = expected(mdp, left) - run.optimum.A
        if k in at:
            found.append((left, (run.policies[at[k] + 1] * lost).sum(axis=1)))
    return (np.stack(rows) for rows in zip(*found, strict=True))


def anchor(mdp, k):
    """beta_k."""
    return mdp.gamma**k * scaled_anchor(mdp, k)


def scaled_anchor(mdp, k):
    """gamma^{-k} beta_k."""
    if getattr(mdp, "ends", None) is not None:
        return 1 / (k + 1)
    return mdp.gamma**k * (1 - mdp.gamma**2) / (1 - mdp.gamma ** (2 * k + 2))


def first_above(ratio):
    """The first k >= 1 above ``ratio``, and its rounding."""
    return np.maximum(1.0 - np.ceil(-ratio * (1 + 1e-12)), 1.0)


@theorem(
    "PV1",
    "e_k <= gamma^k e_0",
    rules=VALUES,
    assumes=(from_the_start,),
    any_actions=True,
)
def value_iteration_rate(run):
    """e_k <= gamma^k e_0, for value iteration from V_0 = V^{pi^0}. Proof: V_0 <= T V_0, so the V_k
    increase, and the policy that is greedy in V_{k-1} is worth at least V_k >= V* - gamma^k e_0."""
    return run.sup_gap, run.mdp.gamma**run.k * at_start(run, run.sup_gap)


@theorem(
    "PV2",
    "optimal once gamma^k e_0 < Delta",
    rules=VALUES,
    assumes=(discounted, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def value_iteration_termination(run):
    """For gamma > 0 the first iterate k >= 1 with gamma^k e_0 < Delta is optimal, and so are all
    later ones. Proof: in r + gamma P V_{k-1} an action loses between 0 and gamma^k e_0 against
    Q*, which is less than what any other one loses by being sub-optimal."""
    e0, Delta = at_start(run, run.sup_gap), run.optimum.Delta
    ratio = np.log(np.maximum(e0 / Delta, 1.0)) / -np.log(run.mdp.gamma)
    return steps_to_optimality(run), first_above(ratio)


@theorem(
    "PA1",
    "e_k <= gamma^k (1+gamma)/(1+gamma^k) e_0",
    rules=ANCHORED,
    assumes=(from_the_start,),
    any_actions=True,
)
def anchored_rate(run):
    """For k >= 1, e_k <= gamma^k (1 + gamma) / (1 + gamma^k) e_0, for anchored value iteration from
    U_0 = V^{pi^0}: at most 1 + gamma times the bound PV1 of value iteration. Proof: V* - U_k <=
    beta_k e_0 + (1 - beta_k) gamma |V* - U_{k-1}|, which sums to gamma^k (1 + gamma) /
    (1 + gamma^{k+1}) e_0; and U_k <= T U_k, so that the policy greedy in U_k is worth T U_k."""
    k, e0 = run.k, at_start(run, run.sup_gap)
    power = run.mdp.gamma**k
    return run.sup_gap, np.where(k > 0, power * (1 + run.mdp.gamma) / (1 + power), 1.0) * e0


@theorem(
    "PA2",
    "optimal once gamma^k (1+gamma)/(1+gamma^k) e_0 < Delta",
    rules=ANCHORED,
    assumes=(discounted, from_the_start, some_suboptimal_action),
    any_actions=True,
)
def anchored_termination(run):
    """For gamma > 0 the first iterate k >= 1 with gamma^k (1 + gamma) / (1 + gamma^k) e_0 < Delta
    is optimal, and so are all later ones. Proof: as for PV2, with the bound PA1."""
    e0, Delta, gamma = at_start(run, run.sup_gap), run.optimum.Delta, run.mdp.gamma
    ratio = np.log(np.maximum((1 + gamma) * e0 / Delta - 1, 1.0)) / -np.log(gamma)
    return steps_to_optimality(run), first_above(ratio)


@theorem(
    "PA3",
    "|T U_k - U_k| <= (1/gamma-gamma)(1+gamma-gamma^{k+1})/(gamma^{-k-1}-gamma^{k+1}) e_0",
    rules=ANCHORED,
    source="lee2023",
    assumes=(discounted, from_the_start, some_pair, few_updates),
    any_gamma=True,
    any_actions=True,
)
def anchored_bellman_error(run):
    """|T U_k - U_k| <= (1/gamma - gamma) (1 + gamma - gamma^{k+1}) / (gamma^{-k-1} - gamma^{k+1})
    e_0 in the sup norm, which is e_0 / (k+1) for gamma = 1: of order 1/k where gamma is near 1 and
    that of value iteration need not fall. T U_k is what pi^{k+1} makes of U_k. Proof: by induction,
    T U_k - U_k is at most a sum of powers of gamma P, applied to V* - U_0 with positive weights."""
    k, gamma, (left, later) = run.k[steps(run)], run.mdp.gamma, anchored_values(run)
    factor = scaled_anchor(run.mdp, k) * (1 + gamma - gamma ** (k + 1))
    error = np.abs(left - later).max(axis=1)
    return error, factor * at_start(run, run.sup_gap), EPS * left.max(axis=1)
