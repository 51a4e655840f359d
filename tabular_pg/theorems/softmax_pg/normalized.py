"""Normalized softmax policy gradient, tau = 0: linear convergence for every step size.

What holds for one step in every state is in ``steps``: S1 and its companions.
"""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import RESOLVED
from tabular_pg.methods.gradients.normalized_pg import NormalizedPG
from tabular_pg.theorem import Confidence, Kind, theorem
from tabular_pg.theorems.softmax_pg.limits import log_odds
from tabular_pg.theorems.softmax_pg.steps import chosen_policy, least_optimal
from tabular_pg.verdicts.actions import most_actions, suboptimal
from tabular_pg.verdicts.assumptions import (
    bandit,
    eta_at_most,
    eta_equal,
    from_the_start,
    several_actions,
    some_pair,
    some_suboptimal_action,
    two_armed_bandit,
    unique_optimal_actions,
)
from tabular_pg.verdicts.quantities import (
    at_start,
    gradient_norm,
    last_rate,
    steps,
    value_rise,
)
from tabular_pg.verdicts.visits import mismatch, visitation

RULES = (NormalizedPG,)
ALIKE = 1e-3  # relative spread of log w up to which SN6 counts them as equal
SMALL = 1e-6  # e / Delta from which on SN6 is accurate


def share(run, eta):
    """sqrt(A/(A-1)) (1 - e^{-h}) e^{-h} with h = eta sqrt(1 - 1/A): what a step gains of ||g||, as
    long as it moves no visits."""
    A = most_actions(run.mdp) + 0 * eta
    h = eta * np.sqrt((A - 1) / A)
    return np.sqrt(A / (A - 1)) * -np.expm1(-h) * np.exp(-h)


def kept_visits(eta, D):
    """What a step leaves of the visits of any state, at least, if d_mu <= (1-gamma) (1+D) mu."""
    return np.maximum(np.exp(-np.sqrt(2 + 0 * D) * eta * D), 1 / (1 + D))


def spread(run):
    """(K,) D = max_s d_mu^k(s) / mu(s) / (1 - gamma) - 1."""
    return (run.d / run.mdp.mu).max(axis=1) / (1 - run.mdp.gamma) - 1


@theorem(
    "SN1",
    "rise of V(mu) >= sqrt(A/(A-1)) (1-e^{-h}) e^{-h} max{e^{-sqrt(2) eta D}, 1/(1+D)} ||g||",
    rules=RULES,
    kind=Kind.LOWER,
    assumes=(several_actions, some_pair),
    any_step=True,
    any_actions=True,
)
def rise(run):
    """V^{k+1}(mu) - V^k(mu) >= sqrt(A/(A-1)) (1 - e^{-h}) e^{-h} max{e^{-sqrt(2) eta D}, 1/(1+D)}
    ||g||, g the gradient at theta^k, h = eta sqrt(1 - 1/A) and D = ||d_mu^k/mu|| / (1 - gamma) - 1,
    for every eta. Proof: t_s |pi A| <= h for the step t_s of a state, as numbers that sum to 0 are
    at most sqrt(1 - 1/A) of their norm; the logits of a state spread by sqrt(2) eta at most, which
    leaves e^{-sqrt(2) eta D} of the visits of every state."""
    i, (gained, rounding) = steps(run), value_rise(run)
    eta, norm = run.step_sizes[i], gradient_norm(run)[i]
    bound = share(run, eta) * kept_visits(eta, spread(run)[i]) * norm
    return gained, np.where(norm > RESOLVED, bound, -np.inf), rounding


@theorem(
    "SN2",
    "gap(mu) contracts by 1 - c (gain of SN1 / ||g||) sqrt(A/(A-1)) / (sqrt(S) ||d*_mu/d_mu||)",
    rules=RULES,
    assumes=(several_actions, some_pair),
    any_step=True,
    any_actions=True,
)
def contraction(run):
    """V*(mu) - V^{k+1}(mu) <= (1 - C) (V*(mu) - V^k(mu)) with C = c (A/(A-1)) (1 - e^{-h}) e^{-h}
    max{e^{-sqrt(2) eta D}, 1/(1+D)} / (sqrt(S) ||d*_mu/d_mu^k||), c = min_s pi^k(a*(s)|s), h and D
    as in SN1. Proof: SN1 and the gradient inequality S3lt for rho = mu."""
    i, mdp, gap = steps(run), run.mdp, run.value_gap @ run.mdp.mu
    chosen = np.where(run.optimum.pi > 0, run.policies, 0.0).sum(axis=2).min(axis=1)
    ratio = (visitation(mdp, run.optimum.pi, mdp.mu) / run.d).max(axis=1)
    eta, A = run.step_sizes[i], most_actions(mdp) + 0 * gap[i]
    C = share(run, eta) * kept_visits(eta, spread(run)[i]) * np.sqrt(A / (A - 1))
    C = C * chosen[i] / (ratio[i] * np.sqrt(mdp.n_states))
    bound = np.where(gradient_norm(run)[i] > RESOLVED, (1 - C) * gap[i], np.inf)
    return gap[i + 1], bound


@theorem(
    "SN3",
    "gap(mu) <= gap_0(mu) (1 - C)^k for every eta",
    rules=RULES,
    assumes=(several_actions, from_the_start),
    any_actions=True,
)
def linear(run):
    """V*(mu) - V^k(mu) <= (V*(mu) - V^0(mu)) (1 - C)^k with C = c_k (1 - gamma) (A/(A-1))
    (1 - e^{-h}) e^{-h} max{e^{-sqrt(2) eta D}, 1/(1+D)} / (sqrt(S) ||d*_mu/mu||), c_k as in S2,
    h = eta sqrt(1 - 1/A) and D = gamma / ((1 - gamma) min mu), for every constant eta: linear, if c
    stays positive. Proof: SN2, with (1 - gamma) mu <= d_mu <= (1 - gamma) mu + gamma."""
    gap = run.value_gap @ run.mdp.mu
    return gap, at_start(run, gap) * (1 - contraction_constant(run)) ** run.k


def contraction_constant(run):
    """(K,) the C of SN3."""
    mdp, eta = run.mdp, run.rule.eta
    g, A = 1 - mdp.gamma, most_actions(mdp) + 0 * run.sup_gap
    D = mdp.gamma / (g * mdp.mu.min())
    C = share(run, eta) * kept_visits(eta, D) * np.sqrt(A / (A - 1))
    return C * g * least_optimal(run) / (np.sqrt(mdp.n_states) * chosen_mismatch(run))


def chosen_mismatch(run):
    """||d*_mu/mu|| for the optimal policy that c is about."""
    return mismatch(run, start=run.mdp.mu, pi=chosen_policy(run))


@theorem(
    "SN4",
    "bandit, eta = 1/6: gap <= gap_0 e^{-c k / 12}",
    rules=RULES,
    source="mei2021",
    confidence=Confidence.RECALLED,
    assumes=(bandit, several_actions, from_the_start, eta_equal(lambda run: 1 / 6, "1/6")),
    any_actions=True,
)
def bandit_linear(run):
    """On a bandit, with eta = 1/6, gap_k <= gap_0 e^{-c k / 12}, c the least pi(a*) so far. Proof:
    SN2 with D = 0, where C >= 0.12 c."""
    return run.gap, at_start(run, run.gap) * np.exp(-least_optimal(run) * run.k / 12)


def mei_step(run):
    """The step size of SN5."""
    mdp = run.mdp
    g = 1 - mdp.gamma
    return g / (6 * g + 4 * mdp.gamma / mdp.mu.min() * np.sqrt(mdp.n_states))


@theorem(
    "SN5",
    "gap(rho) <= gap_0(mu) ||1/mu|| e^{-Ck} / (1-gamma), C ~ (1-gamma) c eta / (2 sqrt(S))",
    rules=RULES,
    source="mei2021",
    confidence=Confidence.RECALLED,
    assumes=(
        several_actions,
        from_the_start,
        eta_at_most(mei_step, "(1-gamma)/(6(1-gamma) + 4 gamma sqrt(S) / min(mu))"),
    ),
    any_actions=True,
)
def mei_linear(run):
    """For eta <= (1 - gamma) / (6 (1 - gamma) + 4 (C_oo - (1 - gamma)) sqrt(S)), V*(rho) -
    V^k(rho) <= (V*(mu) - V^0(mu)) ||1/mu|| e^{-Ck} / (1 - gamma), C = (1 - gamma) c eta /
    (2 sqrt(S) ||d*_mu/mu||), c the least pi(a*(s)|s) so far and C_oo = 1 - gamma + gamma / min mu,
    which bounds ||d_mu/mu|| for all policies. Proof: SN1, where what a step gains is at least
    eta ||g|| / 2."""
    mdp, start = run.mdp, at_start(run, run.value_gap @ run.mdp.mu)
    C = (1 - mdp.gamma) * least_optimal(run) * run.rule.eta
    C = C / (2 * np.sqrt(mdp.n_states) * chosen_mismatch(run))
    return run.gap, start / (mdp.mu.min() * (1 - mdp.gamma)) * np.exp(-C * run.k)


@theorem(
    "SN6",
    "log e_{k+1}/e_k -> -eta / sqrt(sum_s n_s/(1+n_s)); -eta sqrt(A/(S(A-1))) for n_s = A - 1",
    rules=RULES,
    kind=Kind.ASYMPTOTIC,
    confidence=Confidence.CHECKED,
    tolerance=3e-3,
    assumes=(some_suboptimal_action, unique_optimal_actions, some_pair),
    any_actions=True,
)
def exact_rate(run):
    """The asymptotic rate of the gap is exactly e^{-eta / sqrt(sum_s n_s / (1 + n_s))} with n_s
    sub-optimal actions in s, whatever gamma, rewards and mu are. Sketch: w = d_mu pi |A*| of a
    sub-optimal action falls by the factor e^{-eta (w + W_s) / N} a step, W_s the sum in its state
    and N the norm; so all w + W_s become equal. That they do is argued and not proved; it rests on
    a numerical check. Checked on the last recorded pair, where the w (1 + n_s) agree within 0.1%
    and e < 1e-6 Delta."""
    return settled_moves(run)


def settled_moves(run):
    """The rate of the gap on the last recorded pair, and that of SN6 if its conditions hold there,
    else inf."""
    i, best = steps(run)[-1], run.optimum
    worse = suboptimal(run)
    n = worse.sum(axis=1)
    with np.errstate(all="ignore"):
        w = run.log_policies[i] + np.log(-best.A) + np.log(run.d[i] * (1 + n))[:, None]
        width = w[worse].max() - w[worse].min()
    rate, noise = last_rate(run)
    limit = -run.rule.eta / np.sqrt((n / (1 + n)).sum())
    settled = width < ALIKE and run.sup_gap[i] < SMALL * best.Delta and limit < -noise
    return rate, limit if settled else np.inf


@theorem(
    "SN7",
    "two arms: gap = Delta / (1 + e^{d_0 + sqrt(2) eta k})",
    rules=RULES,
    kind=Kind.EQUAL,
    assumes=(two_armed_bandit, from_the_start),
    any_actions=True,
)
def two_armed_solution(run):
    """On a two-armed bandit the log-odds of the better arm grow by sqrt(2) eta in every step:
    gap_k = Delta / (1 + e^{d_0 + sqrt(2) eta k}), whatever Delta is. So escape from pi(a*) = eps
    takes log(1/eps - 1) / (sqrt(2) eta) steps, where softmax policy gradient needs
    1/(2 eta Delta eps) (S7e). Proof: the gradient is a multiple of (1, -1)."""
    return run.sup_gap, two_armed_gap(run, np.sqrt(2 + 0 * run.sup_gap) * run.rule.eta * run.k)


def two_armed_gap(run, grown):
    """The gap of a two-armed bandit whose log-odds have ``grown`` by so much since the start."""
    return run.optimum.Delta / (1 + np.exp(log_odds(run)[:1] + grown))
