"""Learning from pairs of responses, or from their outcomes alone: DPO, Step-DPO and DRO.

All three fit the implicit reward of a policy, beta log(pi / ref): DPO so that the steps of right
responses have a larger sum than those of wrong ones, Step-DPO so that the right one of two steps
from a state has more, DRO so that the sums are the outcomes, but for an offset of the question.

The unknowns x are beta times how far the logits are from the reference's, of the edges on which the
loss depends. The other logits stay: edges that no response took keep their proportions, and states
that none passed, or in which both of every pair did the same, keep the reference.

The objective is the sum of the losses and ``ridge`` |x|^2 / 2 (without it the optimum of DPO is at
infinity): the reward of an edge is a priori 0, with variance 1 / ridge. As the losses are summed,
a pair moves it by as much however many other questions there are; as x is a reward, it is of the
scale of the data whatever beta is, the temperature. On the logits the ridge is ridge * beta^2.

Step-DPO's minimum is that of a Bradley-Terry fit, and is found as such, with its bound on the
distance. The objectives of DPO and DRO need not be convex: L-BFGS and then Newton's method lead to
a point where the gradient vanishes, and the next Newton step is of rounding size. What ends
elsewhere warns.

References
----------
Rafailov et al. (2023), Direct preference optimization, NeurIPS, arXiv 2305.18290.
Lai et al. (2024), Step-DPO, arXiv 2406.18629.
Richemond et al. (2024), Offline regularised reinforcement learning (DRO), arXiv 2405.19107.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_array, diags_array

from tabular_pg._machine import ONE_BLAS_THREAD
from tabular_pg.preference.fitting.comparisons import counted
from tabular_pg.preference.fitting.convex import minimize_scores
from tabular_pg.preference.fitting.losses import BradleyTerry
from tabular_pg.preference.fitting.terms import terms_of
from tabular_pg.reasoning.baselines.implicit import (
    POLISHING,
    Free,
    check_positive,
    checked_arguments,
    fitted,
    logistic,
    warn,
)
from tabular_pg.reasoning.dapo.dataset import RIGHT, rank
from tabular_pg.reasoning.episodic import checked_trajectories
from tabular_pg.reasoning.episodic.rollouts import checked_shapes

CLOSE = 1e-8  # a bound on the distance to the minimum, relative to x


def outcome_pairs(trajectories) -> np.ndarray:
    """(n, 2) rows of a right and a wrong response to the same question, each used once."""
    trajectories = checked_shapes(trajectories)
    start, right = trajectories.states[:, 0], trajectories.outcome >= RIGHT
    winners, losers = np.flatnonzero(right), np.flatnonzero(~right)
    numbered = _numbered(start[winners], right.size), _numbered(start[losers], right.size)
    _, i, j = np.intersect1d(*numbered, assume_unique=True, return_indices=True)
    return np.column_stack([winners[i], losers[j]])


def step_pairs(trajectories) -> np.ndarray:
    """(n, 2) the first steps in which the responses of a pair differ: edges of the same state."""
    edges = checked_shapes(trajectories).edges[outcome_pairs(trajectories)]
    first = (edges[:, 0] != edges[:, 1]).argmax(axis=1)
    return edges[np.arange(first.size), :, first]


def outcome_dpo(mdp, reference, trajectories, beta, ridge=1.0, iterations=500) -> np.ndarray:
    """(E,) the policy that minimizes -log sigma(beta (u_winner - u_loser)), over ``outcome_pairs``.

    u is the sum of log pi / ref over a response.

    Parameters
    ----------
    reference : (E,) a policy, positive on the edges that were taken.
    beta, ridge : float > 0
        The temperature and the weight of the prior, see above.
    iterations : int >= 1
        At most so many steps of L-BFGS, and of Newton's method.

    Warns
    -----
    RuntimeWarning
        Where the end is not where the gradient vanishes.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    trajectories = checked_trajectories(mdp, trajectories)
    chosen, rejected = trajectories.edges[outcome_pairs(trajectories).T]
    terms = _sums(mdp, chosen) - _sums(mdp, rejected)
    return fitted(mdp, reference, terms, logistic, beta, ridge, iterations)


def step_dpo(mdp, reference, trajectories, beta, ridge=1.0, iterations=500) -> np.ndarray:
    """(E,) the policy that minimizes -log sigma(beta (u_right - u_wrong)), over ``step_pairs``.

    u is log pi / ref of the step, given its prefix. In a state the norms of both cancel: rewards
    are fitted to the pairs as Bradley and Terry do, and the policy is ref exp(reward / beta) / Z.
    Arguments as for :func:`outcome_dpo`.
    """
    trajectories = checked_trajectories(mdp, trajectories)
    pairs = step_pairs(trajectories)
    checked = checked_arguments(mdp, reference, beta, ridge, iterations)
    reference, beta, ridge, iterations = checked
    edges, pairs = np.unique(pairs, return_inverse=True)
    check_positive(reference, edges)
    if edges.size == 0:
        return np.array(reference)
    comparisons = counted(pairs.reshape(-1, 2), edges.size)
    with ONE_BLAS_THREAD:
        terms = terms_of(comparisons, BradleyTerry(), math.log(ridge))
        found = minimize_scores(terms, max(iterations, POLISHING))
    x = found.x[: edges.size]
    if not found.distance <= CLOSE * (1 + np.ptp(x)):
        warn(f"rewards may be {found.distance:.3g} from those at the minimum")
    return Free(mdp, reference, edges).policy(mdp, reference, x, beta)


def dro(mdp, reference, trajectories, beta, ridge=1.0, iterations=500) -> np.ndarray:
    """(E,) the policy that minimizes (R - V - beta u)^2 / 2, with the best V for each question.

    u is the sum of log pi / ref over a response, R its outcome. Where all responses to a question
    are there and ``ridge`` tends to 0 nothing is left: pi is the optimum of R - beta KL, V its
    value. Arguments as for :func:`outcome_dpo`; a ridge of 1 is one response that says 0.
    """
    trajectories = checked_trajectories(mdp, trajectories)
    _, question = np.unique(trajectories.states[:, 0], return_inverse=True)
    counts = np.bincount(question)
    members = csr_array((np.ones(question.size), (question, np.arange(question.size))))

    def bend(A):
        sums = members @ A
        return A.T @ A - sums.T @ (diags_array(1 / counts) @ sums)

    def squares(rewards):
        rest = trajectories.outcome - rewards
        rest = rest - (np.bincount(question, rest) / counts)[question]
        return 0.5 * rest @ rest, -rest, bend

    terms = _sums(mdp, trajectories.edges)
    return fitted(mdp, reference, terms, squares, beta, ridge, iterations)


def _numbered(start, n):
    """Distinct numbers for the i-th response to question s, the same in both halves: n s + i."""
    return n * start + rank(start)


def _sums(mdp, edges):
    """(N, E) sparse: what sums an array (E,) over each row of ``edges``, padded by -1."""
    taken = edges >= 0
    ends = np.concatenate([[0], np.cumsum(taken.sum(axis=1))])
    indices = edges[taken]
    return csr_array((np.ones(indices.size), indices, ends), shape=(len(edges), mdp.n_edges))
