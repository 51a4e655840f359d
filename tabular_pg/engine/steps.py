"""What is compiled around a kernel: a step, and the start of what it remembers.

Each function is given a :class:`Method`, whose parts are frozen into what it returns.
"""

from __future__ import annotations

from tabular_pg.gaps.two_forms import far_form


def step_once(method):
    rule, kernel, learn = method.rule, method.kernel, method.learn

    def step(values, k, problem, point):
        kernel(rule(*values), k, problem, point)

    def learn_and_step(values, k, problem, point):
        if k > 0:
            learn(rule(*values), k, problem, point)
        kernel(rule(*values), k, problem, point)

    return step if learn is None else learn_and_step


def step_twice(method):
    """The same, and then the kernel on the second form of the policy."""
    rule, kernel, learn = method.rule, method.kernel, method.learn

    def step(values, k, problem, point):
        other = far_form(problem.coordinates, point)
        kernel(rule(*values), k, problem, point)
        kernel(rule(*values), k, problem, other)

    def learn_and_step(values, k, problem, point):
        if k > 0:
            learn(rule(*values), k, problem, point)
        point.far_memory[:] = point.memory + point.shift
        other = far_form(problem.coordinates, point)
        kernel(rule(*values), k, problem, point)
        kernel(rule(*values), k, problem, other)

    return step if learn is None else learn_and_step


def begin_once(method):
    rule, start = method.rule, method.start

    def begin(values, problem, point):
        start(rule(*values), problem, point)

    return begin


def begin_twice(method):
    """The same for the memory of both forms."""
    rule, start = method.rule, method.start

    def begin(values, problem, point):
        start(rule(*values), problem, point)
        start(rule(*values), problem, far_form(problem.coordinates, point))
        point.shift[:] = point.far_memory - point.memory

    return begin
