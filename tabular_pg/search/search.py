"""The legs of a search, what they have found, and whether that is certain."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tabular_pg.search.climb import BEST, FINAL, LEG, RANDOM, climb, leg, legs_of
from tabular_pg.search.problem import RAISED
from tabular_pg.search.scores import VIOLATED
from tabular_pg.search.simplify import simplified
from tabular_pg.search.small import SmallInstance

SIMPLIFYING = 12_000  # candidates that are run to make a violation small


class Search:
    """Legs, and what they have found so far."""

    def __init__(self, problem, limits, seed, budget, mode, progress, climbing=True):
        self.problem, self.limits, self.budget = problem, limits, budget
        self.size = min(LEG, max(1, int((1.0 - FINAL) * budget)))  # of a leg
        self.count = legs_of(budget)
        if not climbing:  # the part of a leg that is random, until the budget is spent
            self.size = min(RANDOM, budget)
            self.count = budget // self.size
        self.climbing = climbing
        self.seeds = np.random.SeedSequence(seed).spawn(self.count + BEST)
        self.modes = ("ratio", "moved") if mode == "auto" else (mode,)
        self.progress, self.tops, self.history = progress, [], []
        self.spent, self.interrupted, self.rejected, self.certified = 0, False, 0, None
        self.why_not = ""  # the last reason why there was no candidate
        self.undecided = ""  # why a violation that floats show could not be decided

    def go(self, executor):
        """Run all legs, then improve the best."""
        try:
            self._legs(executor)
            if self.climbing:
                self._final()
        except KeyboardInterrupt:
            self.interrupted = True
            if not self.tops:
                raise

    def _legs(self, executor):
        jobs = [
            (self.problem, self.limits, self.seeds[i], self.size, self.modes[i % len(self.modes)])
            for i in range(self.count)
        ]
        if executor is None:
            for job in jobs:
                if self._take(*leg(*job)):
                    return
        else:
            futures = [executor.submit(leg, *job) for job in jobs]
            try:
                for future in futures:  # in order, so that the result does not depend on timing
                    if self._take(*future.result()):
                        return
            finally:
                for future in futures:
                    future.cancel()

    def _final(self):
        left = self.budget - self.spent
        if self.certified or left <= 0 or not self.tops:
            return
        self.tops.sort(key=lambda found: -found.score.score)
        for i, top in enumerate(self.tops[:BEST]):
            rng = np.random.default_rng(self.seeds[-1 - i])
            before = self.problem.evaluations
            best = climb(self.problem, self.limits, rng, top, left // BEST, top.mode)
            if self._take(best, self.problem.evaluations - before):
                return

    def _take(self, found, spent) -> bool:
        """Keep what a leg has found; whether it is a certified violation."""
        self.spent += spent
        if found.score.k >= 0:
            if self._rejected(found):
                self.rejected += 1
            else:
                self.tops.append(found)
        elif found.why_not.startswith(RAISED) and not self.tops:
            raise ValueError(f"{self.problem.theorem.id}: {found.why_not}")
        else:
            self.why_not = found.why_not
        self.history.append((self.spent, self._best_ratio()))
        if self.progress is not None:
            self.progress(*self.history[-1])
        return self.certified is not None

    def _rejected(self, found) -> bool:
        """Whether floats show a violation that ball arithmetic does not confirm."""
        if not found.score.ratio > VIOLATED:
            return False
        try:
            self.certified = certified(self.problem, found.instance)
        except (TypeError, ValueError, ArithmeticError) as error:  # of a method without balls, say
            self.undecided = str(error)
        return self.certified is None

    def _best_ratio(self):
        return max((top.score.ratio for top in self.tops), default=float("nan"))

    def best(self):
        """The candidate with the largest ratio, or score in a mode where ratios are something else;
        ValueError if there is none."""
        theorem, by_ratio = self.problem.theorem, "ratio" in self.modes or "moved" in self.modes
        if self.tops:
            return max(self.tops, key=lambda x: x.score.ratio if by_ratio else x.score.score)
        if self.rejected:
            why = self.undecided or "expected a formula whose digits do not cancel"
            raise ValueError(
                f"{self.rejected} candidates violate {theorem.id} in floats and none for certain "
                f"in ball arithmetic: {why}"
            )
        why_not = self.why_not or "nothing is claimed"
        raise ValueError(
            f"no candidate of {self.spent} meets what {theorem.id} assumes, or has something to "
            f"compare (the last one: {why_not})"
        )


def certified(problem, instance) -> SmallInstance | None:
    """A violation in fractions that ball arithmetic confirms; None if it denies it.

    ArithmeticError, TypeError or ValueError if it does not decide.
    """
    for budget in (SIMPLIFYING, 0):
        small = small_instance(problem, instance, VIOLATED, budget)
        if small.verdict.holds is False:
            return small
    if small.verdict.holds is None:
        raise ArithmeticError(small.verdict.found)
    return None


def small_instance(problem, instance, floor, budget, mode="ratio") -> SmallInstance:
    """The simplest instance found with such a ratio, or score in another mode, as a record."""
    exact = simplified(problem, instance, floor, budget, mode)
    judged = problem.judge(exact.floats(), mode, exact=True)
    rule = problem.cls(*exact.parameters)
    k = judged.score.k
    last = k + 1 if k >= 0 else problem.at[-1]  # of what lost its claim when it was rounded, all
    at = tuple(int(i) for i in problem.at if i <= last)
    gamma, tau = (Fraction(repr(float(x))) for x in (problem.gamma, problem.tau))
    score, _, ratio = judged.score
    return SmallInstance(problem.theorem, exact, gamma, tau, rule, at, ratio, k, score)
