"""How the true reward goes as a policy is optimized further and further for another one."""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_number, checked_list
from tabular_pg.preference.control.best_of_n import MOST_DRAWS, best_of_n
from tabular_pg.preference.control.tables import checked_tables, expected_reward, kl
from tabular_pg.preference.control.tilted import tilted_policy


class Overoptimization(NamedTuple):
    """Means over prompts along decreasing beta, or increasing n.

    Attributes
    ----------
    knob : (n,) beta, or the n of best-of-n.
    kl : (n,) KL(pi | ref).
    proxy : (n,) expected reward that was optimized.
    gold : (n,) expected true reward.
    """

    knob: np.ndarray
    kl: np.ndarray
    proxy: np.ndarray
    gold: np.ndarray

    __repr__ = compact


def overoptimization(reference, proxy, gold, betas) -> Overoptimization:
    """How the true reward goes as a policy is optimized for another one, for each beta."""
    betas = checked_list("betas", betas, "numbers > 0")
    betas = [
        check_number(f"betas[{i}]", beta, 0, kind=Real, open_ends=True)
        for i, beta in enumerate(betas)
    ]
    return _curve(betas, reference, proxy, gold, tilted_policy)


def best_of_n_curve(reference, proxy, gold, ns) -> Overoptimization:
    """How the true reward goes as the best of more and more responses is taken."""
    ns = checked_list("ns", ns, "integers")
    ns = [check_number(f"ns[{i}]", n, 1, MOST_DRAWS) for i, n in enumerate(ns)]
    return _curve(ns, reference, proxy, gold, best_of_n)


def _curve(knobs, reference, proxy, gold, policy_at):
    for name, rewards in (("proxy", proxy), ("gold", gold)):
        checked_tables(reference, rewards, rewards_name=name)
    rows = []
    for knob in knobs:
        policy = policy_at(reference, proxy, knob)
        means = kl(policy, reference), expected_reward(policy, proxy), expected_reward(policy, gold)
        rows.append([each.mean() for each in means])
    return Overoptimization(np.array(knobs), *np.array(rows).reshape(-1, 3).T)
