"""Dual-averaged soft policy iteration: its linear rate."""

from __future__ import annotations

import numpy as np

from tabular_pg.methods.dual_averaged_spi import DualAveragedSPI
from tabular_pg.theorem import theorem
from tabular_pg.verdicts.assumptions import uniform_start, unit_rewards
from tabular_pg.verdicts.quantities import at_start


@theorem(
    "N8",
    "e_k <= (1 - (1-gamma) beta)^{k-1} (gamma e_0 + 2)",
    rules=(DualAveragedSPI,),
    assumes=(unit_rewards, uniform_start),
    any_actions=True,
)
def dual_averaged_linear(run):
    """From the uniform policy, e_k <= (1 - (1 - gamma) beta)^{k-1} (gamma e_0 + 2) for k >= 1, for
    the schedule of Nanda and Chen (2026), Theorem 4.3; the constant follows from their
    Lemma 5.3."""
    return _linear(run, 2)


@theorem(
    "N8t",
    "e_k <= (1 - (1-gamma) beta)^{k-1} (gamma e_0 + 1)",
    rules=(DualAveragedSPI,),
    assumes=(uniform_start,),
    any_actions=True,
)
def dual_averaged_linear_sharp(run):
    """From the uniform policy, e_k <= (1 - (1 - gamma) beta)^{k-1} (gamma e_0 + 1) for k >= 1,
    for any rewards. Proof: soft greedy in averages of Q^j, which lie below Q*; induction on
    ||Q* - average||."""
    return _linear(run, 1)


def _linear(run, more):
    factor = 1 - (1 - run.mdp.gamma) * run.rule.beta
    bound = factor ** (run.k - 1.0) * (run.mdp.gamma * at_start(run, run.sup_gap) + more)
    return run.sup_gap, np.where(run.k >= 1, bound, np.inf)
