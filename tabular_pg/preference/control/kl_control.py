"""A policy that is the best one for an estimate of the reward, beside the reward itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.preference.control.tables import checked_tables
from tabular_pg.preference.control.tilted import regret, tilted_policy


class KLControl(NamedTuple):
    """The best policy for a reward less ``beta`` times its divergence from a reference."""

    beta: float


@dataclass(frozen=True, eq=False)
class Controlled:
    """A policy, optimized for an estimate of the reward, and judged by the reward.

    All tables are (prompts, responses), as in ``tilted_policy``.

    Attributes
    ----------
    rule : KLControl
    reference, reward, estimate, policy
    """

    rule: KLControl
    reference: np.ndarray
    reward: np.ndarray
    estimate: np.ndarray
    policy: np.ndarray

    __repr__ = compact

    tau, rounded, obstacle = 0.0, True, ""  # what theorems ask any run for
    k = np.zeros(1, dtype=np.int64)

    @property
    def regret(self) -> np.ndarray:
        """(prompts,) J(pi*) - J(pi)."""
        return regret(self.policy, self.reference, self.reward, self.rule.beta)

    @property
    def span(self) -> np.ndarray:
        """(prompts,) the largest error of the estimate less the smallest, where ref > 0."""
        error = self.estimate - self.reward
        high = np.where(self.reference > 0, error, -np.inf).max(axis=1)
        return high - np.where(self.reference > 0, error, np.inf).min(axis=1)


def controlled(reference, reward, estimate, beta) -> Controlled:
    """The policy that is optimal for the estimate: ref exp(estimate / beta) / Z."""
    tables = [
        checked_tables(reference, rewards, rewards_name=name)
        for name, rewards in (("reward", reward), ("estimate", estimate))
    ]
    (reference, reward), (_, estimate) = tables
    policy = tilted_policy(reference, estimate, beta)
    return Controlled(KLControl(float(beta)), reference, reward, estimate, policy)
