"""Policy mirror descent with a temporal-difference critic: its linear rate."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.td_pmd import TDPMD, WeightedTDPMD
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.verdicts.actions import each_action
from tabular_pg.verdicts.assumptions import dense_transitions, few_updates, from_the_start
from tabular_pg.verdicts.potential import divergence
from tabular_pg.verdicts.quantities import EPS, at_start, q_gap
from tabular_pg.verdicts.visits import expected, stationary


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
    mdp, pi, eta, tau = run.mdp, run.optimum.pi, run.rule.eta, run.tau
    nu, gamma = stationary(mdp, pi)[:, None] * pi, mdp.gamma
    weights, error = (np.zeros(pi.shape) + stacked(x) for x in (run.rule.weights, run.rule.error))
    least, before = each_action(run, weights, np.inf).min(), at_start(run, run.policies)
    excess = error - expected(mdp, (before * error).sum(axis=1))  # of Q^0 above F Q^0
    excess = each_action(run, weights * np.maximum(excess, 0.0))
    above = excess.max() / (least * (1 - gamma))
    start = at_start(run, divergence(run)) @ nu.sum(axis=1)
    lost = at_start(run, q_gap(run)) - error + above
    size = at_start(run, q_gap(run)) + np.abs(error) + above
    L = (nu / weights * lost).sum() + np.maximum(gamma * (1 / eta + tau), 1 / eta) * start
    rate = 1 - least * np.minimum(1 - gamma, eta * tau / (1 + eta * tau))
    left = (1 - gamma) * (1 - least * (nu / weights).sum()) * above
    slow = 1 - least * (1 - gamma)
    powers = [L]
    for k in range(int(run.k[-1])):
        powers.append(powers[-1] * rate + left * slow**k)
    later = np.maximum(run.k - 1, 0)
    bound = np.where(run.k >= 1, np.stack(powers)[later], np.inf)
    return run.value_gap @ nu.sum(axis=1), bound, EPS * (nu / weights * size).sum() * rate**later


def stacked(table):
    """A table of a rule as an array of its numbers, of whatever kind; a number as it is."""
    return np.stack([np.stack(row) for row in table]) if isinstance(table, tuple) else table


def _linear(run, weight):
    mdp, pi, eta, tau = run.mdp, run.optimum.pi, run.rule.eta, run.tau
    nu = stationary(mdp, pi)
    start = at_start(run, divergence(run)) @ nu
    L = at_start(run, (pi * q_gap(run)).sum(axis=2)) @ nu + weight * start
    rate = np.maximum(mdp.gamma, 1 / (1 + eta * tau)) ** (run.k - 1.0)
    return run.value_gap @ nu, np.where(run.k >= 1, rate * L, np.inf)
