"""A found instance made small: fewer states and actions, zeros and ones, small fractions."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np

from tabular_pg.search.candidates.exact import (
    ExactInstance,
    exact_instance,
    near,
    row_near,
    size,
    tenths_near,
)
from tabular_pg.search.candidates.instance import Instance
from tabular_pg.search.climb import climb
from tabular_pg.search.scores import VIOLATED

DENOMINATORS = 1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 100, 1000, 10**6
CLIMBS = 1000  # changes that are tried after a state or an action has gone
SHARE = 0.5  # of the budget that goes into that


def simplified(problem, instance, floor, budget, mode="ratio") -> ExactInstance:
    """The simplest instance that was found whose ratio, or score in another mode, is at least
    ``floor``."""
    task = _Task(problem, floor, mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        task.left = int(SHARE * budget)
        instance = task.smaller(instance)
        task.left += budget - int(SHARE * budget)
        return task.numbers(exact_instance(instance))


class _Task:
    """One simplification, and how many candidates it may still try."""

    def __init__(self, problem, floor, mode):
        self.problem, self.floor, self.mode, self.left = problem, floor, mode, 0

    def enough(self, score) -> bool:
        """Whether a score is large enough, and no violation that nobody has asked for."""
        if score.ratio > VIOLATED > self.floor:
            return False
        return (score.ratio if self.mode == "ratio" else score.score) >= self.floor

    def good(self, instance) -> bool:
        """Whether a candidate, as it stands, has a score that is large enough."""
        self.left -= 1
        return self.enough(self.problem.judge(instance, self.mode, exact=True).score)

    def smaller(self, instance) -> Instance:
        """Without the states and actions that are not needed."""
        for without in (_without_states, _without_actions):
            goes_on = True
            while goes_on and self.left > 0:
                found = (self._climbed(candidate) for candidate in without(instance))
                better = next((x for x in found if x is not None), None)
                goes_on = better is not None
                instance = better if goes_on else instance
        return instance

    def _climbed(self, candidate):
        """The candidate, or what small changes make of it, if that is good."""
        if self.left <= 0 or self.good(candidate):
            return candidate if self.left > 0 else None
        judged = self.problem.judge(candidate, self.mode)
        steps = min(CLIMBS, self.left)
        self.left -= steps
        limits, rng = self.problem.limits(*candidate.r.shape), np.random.default_rng(0)
        found = climb(self.problem, limits, rng, judged, steps, self.mode, self.enough)
        return found.instance if self.good(found.instance) else None

    def numbers(self, exact) -> ExactInstance:
        """With the smallest numbers that do, one after the other, as long as that helps."""
        goes_on = True
        while goes_on and self.left > 0:
            goes_on = False
            for name, i in _places(exact, self.problem):
                for value in _simpler(exact, name, i, self.problem):
                    candidate = _with(exact, name, i, value)
                    if self.left <= 0 or candidate.complexity >= exact.complexity:
                        continue
                    if self.good(candidate.floats()):
                        exact, goes_on = candidate, True
                        break
        return exact


def _without_states(instance):
    """Instances without one state: who went there goes to another one, or stays."""
    S = len(instance.r)
    for s in range(S if S > 1 else 0):
        kept = np.delete(np.arange(S), s)
        for target in (*range(S - 1), None):
            P = np.delete(instance.P[kept], s, axis=2)
            there = np.arange(S - 1) if target is None else np.full(S - 1, target)
            P[np.arange(S - 1), :, there] += instance.P[kept, :, s]
            rho, mu = (_rest(np.delete(p, s)) for p in (instance.rho, instance.mu))
            yield Instance(
                P, instance.r[kept], rho, mu, instance.log_policy[kept], instance.parameters
            )


def _rest(p):
    return p / p.sum() if p.sum() > 0 else np.full(p.size, 1.0 / p.size)


def _without_actions(instance):
    """Instances without one action of every state."""
    A = instance.r.shape[1]
    for a in range(A if A > 1 else 0):
        log_policy = np.delete(instance.log_policy, a, axis=1)
        if np.isfinite(log_policy).any(axis=1).all():
            total = np.logaddexp.reduce(log_policy, axis=1)
            yield instance._replace(
                P=np.delete(instance.P, a, axis=1), r=np.delete(instance.r, a, axis=1),
                log_policy=log_policy - total[:, None],
            )  # fmt: skip


def _places(exact, problem):
    """(field, index) of every number, or row of probabilities, that may change."""
    limits = problem.limits(*exact.r.shape)
    for name in ("P", "r", "policy", "rho", "mu", "parameters"):
        values = getattr(exact, name)
        rows = values.size if name in ("r", "parameters") else values.size // values.shape[-1]
        for i in range(rows):
            if not (name == "parameters" and limits.fixed[i]):
                yield name, i


def _simpler(exact, name, i, problem):
    """What might stand at a place, the simplest first."""
    values = getattr(exact, name)
    if name == "r":
        yield from sorted({Fraction(0), Fraction(1), *values.flat}, key=size)
        yield from (near(values.flat[i], d) for d in DENOMINATORS)
    elif name == "parameters":
        yield Fraction(1)
        yield from (_digits(values[i], n) for n in (1, 2))
        yield from filter(None, (near(values[i], d) for d in DENOMINATORS))  # a step is not 0
        yield from (_digits(values[i], n) for n in (3, 4, 6))
    else:
        yield from _simpler_rows(exact, name, i, problem)


def _digits(x, n) -> Fraction:
    """``x`` to so many significant digits, towards 0: limits are not passed."""
    unit = Fraction(10) ** (len(str(int(x))) - n if x >= 1 else -n - _zeros(x))
    return unit * (x // unit)


def _zeros(x):
    """How many zeros follow the point of a number below 1."""
    count = 0
    while x * 10 ** (count + 1) < 1:
        count += 1
    return count


def _simpler_rows(exact, name, i, problem):
    values = getattr(exact, name)
    n, limits = values.shape[-1], problem.limits(*exact.r.shape)
    row = values.reshape(-1, n)[i]
    positive = (name == "policy" and not limits.zeros) or (
        limits.visited and (name == "mu" or (name == "rho" and limits.together))
    )
    if not positive:
        order = sorted(range(n), key=lambda j: -row[j])
        for j in order:
            yield np.array([Fraction(int(j == k)) for k in range(n)], dtype=object)
    if name != "P":
        yield np.full(n, Fraction(1, n), dtype=object)
    if name == "mu" and not (positive and min(exact.rho) == 0):
        yield exact.rho
    for found in (tenths_near(row), *(row_near(row, d) for d in DENOMINATORS[1:])):
        if min(found) > 0 or (min(found) == 0 and not positive):
            yield found


def _with(exact, name, i, value) -> ExactInstance:
    """The instance with another number or row at a place; mu follows rho where it has to."""
    values = getattr(exact, name).copy()
    if name in ("r", "parameters"):
        values.flat[i] = value
    else:
        values.reshape(-1, values.shape[-1])[i] = value
    changed = exact._replace(**{name: values})
    together = name == "rho" and list(exact.mu) == list(exact.rho)
    return changed._replace(mu=values) if together else changed
