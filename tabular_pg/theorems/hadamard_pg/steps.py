"""Hadamard policy gradient: theorems about one step.

Here eta_s = eta d_mu^k(s) / (1 - gamma).
"""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.hadamard_pg import HadamardPG
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.assumptions import (
    some_pair,
    some_suboptimal_action,
)
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import (
    EPS,
    advantage_rounding,
    improvement,
    state_step,
    steps,
    suboptimal_mass,
)

RULES = (HadamardPG,)


@once
def slope(run):
    """(K, S, A) eta_s^k A^k(s, a): the products below do not overflow where it is moderate."""
    return state_step(run)[:, :, None] * run.A


@once
def reach(run):
    """(K, S) eta_s^k max_a |A^k(s, a)|: at most 1/2 if eta <= (1 - gamma)^2 / 2 and r in [0, 1]."""
    return np.abs(slope(run)).max(axis=2)


@once
def square(run):
    """(K, S) eta_s^k v and (eta_s^k)^2 v, with v = sum_a pi^k(a|s) A^k(s, a)^2."""
    term = run.policies * slope(run)
    return (term * run.A).sum(axis=2), (term * slope(run)).sum(axis=2)


@theorem(
    "H0",
    "theta+ = normalize(theta + 2 eta_s theta A), pi = theta^2",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def sphere_step(run):
    """pi^{k+1} is theta * theta for theta = sqrt(pi^k) moved by eta times the Riemannian gradient
    2 d_mu(s) theta A^k / (1 - gamma) of V(mu) and scaled back to the unit sphere."""
    i = steps(run)
    move = 2 * slope(run)[i]
    size = 1 + np.abs(move).max(axis=2, keepdims=True)
    theta = np.sqrt(run.policies[i])
    moved = (theta * ((1 + move) / size)) ** 2
    rounding = EPS * (theta * ((1 + np.abs(move)) / size)) ** 2
    total = moved.sum(axis=2, keepdims=True)
    return run.policies[i + 1], moved / total, rounding / total


@theorem(
    "H1",
    "improvement = 4 eta_s sum pi A^2 (1 + eta_s A) / (1 + 4 eta_s^2 v)",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_exact(run):
    """I_s^k = 4 eta sum_a pi A^2 (1 + eta A) / (1 + 4 eta^2 v) with v = sum_a pi A^2, A = A^k and
    eta = eta_s^k, for every step size."""
    i, (gained, rounding) = steps(run), improvement(run)
    size = 1 / np.maximum(1, reach(run)[i])[:, :, None]  # numerator and denominator times size^2
    t = slope(run)[i] * size
    term = 4 * run.policies[i] * run.A[i] * t
    total = (size**2 + 4 * (run.policies[i] * t**2).sum(axis=2, keepdims=True))[:, :, 0]
    rounding = rounding + EPS * (term * (size + np.abs(t))).sum(axis=2) / total
    return gained, (term * (size + t)).sum(axis=2) / total, rounding


@theorem(
    "H1m",
    "V^{k+1} >= V^k if eta_s |A| <= 1",
    rules=RULES,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def monotone(run):
    """V^{k+1} >= V^k in every state wherever eta_s^k |A^k| <= 1 in every state; always, if
    eta <= (1 - gamma)^2 and rewards are in [0, 1]. Proof: H1."""
    i, small = steps(run), reach(run).max(axis=1) <= 1
    return run.value_gap[i + 1], np.where(small[:, None], run.value_gap, np.inf)[i]


@theorem(
    "H1a",
    "improvement >= 2 eta_s v / (1 + 4 eta_s^2 v) if eta_s |A| <= 1/2",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_bound(run):
    """I_s^k >= 2 eta v / (1 + 4 eta^2 v) with v = sum_a pi A^2, wherever eta |A^k(s, .)| <= 1/2
    for eta = eta_s^k; always, if eta <= (1 - gamma)^2 / 2 and rewards are in [0, 1]. Proof: H1."""
    i, (gained, rounding) = steps(run), improvement(run)
    linear, quadratic = square(run)
    bound = np.where(reach(run) <= 0.5, 2 * linear / (1 + 4 * quadratic), np.inf)
    return gained, bound[i], rounding


@theorem(
    "H1b",
    "improvement >= eta_s v if eta_s |A| <= 1/2",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_pair,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def improvement_linear(run):
    """I_s^k >= eta_s^k v with v = sum_a pi A^2, wherever eta_s^k |A^k(s, .)| <= 1/2; always, if
    eta <= (1 - gamma)^2 / 2 and rewards are in [0, 1]. Proof: H1a and 4 eta^2 v <= 1."""
    i, (gained, rounding) = steps(run), improvement(run)
    return gained, np.where(reach(run) <= 0.5, square(run)[0], np.inf)[i], rounding


@once
def optimal_part(run):
    """(K, S) the probability 1 - b of the optimal actions, the positive part of their mean
    advantage x (0 where b is 0 or 1), and the rounding of x."""
    mass = np.where(run.optimum.optimal, run.policies, 0.0).sum(axis=2)
    b = suboptimal_mass(run)
    rarer = (mass < b)[:, :, None] == run.optimum.optimal  # over these the sum of pi A is accurate
    known = (mass > 0) & (b > 0)
    weight = np.where(rarer, run.policies, 0.0) / np.where(known, mass, 1.0)[:, :, None]
    total = np.where(mass < b, 1, -1) * (weight * run.A).sum(axis=2)
    x = np.where(known, np.maximum(total, 0.0), 0.0)
    return mass, x, (weight * advantage_rounding(run)).sum(axis=2)


@theorem(
    "H1v",
    "v >= x^2 (1-b) / b, x = mean A of the optimal actions",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(some_suboptimal_action,),
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def variance_bound(run):
    """v = sum_a pi A^2 >= ((1 - b) / b) x^2, with b the probability of the sub-optimal actions and
    x = sum_{a optimal} pi A / (1 - b). Proof: Jensen on both groups, whose sums of pi A cancel.
    Both sides are divided by max_a A^2."""
    largest = np.abs(run.A).max(axis=2, keepdims=True)
    A = run.A / np.where(largest > 0, largest, 1.0)
    mass = np.where(run.optimum.optimal, run.policies, 0.0).sum(axis=2)
    b = suboptimal_mass(run)
    least, most = np.minimum(b, mass), np.maximum(b, mass)
    rarer = (mass < b)[:, :, None] == run.optimum.optimal  # over these the sum of pi A is accurate
    known = least > 0
    terms = np.where(rarer, run.policies * A, 0.0) / np.where(known, least, 1.0)[:, :, None]
    bound = terms.sum(axis=2) ** 2 * least / most
    rounding = EPS * np.abs(terms).sum(axis=2) ** 2 * least / most
    return (run.policies * A**2).sum(axis=2), np.where(known, bound, -np.inf), rounding
