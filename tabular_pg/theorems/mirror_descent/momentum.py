"""Momentum of action values: what it does to the local rate, which is nothing."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.functional_acceleration import MomentumPMD
from tabular_pg.theorem import Kind, theorem
from tabular_pg.verdicts.assumptions import some_pair, some_suboptimal_action
from tabular_pg.verdicts.quantities import last_rate, q_gap, settled_rate, steps

CALM = 1e-6  # what momentum may add to advantages, relative to Delta


@theorem(
    "M4r",
    "log e_{k+1}/e_k -> -eta Delta, whatever beta",
    rules=(MomentumPMD,),
    kind=Kind.ASYMPTOTIC,
    tolerance=1e-3,
    assumes=(some_suboptimal_action, some_pair),
)
def exact_rate(run):
    """Where the error tends to 0, log(e_{k+1} / e_k) -> -eta Delta for every beta: momentum of the
    action values changes the way to the optimum, and not the rate near it. Checked on the last
    recorded pair, once e_k is far below Delta and values have settled. Proof: Q^k - Q^{k-1} tends
    to 0 with e_k, so that log(pi(a) / pi(a*)) moves by eta A*(s, a) in the end."""
    eta, i = run.rule.eta, steps(run)[-1]
    if i == 0 or run.k[i - 1] != run.k[i] - 1:
        return last_rate(run)[0], np.inf
    moved = q_gap(run)[i] - q_gap(run)[i - 1]
    moved = run.rule.beta * (moved - (run.policies[i] * moved).sum(axis=1, keepdims=True))
    rate, limit = settled_rate(run, eta * (run.A[i] - moved), eta * run.optimum.A)
    return rate, limit if np.abs(moved).max() < CALM * run.optimum.Delta else np.inf
