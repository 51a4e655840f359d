"""Entropy-regularized natural policy gradient: the constants that the proof of G1 gives."""

from __future__ import annotations

import numpy as np

from tabular_pg.theorem import theorem
from tabular_pg.theorems.entropy.natural import RULES, cen_bound
from tabular_pg.verdicts.assumptions import from_the_start


@theorem(
    "G1pt",
    "||log pi* - log pi^k|| <= (C1/tau) (1 - eta_C tau)^{k-1}",
    rules=RULES,
    regularized=True,
    assumes=(from_the_start,),
    any_actions=True,
)
def policies(run):
    """||log pi* - log pi^k|| <= (C_1 / tau) (1 - eta_C tau)^{k-1} for k >= 1, C_1 as in G1: half of
    G1p. Proof: log softmax changes by at most the span of the change of its argument, which lies
    between -F_k / tau and D_k / tau with D_k + F_k <= C_1 (1 - eta_C tau)^{k-1}."""
    return cen_bound(run, np.abs(run.iterates).max(axis=(1, 2)), 1, run.tau)


@theorem(
    "G1vt",
    "||V* - V^k|| <= C1 (1 - eta_C tau)^{k-1}",
    rules=RULES,
    regularized=True,
    assumes=(from_the_start,),
    any_actions=True,
)
def state_values(run):
    """||V*_tau - V^k_tau|| <= C_1 (1 - eta_C tau)^{k-1} for k >= 1, C_1 as in G1: a third of G1v.
    Proof: V* - V^k <= D_k + F_k, see G1pt."""
    return cen_bound(run, run.sup_gap, 1)
