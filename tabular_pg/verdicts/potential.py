"""The potential of mirror descent where values are regularized, for the entropy as for other maps.

alpha = 1 / (1 + eta tau), beta = eta alpha, x are the iterates: what dual variables (log pi) differ
by from those of the optimum, known up to a constant per state.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tabular_pg.gaps.duals import log_ratios
from tabular_pg.verdicts.actions import most_actions
from tabular_pg.verdicts.once import once
from tabular_pg.verdicts.quantities import at_start, relative_entropy
from tabular_pg.verdicts.visits import discounted_visits, stationary

LEAST_GROWTH = 1.0  # of a logarithm from which on a probability is no difference that cancels
SERIES_BELOW, TERMS = 0.05, 12  # of the divergence, for a full float


def alpha_beta(run):
    """(alpha, beta); eta is infinite for a rule without a step size."""
    eta = getattr(run.rule, "eta", np.inf)
    return 1 / (1 + eta * run.tau), 1 / (1 / eta + run.tau)


def regularizer(run):
    """What regularizes values; None for the entropy."""
    return getattr(run.optimum, "regularizer", None)


@once
def span(run):
    """(K,) X_k = max_s (max - min)_a x^k."""
    return (run.iterates.max(axis=2) - run.iterates.min(axis=2)).max(axis=1)


@once
@singledispatch
def divergence(run):
    """(K, S) D(pi*, pi^k), as a sum of nonnegative terms."""
    best = run.optimum
    if regularizer(run) is None:
        target = np.broadcast_to(best.pi, run.policies.shape)
        return relative_entropy(-run.iterates, target, run.policies)
    q, m, exists = best.regularizer.q, best.regularizer.q - 1.0, np.isfinite(best.powers)
    aim = np.where(exists, best.powers, 1.0)
    powers = aim + m * run.iterates
    inside = run.policies > 0
    L = np.where(inside, -offsets(run), 0.0)
    far = L > LEAST_GROWTH  # digits of pi^k matter little there, and much in a product
    terms = _relative_divergence(np.where(far, 0.0, L), q) * run.policies * powers
    terms = np.where(far, _far_divergence(np.where(far, L, 1.0), q) * best.pi * aim, terms)
    none = -run.iterates - (aim / q if q else 0.0)
    return np.where(inside, terms, best.pi * none).sum(axis=2)


def _relative_divergence(L, q):
    """D(p, p_0) / p_0^q for p = p_0 e^L, by series where L is small."""
    small = np.abs(L) < SERIES_BELOW
    x, series, geometric, weight = np.where(small, L, 0.0), 0.0, 0.0, 1.0
    coefficients = []
    for n in range(TERMS):
        geometric, weight = 1.0 + q * geometric, weight / (n + 1)
        coefficients.append(geometric * weight / (n + 2))
    for coefficient in reversed(coefficients):
        series = coefficient + x * series
    if q < 0.5:
        direct = (np.expm1(L) - (np.expm1(q * L) / q if q else L)) / (1.0 - q)
    else:
        direct = (np.exp(L) * np.expm1((q - 1.0) * L) / (q - 1.0) - np.expm1(L)) / q
    return np.where(small, x * x * series, direct)


def _far_divergence(L, q):
    """D(p, p_0) / p^q for p = p_0 e^L with L > 1."""
    return (np.expm1(-q * L) / q if q else -L) - np.expm1((1.0 - q) * L) / (q - 1.0)


def convexity(run):
    """sigma: what regularizes is sigma-strongly convex in the 1-norm on the simplex."""
    return 1.0 * most_actions(run.mdp) ** min(1.0 - order(run), 0.0)


def order(run):
    """q, for phi''(p) = p^(q-2); 1 is the entropy."""
    return 1.0 if regularizer(run) is None else regularizer(run).q


def distance(run):
    """(K, S) |pi^k - pi*|_1, as a sum of relatively accurate terms."""
    x, pi = run.iterates if regularizer(run) is None else offsets(run), run.optimum.pi
    far = x >= LEAST_GROWTH
    near = pi * np.abs(np.expm1(np.where(far, 0.0, x)))
    return np.where(far, run.policies - pi, near).sum(axis=2)


def potential(run, nu):
    """(K,) nu (V* - V^k) + (1/eta + tau) nu D(pi*, pi^k)."""
    return run.value_gap @ nu + divergence(run) @ nu / alpha_beta(run)[1]


def decay_at_stationarity(run):
    """Phi_k, and max{gamma, alpha}^k Phi_0, for nu* stationary for P_{pi*}."""
    phi = potential(run, stationary(run.mdp, run.optimum.pi))
    rate = np.maximum(run.mdp.gamma, alpha_beta(run)[0]) ** run.k.astype(float)
    return phi, rate * at_start(run, phi)


def decay_anywhere(run):
    """V*(rho) - V^k(rho), and (x / (x - gamma)) max{x, alpha}^k Phi_0 at x = (1 + gamma) / 2."""
    mdp, x = run.mdp, (1 + run.mdp.gamma) / 2
    nu = discounted_visits(run, x)
    rate = np.maximum(x, alpha_beta(run)[0]) ** run.k.astype(float)
    return run.gap, x / (x - mdp.gamma) * rate * at_start(run, potential(run, nu))


@once
@singledispatch
def offsets(run):
    """(K, S, A) log pi^k - log pi*, infinite for an action that only pi^k takes."""
    return log_ratios(run.iterates, run.optimum)
