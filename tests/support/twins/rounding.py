"""What gaps are not known to the last digits, whoever computes the iterates."""

from __future__ import annotations

import numpy as np

from tabular_pg import ProjectedPG, ProjectedQAscent
from tabular_pg.gaps.duals import Duals


def lost_in_rounding(run, k):
    """A policy formed from a q that is the same for all actions, up to its rounding, is as far from
    the optimal one as that rounding makes it; and so is one that a projection has left with a
    probability of that size."""
    if type(run.rule) in (ProjectedPG, ProjectedQAscent) and k > 0:
        left = run.policies[k][run.policies[k] > 0].min() < 1e-14
        return left * run.mdp.n_actions * 1e-15 * np.abs(run.optimum.A).max() / (1 - run.mdp.gamma)
    edge = lost_at_the_edge(run, k) if run.coordinates is Duals else 0.0
    if run.tau == 0 or k == 0:
        return edge
    return edge + (1e-15 * run.sup_gap[k - 1] / run.tau) ** 2 * run.tau / (1 - run.mdp.gamma)


def lost_at_the_edge(run, k):
    """A small probability that is not small for its dual variable, as with maps of q > 1, is as
    uncertain as the rounding of that makes it: p^(2-q) times that of y* and y. Returned is the gap
    of which that is 1e-9."""
    q, pi, exists = run.optimum.regularizer.q, run.policies[k], np.isfinite(run.optimum.powers)
    if q < 1:
        return 0.0
    width = 1 + np.abs(run.iterates[k]).max() + np.abs(run.optimum.powers[exists]).max() / (q - 1)
    moved = np.where((pi > 0) & (pi < 1e-2), 1e-15 * width * pi ** (2 - q), 0.0).max()
    return 1e9 * moved * run.tau * width / (1 - run.mdp.gamma)
