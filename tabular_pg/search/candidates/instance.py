"""What a search varies: an MDP, a start policy and the parameters of a method, as plain arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.mdps.mdp import MDP


class Instance(NamedTuple):
    """One candidate; rows of ``P`` and ``rho`` and ``mu`` sum to 1 up to rounding."""

    P: np.ndarray  # (S, A, S)
    r: np.ndarray  # (S, A), in [0, 1]
    rho: np.ndarray  # (S,)
    mu: np.ndarray  # (S,)
    log_policy: np.ndarray  # (S, A), -inf for probability 0
    parameters: np.ndarray  # the fields of the rule

    __repr__ = compact

    def mdp(self, gamma) -> MDP:
        """The same as an MDP that users see."""
        P, rho, mu = (x / x.sum(axis=-1, keepdims=True) for x in (self.P, self.rho, self.mu))
        return MDP(P, self.r, gamma, rho=rho, mu=mu, name="found by a search")

    @property
    def policy(self) -> np.ndarray:
        """(S, A) the start policy."""
        pi = np.exp(self.log_policy)
        return pi / pi.sum(axis=1, keepdims=True)


def trusted_mdp(instance, gamma) -> MDP:
    """An MDP without the checks of its constructor, for thousands of candidates."""
    mdp = object.__new__(MDP)
    fields = {
        "P": instance.P, "r": instance.r, "gamma": gamma, "rho": instance.rho, "mu": instance.mu,
        "correction": 0.0, "name": "candidate", "actions": None,
    }  # fmt: skip
    mdp.__dict__.update(fields)
    return mdp
