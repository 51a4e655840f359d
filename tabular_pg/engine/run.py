"""What a run leaves behind: its recorded iterates, in gap coordinates."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tabular_pg._notebook import run_html, run_text
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.rules import checked_rule, method_of, part_records
from tabular_pg.engine.start import remember
from tabular_pg.engine.step_size import is_constant, step_of
from tabular_pg.gaps.bookkeeping import LOWEST
from tabular_pg.gaps.coordinates import Offsets, Probabilities
from tabular_pg.gaps.duals import Duals, log_policies
from tabular_pg.mdps.mdp import MDP
from tabular_pg.mdps.storage import mdp_content
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import Optimum, optimum
from tabular_pg.optima.storage import optimum_content, read_optimum
from tabular_pg.saved.archive import joined, reading, write_archive
from tabular_pg.saved.runs import run_content, run_fields
from tabular_pg.saved.values import read_rule

SMALL = 1e-280  # means of gaps below are taken from logarithms


class Status(enum.Enum):
    """How a run ended; the value says it in words."""

    COMPLETED = "all iterations were run"
    OPTIMAL = "the last iterate is exactly optimal"
    UNDERFLOW = "the last error is too small for float64, even as a logarithm"
    INTERRUPTED = "interrupted: the iterates so far are there"
    SETTLED = "the advantage gap is as small as was asked for"
    STALLED = "no step size passed the acceptance test: the iterates so far are there"
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
        tau > 0), pi (projected methods) or y - y*_tau (another regularizer).
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
    log_below : (K, S) logarithms of gaps that are too small for float64 while others of the same
        iterate are not; nan for the others, or None if there are none.
    steps : (k[-1],) the step size of every iteration, recorded or not; None if the rule has none
        or a constant one.
    recorded_log_policies : (K, S, A) log pi^k where offsets alone would not give it: tau is small.
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
    log_below: np.ndarray | None = None
    steps: np.ndarray | None = None
    recorded_log_policies: np.ndarray | None = None

    __repr__, _repr_html_ = run_text, run_html

    rounded = True  # so that theorems allow for rounding
    first, last = 0, -1  # the rows of the first and the last iterate
    least_change = 4 * math.ulp(0.0)  # what rounding does at least, to subnormal numbers

    @property
    def coordinates(self) -> type:
        """What ``iterates`` are: ``Logits``, ``Offsets``, ``Probabilities`` or ``Duals``."""
        return self.method.coordinates(self.tau)

    @property
    def constant_step(self) -> bool:
        """Whether the step size, if the rule has one, is the same number in every iteration."""
        return is_constant(self.rule)

    @cached_property
    def step_sizes(self) -> np.ndarray:
        """(K,) the step size that leads from each recorded iterate to the next one; nan for the
        last iterate, from which none was taken, unless it is a constant."""
        if self.constant_step:
            found = np.full(len(self.k), self._constant())
        else:
            found = np.append(self.steps, np.nan)[self.k]
        found.setflags(write=False)
        return found

    @property
    def all_steps(self) -> np.ndarray:
        """(k[-1],) the step size of every iteration, recorded or not."""
        if self.constant_step:
            return np.full(self.k[-1], self._constant())
        return self.steps

    def _constant(self):
        step = step_of(self.rule)
        if step is None:
            raise AttributeError(f"{type(self.rule).__name__} has no step size eta")
        return step

    @cached_property
    def log_policies(self) -> np.ndarray:
        """(K, S, A) log pi^k; -inf for exact zeros."""
        if self.coordinates is Probabilities:
            with np.errstate(divide="ignore"):
                logarithms = np.log(self.iterates)
        elif self.recorded_log_policies is not None:
            logarithms = self.recorded_log_policies
        elif self.coordinates is Duals:
            logarithms = log_policies(self.iterates, self.optimum)
        elif self.coordinates is Offsets:
            logarithms = self.iterates + self.optimum.log_pi
        else:
            logarithms = self.iterates
        logarithms.setflags(write=False)
        remember(logarithms, self)
        return logarithms

    @cached_property
    def policies(self) -> np.ndarray:
        """(K, S, A) pi^k."""
        return self.iterates if self.coordinates is Probabilities else np.exp(self.log_policies)

    @cached_property
    def value_gap(self) -> np.ndarray:
        """(K, S) V*_tau(s) - V^k_tau(s)."""
        root = np.exp(self.log_scale / 2)[:, None]  # the whole may be below the range of floats
        return (root * self.scaled_gap) * root

    @cached_property
    def log_value_gap(self) -> np.ndarray:
        """(K, S) its logarithm, also where it is below 1e-308; -inf where it is 0."""
        with np.errstate(divide="ignore"):
            logarithms = self.log_scale[:, None] + np.log(self.scaled_gap)
        if self.log_below is None or self.log_below.shape != logarithms.shape:
            return logarithms
        below = (self.scaled_gap < LOWEST) & ~np.isnan(self.log_below)
        return np.where(below, self.log_below, logarithms)

    @cached_property
    def gap(self) -> np.ndarray:
        """(K,) V*_tau(rho) - V^k_tau(rho)."""
        gap = self.value_gap @ self.mdp.rho
        return gap if (gap > SMALL).all() else np.where(gap > SMALL, gap, np.exp(self._log_mean))

    @cached_property
    def sup_gap(self) -> np.ndarray:
        """(K,) max_s V*_tau(s) - V^k_tau(s)."""
        return self.value_gap.max(axis=1)

    @cached_property
    def log_sup_gap(self) -> np.ndarray:
        """(K,) log of ``sup_gap``, also where that is below 1e-308."""
        return self.log_value_gap.max(axis=1)

    @cached_property
    def log_gap(self) -> np.ndarray:
        """(K,) log of ``gap``, also where that is below 1e-308; -inf for an optimal iterate."""
        with np.errstate(divide="ignore", invalid="ignore"):  # the last gap may be NaN
            return np.where(self.gap > SMALL, np.log(self.gap), self._log_mean)

    @property
    def _log_mean(self):
        """(K,) log of the mean of the gap under rho, from logarithms: nothing underflows."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.logaddexp.reduce(self.log_value_gap + np.log(self.mdp.rho), axis=1)

    @cached_property
    def obstacle(self) -> str:
        """'' or the reason why no theorem is about this run."""
        if self.steps is not None and not (self.steps > 0).all():
            k = int(np.argmax(~(self.steps > 0)))
            return f"the step size is {self.steps[k]} at k = {k}; stated for steps > 0"
        return "" if np.isfinite(self.scaled_gap).all() else "the run is not finite"

    @property
    def plain_optimum(self) -> Optimum:
        """The optimum for tau = 0."""
        return optimum(self.mdp, tie_tolerance=self.optimum.tie_tolerance)

    @property
    def method(self):
        """How ``rule`` is run."""
        return method_of(self.rule)

    def save(self, path) -> Path:
        """Write this run, its MDP and its optimum to one file, completely or not at all, in the
        format of :meth:`tabular_pg.MDP.save`; the rule is kept by its name."""
        parts = {"mdp": mdp_content(self.mdp), "optimum": optimum_content(self.optimum)}
        return write_archive(path, "Run", joined(parts, run_content(self)))

    @classmethod
    def load(cls, path) -> Run:
        """The run that ``run.save(path)`` wrote, bit for bit: ``check`` says the same of both.

        Errors are those of :meth:`tabular_pg.MDP.load`; a ValueError, too, if the class of the rule
        is not registered here.
        """
        with reading(path, "Run") as content:
            mdp = MDP._of(content.part("mdp"))
            shape, best = mdp.r.shape, content.part("optimum")
            rule = checked_rule(read_rule(content.facts["rule"], METHODS, part_records()))
            fields = run_fields(content, shape, Status, Solver)
            return cls(mdp=mdp, rule=rule, optimum=read_optimum(best, shape), **fields)

    def plot(self, theorem=None, **options):
        """A figure of this run: :func:`tabular_pg.plotting.plot` with its options."""
        from tabular_pg.plotting import plot  # matplotlib, for those who look

        return plot(self, theorem, **options)
