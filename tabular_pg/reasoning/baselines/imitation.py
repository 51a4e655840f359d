"""Imitation of sampled responses: of the right ones, or of all, weighted by their outcomes.

References
----------
Yuan et al. (2023), Scaling relationship on learning mathematical reasoning (RFT), arXiv 2308.01825.
Peng et al. (2019), Advantage-weighted regression (AWR), arXiv 1910.00177.
"""

from __future__ import annotations

from numbers import Real

import numpy as np

from tabular_pg.checks.arrays import real_vector
from tabular_pg.checks.numbers import check_number, checked_beta
from tabular_pg.reasoning.dapo.dataset import RIGHT
from tabular_pg.reasoning.episodic import checked_policy, checked_trajectories
from tabular_pg.reasoning.episodic.segments import state_sums


def rft(mdp, reference, trajectories, prior=1.0) -> np.ndarray:
    """(E,) the likeliest policy for the right responses, with ``prior`` samples of the reference.

    In every state the counts of the edges that right responses took, and ``prior`` times the
    reference, normalized; states that none of them passed keep the reference.
    """
    trajectories = checked_trajectories(mdp, trajectories)
    edges = trajectories.edges[trajectories.outcome >= RIGHT]
    edges = edges[edges >= 0]
    return _likeliest(mdp, reference, edges, np.ones(edges.size), prior, np.ones(mdp.n_states))


def awr(mdp, reference, trajectories, values, beta, prior=1.0) -> np.ndarray:
    """(E,) the likeliest policy where a step of a response counts exp((R - V(s)) / beta).

    R is the outcome of the response; ``prior`` samples of the reference in every state count 1.
    With ever more responses of the reference the policy tends to ref * E[exp((R - V) / beta) | s,
    a] / Z. This is ref exp(A / beta) / Z only if what follows an action is deterministic: else luck
    in later steps counts as merit, because the mean of an exponential is not that of its mean.

    Parameters
    ----------
    values : (S,) V, what outcomes are compared with, such as a critic's.
    beta : float > 0
        However small: weights are divided by the largest of their state before they are formed.
    prior : float > 0
        Where every response was wrong they all count about 1: then the policy follows what they
        happened to do, unless the prior is as large as their number.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    trajectories = checked_trajectories(mdp, trajectories)
    beta, values = checked_beta(beta), real_vector("values", values, mdp.n_states, "state")
    taken = trajectories.edges >= 0
    edges, states = trajectories.edges[taken], trajectories.states[:, :-1][taken]
    gain = np.broadcast_to(trajectories.outcome[:, None], taken.shape)[taken] - values[states]
    largest = np.zeros(mdp.n_states)  # the gain of the prior's samples
    np.maximum.at(largest, states, gain)
    with np.errstate(over="ignore", under="ignore"):  # exp(-inf) = 0 is meant
        weights, scale = np.exp((gain - largest[states]) / beta), np.exp(-largest / beta)
    return _likeliest(mdp, reference, edges, weights, prior, scale)


def _likeliest(mdp, reference, edges, weights, prior, scale):
    """Weighted counts of ``edges`` and, in state s, ``prior * scale[s]`` times the reference."""
    reference = checked_policy(mdp, reference, "reference")
    prior = check_number("prior", prior, 0, kind=Real, open_ends=True)
    counts = np.bincount(edges, weights, minlength=mdp.n_edges)
    total = counts + (prior * scale)[mdp.source] * reference
    seen = state_sums(mdp.action_ptr, counts) > 0
    sums = np.where(seen, state_sums(mdp.action_ptr, total), 1.0)[mdp.source]
    return np.where(seen[mdp.source], total / sums, reference)
