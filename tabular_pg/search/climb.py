"""A search in legs: random candidates, and the best of them improved by small changes."""

from __future__ import annotations

import warnings
from copy import copy

import numpy as np

from tabular_pg.search.candidates.moves import changed, random_instance, starts_around
from tabular_pg.search.scores import NOTHING, VIOLATED

LEG, RANDOM = 680, 80  # evaluations of a leg, of which the first are random
FINAL = 0.3  # of the budget goes into the best legs
BEST = 3  # so many of them
GROWS, SHRINKS = 1.5, 0.97  # the size of changes after a success, and after none
LARGEST, LEAST = 1.0, 1e-6  # that size


def leg(problem, limits, seed, budget, mode=None):
    """``(best, evaluations)`` of one leg, on a copy of the problem: others may run beside it."""
    problem, before = copy(problem), problem.evaluations
    best = _leg(problem, limits, np.random.default_rng(seed), budget, mode)
    return best, problem.evaluations - before


def _leg(problem, limits, rng, budget, mode):
    best = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(min(RANDOM, budget)):
            found = tried(problem, limits, rng, random_instance(rng, limits), 1.0, best, mode)
            if violated(found.score):
                return found
            if best is None or found.score.score > best.score.score:
                best = found
        return climb(problem, limits, rng, best, budget - RANDOM, mode)


def tried(problem, limits, rng, instance, sigma, best, mode):
    """A candidate judged: from its own start, or from the best of many where these take one run."""
    if problem.stacked == 1:
        return problem.judge(instance, mode)
    starts = starts_around(rng, instance.log_policy, limits, sigma, problem.stacked)
    return problem.best_start(instance, starts, mode, best.score if best else NOTHING)


def violated(score) -> bool:
    """Whether floats show a violation, whatever the score in this mode."""
    return score.ratio > VIOLATED


def climb(problem, limits, rng, best, budget, mode=None, enough=violated):
    """``best`` after so many changes, of which those are kept that are not worse; one that is
    ``enough`` ends it."""
    sigma = 0.3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(budget):
            if enough(best.score):
                break
            candidate = changed(rng, best.instance, limits, sigma)
            found = tried(problem, limits, rng, candidate, sigma, best, mode)
            better = found.score.score > best.score.score
            if better or enough(found.score) or found.score.score == best.score.score:
                best = found
            sigma = min(LARGEST, sigma * GROWS) if better else max(LEAST, sigma * SHRINKS)
    return best


def legs_of(budget) -> int:
    """How many legs there are."""
    return max(1, int((1.0 - FINAL) * budget) // LEG)
