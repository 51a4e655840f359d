"""Compiling beforehand what runs need, for a container image or before a class.

Each task is a short run, in a process that keeps on disk what it compiles. In the last two states
all actions are optimal: the gap is 0, so that what gaps far below others take is compiled as well.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import as_completed
from typing import get_type_hints

import numpy as np
import scipy.sparse

from tabular_pg.engine import compiled_loop
from tabular_pg.engine.arguments import refuse_distance
from tabular_pg.engine.method import METHODS, Regularization
from tabular_pg.engine.optimize import optimize
from tabular_pg.engine.rules import COMPOSED, flat_rule, method_of
from tabular_pg.engine.step_size import STEP_SIZES, Constant
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.elimination import UNBLOCKED

KINDS = {
    "few states": 5, "dozens of states": 30, "more than a hundred": UNBLOCKED + 2,
    "hundreds of states": 400, "sparse P": 400,
}  # fmt: skip
VALUE = 0.1  # of hyper-parameters without a default, and of tau


def warm_tasks() -> list[tuple[str, str | None, float, str]]:
    """What there is to compile: methods with step sizes, tau and a kind of MDP."""
    tasks = []
    for rule, method in METHODS.items():
        sizes = [None, *(x for x in STEP_SIZES if x is not Constant)]
        taus = {Regularization.NONE: (0.0,), Regularization.REQUIRED: (VALUE,)}
        for size in sizes if "eta" in rule._fields else sizes[:1]:
            for tau in taus.get(method.regularization, (0.0, VALUE)):
                step = None if size is None else size.__name__
                if _is_possible(rule_with(rule.__name__, step), tau):
                    tasks += [(rule.__name__, step, tau, kind) for kind in KINDS]
    return tasks


def _is_possible(rule, tau):
    """Whether steps of this kind are there for the method."""
    try:
        refuse_distance("", method_of(rule), flat_rule(rule), tau)
    except ValueError:
        return False
    return True


def rule_with(rule, step):
    """A rule with a step size, given their names."""
    rules, steps = {x.__name__: x for x in METHODS}, {x.__name__: x for x in STEP_SIZES}
    made = _made(rules[rule])
    return made if step is None else made._replace(eta=_made(steps[step]))


def warm(rule, step, tau, kind) -> float:
    """Seconds that it took to compile what one of these tasks needs."""
    start = time.perf_counter()
    rarely, compiled_loop.RARELY = compiled_loop.RARELY, 1
    try:
        with contextlib.suppress(RuntimeWarning):
            optimize(instance(kind), rule_with(rule, step), 2, tau=tau)
    finally:
        compiled_loop.RARELY = rarely
    return time.perf_counter() - start


def _made(record):
    """With defaults, and one value for all fields that have none, 1 where it has to be whole."""
    if record in COMPOSED:
        return COMPOSED[record].example
    kinds, known = get_type_hints(record), record._field_defaults
    return record(*(known.get(x, 1 if kinds[x] is int else VALUE) for x in record._fields))


def instance(kind) -> MDP:
    """An MDP of this kind."""
    S, A, rng = KINDS[kind], 3, np.random.default_rng(0)
    P, r = rng.dirichlet(np.ones(S), (S, A)), rng.random((S, A))
    if kind == "sparse P":
        P[..., 3:] = 0.0
        P /= P.sum(axis=2, keepdims=True)
    P[-2:], r[-2:] = np.eye(S)[[S - 1, S - 2], None], 0.0
    return MDP(scipy.sparse.csr_array(P.reshape(S * A, S)) if kind == "sparse P" else P, r, 0.9)


def warmed(workers, tasks):
    """Yield (task, seconds) as they are done by the ``workers``."""
    waiting = {workers.submit(warm, *task): task for task in tasks}
    for done in as_completed(waiting):
        yield waiting[done], done.result()
