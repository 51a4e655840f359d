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
)
def dual_averaged_linear(run):
    """From the uniform policy, e_k <= (1 - (1 - gamma) beta)^{k-1} (gamma e_0 + 2) for k >= 1, for
    the schedule of Nanda and Chen (2026), Theorem 4.3; the constant follows from their
    Lemma 5.3."""
    factor = 1 - (1 - run.mdp.gamma) * run.rule.beta
    bound = factor ** (run.k - 1.0) * (run.mdp.gamma * at_start(run, run.sup_gap) + 2)
    return run.sup_gap, np.where(run.k >= 1, bound, np.inf)
