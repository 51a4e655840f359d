"""The policy that takes the best of n responses of a reference, exactly."""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.numbers import check_number
from tabular_pg.preference.control.tables import checked_tables

MOST_DRAWS = 10**15  # of the best of n: integers that floats tell apart


def best_of_n(reference, rewards, n) -> np.ndarray:
    """The distribution of the best of n responses; equal ones share in proportion to ref.

    With F the probability of a response that is not better and p that of an equal one, none of n is
    better with probability F^n, none even equal with (F - p)^n, so that the best is an equal one
    with probability F^n - (F - p)^n = F^n (1 - (1 - p / F)^n).
    """
    reference, rewards = checked_tables(reference, rewards)
    check_number("n", n, 1, MOST_DRAWS)
    order = np.argsort(rewards, axis=1, kind="stable")
    ranked, p = (np.take_along_axis(each, order, axis=1) for each in (rewards, reference))
    new = np.diff(ranked, axis=1, prepend=-np.inf) > 0
    level = np.cumsum(new, axis=1) - 1 + np.arange(len(p))[:, None] * p.shape[1]
    equal = np.bincount(level.ravel(), p.ravel(), p.size)
    up_to = np.minimum(np.cumsum(equal.reshape(p.shape), axis=1), 1.0).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(equal > 0, -np.expm1(n * np.log1p(-np.minimum(equal / up_to, 1.0))), 0.0)
        factor = np.where(equal > 0, up_to**n * chance / equal, 0.0)
    policy = np.empty_like(p)
    np.put_along_axis(policy, order, p * factor[level], axis=1)
    return policy / policy.sum(axis=1, keepdims=True)
