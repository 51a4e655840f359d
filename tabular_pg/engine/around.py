"""What is compiled around a kernel: the rule of the moment, a step, and the start of what it
remembers.

Each function is given a :class:`Method` and what it needs besides, which are frozen into what it
returns. ``values`` are the hyper-parameters as plain tuples, see :func:`plain_values`.
"""

from __future__ import annotations

import numpy as np

from tabular_pg.checks.tables import as_array, tables_of
from tabular_pg.engine.step_size import LARGEST_STEP, registered_step, step_of
from tabular_pg.gaps.two_forms import far_form


def plain_values(rule):
    """The fields of a rule; with a step size that is no number three tuples, the fields of that,
    and those of the rule before and after ``eta``.

    They are numpy's: where nothing is compiled these divide by 0 as compiled code does.
    """
    tables = tables_of(type(rule))
    sizes = registered_step(rule) is not None
    values = tuple(
        as_array(x) if name in tables else x if sizes and name == "eta" else np.float64(x)
        for name, x in zip(rule._fields, rule, strict=True)
    )
    if not sizes:
        return values
    i = rule._fields.index("eta")
    return tuple(map(np.float64, step_of(rule))), values[:i], values[i + 1 :]


def rule_now(method, size):
    """``now(values, k, problem, point)``: the rule with a number for its step size, which is
    recorded if it is no constant."""
    rule = method.rule
    if size is None:

        def now(values, k, problem, point):
            return rule(*values)

        return now
    record, kernel, to_greedy = size.record, size.kernel, method.to_greedy

    def now_sized(values, k, problem, point):
        fields, before, after = values
        eta = kernel(record(*fields), k, problem, point)
        eta = np.float64(min(eta, LARGEST_STEP / max(1.0, problem.largest)))
        point.steps[k] = eta
        return rule(*(before + (eta,) + after))

    def now_far(values, k, problem, point):
        fields, before, after = values
        far, geometry = 0.0, rule(*(before + (1.0,) + after))
        for s in range(point.x.shape[0]):
            far = max(far, to_greedy(geometry, problem, point, s))
        eta = kernel(record(*fields), k, problem, point, far)
        eta = np.float64(min(eta, LARGEST_STEP / max(1.0, problem.largest)))
        point.steps[k] = eta
        return rule(*(before + (eta,) + after))

    return now_far if size.distance else now_sized


def rule_before(method, size):
    """``last(values, k, problem, point)``: the same with the step size that was taken last, for
    what is remembered of the iterate that it led to."""
    rule = method.rule

    def last(values, k, problem, point):
        return rule(*values)

    def last_sized(values, k, problem, point):
        _, before, after = values
        return rule(*(before + (point.steps[k - 1],) + after))

    return last if size is None else last_sized


def step_once(method, now, last):
    """``step(values, k, problem, point)``: the kernel, given the rule of the moment."""
    kernel, learn = method.kernel, method.learn

    def step(values, k, problem, point):
        kernel(now(values, k, problem, point), k, problem, point)

    def learn_and_step(values, k, problem, point):
        if k > 0:
            learn(last(values, k, problem, point), k, problem, point)
        kernel(now(values, k, problem, point), k, problem, point)

    return step if learn is None else learn_and_step


def step_twice(method, now, last):
    """The same, and then the kernel on the second form of the policy."""
    kernel, learn = method.kernel, method.learn

    def step(values, k, problem, point):
        rule = now(values, k, problem, point)
        other = far_form(problem.coordinates, point)
        kernel(rule, k, problem, point)
        kernel(rule, k, problem, other)

    def learn_and_step(values, k, problem, point):
        if k > 0:
            learn(last(values, k, problem, point), k, problem, point)
        rule = now(values, k, problem, point)
        for i in range(point.shift.size):
            point.far_memory.flat[i] = point.memory.flat[i] + point.shift.flat[i]
        other = far_form(problem.coordinates, point)
        kernel(rule, k, problem, point)
        kernel(rule, k, problem, other)

    return step if learn is None else learn_and_step


def begin_once(method, now, last):
    """``begin(values, problem, point)``: what a method remembers at first."""
    start = method.start

    def begin(values, problem, point):
        start(now(values, 0, problem, point), problem, point)

    def begin_without(values, problem, point):
        pass

    return begin_without if start is None else begin


def begin_twice(method, now, last):
    """The same for the memory of both forms."""
    start = method.start

    def begin(values, problem, point):
        rule = now(values, 0, problem, point)
        start(rule, problem, point)
        start(rule, problem, far_form(problem.coordinates, point))
        for i in range(point.shift.size):
            point.shift.flat[i] = point.far_memory.flat[i] - point.memory.flat[i]

    return begin if start is not None else begin_once(method, now, last)


PARTS = (step_once, step_twice, begin_once, begin_twice)
