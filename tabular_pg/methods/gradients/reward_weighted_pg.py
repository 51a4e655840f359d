"""Fine-tuning on one's own data, weighted by rewards: S steps of maximum likelihood per policy.

    theta_{j+1}(s, a) = theta_j(s, a) + eta_s (pi^k(a|s) w^k(s, a) - J_s^k pi_{theta_j}(a|s)),
    theta^k = theta_0,  theta^{k+1} = theta_S,  J_s^k = sum_a pi^k w^k,
    eta_s = eta d_mu^k(s) / (1 - gamma),

which ascends the likelihood sum_s d_mu^k(s) sum_a pi^k w^k log pi_theta of actions that pi^k takes,
weighted by w^k(s, a) = Q^k(s, a) - V*(s) + best: rewards, counted so that the best action of a
state is worth ``best`` at the optimum. On a bandit whose best arm has this reward w is the reward
itself, and the method is the RE(S) of Wang, Chen, Li and Ding (2026). S = 1 is softmax policy
gradient, S -> infinity reward-weighted regression, pi^{k+1} proportional to pi^k w^k.

Its theorems are in ``theorems.softmax_pg.reward_weighted``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space, method
from tabular_pg.methods.softmax_pg import exists, gain
from tabular_pg.numerics.simplex import argmax
from tabular_pg.references import cited


@cited("wang2026", "strupl2022")
class RewardWeightedPG(NamedTuple):
    """Softmax policy gradient with ``inner`` steps of weighted likelihood on the data of every
    policy, of size ``eta``, a number or one of ``steps``; the best action is worth ``best``."""

    eta: float
    inner: int
    best: float


@method(RewardWeightedPG, space=Space.SOFTMAX, visitation=True, memory=1)
def reward_weighted_pg(rule, k, problem, point):
    """The update above, by how far logits move from those of the likeliest action, u: then all
    terms of pi_theta - pi^k = pi^k ((e^u - 1) - m) / (1 + m) are small where few are not."""
    x, pi, u = point.x, point.pi, point.memory[:, 0]
    for s in range(x.shape[0]):
        likely, eta = argmax(pi, s), rule.eta * point.d[s] / problem.unit
        level, top = rule.best - point.e[s], gain(problem, point, s, likely)
        share, mean = pi[s, likely], 0.0
        for a in range(x.shape[1]):
            u[s, a] = 0.0
            if pi[s, a] > 0.0:
                mean += pi[s, a] * (gain(problem, point, s, a) - top)
        for _ in range(int(rule.inner)):
            grown = 0.0
            for a in range(x.shape[1]):
                grown += pi[s, a] * math.expm1(u[s, a])
            lost = -share * grown / (1.0 + grown)
            for a in range(x.shape[1]):
                if exists(problem, point, s, a):
                    moved = pi[s, a] * (math.expm1(u[s, a]) - grown) / (1.0 + grown)
                    slope = rise(problem, point, s, a, top, mean, share)
                    u[s, a] += eta * (slope - level * (moved - lost))
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):
                x[s, a] += u[s, a]


@njit_inlined
def rise(problem, point, s, a, top, mean, share):
    """pi A of one action, less that of the likeliest, as in ``climb``."""
    p = point.pi[s, a]
    return p * (gain(problem, point, s, a) - top) - mean * (p - share)
