"""What a run leaves behind: its recorded iterates, in gap coordinates."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tabular_pg.mdp import MDP
from tabular_pg.method import METHODS, Space
from tabular_pg.optimal import Optimum, optimum
from tabular_pg.systems.solver import Solver


class Status(enum.Enum):
    """How a run ended; the value says it in words."""

    COMPLETED = "all iterations were run"
    OPTIMAL = "the last iterate is exactly optimal"
    UNDERFLOW = "the last error is too small for float64, even as a logarithm"
    INTERRUPTED = "interrupted: the iterates so far are there"
    NOT_FINITE = "the last iterate is not finite"


@dataclass(frozen=True, eq=False)
class Run:
    """The recorded iterates of one rule on one MDP.

    Attributes
    ----------
    mdp, rule, tau : what was run.
    start : (S, A) the start policy.
    optimum : the optimum that the errors refer to.
    status : Status
    k : (K,) recorded iterations, increasing, starting with 0 by default.
    iterates : (K, S, A) log pi (softmax methods, tau = 0), log pi - log pi*_tau (softmax methods,
        tau > 0) or pi (projected methods).
    scaled_gap : (K, S) V*_tau(s) - V^k_tau(s), divided by exp(log_scale).
    log_scale : (K,) 0 unless the gap is too small for float64.
    A : (K, S, A) advantages of the iterates; soft advantages for tau > 0.
    d : (K, S) their visitation distribution under mu (zeros if the rule does not use it).
    least_policy : (K, S, A) least probability over iterates before k (1 for none).
    least_optimal_mass : (K, S) the same for the probability of all optimal actions together.
    gap_sum : (K,) sum of max_s V* - V^j over all j < k.
    solver : how the linear systems were solved (the last of them, where that changed); None if
        none had to be, on a sparse MDP that starts at the optimum.
    backward_error : largest componentwise backward error among their solutions; for eliminations,
        which need no check, what it is at most.
    factorizations : how many, over all iterations.
    refinements : refinement steps or, with a sparse solver, all matrix-vector products.
    """

    mdp: MDP
    rule: tuple
    tau: float
    start: np.ndarray
    optimum: Optimum
    status: Status
    k: np.ndarray
    iterates: np.ndarray
    scaled_gap: np.ndarray
    log_scale: np.ndarray
    A: np.ndarray
    d: np.ndarray
    least_policy: np.ndarray
    least_optimal_mass: np.ndarray
    gap_sum: np.ndarray
    solver: Solver | None
    backward_error: float
    factorizations: int
    refinements: int

    rounded = True  # so that theorems allow for rounding

    @cached_property
    def log_policies(self) -> np.ndarray:
        """(K, S, A) log pi^k; -inf for exact zeros."""
        if self.method.space is Space.SIMPLEX:
            with np.errstate(divide="ignore"):
                return np.log(self.iterates)
        return self.iterates + self.optimum.log_pi if self.tau > 0 else self.iterates

    @cached_property
    def policies(self) -> np.ndarray:
        """(K, S, A) pi^k."""
        simplex = self.method.space is Space.SIMPLEX
        return self.iterates if simplex else np.exp(self.log_policies)

    @cached_property
    def value_gap(self) -> np.ndarray:
        """(K, S) V*_tau(s) - V^k_tau(s)."""
        return np.exp(self.log_scale)[:, None] * self.scaled_gap

    @cached_property
    def gap(self) -> np.ndarray:
        """(K,) V*_tau(rho) - V^k_tau(rho)."""
        return self.value_gap @ self.mdp.rho

    @cached_property
    def sup_gap(self) -> np.ndarray:
        """(K,) max_s V*_tau(s) - V^k_tau(s)."""
        return self.value_gap.max(axis=1)

    @cached_property
    def log_sup_gap(self) -> np.ndarray:
        """(K,) log of ``sup_gap``, also where that is below 1e-308."""
        with np.errstate(divide="ignore"):
            return self.log_scale + np.log(self.scaled_gap.max(axis=1))

    @cached_property
    def log_gap(self) -> np.ndarray:
        """(K,) log of ``gap``, also where that is below 1e-308; -inf for an optimal iterate."""
        with np.errstate(divide="ignore"):
            return self.log_scale + np.log(self.scaled_gap @ self.mdp.rho)

    @property
    def obstacle(self) -> str:
        """'' or the reason why no theorem is about this run."""
        if self.mdp.actions is not None:
            return "not every action is available in every state"
        return "" if np.isfinite(self.scaled_gap).all() else "the run is not finite"

    @property
    def plain_optimum(self) -> Optimum:
        """The optimum for tau = 0."""
        return optimum(self.mdp)

    @property
    def method(self):
        return METHODS[type(self.rule)]

    def __repr__(self):
        return (
            f"Run({self.rule}, tau={self.tau}, k={self.k[0]}..{self.k[-1]}, "
            f"gap={self.gap[-1]:.3g}, {self.status.name})"
        )
