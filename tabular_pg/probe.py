"""Whether a kernel does anything: one that forgets to write into ``point.x`` runs in silence."""

from __future__ import annotations

from itertools import product

import numpy as np

from tabular_pg.coordinates import coordinates_of, normalize, policy_error
from tabular_pg.method import checked_rule
from tabular_pg.systems.products import next_values

STILL = 1e-9  # a policy that has moved less may not have moved at all
SWEEPS = 30  # of fixed-point iteration: the point need only look like one of a run
FIELDS = (None, 1.0, 0.5, 1e3)  # hyper-parameters to try: a tiny step may be lost to rounding


def refuse_idle_kernel(task, moved):
    """Raise TypeError if a run has not ``moved`` and its kernel moves no policy at all.

    At a fixed point a right kernel changes nothing; so it is tried on another policy, with the
    run's own hyper-parameters and with others.
    """
    method = task.method
    if moved or method.native or task.at[-1] == 0 or task.mdp.n_actions == 1:
        return
    rng = np.random.default_rng(0)
    rules = [rule for rule in (_filled(task.rule, value) for value in FIELDS) if rule is not None]
    for make, rule, k in product((_somewhere, _anything), rules, (0, 1, 2, int(task.at[-1]))):
        point = make(task, rng)
        before = point.x.copy()
        method.step(tuple(rule), k, task.problem, point)
        if not np.array_equal(before, point.x, equal_nan=True):
            return
    raise TypeError(
        f"the kernel {method.kernel.__name__} of {method.rule.__name__} leaves point.x as it is at "
        "every policy that was tried; expected it to overwrite point.x by the next iterate, as in "
        "point.x[s, a] = ... or point.x[:] = ... (x = ... gives a name to something else)"
    )


def _filled(rule, value):
    """The rule with all fields set to ``value``; None where it refuses that."""
    if value is None:
        return rule
    try:
        return checked_rule(type(rule)(*[value] * len(rule)))
    except (TypeError, ValueError):
        return None


def _somewhere(task, rng):
    """A point at a random policy, with about the errors and advantages that belong to it."""
    problem = task.problem
    pi = rng.dirichlet(np.ones(task.mdp.n_actions), task.mdp.n_states)
    if task.mdp.actions is not None:
        pi = np.where(task.mdp.actions, pi, 0.0)
        pi /= pi.sum(axis=1, keepdims=True)
    point = task.point._replace(**{
        name: getattr(task.point, name).copy()
        for name in ("x", "pi", "e", "q", "A", "d", "critic")
    })  # fmt: skip
    point.x[:] = coordinates_of(pi, problem.coordinates)
    normalize(problem.coordinates, point.x, point.pi)
    policy_error(problem.coordinates, point.x, point.pi, point.e)
    error = point.e.copy()
    for _ in range(SWEEPS):
        next_values(problem.P, problem.gamma, point.e, point.q)
        point.e[:] = error + (point.pi * point.q).sum(axis=1)
    point.A[:] = problem.A_star - point.q
    if problem.tau > 0:
        point.A[:] -= problem.tau * point.x
    point.A[:] -= (point.pi * point.A).sum(axis=1, keepdims=True)
    point.d[:] = rng.dirichlet(np.ones(task.mdp.n_states)) if problem.visitation else 0.0
    point.critic[:] = point.q
    return point


def _anything(task, rng):
    """The same with made up errors and advantages: where rewards are constant those are all 0."""
    point = _somewhere(task, rng)
    for field in (point.e, point.q, point.critic):
        field[:] = rng.random(field.shape)
    point.A[:] = rng.normal(size=point.A.shape)
    point.A[:] -= (point.pi * point.A).sum(axis=1, keepdims=True)
    return point
