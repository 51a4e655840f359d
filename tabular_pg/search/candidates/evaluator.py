"""Runs of candidates, as ``optimize`` would do them, without its checks and compiled as a whole."""

from __future__ import annotations

import warnings

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.batches.batch import COMPILED, Batch, advanced
from tabular_pg.compiled.apart import reference
from tabular_pg.engine.around import begin_once
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.optimize import optimize
from tabular_pg.engine.run import Run, Status
from tabular_pg.gaps.bookkeeping import keep_least, largest_gap
from tabular_pg.gaps.coordinates import Logits, Offsets, Probabilities
from tabular_pg.gaps.evaluation import evaluate_at_apart, evaluate_once
from tabular_pg.gaps.point import Problem, empty_point, fill
from tabular_pg.gaps.records import room
from tabular_pg.gaps.two_forms import NEEDED_BELOW
from tabular_pg.numerics.systems.dense_solver import backward_error_bound
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import Optimum
from tabular_pg.search.candidates.instance import trusted_mdp
from tabular_pg.search.candidates.optimum import plain_optimum, soft_optimum
from tabular_pg.search.candidates.stack import Stack, rows_of


@njit_inlined
def keep(room, values):
    """Copy ``values``, entry by entry: an assignment of arrays would make one."""
    for i in range(values.size):
        room.flat[i] = values.flat[i]


@njit_inlined
def finite(values):
    """Whether no value is infinite or NaN."""
    nothing = 0.0
    for x in values:
        nothing += 0.0 * x  # NaN for both
    return nothing == 0.0


@njit_inlined
def restart(point, start):
    """Forget everything of the run before."""
    keep(point.x, start)
    fill(point.least_policy, 1.0)
    fill(point.least_optimal_mass, 1.0)
    fill(point.flaws, 0.0)
    fill(point.d, 0.0)
    fill(point.memory, 0.0)


def recording(step):
    """The loop of a method that keeps the iterations ``at``."""

    def loop(values, problem, point, record, at, starts, kept, evaluated):
        """Run from one start after the other, or on from the evaluation of the only one; returns
        how many iterates were recorded. Runs with a gap that is not finite are left out, unless
        there is no other; the starts of the others are ``kept``."""
        done, i, where = 0, 0, (reference(problem), reference(point))
        for start in range(len(starts)):
            if not evaluated:
                restart(point, starts[start])
            log_scale = record.log_scale[0] if evaluated else evaluate_at_apart(*where)
            total, i, k = 0.0, 0, 0
            while True:
                gap = largest_gap(point, log_scale)
                if at[i] == k:
                    row = done * at.size + i
                    record.k[row] = k
                    keep(record.iterates[row], point.x)
                    keep(record.scaled_gap[row], point.e)
                    keep(record.A[row], point.A)
                    keep(record.d[row], point.d)
                    keep(record.least_policy[row], point.least_policy)
                    keep(record.least_optimal_mass[row], point.least_optimal_mass)
                    record.log_scale[row] = log_scale
                    record.gap_sum[row] = total
                    i += 1
                    if i == at.size or not finite(point.e):
                        break
                total += gap
                keep_least(problem, point)
                step(values, k, problem, point)
                log_scale = evaluate_at_apart(*where)
                k += 1
            if finite(point.e):
                kept[done] = start
                done += 1
        return done * at.size if done else i

    return loop


class Evaluator:
    """Runs of one rule class for candidates of one shape.

    A run that it returns is overwritten by the next one.
    """

    def __init__(self, rule, S, A, gamma, tau, at):
        self.rule, self.gamma, self.tau, self.at = rule, gamma, tau, np.asarray(at)
        self.method = METHODS[rule]
        self.kind = self.method.coordinates(tau)
        self.point = empty_point(np.zeros((S, A)), True, None, self.method.memory, 0)
        self._rooms = {}
        self.work = {
            "solver": Solver.ELIMINATION, "backward_error": backward_error_bound(S),
            "factorizations": int(self.at[-1]) + 1, "refinements": 0,
        }  # fmt: skip

    @property
    def stackable(self) -> bool:
        """Whether runs from several starts can be in one stack: those with a memory cannot."""
        return self.method.start is None

    def run(self, instance, rule, log_policies=None):
        """The run of ``rule`` on a candidate; with several starts (n, S, A) in place of its own a
        stack of runs (where policies need two forms, the run from its own)."""
        mdp, tau = trusted_mdp(instance, self.gamma), self.tau
        V, V_low, A_star, optimal, tolerance = plain_optimum(mdp.P, mdp.r, mdp.gamma)
        if tau > 0:
            V, log_pi = soft_optimum(mdp.P, mdp.r, mdp.gamma, tau, V, V_low)
            least = float(log_pi.min())
            if not least > NEEDED_BELOW:
                return self._public(instance, rule)
            zero, every = np.zeros(mdp.r.shape), np.ones(mdp.r.shape, dtype=bool)
            best = Optimum(V, zero, every, np.inf, 0.0, tau, log_pi, "")
            problem = self._problem(mdp, best, Offsets(log_pi, best.pi, tau), tau * (1.0 - least))
        else:
            worse = A_star[~optimal]
            Delta = float(-worse.max()) if worse.size else np.inf
            best = Optimum(V, A_star, optimal, Delta, tolerance, 0.0, None, "")
            kind = Probabilities(A_star)
            if self.kind is Logits:
                with np.errstate(divide="ignore"):
                    kind = Logits(A_star, np.log(-A_star))
            problem = self._problem(mdp, best, kind, float(-A_star.min()))
        return self._advanced(instance, rule, mdp, best, problem, log_policies)

    def _problem(self, mdp, best, coordinates, largest):
        return Problem(
            mdp.P, mdp.gamma, mdp.mu, best.A, best.optimal, self.tau, coordinates,
            self.method.visitation, mdp.n_actions, largest, None, mdp.unit,
        )  # fmt: skip

    def _in_lanes(self, instance, rule, mdp, best, log_policies):
        """The stack of all runs at once, in the lanes of the vector unit; None where no run is
        finite."""

        def every(x):
            return np.broadcast_to(x, (len(log_policies), *np.shape(x)))

        batch = Batch(
            every(mdp.P), mdp.gamma, every(mdp.mu), every(best.A), log_policies, every(tuple(rule))
        )
        records, _ = advanced(batch, self.method, tuple(rule), self.at)
        kept = np.flatnonzero(np.isfinite(records.scaled_gap[:, -1]).all(axis=1))
        if not kept.size:
            return None
        fields = {}
        for name, x in records._asdict().items():
            x = x if kept.size == len(x) else x[kept]
            fields[name] = x.reshape(-1, *x.shape[2:])
        return Stack(
            mdp, rule, self.tau, instance.policy, best, Status.COMPLETED,
            k=np.tile(self.at, kept.size), **fields, **self.work, **rows_of(self.at.size, kept),
        )  # fmt: skip

    def _advanced(self, instance, rule, mdp, best, problem, log_policies):
        if log_policies is not None and self.method.lanes and self.tau == 0 and COMPILED:
            found = self._in_lanes(instance, rule, mdp, best, log_policies)
            if found is not None:
                return found
        starts = instance.log_policy[None] if log_policies is None else log_policies
        x, point, record = starts, self.point, self._room(len(starts))
        if self.kind is Probabilities:
            x = np.exp(x)
            x /= x.sum(axis=2, keepdims=True)
        elif self.kind is Offsets:
            x = x - best.log_pi
        values, kept = tuple(rule), np.zeros(len(starts), dtype=np.int64)
        evaluated = not self.stackable
        if evaluated:  # a method that remembers fills its memory after that
            restart(point, x[0])
            record.log_scale[0] = evaluate_once(problem, point)
            self.method.around(begin_once)(values, problem, point)
        loop = self.method.around(recording)
        count = loop(values, problem, point, record, self.at, x, kept, evaluated)
        fields = {name: x[:count] for name, x in record._asdict().items()}
        del fields["log_policies"]  # there is one form
        work, gaps = self.work, record.scaled_gap[:count]
        if log_policies is not None:
            status = Status.COMPLETED if np.isfinite(gaps).all() else Status.NOT_FINITE
            rows = rows_of(self.at.size, kept[: count // self.at.size])
            return Stack(
                mdp, rule, self.tau, instance.policy, best, status, **fields, **work, **rows
            )
        gaps, status = gaps[-1], Status.COMPLETED
        if not np.isfinite(gaps).all():
            status = Status.NOT_FINITE
        elif gaps.max() == 0:
            exact = self.kind is Probabilities or best.optimal.all()
            status = Status.OPTIMAL if exact else Status.UNDERFLOW
        return Run(mdp, rule, self.tau, instance.policy, best, status, **fields, **work)

    def _room(self, runs):
        """Room for so many runs; it is used again."""
        if runs not in self._rooms:
            self._rooms[runs] = room(self.at.size * runs, self.point)
        return self._rooms[runs]

    def _public(self, instance, rule):
        """The same run by ``optimize``, where policies need two forms."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return optimize(
                instance.mdp(self.gamma), rule, int(self.at[-1]), tau=self.tau, at=self.at,
                log_policy=instance.log_policy,
            )  # fmt: skip
