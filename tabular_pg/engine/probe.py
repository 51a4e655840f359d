"""Whether a kernel does anything: one that forgets to write into ``point.x`` runs in silence."""

from __future__ import annotations

from itertools import product

import numpy as np

from tabular_pg.engine.around import step_once
from tabular_pg.engine.method import Space, checked_rule
from tabular_pg.engine.step_size import is_constant

STILL = 1e-9  # a policy that has moved less may not have moved at all
FIELDS = (None, 1.0, 0.5, 1e3)  # hyper-parameters to try: a tiny step may be lost to rounding
TRIES = 3


def refuse_idle_kernel(task, moved):
    """Raise TypeError if a run has not ``moved`` and its kernel moves no policy at all.

    At a fixed point a right kernel changes nothing; so it is tried on other policies, with the
    run's own hyper-parameters and with others.
    """
    method = task.method
    if moved or method.native or task.at[-1] == 0 or task.mdp.n_actions == 1:
        return
    rng, step = np.random.default_rng(0), method.around(step_once)
    rules = [rule for rule in (_filled(task.rule, value) for value in FIELDS) if rule is not None]
    for rule, k, _ in product(rules, (0, 1, 2, int(task.at[-1])), range(TRIES)):
        point = _somewhere(task, rng)
        before = point.x.copy()
        step(tuple(rule), k, task.problem, point)
        if not np.array_equal(before, point.x, equal_nan=True):
            return
    raise TypeError(
        f"the kernel {method.kernel.__name__} of {method.rule.__name__} leaves point.x as it is at "
        "every policy that was tried; expected it to overwrite point.x by the next iterate, as in "
        "point.x[s, a] = ... or point.x[:] = ... (x = ... gives a name to something else)"
    )


def _filled(rule, value):
    """The rule with all fields set to ``value``; None where it refuses that, or is no record of
    numbers."""
    if value is None:
        return rule if is_constant(rule) else None
    try:
        return checked_rule(type(rule)(*[value] * len(rule)))
    except (TypeError, ValueError):
        return None


def _somewhere(task, rng):
    """A point at a random policy, with made up errors and advantages: they may all be 0 in fact."""
    (S, A), n, point = task.mdp.r.shape, task.method.memory, task.point
    pi = rng.dirichlet(np.ones(A), S)
    if task.mdp.actions is not None:
        pi = np.where(task.mdp.actions, pi, 0.0)
        pi /= pi.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        log_pi = np.log(pi)
    q, gains = rng.random((S, A)), rng.normal(size=(S, A))
    x = log_pi if task.tau == 0 else rng.normal(size=(S, A))
    values = {
        "x": pi if task.method.space is Space.SIMPLEX else x,
        "pi": pi,
        "log_pi": log_pi,
        "e": rng.random(S),
        "q": q,
        "A": gains - (pi * gains).sum(axis=1, keepdims=True),
        "d": rng.dirichlet(np.ones(S)),
        "memory": rng.random((S, n, A)),
    }
    return point._replace(
        **{name: value.copy() for name, value in values.items() if name in point._fields}
    )
