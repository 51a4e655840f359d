"""Whether a formula says of a stack of runs what it says of each of them."""

from __future__ import annotations

import warnings

import numpy as np

from tabular_pg.search.candidates.moves import random_instance, starts_around
from tabular_pg.search.candidates.stack import Stack, size_of
from tabular_pg.verdicts.sides import sides_of

TRIED, AGREE = 100, 5  # candidates, at most, and how many must agree
RUNS = 4  # of a stack that is compared
ROUNDING = 1e-9  # relative difference between both


def runs_at_once(problem, limits) -> int:
    """From how many starts a candidate can be run at once; 1 where the method has a memory, the
    start is given, the theorem assumes something of it, or the formula looks at a run as a whole.

    A formula that takes a row of a stack for the start of a run, say, gives other numbers for
    the stack: this is found out on random candidates, once for a search.
    """
    if limits.uniform or limits.A == 1 or not problem.evaluator(limits.S, limits.A).stackable:
        return 1
    rng, agreeing = np.random.default_rng(0), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(TRIED):
            instance = random_instance(rng, limits)
            starts = starts_around(rng, instance.log_policy, limits, 1.0, RUNS)
            same = _same(problem, instance, starts)
            if same is False:
                return 1
            agreeing += same is True
            if agreeing == AGREE:
                return size_of(len(problem.at))
    return 1


def _same(problem, instance, starts):
    """Whether both sides are the same; None where the theorem is not about the stack, or claims
    nothing: formulas may do so for a stack because of one of its runs."""
    tried, stack, why_not = problem.run_of(instance, False, starts)
    if why_not and any(_is_about(problem, instance, start) for start in starts):
        return False  # an assumption that depends on the start
    if why_not or not isinstance(stack, Stack):
        return None
    instance = tried
    try:
        together = sides_of(problem.theorem, stack)
        alone = [_alone(problem, instance, starts[i]) for i in stack.starts]
    except Exception:  # of a formula on one of them
        return False
    if any(side.ndim == 0 for side in together):
        return False
    expected = [np.concatenate(sides) for sides in zip(*alone, strict=True)]
    for side, single in zip(together, expected, strict=True):
        if side.shape != single.shape:
            return False
        allowed = ROUNDING * np.abs(single) + expected[2]  # runs in lanes are rounded elsewhere
        with np.errstate(invalid="ignore"):
            same = (side == single) | (np.abs(side - single) <= allowed)
        if not (same | (np.isnan(side) & np.isnan(single))).all():
            return False
    claims = [np.isfinite(proved[min(1, len(proved) - 1) :]).any() for _, proved, _ in alone]
    return True if all(claims) else None


def _is_about(problem, instance, log_policy) -> bool:
    _, _, why_not = problem.run_of(instance._replace(log_policy=log_policy), False)
    return not why_not


def _alone(problem, instance, log_policy):
    candidate = instance._replace(log_policy=log_policy)
    _, run, why_not = problem.run_of(candidate, True)
    if why_not:
        raise ValueError(why_not)
    return [np.array(side) for side in sides_of(problem.theorem, run)]
