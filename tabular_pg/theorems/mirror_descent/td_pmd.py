"""Policy mirror descent with a temporal-difference critic: its linear rate."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.td_pmd import TDPMD
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.verdicts.assumptions import dense_transitions, from_the_start
from tabular_pg.verdicts.quantities import at_start, q_gap, relative_entropy
from tabular_pg.verdicts.visits import stationary


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


def _linear(run, weight):
    mdp, pi, eta, tau = run.mdp, run.optimum.pi, run.rule.eta, run.tau
    nu = stationary(mdp, pi)
    start = at_start(run, relative_entropy(-run.iterates, pi, run.policies)) @ nu
    L = at_start(run, (pi * q_gap(run)).sum(axis=2)) @ nu + weight * start
    rate = np.maximum(mdp.gamma, 1 / (1 + eta * tau)) ** (run.k - 1.0)
    return run.value_gap @ nu, np.where(run.k >= 1, rate * L, np.inf)
