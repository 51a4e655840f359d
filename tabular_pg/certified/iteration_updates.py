"""One step of policy iteration and of its relatives, exactly: policies are rational as long as the
start is, and so are values.

Updates are as in ``certified.updates``.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq

from tabular_pg.certified.arithmetic.balls import first_largest
from tabular_pg.certified.arithmetic.exact import greedy, vertex
from tabular_pg.certified.registration import symmetric
from tabular_pg.methods import (
    AnchoredValueIteration,
    BlandPolicyIteration,
    ConservativePolicyIteration,
    LargestIncreasePolicyIteration,
    PolicyIteration,
    SimplexPolicyIteration,
    ValueIteration,
)


@symmetric(PolicyIteration)
def policy_iteration(rule, k, model, point):
    return greedy(point.x, model.mdp.q(point.x))


@symmetric(SimplexPolicyIteration)
def simplex_policy_iteration(rule, k, model, point):
    Q = model.mdp.q(point.x)
    moved, x = greedy(point.x, Q), point.x.copy()
    best = ((moved - x) * Q).sum(axis=1).argmax()
    x[best] = moved[best]
    return x


@symmetric(LargestIncreasePolicyIteration)
def largest_increase_policy_iteration(rule, k, model, point):
    mdp, x = model.mdp, point.x
    Q = mdp.q(x)
    better, switched = Q > (x * Q).sum(axis=1)[:, None], []
    for s, a in np.argwhere(better):
        new = x.copy()
        new[s] = vertex(a, len(x[s]))
        switched.append(((mdp.mu[:, None] * new * mdp.q(new)).sum(), new))
    return max(switched, key=lambda pair: pair[0])[1] if switched else x.copy()


@symmetric(BlandPolicyIteration)
def bland_policy_iteration(rule, k, model, point):
    Q, x = model.mdp.q(point.x), point.x.copy()
    better = Q > (x * Q).sum(axis=1)[:, None]
    if better.any():
        s = better.any(axis=1).argmax()
        x[s] = vertex(better[s].argmax(), len(x[s]))
    return x


def _first_q(rule, model, point):
    return model.mdp.q(point.x)[:, None]


@symmetric(ValueIteration, start=_first_q)
def value_iteration(rule, k, model, point):
    Q = point.memory[:, 0]
    return greedy(point.x, Q), _updated(model.mdp, Q)[:, None]


def _first_q_twice(rule, model, point):
    return np.stack([model.mdp.q(point.x)] * 2, axis=1)


@symmetric(AnchoredValueIteration, start=_first_q_twice)
def anchored_value_iteration(rule, k, model, point):
    (Q, first), gamma = np.moveaxis(point.memory, 1, 0), model.mdp.gamma
    beta = 1 / sum(gamma ** (-2 * i) for i in range(k + 2)) if gamma > 0 else fmpq(0)
    ahead = beta * first + (1 - beta) * _updated(model.mdp, Q)
    return greedy(point.x, Q), np.stack([ahead, first], axis=1)


def _updated(mdp, Q):
    """r + gamma P max_a Q."""
    V, updated = Q.max(axis=1), mdp.r.copy()
    for s, a in np.ndindex(updated.shape):
        updated[s, a] += mdp.gamma * sum(p * V[t] for t, p in mdp.P[s][a].entries())
    return updated


@symmetric(ConservativePolicyIteration, alike=False)
def conservative_policy_iteration(rule, k, model, point):
    x, kept = point.x + (1 - rule.alpha).log(), 1 - rule.alpha
    for s, a in enumerate(map(first_largest, point.A)):
        x[s, a] = (kept * point.pi[s, a] + rule.alpha).log()
    return x, point.memory
