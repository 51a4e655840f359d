"""What a search is about: a theorem, a method, a shape, and how one candidate is judged."""

from __future__ import annotations

import copy

import numpy as np

from tabular_pg.engine.method import METHODS, Space
from tabular_pg.engine.rules import checked_rule
from tabular_pg.search.candidates.evaluator import Evaluator
from tabular_pg.search.candidates.moves import Limits
from tabular_pg.search.candidates.stack import Stack
from tabular_pg.search.scores import NOTHING, VIOLATED, Score, best_of, score_of
from tabular_pg.theorem import verdict, why_not_applicable
from tabular_pg.verdicts.assumptions import (
    bandit,
    every_iterate,
    rho_is_mu,
    two_armed_bandit,
    uniform_start,
)

PARAMETERS = 1e-6, 1e8  # the range of hyper-parameters: false statements may need any step size
RECORDED = 200  # iterates of a run, at most
RAISED = "its formula raised"
INSIDE = 1.0 - 1e-12  # of a limit that an assumption sets


class Judged:
    """A candidate, its rule and its score, or why it is none."""

    __slots__ = ("instance", "rule", "score", "why_not", "mode")

    def __init__(self, instance, rule, score, why_not="", mode=None):
        self.instance, self.rule, self.score = instance, rule, score
        self.why_not, self.mode = why_not, mode


class SearchProblem:
    """One theorem about runs of one rule class, on MDPs of any shape."""

    def __init__(self, theorem, rule, gamma, tau, iterations, mode, parameters=PARAMETERS):
        self.theorem, self.gamma, self.tau, self.mode = theorem, gamma, tau, mode
        self.cls = rule if isinstance(rule, type) else type(rule)
        given = None if isinstance(rule, type) else np.array(checked_rule(rule), dtype=float)
        self.low, self.high, self.fixed = _range(self.cls, given, parameters)
        every = iterations <= RECORDED or every_iterate in theorem.assumes
        self.at = np.arange(iterations + 1) if every else _spaced(iterations)
        self.evaluations, self.runs, self.stacked, self._evaluators = 0, 0, 1, {}

    def about(self, theorem):
        """The same for another statement about the same runs."""
        other = copy.copy(self)
        other.theorem, other.mode, other.stacked = theorem, "ratio", 1
        return other

    def limits(self, S, A) -> Limits:
        """What candidates of a shape may be."""
        assumes, method = self.theorem.assumes, METHODS[self.cls]
        return Limits(
            S, A, method.space is Space.SIMPLEX, uniform_start in assumes, rho_is_mu in assumes,
            method.visitation, self.low, self.high, self.fixed,
        )  # fmt: skip

    def judge(self, instance, mode=None, exact=False) -> Judged:
        """The score of a candidate; where an assumption limits the step size, of that limit,
        unless the candidate is to be taken ``exact``ly as it is."""
        self.evaluations += 1
        return self._judged(instance, mode, exact)

    def best_start(self, instance, starts, mode, beaten) -> Judged:
        """The same from the best of many start policies (n, S, A), in one stack; judged alone where
        its score is not below ``beaten``, and from its own start where that was rounding."""
        self.evaluations += 1
        _, run, why_not = self.run_of(instance, False, starts)
        if why_not or not isinstance(run, Stack):  # perhaps because of one of the others
            return self._judged(instance, mode, False)
        try:
            score, row = best_of(self.theorem, run, mode or self.mode)
        except Exception as error:  # of a formula on one candidate
            return Judged(instance, None, NOTHING, _raised(error))
        best = instance._replace(log_policy=starts[run.start_of(row)])
        if not (score.score >= beaten.score or score.ratio > VIOLATED):
            return Judged(best, None, score)
        found = self._judged(best, mode, False)
        return found if found.score.k >= 0 else self._judged(instance, mode, False)

    def _judged(self, instance, mode, exact):
        tried, run, why_not = self.run_of(instance, exact)
        rule = self.cls(*tried.parameters.tolist())
        if why_not:
            return Judged(tried, rule, NOTHING, why_not)
        return Judged(tried, rule, *self._score(run, mode), mode)

    def run_of(self, instance, exact, starts=None):
        """The candidate, its run or stack of runs, and why the theorem is not about that."""
        run, why_not = None, "expected a step that the method accepts"
        for attempt in range(2):
            rule = self.cls(*instance.parameters.tolist())
            if not _accepted(rule):
                break
            self.runs += 1 if starts is None else len(starts)
            run = self.evaluator(*instance.r.shape).run(instance, rule, starts)
            why_not = "the run is not finite"
            if not np.isfinite(run.scaled_gap).all():
                break
            why_not = why_not_applicable(self.theorem, run)
            factor = self._factor(run) if why_not else None
            if attempt or exact or factor is None or self.fixed[self._eta]:
                break
            instance = instance._replace(parameters=instance.parameters.copy())
            instance.parameters[self._eta] *= factor
        return instance, run, why_not

    def __getstate__(self):
        """For copies, in threads or other processes: the room of a run has one user."""
        return {**self.__dict__, "_evaluators": {}}

    def _score(self, run, mode) -> tuple[Score, str]:
        try:
            found = score_of(self.theorem, run, mode or self.mode)
            if found.ratio > VIOLATED and verdict(self.theorem, run).holds is not False:
                return NOTHING, "only rounding violates it"
            return found, ""
        except Exception as error:  # of a formula on one candidate
            return NOTHING, _raised(error)

    @property
    def _eta(self):
        return self.cls._fields.index("eta")

    def _factor(self, run):
        """By what eta has to be multiplied for the assumptions that limit it, or None."""
        if "eta" not in self.cls._fields:
            return None
        scales = (getattr(assumption, "scale", None) for assumption in self.theorem.assumes)
        factors = [scale(run) * INSIDE for scale in scales if scale is not None]
        factor = min(factors, default=None)
        return factor if factor is not None and 0 < factor < np.inf else None

    def evaluator(self, S, A) -> Evaluator:
        """What runs candidates of a shape."""
        if (S, A) not in self._evaluators:
            made = Evaluator(self.cls, S, A, self.gamma, self.tau, self.at)
            self._evaluators[S, A] = made
        return self._evaluators[S, A]


def needs_bandit(theorem) -> bool:
    """Whether it is about one state without discounting."""
    return bandit in theorem.assumes or two_armed_bandit in theorem.assumes


def _raised(error):
    return f"{RAISED} {type(error).__name__}: {error}"


def _accepted(rule) -> bool:
    try:
        if hasattr(rule, "refuse"):
            rule.refuse()
    except ValueError:
        return False
    return True


def _range(cls, given, parameters):
    """(low, high, fixed) of the fields of a rule; defaults stay as they are."""
    n = len(cls._fields)
    low, high = np.full(n, parameters[0]), np.full(n, parameters[1])
    fixed = np.zeros(n, dtype=bool)
    for i, name in enumerate(cls._fields):
        value = cls._field_defaults.get(name) if given is None else given[i]
        if value is not None:
            low[i], high[i], fixed[i] = value, value, True
    return low, high, fixed


def _spaced(iterations) -> np.ndarray:
    """Some iterations and the ones that follow them."""
    spaced = np.geomspace(1, iterations - 1, RECORDED // 4).round().astype(np.int64)
    return np.unique(np.concatenate([[0, 1, iterations], spaced, spaced + 1]))
