"""Functions of a step size return a number, or whether it passes, and write nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from tabular_pg import HadamardPG, NaturalPG, Solver, Space, instances, method, optimize, steps

MDP = instances.garnet(5, 3, 2, 0.9, seed=1)


class Size(NamedTuple):
    eta: float


class Search(NamedTuple):
    first: float
    shrink: float = 0.5


def nothing(step, k, problem, point):
    pass


def nothing_at_first(step, k, problem, point):
    return 1.0 if k > 0 else None


def a_pair(step, k, problem, point):
    return 1.0, 2.0


def an_array(step, k, problem, point):
    return point.e


def whether(step, k, problem, point):
    return k > 0


def a_complex_number(step, k, problem, point):
    return 1j


def writes(step, k, problem, point):
    point.pi[0, 0] = 1.0
    return 1.0


def writes_by_another_name(step, k, problem, point):
    row = point.A[0]
    row[0] = 1.0
    return 1.0


def propose_nothing(step, k, last):
    pass


def first(step, k, last):
    return step.first


def accept_nothing(step, problem, point, trial):
    pass


def a_number(step, problem, point, trial):
    return trial.gap[0] - trial.next_gap[0]


def writes_into_the_trial(step, problem, point, trial):
    trial.point.x[0, 0] = 0.0
    return True


def always(step, problem, point, trial):
    return True


def own_scratch(step, k, problem, point):
    """What may be done: copies, and arrays of one's own."""
    pi = point.pi.copy()
    pi[0, 0] = 0.0
    return pi.sum() * 1e-9 + 1


def sized(kernel):
    steps.step_size(Size)(kernel)
    return Size(1.0)


def searched(propose, accept):
    steps.step_search(Search, propose=propose)(accept)
    return Search(1.0)


@pytest.mark.parametrize("how", [{}, {"solver": Solver.REUSE}], ids=str)
@pytest.mark.parametrize(
    ("make", "parts", "message"),
    [
        (sized, [nothing], "Size: nothing returns nothing; expected a number"),
        (sized, [nothing_at_first], "Size: nothing_at_first returns nothing.*; expected a number"),
        (sized, [a_pair], "Size: a_pair returns .*uple.*; expected a number"),
        (sized, [an_array], "Size: an_array returns .*array.*; expected a number"),
        (sized, [whether], "Size: whether returns .*bool.*; expected a number"),
        (sized, [a_complex_number], "a_complex_number returns .*complex.*; expected a number"),
        (sized, [writes], "Size: writes writes into what it is given"),
        (sized, [writes_by_another_name], "writes_by_another_name writes into what it is given"),
        (searched, [propose_nothing, always], "Search: propose_nothing returns nothing; expected"),
        (searched, [first, accept_nothing], "accept_nothing returns nothing; expected True or F"),
        (searched, [first, a_number], "a_number returns .*float.*; expected True or False"),
        (searched, [first, writes_into_the_trial], "writes_into_the_trial writes into what it"),
    ],
)
def test_a_wrong_answer_is_one_clear_error(make, parts, message, how):
    with pytest.raises(TypeError, match=f"the step size .*{message}") as caught:
        optimize(MDP, NaturalPG(make(*parts)), 3, **how)
    assert len(str(caught.value)) < 200


def test_copies_may_be_written_into():
    np.testing.assert_allclose(optimize(MDP, NaturalPG(sized(own_scratch)), 3).steps, 1.0)


class Remembering(NamedTuple):
    eta: float


def returns_its_memory(rule, problem, point):
    return 2.0 * point.A


def learns_nothing(rule, k, problem, point):
    return 2.0 * point.A


def fills(rule, problem, point):
    point.memory[:, 0] = point.A


@pytest.mark.parametrize(
    "parts", [{"start": returns_its_memory}, {"start": fills, "learn": learns_nothing}]
)
def test_what_fills_a_memory_returns_nothing(parts):
    @method(Remembering, space=Space.SOFTMAX, memory=1, **parts)
    def moves(rule, k, problem, point):
        for s in range(point.x.shape[0]):
            for a in range(point.x.shape[1]):
                point.x[s, a] += rule.eta * point.memory[s, 0, a]

    name = list(parts.values())[-1].__name__
    with pytest.raises(TypeError, match=f"the kernel {name} returns .*expected None"):
        optimize(MDP, Remembering(1.0), 3)


def test_without_compiling():
    """The same under NUMBA_DISABLE_JIT."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout


def zero(step, k, problem, point):
    return 0.0 if k == 0 else step.eta / (k - 1)


@pytest.mark.parametrize("rule", [NaturalPG, HadamardPG])
def test_a_step_of_zero_moves_nothing_and_a_division_by_zero_is_a_step_without_end(rule):
    with pytest.warns(UserWarning, match=r"is 0.0 at k = 0; expected one > 0"):
        run = optimize(MDP, rule(sized(zero)), 2)
    assert run.gap[0] == run.gap[1]
    assert run.steps[0] == 0 and run.steps[1] >= 1e249
