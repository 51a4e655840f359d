"""What is run again, all of it exact, and its iterates in ball arithmetic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb, fmpq

from tabular_pg._progress import Watch
from tabular_pg.certified.arithmetic.exact import Row, nested, objects, rational
from tabular_pg.certified.evaluation import Model
from tabular_pg.certified.rational import RationalMDP
from tabular_pg.certified.registration import UPDATES, refuse_outdated
from tabular_pg.checks.numbers import shown
from tabular_pg.checks.tables import as_rows, each_entry, is_table, refuse_shapes, tables_of
from tabular_pg.engine.arguments import refuse_combination
from tabular_pg.engine.method import Space
from tabular_pg.engine.registration import is_record
from tabular_pg.engine.rules import (
    flat_rule,
    integers_of,
    method_of,
    part_records,
    refuse_other_parts,
)
from tabular_pg.engine.run import Run
from tabular_pg.engine.step_size import is_constant, mapped, step_of
from tabular_pg.numerics.duals import Regularizer
from tabular_pg.optima.regularized import regularizer_of


class Rerun(NamedTuple):
    """What is rerun: all of it exact."""

    mdp: RationalMDP
    rule: tuple  # of fmpq
    tau: fmpq
    policy: np.ndarray  # (S, A) of fmpq
    k: np.ndarray  # iterations to record
    steps: tuple | None = None  # of fmpq: the step size of every iteration, if it was recorded

    def step_sizes(self):
        """The step size of every iteration, in balls of flint's present precision; None where the
        rule has none."""
        step, count = step_of(self.rule), int(self.k[-1])
        if step is None:
            return [None] * count
        if self.steps is not None:
            return [arb(eta) for eta in self.steps]
        if self.constant_step:
            return [arb(step)] * count
        step = type(step)(*map(arb, step))
        return [step.at(k) for k in range(count)]

    @property
    def constant_step(self) -> bool:
        return is_constant(self.rule)

    @property
    def regularizer(self) -> Regularizer | None:
        """What regularizes, where that is not the entropy."""
        if not method_of(self.rule).is_dual(self.tau):
            return None
        return regularizer_of(self.rule.mirror)


def rerun_of(run) -> Rerun:
    """What a run was a run of, in exact numbers."""
    if not isinstance(run, Run):
        raise TypeError(f"run is of type {type(run).__name__}; expected Run")
    steps = None if run.steps is None else tuple(rational("steps", x) for x in run.steps)
    return exact_rerun(run.mdp, run.rule, run.tau, run.start, run.k, steps)


def exact_rerun(mdp, rule, tau, policy, k, steps=None) -> Rerun:
    refuse_other_parts(rule)
    mdp, kind = RationalMDP.of(mdp), type(flat_rule(rule))
    if kind not in UPDATES:
        known = ", ".join(sorted(r.__name__ for r in UPDATES))
        raise TypeError(
            f"rule is {shown(rule)}; expected one with an exact update ({known}, or register one "
            "with tabular_pg.certified.update)"
        )
    refuse_outdated(kind)
    rule = _exact_rule(rule)
    refuse_shapes(rule, mdp.r.shape)
    if steps is None and not is_constant(rule) and not hasattr(step_of(rule), "at"):
        raise TypeError(
            f"eta is {step_of(rule)}, which depends on iterates; expected a number or a schedule "
            "(certify(run) takes the steps that a run took)"
        )
    tau = rational("tau", tau)
    if tau < 0:
        raise ValueError(f"tau is {tau}; expected a number >= 0")
    method = method_of(rule)
    refuse_combination(type(rule).__name__, method, mdp, tau)
    return Rerun(mdp, rule, tau, _start(policy, mdp, method.space), k, steps)


def _exact_rule(rule):
    """The rule with exact numbers, positive ones unless they may have any sign."""
    values, any_sign, tables = [], method_of(rule).any_sign, tables_of(type(rule))
    for name, x in zip(rule._fields, rule, strict=True):
        x = as_rows(name, x) if name in tables else x
        if is_record(type(x)):
            fields = zip(x._fields, x, strict=True)
            free = part_records()[type(x)].any_sign
            exact = (
                rational(f"{name}.{field}", y) if field in free else _positive(f"{name}.{field}", y)
                for field, y in fields
            )
            values.append(type(x)(*exact))
        elif name in integers_of(type(rule)):
            values.append(x)
        elif is_table(x):
            exact = rational if name in any_sign else _positive
            values.append(each_entry(name, x, exact))
        else:
            values.append(rational(name, x) if name in any_sign else _positive(name, x))
    rule = type(rule)(*values)
    for record in (*(x for x in rule if is_record(type(x))), rule):
        if hasattr(record, "refuse"):
            record.refuse()
    return rule


def _positive(name, x):
    exact = rational(name, x)
    if exact <= 0:
        raise ValueError(f"{name} is {exact}; expected a number > 0")
    return exact


def _start(policy, mdp, space) -> np.ndarray:
    S, A = mdp.r.shape
    if policy is None:
        policy = [[fmpq(1, A)] * A] * S
    rows = nested("policy", policy, 2, (S, A))
    start = objects([Row("policy", (s,), row).dense() for s, row in enumerate(rows)])
    if space is Space.SOFTMAX and (start == 0).any():
        s, a = np.argwhere(start == 0)[0]
        raise ValueError(
            f"policy[{s}, {a}] is 0; expected a probability > 0 (a softmax method never revives "
            "an action)"
        )
    return start


def trajectory(method):
    """The model at flint's present precision, and pairs (k, point) for every iterate up to the
    last.

    Raises
    ------
    Undecided
        If the balls are too wide to go on; also on the way.
    """
    update, registered = UPDATES[type(flat_rule(method.rule))], method_of(method.rule)
    alike = update.is_symmetric(flat_rule(method.rule))
    model = Model(method.mdp, registered.space, method.tau, alike, method.regularizer)
    return model, _iterates(method, model, update)


def _iterates(method, model, update):
    rule, last, sizes = mapped(flat_rule(method.rule), arb), int(method.k[-1]), method.step_sizes()
    point = model.evaluate(model.start(method.policy), method.policy)
    if update.method.memory:
        first = rule if last == 0 or sizes[0] is None else rule._replace(eta=sizes[0])
        point = point._replace(memory=update.memory(first, model, point))
    with Watch(last + 1) as watch:
        for k in range(last + 1):
            yield k, point
            if watch.interrupted:
                raise KeyboardInterrupt
            watch.count(1)
            if k < last:
                now = rule if sizes[k] is None else rule._replace(eta=sizes[k])
                x, memory = update.step(now, k, model, point)
                point = model.evaluate(x, memory=memory)
