"""Rejection-sampling fine-tuning and outcome DPO: learning from right responses, or from pairs.

References
----------
Yuan et al. (2023), Scaling relationship on learning mathematical reasoning (RFT), arXiv 2308.01825.
Rafailov et al. (2023), Direct preference optimization, NeurIPS, arXiv 2305.18290.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from tabular_pg._checks import check_number
from tabular_pg.dapo.dataset import RIGHT
from tabular_pg.episodic import checked_policy
from tabular_pg.episodic.segments import state_softmax, state_sums


def rft(mdp, reference, trajectories, prior=1.0) -> np.ndarray:
    """(E,) the likeliest policy for the right responses, with ``prior`` samples of the reference.

    In every state the counts of the edges that right responses took, and ``prior`` times the
    reference, normalized; states that none of them passed keep the reference.
    """
    reference = checked_policy(mdp, reference, "reference")
    check_number("prior", prior, 0, kind=float, open_ends=True)
    edges = trajectories.edges[trajectories.outcome >= RIGHT]
    weight = np.bincount(edges[edges >= 0], minlength=mdp.n_edges) + prior * reference
    return weight / state_sums(mdp.action_ptr, weight)[mdp.source]


def outcome_pairs(trajectories) -> np.ndarray:
    """(n, 2) rows of a right and a wrong response to the same question, each used once."""
    start, right = trajectories.states[:, 0], trajectories.outcome >= RIGHT
    pairs = []
    for s in np.unique(start[right]):
        winners, losers = (
            np.flatnonzero((start == s) & right),
            np.flatnonzero((start == s) & ~right),
        )
        n = min(winners.size, losers.size)
        pairs += list(zip(winners[:n], losers[:n], strict=True))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def outcome_dpo(mdp, reference, trajectories, beta, ridge=1e-3, iterations=500) -> np.ndarray:
    """(E,) the policy that minimizes -log sigma(beta (u_winner - u_loser)) over the pairs.

    u is the sum of log pi / ref over a response. The logits start at the reference's and are drawn
    to them by ``ridge`` / 2 times the squared distance: without that the optimum is at infinity.
    """
    reference = checked_policy(mdp, reference, "reference")
    check_number("beta", beta, 0, kind=float, open_ends=True)
    pairs = outcome_pairs(trajectories)
    if len(pairs) == 0:
        return np.array(reference)
    base = np.log(reference)
    chosen, rejected = (trajectories.edges[pairs[:, i]] for i in (0, 1))

    def total(log_ratio, edges):
        return np.where(edges >= 0, log_ratio[edges], 0.0).sum(axis=1)

    def objective(logits):
        policy = state_softmax(mdp.action_ptr, logits)
        log_ratio = np.log(policy) - base
        margin = beta * (total(log_ratio, chosen) - total(log_ratio, rejected))
        pull = -beta * expit(-margin) / len(pairs)
        slope = np.zeros(mdp.n_edges)
        for edges, sign in ((chosen, 1.0), (rejected, -1.0)):
            taken = edges >= 0
            np.add.at(
                slope, edges[taken], np.broadcast_to(sign * pull[:, None], edges.shape)[taken]
            )
        gradient = slope - policy * state_sums(mdp.action_ptr, slope)[mdp.source]
        moved = logits - base
        value = np.logaddexp(0.0, -margin).mean() + 0.5 * ridge * moved @ moved
        return value, gradient + ridge * moved

    options = {"maxiter": iterations}
    found = minimize(objective, base, jac=True, method="L-BFGS-B", options=options)
    return state_softmax(mdp.action_ptr, found.x)
