"""A run on its way: what it works on, and what it has recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tabular_pg.evaluation import Point, Problem
from tabular_pg.mdp import MDP
from tabular_pg.method import METHODS, Method
from tabular_pg.optimal import Optimum
from tabular_pg.systems.dense_solver import DenseSolver
from tabular_pg.systems.sparse_solver import SparseSolver


class Record:
    """Arrays for a number of iterates, filled one by one."""

    def __init__(self, size, point):
        shape, S = point.x.shape, point.e.size
        self.size = 0
        self._fields = {
            "k": np.empty(size, dtype=np.int64),
            "iterates": np.empty((size, *shape)),
            "scaled_gap": np.empty((size, S)),
            "log_scale": np.empty(size),
            "A": np.empty((size, *shape)),
            "d": np.zeros((size, S)),
            "least_policy": np.empty((size, *shape)),
            "least_optimal_mass": np.empty((size, S)),
            "gap_sum": np.empty(size),
        }

    @property
    def last(self) -> int:
        """The iteration recorded last; -1 before the first."""
        return int(self._fields["k"][self.size - 1]) if self.size else -1

    def add(self, k, point, log_scale, gap_sum):
        """Keep what is known of an iterate before its advantages."""
        values = {
            "k": k,
            "iterates": point.x,
            "scaled_gap": point.e,
            "log_scale": log_scale,
            "d": point.d,
            "least_policy": point.least_policy,
            "least_optimal_mass": point.least_optimal_mass,
            "gap_sum": gap_sum,
        }
        for name, value in values.items():
            self._fields[name][self.size] = value

    def add_advantages(self, point):
        """Keep the rest of it."""
        self._fields["A"][self.size] = point.A
        self.size += 1

    def fields(self, actions=None) -> dict:
        """What was recorded, read-only; advantages of unavailable actions become -inf."""
        if actions is not None:
            self._fields["A"][:, ~actions] = -np.inf
        kept = {name: values[: self.size] for name, values in self._fields.items()}
        for values in kept.values():
            values.setflags(write=False)
        return kept


@dataclass
class Task:
    """One run on its way."""

    mdp: MDP
    rule: tuple
    tau: float
    start: np.ndarray  # (S, A), a policy
    best: Optimum
    at: np.ndarray  # iterations to record
    problem: Problem
    point: Point
    solver: DenseSolver | SparseSolver | None  # None for the compiled loop
    record: Record
    log_scale: float = 0.0
    gap_sum: float = 0.0
    method: Method = field(init=False)

    def __post_init__(self):
        self.method = METHODS[type(self.rule)]
