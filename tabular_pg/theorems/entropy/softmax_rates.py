"""Rates of softmax policy gradient with entropy regularization: the classical theorem and the exact
local rate.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.entropy.softmax_steps import RULES
from tabular_pg.verdicts.actions import least_probability, most_actions
from tabular_pg.verdicts.assumptions import (
    eta_equal,
    from_the_start,
    several_actions,
    some_pair,
    unit_rewards,
)
from tabular_pg.verdicts.quantities import (
    EPS,
    at_start,
    gradient_norm,
    last_rate,
    steps,
    value_rise,
)
from tabular_pg.verdicts.visits import mismatch, visitation

AS_SLOW = 1e-6  # eigenvectors whose rates agree to this are equally slow
PURE = 1e-4  # least share of others in xi, relative to min pi*, that E4 would see
SMALLEST, LINEAR = 1e-200, 1e-6  # sizes of xi (relative to min pi*) where the update is linear


def _smoothness(run, value=8, constant=4, logarithm=8):
    entropy = run.tau * (constant + logarithm * np.log(most_actions(run.mdp)))
    return (value + entropy) / (1 - run.mdp.gamma) ** 3


MEI_STEP = eta_equal(lambda run: 1 / _smoothness(run), "(1-gamma)^3/(8 + tau(4 + 8 log A))")


def _contraction_constant(run):
    """(K,) C of theorem E1, from the least probability before iterate k."""
    mdp, tau = run.mdp, run.tau
    scale = (8 / tau + 4 + 8 * np.log(most_actions(mdp))) * mdp.n_states
    least = np.minimum(run.least_policy, at_start(run, run.policies))
    least = least_probability(run, least).min(axis=1)
    return (1 - mdp.gamma) ** 4 / scale * mdp.mu.min() * least**2 / mismatch(run, start=mdp.mu)


@theorem(
    "E1",
    "gap <= ||1/mu|| (1 + tau log A)/(1-gamma)^2 e^{-Ck}",
    rules=RULES,
    regularized=True,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(unit_rewards, from_the_start, MEI_STEP),
    any_actions=True,
)
def mei_linear(run):
    """Theorem 6: with eta = (1 - gamma)^3 / (8 + tau (4 + 8 log A)), V*_tau(rho) - V^k_tau(rho) <=
    ||1/mu|| (1 + tau log A) / (1 - gamma)^2 e^{-C k}, C = (1 - gamma)^4 min mu (inf pi)^2 /
    ((8/tau + 4 + 8 log A) S ||d*_mu / mu||); the constant C is recalled and re-derived from
    Lemma 15."""
    mdp = run.mdp
    start = (1 + run.tau * np.log(most_actions(mdp))) / (mdp.mu.min() * (1 - mdp.gamma) ** 2)
    return run.gap, start * np.exp(-_contraction_constant(run) * run.k)


@theorem(
    "E1m",
    "gap(mu) <= (1 - C)^k gap_0(mu)",
    rules=RULES,
    regularized=True,
    source="mei2020",
    confidence=Confidence.RECALLED,
    assumes=(unit_rewards, from_the_start, MEI_STEP),
    any_actions=True,
)
def mei_linear_mu(run):
    """The step behind E1: V*_tau(mu) - V^k_tau(mu) <= (1 - C)^k (V*_tau(mu) - V^0_tau(mu))."""
    gap = run.value_gap @ run.mdp.mu
    return gap, at_start(run, gap) * (1 - _contraction_constant(run)) ** run.k


@theorem(
    "E1l",
    "||grad V_tau(mu)|| >= sqrt(2 tau min mu gap / (S ||d*_rho/d_mu||)) min pi",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    source="mei2020",
    confidence=Confidence.QUOTED,
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def gradient_domination(run):
    """Lemma 15: ||grad V_tau(mu)||_2 >= sqrt(2 tau / S) sqrt(min mu) min pi
    ||d*_rho / d_mu||^{-1/2} (V*_tau(rho) - V_tau(rho))^{1/2}."""
    return gradient_norm(run), _dominated(run, run.mdp.n_states)


def _dominated(run, states):
    """The right side of E1l with ``states`` in place of S."""
    mdp = run.mdp
    ratio = (visitation(mdp, run.optimum.pi, mdp.rho) / run.d).max(axis=1)
    inside = 2 * run.tau * mdp.mu.min() * run.gap / (states * ratio)
    return np.sqrt(inside) * least_probability(run, run.policies).min(axis=1)


@theorem(
    "E1lt",
    "||grad V_tau(mu)|| >= 2 sqrt(tau min mu gap / ||d*_rho/d_mu||) min pi",
    rules=RULES,
    kind=Kind.LOWER,
    regularized=True,
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def gradient_domination_sharp(run):
    """E1l with sqrt(2) in place of S^{-1/2}: ||grad V_tau(mu)||_2 >= 2 sqrt(tau min mu) min pi
    ||d*_rho / d_mu||^{-1/2} (V*_tau(rho) - V_tau(rho))^{1/2}. Proof: sum_a A_tau^2 is at least
    span(A_tau)^2 / 2 >= 4 tau G by E3g, with G what a state can gain; these gains add up to the gap
    without Cauchy-Schwarz over states."""
    return gradient_norm(run), _dominated(run, 0.5)


@theorem(
    "E1s",
    "V_tau(mu) is (8 + tau(4 + 8 log A))/(1-gamma)^3-smooth",
    rules=RULES,
    regularized=True,
    source="mei2020",
    confidence=Confidence.QUOTED,
    assumes=(unit_rewards, some_pair),
    any_step=True,
    any_actions=True,
)
def smoothness(run):
    """|V^{k+1}(mu) - V^k(mu) - eta ||g||^2| <= (L/2) eta^2 ||g||^2 along every step, with g the
    gradient and L = (8 + tau (4 + 8 log A)) / (1 - gamma)^3 (the entropy alone is
    (4 + 8 log A) / (1 - gamma)^3-smooth)."""
    return _along_steps(run, _smoothness(run))


def _along_steps(run, L):
    """The remainder of a step, and (L/2) eta^2 ||g||^2, which bounds it."""
    i = steps(run)
    moved = run.step_sizes[i] * gradient_norm(run)[i] ** 2
    rise, rounding = value_rise(run)
    bound = L / 2 * run.step_sizes[i] * moved
    return np.abs(rise - moved), bound, rounding + EPS * moved


@theorem(
    "E1st",
    "V_tau(mu) is (1/2 + tau(1/2 + 2 log A))/(1-gamma)^3-smooth",
    rules=RULES,
    regularized=True,
    assumes=(unit_rewards, some_pair),
    any_step=True,
    any_actions=True,
)
def smoothness_sharp(run):
    """E1s with L = (1/2 + tau (1/2 + 2 log A)) / (1 - gamma)^3. Proof: as S3st; derivatives of
    the entropy are bounded on the support."""
    return _along_steps(run, _smoothness(run, 0.5, 0.5, 2))


@theorem(
    "E4",
    "log e_{k+1}/e_k -> 2 log max |1 - eta d* tau lambda/(1-gamma)|",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    regularized=True,
    tolerance=1e-3,
    assumes=(some_pair, several_actions),
    any_actions=True,
    any_gamma=True,
)
def exact_rate(run):
    """e_{k+1} / e_k -> max_{s,i} (1 - eta d*_mu(s) tau lambda_i(s) / (1 - gamma))^2, lambda_i the
    nonzero eigenvalues of diag(pi*_s) - pi*_s pi*_s^T (all <= 1/2). Proof: linearize the update at
    xi = 0. Checked on the last pair, once xi is small and lies in the slowest eigenvectors, and
    the rate is above the rounding of the gaps."""
    rate, settled, predicted = _slowest(run)
    return rate, predicted if settled else np.inf


def _slowest(run):
    i = steps(run)[-1]
    h = run.rule.eta * run.tau * visitation(run.mdp, run.optimum.pi, run.mdp.mu)
    h = h / run.mdp.unit
    factors, weights = [], []
    actions = run.mdp.actions
    for s, pi in enumerate(run.optimum.pi):
        there = np.arange(pi.size) if actions is None else np.flatnonzero(actions[s])
        pi = pi[there]
        values, vectors = np.linalg.eigh(np.diag(pi) - np.outer(pi, pi))
        scaled = run.iterates[i, s, there] / np.abs(run.iterates[i]).max()
        factors.append(np.abs(1 - h[s] * values[1:]))  # the first eigenvalue is 0, for constants
        weights.append(np.abs(vectors[:, 1:].T @ scaled))
    factors, weights = np.concatenate(factors), np.concatenate(weights)
    with np.errstate(divide="ignore"):
        rates = 2 * np.log(factors)
    (rate, noise), predicted = last_rate(run), rates.max()
    least = least_probability(run, run.optimum.pi).min()
    slow = rates >= predicted - AS_SLOW * np.abs(predicted)  # by rates: all factors may be near 1
    dominant = weights[~slow].max(initial=0.0) < PURE * least * weights[slow].max()
    small = SMALLEST < np.abs(run.iterates[i]).max() < LINEAR * least
    small &= predicted < -noise
    return rate, small and dominant, predicted
