"""Functions that are compiled once and called by their address, and ones chosen by types."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numba.core import types

from tabular_pg import MDP, NaturalPG, instances, optimize, steps
from tabular_pg._jit import njit, njit_borrowing, njit_inlined
from tabular_pg.compiled.apart import apart, reference
from tabular_pg.compiled.choice import chosen
from tabular_pg.engine import compiled_loop
from tabular_pg.gaps.evaluation import alike

pytestmark = pytest.mark.skipif(not hasattr(alike, "_cache"), reason="NUMBA_DISABLE_JIT is set")

RUN = """
import sys
from numba.core import event
from tabular_pg import NaturalPG, SoftmaxPG, instances, optimize
states, *names = sys.argv[1:]
mdp = instances.garnet(n_states=int(states), n_actions=3, branching=3, gamma=0.5, seed=0)
rules = {"NaturalPG": NaturalPG(1.0), "SoftmaxPG": SoftmaxPG(0.1)}
with event.install_recorder("numba:compile") as recorded:
    gaps = [optimize(mdp, rules[name], 30).gap[-1].hex() for name in names]
print(*gaps, len(recorded.buffer))
"""


def run(folder, *arguments):
    """What a process finds, and how much it compiles, that keeps compiled code in this folder."""
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    environment = {"TABULAR_PG_CACHE": str(folder), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *gaps, compiled = done.stdout.split()
    return gaps, int(compiled)


@njit_borrowing
def weighted(factors, x):
    total = 0.0
    for i in range(x[0].size):
        total += factors[0][0] * x[0][i] + factors[0][1]
    return total


@njit
def grow(x, by):
    for i in range(x.size):
        x[i] += by


weighted_apart, grow_apart = apart(weighted), apart(grow)


@njit_borrowing
def repeated(factors, x, times):
    total = 0.0
    factors, there = reference(factors), reference(x)
    for _ in range(times):
        total += weighted_apart(factors, there)
        grow_apart(x, 1)
    return total


@pytest.mark.parametrize("dtype", [float, np.float32, np.int64])
def test_what_is_compiled_apart_sees_what_its_arguments_are_now(dtype):
    x = np.arange(3).astype(dtype)
    expected = sum(weighted.py_func(((2.0, 0.5),), (x + i,)) for i in range(4))
    assert repeated((2.0, 0.5), x, 4) == expected
    assert x.tolist() == [4, 5, 6]


def test_from_python_it_is_the_function_itself():
    assert weighted_apart(reference((2.0, 0.5)), reference(np.ones(3))) == 7.5


def test_an_error_apart_is_one_of_the_caller():
    with pytest.raises(ZeroDivisionError):
        njit(lambda a, b: refuses_apart(a, b))(1.0, 0.0)


@njit
def refuses(a, b):
    if b == 0.0:
        raise ZeroDivisionError("nothing to divide by")
    return a / b


refuses_apart = apart(refuses)


def test_methods_share_an_evaluation_which_later_processes_find_or_make_again(tmp_path):
    task = (tmp_path, 4, "NaturalPG", "SoftmaxPG")
    first, compiled = run(*task)
    assert compiled > 20
    assert run(*task) == (first, 0)
    (shared,) = tmp_path.glob("*/evaluate_at-*")
    shared.unlink()
    again, compiled = run(*task)
    assert again == first and compiled > 0 and shared.is_file()
    shared.write_bytes(b"no code")
    assert run(*task)[0] == first


@pytest.mark.parametrize("states", [4, 30])
def test_what_one_process_has_compiled_serves_another_method_in_the_next(states, tmp_path):
    run(tmp_path / "both", states, "NaturalPG")
    later, compiled = run(tmp_path / "both", states, "SoftmaxPG")
    alone, more = run(tmp_path / "alone", states, "SoftmaxPG")
    assert later == alone and 0 < compiled < more / 2
    for shared in (tmp_path / "both").glob("*/evaluate*"):
        shared.unlink()  # parts of it, and what it calls, are there
    assert run(tmp_path / "both", states, "NaturalPG", "SoftmaxPG")[0][1:] == alone


@njit_borrowing
def two_of(x):
    return x, x


def test_who_counts_arrays_takes_none_that_nobody_counted():
    assert njit_borrowing(lambda x: two_of(x)[1].size)(np.ones(3)) == 3
    with pytest.raises(TypeError, match="two_of returns arrays, which its caller counts"):
        njit(lambda x: two_of(x)[1].size)(np.ones(3))


def test_who_does_not_count_arrays_takes_none_that_would_be_left():
    made = njit(lambda x: x + 1.0)
    with pytest.raises(TypeError, match="returns a result of type array.*expected None"):
        njit_borrowing(lambda x: made(x).size)(np.ones(3))


def one(x):
    """What Python calls."""
    return x


def another(x):
    """Likewise; compiled code calls the same for both."""
    return x


doubled, halved = njit_inlined(lambda x: 2.0 * x, "doubled"), njit_inlined(lambda x: x / 2, "half")
chosen(one, lambda kind: doubled if isinstance(kind, types.Float) else halved)
chosen(another, lambda kind: doubled)


def test_compiled_code_calls_what_is_chosen_by_types():
    both = njit(lambda x: (one(x), another(1.0 * x)))
    assert both(3.0) == (6.0, 6.0) and both(3) == (1.5, 6.0) and both(4.0) == (8.0, 8.0)


def test_a_search_resolves_gaps_of_its_trials_itself(monkeypatch):
    P, r = np.full((4, 2, 4), 0.25), np.arange(8.0).reshape(4, 2)
    P[2:], r[2:] = np.eye(4)[[3, 2], None], 0.0
    mdp, calls, advance = MDP(P, r, 0.9), [], compiled_loop.advance_by

    def counted(loop, *arguments):
        advance(lambda *given: calls.append(1) or loop(*given), *arguments)

    monkeypatch.setattr(compiled_loop, "advance_by", counted)
    optimize(mdp, NaturalPG(steps.Armijo(first=1.0)), 3)
    assert 0 < len(calls) < 10


@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_a_loop_that_resolves_gaps_itself_finds_what_one_does_that_is_helped(tau, monkeypatch):
    mdp = instances.garnet(n_states=4, n_actions=3, branching=3, gamma=0.5, seed=0)
    rule = NaturalPG(9.9) if tau else NaturalPG(1e3)
    helped = optimize(mdp, rule, 800, tau=tau, at=range(801))
    monkeypatch.setattr(compiled_loop, "RARELY", 1)
    alone = optimize(mdp, rule, 800, tau=tau, at=range(801))
    np.testing.assert_array_equal(alone.log_gap, helped.log_gap)
    np.testing.assert_array_equal(alone.iterates, helped.iterates)
