"""Ways to spoil a run: each keeps the claim (rule, step size, tau) and breaks what is behind it.

WRONG methods are other algorithms, whose iterates are evaluated honestly. CORRUPT runs consist of
iterates and numbers that do not belong together; they are for statements about every policy, which
hold for any algorithm whatsoever.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tabular_pg import HadamardPG, NaturalPG, PolicyIteration, ProjectedQAscent, optimize
from tabular_pg.engine.method import Space
from tabular_pg.engine.rules import flat_rule, method_of
from tabular_pg.gaps.evaluation import evaluate_once
from tabular_pg.gaps.point import empty_point
from tabular_pg.gaps.problem import problem_of

LONG = 10**6
PAIRS = np.unique(np.r_[0, np.geomspace(1, LONG, 40).astype(int)])


def replay(run, iterates, k):
    """The run with these iterates at iterations k, evaluated honestly."""
    best = run.optimum
    problem = problem_of(run.mdp, best, run.method.coordinates(run.tau), True)
    point, rows = empty_point(iterates[0]), []
    for x in iterates:
        point.x[:] = x
        log_scale = evaluate_once(problem, point)
        rows.append([np.array(field) for field in (point.e, log_scale, point.A, point.d, point.pi)])
    e, log_scale, A, d, pi = map(np.array, zip(*rows, strict=True))
    mass = np.where(best.optimal, pi, 0.0).sum(axis=2)
    spent = np.exp(log_scale) * e.max(axis=1)
    return replace(
        run,
        k=np.asarray(k),
        iterates=np.array(iterates),
        scaled_gap=e,
        log_scale=log_scale,
        A=A,
        d=d if run.method.visitation else np.zeros_like(d),
        least_policy=np.minimum.accumulate(np.r_[np.ones((1, *A.shape[1:])), pi[:-1]]),
        least_optimal_mass=np.minimum.accumulate(np.r_[np.ones((1, mass.shape[1])), mass[:-1]]),
        gap_sum=np.r_[0.0, np.cumsum(spent[:-1] * np.diff(k))],
    )


def again(run, rule):
    """Another rule from the same start, recorded at the same iterations."""
    policy = run.policies[0] / run.policies[0].sum(axis=1, keepdims=True)
    return optimize(run.mdp, rule, int(run.k[-1]), tau=run.tau, policy=policy, at=run.k)


def another_step(factor):
    """A method that takes steps ``factor`` times as large as it claims."""

    def spoil(run):
        if not run.rule:
            return run  # without a step size there is nothing to spoil
        field = "eta" if "eta" in run.rule._fields else run.rule._fields[0]
        value = getattr(run.rule, field)
        if isinstance(value, tuple) and not value._fields:  # no unit: the first step for all
            size = factor * float(run.steps[0])
            other = again(run, run.rule._replace(**{field: size}))
            return replace(other, rule=run.rule, steps=np.full(int(run.k[-1]), size))
        if isinstance(value, tuple):  # a step size, in units of its first field
            value = value._replace(**{value._fields[0]: value[0] / factor})
            return replace(again(run, run.rule._replace(eta=value)), rule=run.rule)
        value = factor * value
        value = min(value, 0.99) if field in ("alpha", "beta") else value
        return replace(again(run, run.rule._replace(**{field: value})), rule=run.rule)

    return spoil


def impostor(run):
    """A method that converges faster, or at all, or not at the same pace."""
    if run.tau > 0:
        rule = NaturalPG(0.37)
    elif run.method.space is Space.SIMPLEX:
        rule = ProjectedQAscent(0.05) if type(run.rule) is PolicyIteration else PolicyIteration()
    else:
        rule = NaturalPG(0.7) if type(run.rule) is not NaturalPG else HadamardPG(0.2)
    other = again(run, rule)
    return replay(run, other.iterates, other.k)


def numbers(run, k):
    """The rule of iteration k, flat, with a number for its step size."""
    rule = flat_rule(run.rule)
    return rule if run.constant_step else rule._replace(eta=float(run.steps[k]))


def descending(run):
    """A method with the wrong sign, which runs away from the optimum."""
    problem = problem_of(run.mdp, run.optimum, run.method.coordinates(run.tau), True)
    point = empty_point(run.iterates[0])
    iterates = []
    for k in range(min(int(run.k[-1]), 100)):
        evaluate_once(problem, point)
        iterates.append(point.x.copy())
        memory = -np.repeat(point.q[:, None], run.method.memory, axis=1)
        flipped = point._replace(A=-point.A, q=-point.q, memory=memory)
        method_of(run.rule).kernel(numbers(run, k), k, problem, flipped)
    return replay(run, iterates, np.arange(len(iterates)))


def frozen(run):
    """A method that never moves."""
    k = np.unique(np.r_[PAIRS, PAIRS + 1])
    return replay(run, run.iterates[[0] * len(k)], k)


def stalling(run):
    """A method that rests after every step, and gets nowhere in between."""
    iterates = np.repeat(run.iterates[:100], 2, axis=0)
    return replay(run, iterates, np.arange(len(iterates)))


def backwards(run):
    """A method that starts where the run ends and ends where it starts."""
    return replay(run, run.iterates[::-1], run.k)


WRONG = {
    "1.3 times the step": another_step(1.3),
    "30 times the step": another_step(30.0),
    "1/30 of the step": another_step(1 / 30),
    "1/1000 of the step": another_step(1e-3),
    "frozen": frozen,
    "stalling": stalling,
    "descending": descending,
    "backwards": backwards,
    "impostor": impostor,
}


def stale(run):
    """The advantages of other iterates."""
    return replace(run, A=run.A[::-1])


def lucky(run):
    """The gaps of other iterates."""
    return replace(run, scaled_gap=run.scaled_gap[::-1], log_scale=run.log_scale[::-1])


def milder(run):
    """A regularization a thousand times weaker than the one that the optimum is for."""
    return replace(run, tau=run.tau / 1e3)


def overrated(factor):
    """The gap times a constant."""
    return lambda run: replace(run, scaled_gap=factor * run.scaled_gap)


CORRUPT = {
    "stale advantages": stale,
    "gaps of others": lucky,
    "gap * 1e6": overrated(1e6),
    "gap / 1e6": overrated(1e-6),
    "tau / 1000": milder,
}
