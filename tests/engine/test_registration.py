"""The kernel that is registered is the one that runs, and one that does nothing is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from tabular_pg import (
    MDP,
    NaturalPG,
    PolicyMirrorDescent,
    SoftmaxPG,
    Solver,
    Status,
    instances,
    mirrors,
    optimize,
    optimize_many,
    steps,
)
from tabular_pg.engine.method import METHODS, Regularization, Space, method

MODEL = instances.garnet(5, 2, 2, 0.9)
WAYS = [
    {},
    {"solver": Solver.REUSE},
    {"solver": Solver.SWEEPS},
    {"tau": 0.1},
]
GAIN = """
class {name}(NamedTuple):
    {fields}
@method({name}, space=Space.SOFTMAX, regularization=Regularization.ANY, statewise={statewise})
def gain(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += {factor} * rule.eta * point.A[s, a]
"""


def define(factor, name="Gain", fields="eta: float", statewise=False):
    """A class of that name, as if a cell of a notebook were run."""
    names = {"NamedTuple": NamedTuple, "method": method, "Space": Space, "__name__": "__main__"}
    names["Regularization"] = Regularization
    exec(GAIN.format(name=name, factor=factor, fields=fields, statewise=statewise), names)
    return names[name]


def gaps(rule, **how):
    return optimize(MODEL, rule, 5, **how).gap


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_a_class_defined_anew_runs_its_own_kernel(how):
    statewise = how.get("solver") is Solver.REUSE
    first = define(1.0, statewise=statewise)
    ascent = gaps(first(1.0), **how)
    second = define(-1.0, statewise=statewise)
    descent = gaps(second(1.0), **how)
    assert (np.diff(ascent) < 0).all() and (np.diff(descent) > 0).all()
    np.testing.assert_array_equal(gaps(first(1.0), **how), ascent)
    np.testing.assert_array_equal(gaps(second(1.0), **how), descent)
    if "tau" not in how:
        np.testing.assert_allclose(ascent, gaps(NaturalPG(1.0), **how), rtol=1e-9)


@pytest.mark.parametrize("how", WAYS[:2], ids=str)
def test_a_kernel_registered_again_for_a_class_runs(how):
    rule = define(1.0)
    ascent = gaps(rule(1.0), **how)

    @method(rule, space=Space.SOFTMAX, regularization=Regularization.ANY)
    def loss(rule, k, problem, point):
        for s in range(point.x.shape[0]):
            for a in range(point.x.shape[1]):
                point.x[s, a] -= rule.eta * point.A[s, a]

    assert (np.diff(gaps(rule(1.0), **how)) > 0).all() and (np.diff(ascent) < 0).all()


def test_fields_are_those_of_the_class_and_not_of_another_of_its_name():
    orders = (
        define(1.0, fields="eta: float\n    other: float"),
        define(1.0, fields="other: float\n    eta: float"),
    )
    small, large = gaps(orders[0](0.1, 9.0)), gaps(orders[1](0.1, 9.0))
    np.testing.assert_array_equal(small, gaps(orders[1](9.0, 0.1)))
    np.testing.assert_array_equal(large, gaps(orders[0](9.0, 0.1)))
    assert large[-1] < small[-1] / 10


def test_a_class_named_like_one_of_the_package_takes_nothing_from_it():
    """In a process in which the user's class is the first of its name to run."""
    code = f"""
import numpy as np
from typing import NamedTuple
import tabular_pg
from tabular_pg import instances, optimize
from tabular_pg.engine.method import Regularization, Space, method
{GAIN.format(name="NaturalPG", factor=-1.0, fields="eta: float", statewise=False)}
mdp = instances.garnet(5, 2, 2, 0.9)
mine = optimize(mdp, NaturalPG(1.0), 5).gap
theirs = optimize(mdp, tabular_pg.NaturalPG(1.0), 5).gap
assert (np.diff(mine) > 0).all() and (np.diff(theirs) < 0).all(), (mine, theirs)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_many_runs_on_threads_each_have_their_kernel():
    rules = [define(factor)(1.0) for factor in (1.0, -1.0, 0.5, -0.5)] * 3
    runs = optimize_many(MODEL, rules, 5)
    for rule, run in zip(rules, runs, strict=True):
        np.testing.assert_array_equal(run.gap, gaps(rule))
    assert len({tuple(run.gap) for run in runs}) == 4


def test_registrations_in_threads():
    found = {}

    def work(factor):
        found[factor] = gaps(define(factor)(1.0))

    threads = [threading.Thread(target=work, args=(f,)) for f in (1.0, -1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for factor, gap in found.items():
        np.testing.assert_array_equal(gap, gaps(define(factor)(1.0)))


class Own(NamedTuple):
    """For kernels that are tried and refused."""

    eta: float


def returns_the_next(rule, k, problem, point):
    return point.x + rule.eta * point.A


def binds_a_name(rule, k, problem, point):
    x = point.x
    x = x + rule.eta * point.A


def adds_in_place(rule, k, problem, point):
    point.x += rule.eta * point.A


def changes_a_copy(rule, k, problem, point):
    x = point.x.copy()
    for s in range(x.shape[0]):
        x[s, 0] += rule.eta


def writes_elsewhere(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        point.pi[s, 0] = 1.0


def rests_at_the_greedy_policy(rule, k, problem, point):
    """Policy iteration, in log-probabilities that are kept finite."""
    for s in range(point.x.shape[0]):
        best = 0
        for a in range(point.x.shape[1]):
            if point.A[s, a] > point.A[s, best]:
                best = a
        for a in range(point.x.shape[1]):
            point.x[s, a] = 0.0 if a == best else -rule.eta


def registered(kernel):
    method(Own, space=Space.SOFTMAX)(kernel)
    return Own


@pytest.mark.parametrize(
    ("kernel", "message", "how"),
    [
        (returns_the_next, "the kernel returns_the_next returns .*expected None", WAYS[0]),
        (returns_the_next, "the kernel returns_the_next returns .*expected None", WAYS[2]),
        (binds_a_name, "binds_a_name of Own leaves point.x as it is", WAYS[1]),
        (changes_a_copy, "changes_a_copy of Own leaves point.x as it is", WAYS[0]),
        (writes_elsewhere, "writes_elsewhere of Own leaves point.x as it is", WAYS[0]),
    ],
)
def test_a_kernel_that_does_nothing_is_refused(kernel, message, how):
    with pytest.raises(TypeError, match=message):
        optimize(MODEL, registered(kernel)(0.5), 5, **how)


def forgets_to_normalize(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        point.x[s, 0] += rule.eta


def empties_rows(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] = 0.0


@pytest.mark.parametrize("kernel", [forgets_to_normalize, empties_rows])
def test_iterates_that_are_no_policies_are_warned_about(kernel):
    class Leaving(NamedTuple):
        eta: float

    method(Leaving, space=Space.SIMPLEX)(kernel)
    with pytest.warns(UserWarning, match="iterates are no policies: row 0 at k = 1 is"):
        optimize(MODEL, Leaving(0.1), 3)


def test_a_kernel_may_rest():
    """At a fixed point, where there is one action, and where its step is below rounding."""
    rule = registered(rests_at_the_greedy_policy)(40.0)
    run = optimize(MODEL, rule, 5)
    assert run.status is Status.COMPLETED
    again = optimize(MODEL, rule, 5, policy=np.exp(run.log_policies[-1]))
    np.testing.assert_allclose(again.gap, again.gap[0])
    alone = MDP(np.full((3, 1, 3), 1 / 3), [[1.0], [0.0], [0.5]], 0.9)
    assert optimize(alone, rule, 3).status is Status.OPTIMAL
    np.testing.assert_array_equal(gaps(define(1.0)(1e-300)), gaps(SoftmaxPG(1e-300)))
    constant = MDP(MODEL.P, np.ones(MODEL.r.shape), 0.9)
    assert optimize(constant, define(1.0)(1.0), 3).status is Status.OPTIMAL
    assert optimize(MODEL, define(1.0)(1.0), 0).status is Status.COMPLETED


def test_what_cannot_be_a_kernel_is_refused_when_registering():
    with pytest.raises(
        TypeError, match=r"kernel is <lambda>\(rule, k, point\); expected \(rule, k"
    ):
        registered(lambda rule, k, point: None)
    with pytest.raises(TypeError, match="adds_in_place assigns to the attribute x, which is fixed"):
        registered(adds_in_place)
    with pytest.raises(TypeError, match="kernel is 3; expected a function"):
        registered(3)
    with pytest.raises(TypeError, match="kernel is <built-in function (max|min)>"):
        registered(max)
    with pytest.raises(ValueError, match="rule is NaturalPG of this package.*a class of your own"):
        method(NaturalPG, space=Space.SOFTMAX, regularization=Regularization.ANY)(binds_a_name)
    assert METHODS[NaturalPG].native
    registered(rests_at_the_greedy_policy)
    with pytest.raises(ValueError, match="rule is Own, registered before with .*define the class"):
        method(Own, space=Space.SIMPLEX)(rests_at_the_greedy_policy)


def test_without_compiling():
    """The same classes under NUMBA_DISABLE_JIT."""
    names = "defined_anew or registered_again or fields_are or does_nothing or may_rest"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        names,
    ]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "eta",
    [
        np.float32(0.1), np.float16(0.1), np.float64(0.1), np.longdouble(0.1), Fraction(1, 10),
        Decimal("0.1"), np.int64(1), np.uint8(1), 1,
    ],
    ids=repr,
)  # fmt: skip
def test_step_sizes_of_every_kind_of_number(eta):
    run = optimize(MODEL, NaturalPG(eta), 3)
    assert type(run.rule.eta) is float and run.rule.eta == float(eta)


@pytest.mark.parametrize(
    "eta",
    [10**400, np.float32("inf"), np.float16("nan"), Decimal("NaN"), Fraction(10**400), -(10**400)],
)
def test_step_sizes_that_are_no_finite_numbers(eta):
    with pytest.raises(ValueError, match="eta is .*; expected a finite number > 0"):
        optimize(MODEL, NaturalPG(eta), 3)


def test_records_of_different_classes_differ():
    """As tuples they are equal where their fields are."""
    assert (
        mirrors.LogBarrier() != mirrors.Euclidean() and mirrors.Euclidean() == mirrors.Euclidean()
    )
    assert NaturalPG(1.0) != SoftmaxPG(1.0) and len({NaturalPG(1.0), SoftmaxPG(1.0)}) == 2
    assert steps.Geometric(1.0, 0.5) != steps.Decaying(1.0, 0.5)
    assert PolicyMirrorDescent(mirrors.LogBarrier(), 1.0) != PolicyMirrorDescent(
        mirrors.Euclidean(), 1.0
    )
