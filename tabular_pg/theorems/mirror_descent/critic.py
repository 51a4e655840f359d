"""What the bounds on a temporal-difference critic take from its start.

``nu`` is a distribution of states, and weights are those of the rule, or 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.numerics.recurrences import discounted_step, iterated
from tabular_pg.verdicts.actions import each_action
from tabular_pg.verdicts.quantities import EPS, at_start, q_gap
from tabular_pg.verdicts.visits import expected


class Critic(NamedTuple):
    """Of a critic Q^0 with weights w, under nu pi*."""

    least: float  # c, the least weight
    excess: float  # delta_0 = |w [Q^0 - F^{pi^0} Q^0]_+| / (c (1 - gamma)) in the sup norm
    share: float  # Sigma = nu pi* / w, which is at most 1 / c
    error: float  # nu pi* (Q* - Q^0) / w
    size: float  # the same and Sigma delta_0, of which rounding is a share

    def rate(self, gamma):
        """1 - c (1 - gamma), by which the excess shrinks in every step."""
        return 1 - self.least * (1 - gamma)


def critic_at_start(run, nu) -> Critic:
    """What is known of the critic of a run under nu (S,)."""
    mdp, pi, gamma = run.mdp, run.optimum.pi, run.mdp.gamma
    given = getattr(run.rule, "weights", 1.0), getattr(run.rule, "error", 0.0)
    weights, error = (np.zeros(pi.shape) + stacked(x) for x in given)
    least, before = each_action(run, weights, np.inf).min(), at_start(run, run.policies)
    excess = error - expected(mdp, (before * error).sum(axis=1))  # of Q^0 above F Q^0
    excess = each_action(run, weights * np.maximum(excess, 0.0)).max() / (least * (1 - gamma))
    share, lost = nu[:, None] * pi / weights, at_start(run, q_gap(run))
    size = (share * (lost + np.abs(error) + excess)).sum()
    return Critic(least, excess, share.sum(), (share * (lost - error)).sum(), size)


def stacked(table):
    """A table of a rule as an array of its numbers, of whatever kind; a number as it is."""
    return np.stack([np.stack(row) for row in table]) if isinstance(table, tuple) else table


def decaying(run, critic, first, rate, ago):
    """(K,) C_{k-ago} for the recorded k, infinite for those below ``ago``, and its rounding, for
    C_k = rate^k C_0 + (1 - gamma) (1 - c Sigma) sum_{j<k} rate^{k-1-j} delta_j with C_0 = ``first``
    and delta_j = (1 - c (1 - gamma))^j delta_0."""
    gamma, n, k = run.mdp.gamma, int(run.k[-1]), np.maximum(run.k - ago, 0)
    left = (1 - gamma) * (1 - critic.least * critic.share) * critic.excess
    terms = left * critic.rate(gamma) ** np.arange(n)
    C = iterated(discounted_step, first, (rate, terms), n)
    return np.where(run.k >= ago, C[k], np.inf), EPS * critic.size * rate**k
