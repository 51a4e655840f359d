"""Compiled functions: parts of others, and whole where Python calls them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numba.core import event

from tabular_pg import NaturalPG, instances, optimize
from tabular_pg._jit import njit, njit_borrowing, njit_inlined
from tabular_pg.compiled import cache as _cache
from tabular_pg.engine.search import differs
from tabular_pg.gaps.evaluation import alike

pytestmark = pytest.mark.skipif(not hasattr(alike, "_cache"), reason="NUMBA_DISABLE_JIT is set")


def part(x, out):
    out[0] += x


def outer(x, out):
    for _ in range(3):
        compiled_part(x, out)


compiled_part = njit_inlined(part)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(_cache, "FOLDER", tmp_path / "0123456789abcdef")
    return _cache.FOLDER


def test_a_part_has_no_machine_code_until_python_calls_it(folder):
    caller, out = njit_borrowing(outer), np.zeros(1)
    caller(2.0, out)
    assert out[0] == 6.0
    (version,) = compiled_part.overloads.values()
    assert compiled_part._whole is None and version.library.get_pointer_to_function("any") == 0
    with event.install_recorder("numba:compile") as recorded:
        for _ in range(3):
            compiled_part(1.0, out)
    assert out[0] == 9.0
    assert [e.is_start for _, e in recorded.buffer] == [True, False]  # once


def test_a_part_is_found_on_disk_by_another_caller(folder, monkeypatch):
    again = njit_inlined(part)
    monkeypatch.setitem(globals(), "compiled_part", again)
    njit_borrowing(outer)(2.0, np.zeros(1))
    third = njit_inlined(part)
    monkeypatch.setitem(globals(), "compiled_part", third)
    out = np.zeros(1)
    njit_borrowing(outer, "another")(2.0, out)
    assert out[0] == 6.0 and sum(third.stats.cache_hits.values()) == 1


def test_a_kernel_is_pickled_by_what_it_is_made_of():
    kernel = njit(part)
    assert pickle.loads(pickle.dumps(kernel)) is kernel
    assert differs is pickle.loads(pickle.dumps(differs))


@pytest.mark.parametrize("same", [True, False])
def test_rows_are_alike_in_any_order(same):
    x = np.array([[1.0, 2.0, 2.0], [2.0, 1.0, 2.0], [2.0, 2.0, 1.0 if same else 2.0]])
    assert alike(x) == same
    x[0] = x[1] = x[2] = np.nan
    assert not alike(x)


@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_gaps_far_below_others_are_the_same_wherever_a_run_meets_them(tau):
    """A run goes on with another version of its loop where the first gap has to be resolved."""
    mdp = instances.garnet(n_states=4, n_actions=3, branching=3, gamma=0.5, seed=0)
    rule = NaturalPG(9.9) if tau else NaturalPG(1e3)
    run = optimize(mdp, rule, 800, tau=tau, at=range(801))
    assert run.log_gap[-1] < -800 and np.isfinite(run.log_gap).all()
    early = optimize(mdp, rule, 800, tau=tau, at=[800])
    np.testing.assert_array_equal(early.log_gap[-1], run.log_gap[-1])
    on = optimize(mdp, rule, 10, tau=tau, log_policy=run.log_policies[-11])
    np.testing.assert_array_equal(on.log_gap, run.log_gap[-11:])
