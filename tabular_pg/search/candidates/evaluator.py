"""Runs of candidates, as ``optimize`` would do them, without its checks and compiled as a whole."""

from __future__ import annotations

import math
import warnings

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.around import begin_once
from tabular_pg.engine.compiled_loop import plain_loop
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.optimize import optimize
from tabular_pg.engine.run import Run, Status
from tabular_pg.engine.running import room
from tabular_pg.gaps.bookkeeping import keep_least, largest_gap
from tabular_pg.gaps.coordinates import Logits, Offsets, Probabilities
from tabular_pg.gaps.evaluation import evaluate
from tabular_pg.gaps.point import Problem, empty_point
from tabular_pg.gaps.two_forms import NEEDED_BELOW
from tabular_pg.numerics.systems.dense_solver import backward_error_bound
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import Optimum
from tabular_pg.search.candidates.instance import trusted_mdp
from tabular_pg.search.candidates.optimum import plain_optimum, soft_optimum


@njit_inlined
def keep(room, values):
    """Copy ``values``, entry by entry: an assignment of arrays would make one."""
    for i in range(values.size):
        room.flat[i] = values.flat[i]


def recording(step):
    """The loop of a method that keeps the iterations ``record.k``."""

    def loop(values, problem, point, record, evaluated):
        """Run on from the start, unless told otherwise after its evaluation; returns how many
        iterates were recorded."""
        log_scale = record.log_scale[0] if evaluated else evaluate(problem, point)
        total, i, k = 0.0, 0, 0
        while True:
            gap = largest_gap(point, log_scale)
            if record.k[i] == k:
                keep(record.iterates[i], point.x)
                keep(record.scaled_gap[i], point.e)
                keep(record.A[i], point.A)
                keep(record.d[i], point.d)
                keep(record.least_policy[i], point.least_policy)
                keep(record.least_optimal_mass[i], point.least_optimal_mass)
                record.log_scale[i] = log_scale
                record.gap_sum[i] = total
                i += 1
                if i == record.k.size or not gap < math.inf:
                    return i
            total += gap
            keep_least(problem, point)
            step(values, k, problem, point)
            log_scale = evaluate(problem, point)
            k += 1

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
        self.record = room(self.at.size, self.point)._replace(k=self.at)
        self.work = {
            "solver": Solver.ELIMINATION, "backward_error": backward_error_bound(S),
            "factorizations": int(self.at[-1]) + 1, "refinements": 0,
        }  # fmt: skip

    def run(self, instance, rule):
        """The run of ``rule`` on a candidate."""
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
        return self._advanced(instance, rule, mdp, best, problem)

    def _problem(self, mdp, best, coordinates, largest):
        return Problem(
            mdp.P, mdp.gamma, mdp.mu, best.A, best.optimal, self.tau, coordinates,
            self.method.visitation, mdp.n_actions, largest,
        )  # fmt: skip

    def _advanced(self, instance, rule, mdp, best, problem):
        point, record = self.point, self.record
        x, start = instance.log_policy, instance.policy
        if self.kind is Probabilities:
            x = start
        elif self.kind is Offsets:
            x = x - best.log_pi
        point.x[:] = x
        point.least_policy[:], point.least_optimal_mass[:], point.flaws[:] = 1.0, 1.0, 0.0
        point.d[:], point.memory[:], values = 0.0, 0.0, tuple(rule)
        evaluated = self.method.start is not None
        if evaluated:  # a method that remembers fills its memory after that
            _, record.log_scale[0] = self.method.around(plain_loop)(
                values, problem, point, np.zeros(1), 0.0, -1, 0
            )
            self.method.around(begin_once)(values, problem, point)
        count = self.method.around(recording)(values, problem, point, record, evaluated)
        fields = {name: x[:count] for name, x in record._asdict().items()}
        del fields["log_policies"]  # there is one form
        gaps, status = record.scaled_gap[count - 1], Status.COMPLETED
        if not np.isfinite(gaps).all():
            status = Status.NOT_FINITE
        elif gaps.max() == 0:
            exact = self.kind is Probabilities or best.optimal.all()
            status = Status.OPTIMAL if exact else Status.UNDERFLOW
        return Run(mdp, rule, self.tau, start, best, status, **fields, **self.work)

    def _public(self, instance, rule):
        """The same run by ``optimize``, where policies need two forms."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return optimize(
                instance.mdp(self.gamma), rule, int(self.at[-1]), tau=self.tau, at=self.at,
                log_policy=instance.log_policy,
            )  # fmt: skip
