"""Policy mirror descent with a temporal-difference critic, regularized: its linear rate."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.td_pmd import TDPMD, WeightedTDPMD
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.theorems.mirror_descent.critic import critic_at_start, decaying
from tabular_pg.verdicts.assumptions import dense_transitions, few_updates, from_the_start
from tabular_pg.verdicts.potential import convexity, distance, divergence
from tabular_pg.verdicts.quantities import at_start, q_gap
from tabular_pg.verdicts.visits import discounted_visits, stationary


@theorem(
    "G6",
    "gap(nu*) <= max(gamma, 1/(1 + eta tau))^{k-1} L_0",
    rules=(TDPMD,),
    regularized=True,
    source="chen2026",
    confidence=Confidence.QUOTED,
    assumes=(dense_transitions, from_the_start),
    any_actions=True,
)
def td_linear(run):
    """Theorem 3.4 with W = I: for k >= 1, V*(nu*) - V^k(nu*) <= max{gamma, 1/(1 + eta tau)}^{k-1}
    L_0 with L_0 = nu* pi* (Q* - Q^0 + delta_0) + max{gamma (1/eta + tau), 1/eta}
    nu* KL(pi* || pi^0), nu* stationary for P_{pi*}; delta_0 = 0 for the critic's
    start Q^0 = Q^{pi^0}."""
    eta = run.rule.eta
    return _linear(run, np.maximum(run.mdp.gamma * (1 / eta + run.tau), 1 / eta))


@theorem(
    "G6t",
    "gap(nu*) <= max(gamma, 1/(1 + eta tau))^{k-1} L_0, with 1/eta in L_0",
    rules=(TDPMD,),
    regularized=True,
    assumes=(dense_transitions, from_the_start),
    any_actions=True,
)
def td_linear_sharp(run):
    """G6 with L_0 = nu* pi* (Q* - Q^0) + (1/eta) nu* KL(pi* || pi^0). Proof: the first step, in
    which the critic is exact, adds D_0 / eta and no more."""
    return _linear(run, 1 / run.rule.eta)


@theorem(
    "G6w",
    "gap(nu*) <= C_{k-1}, of a critic with weights and an error",
    rules=(WeightedTDPMD,),
    regularized=True,
    source="chen2026",
    confidence=Confidence.QUOTED,
    assumes=(dense_transitions, from_the_start, few_updates),
    any_actions=True,
)
def td_linear_weighted(run):
    """Theorem 3.4 for nu* stationary for P_{pi*}: with c the least weight, rho = 1 - c min{1 -
    gamma, eta tau / (1 + eta tau)} and delta_j <= (1 - c (1 - gamma))^j delta_0 (Lemma 3.1), for k
    >= 1 V*(nu*) - V^k(nu*) <= rho^{k-1} L_0 + (1 - gamma) (1 - c nu* pi* / w) sum_{j<k-1}
    rho^{k-2-j} delta_j. L_0 = nu* pi* (Q* - Q^0 + delta_0) / w + max{gamma (1/eta + tau), 1/eta}
    nu* D(pi*, pi^0), and delta_0 = |w [Q^0 - F^{pi^0} Q^0]_+| / (c (1 - gamma)) in the sup
    norm."""
    nu = stationary(run.mdp, run.optimum.pi)
    return run.value_gap @ nu, *_weighted(run, nu, run.mdp.gamma, 1)


@theorem(
    "G6x",
    "gap(rho) <= max(rho/nu) C_{k-1}, any rho",
    rules=(TDPMD, WeightedTDPMD),
    regularized=True,
    source="chen2026",
    confidence=Confidence.QUOTED,
    assumes=(dense_transitions, from_the_start, few_updates),
    any_actions=True,
)
def td_linear_anywhere(run):
    """Theorem 3.4 for any rho: with x in (gamma, 1), nu = (1 - gamma/x) sum_t (gamma/x)^t rho
    P_{pi*}^t and g = x - (x - gamma) min_{nu > 0} rho / nu, for k >= 1 V*(rho) - V^k(rho) <=
    max_{nu > 0} rho / nu C_{k-1}, C_k as in G6w with nu for nu*, and g for gamma in its rate and in
    the weight of nu D(pi*, pi^0). Checked at x = (1 + gamma) / 2."""
    x = (1 + run.mdp.gamma) / 2
    nu = discounted_visits(run, x)
    seen = nu > 0
    share = run.mdp.rho[seen] / nu[seen]
    bound, rounding = _weighted(run, nu, x - (x - run.mdp.gamma) * share.min(), 1)
    return run.gap, share.max() * bound, share.max() * rounding


@theorem(
    "G6d",
    "E_{nu*} |pi^k - pi*|_1^2 <= 2 eta C_k / (sigma max(gamma (1 + eta tau), 1))",
    rules=(TDPMD, WeightedTDPMD),
    regularized=True,
    source="chen2026",
    confidence=Confidence.QUOTED,
    assumes=(dense_transitions, from_the_start, few_updates),
    any_actions=True,
)
def td_policies(run):
    """Corollary 3.6 at nu*: the mean of |pi^k - pi*|_1^2 under nu* is at most 2 eta C_k / (sigma
    max{gamma (1 + eta tau), 1}) with C_k as in G6w, where h is sigma-strongly convex in the 1-norm:
    sigma = 1 for the entropy and other maps with q <= 1, A^(1-q) for 1 <= q <= 2, which is 1/A in
    the Euclidean norm."""
    gamma, eta = run.mdp.gamma, run.rule.eta
    nu = stationary(run.mdp, run.optimum.pi)
    bound, rounding = _weighted(run, nu, gamma, 0)
    unit = 2 / (convexity(run) * np.maximum(gamma * (1 / eta + run.tau), 1 / eta))
    return distance(run) ** 2 @ nu, unit * bound, unit * rounding


def _weighted(run, nu, gamma, ago):
    """(K,) C_{k-ago} of G6w under nu (S,), of which gamma P_{pi*} leaves at most ``gamma``, and its
    rounding."""
    eta, tau, critic = run.rule.eta, run.tau, critic_at_start(run, nu)
    start = at_start(run, divergence(run)) @ nu
    L = critic.error + critic.share * critic.excess
    L = L + np.maximum(gamma * (1 / eta + tau), 1 / eta) * start
    rate = 1 - critic.least * np.minimum(1 - gamma, eta * tau / (1 + eta * tau))
    return decaying(run, critic, L, rate, ago)


def _linear(run, weight):
    mdp, pi, eta, tau = run.mdp, run.optimum.pi, run.rule.eta, run.tau
    nu = stationary(mdp, pi)
    start = at_start(run, divergence(run)) @ nu
    L = at_start(run, (pi * q_gap(run)).sum(axis=2)) @ nu + weight * start
    rate = np.maximum(mdp.gamma, 1 / (1 + eta * tau)) ** (run.k - 1.0)
    return run.value_gap @ nu, np.where(run.k >= 1, rate * L, np.inf)
