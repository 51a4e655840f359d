"""What is saved comes back bit for bit."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.models import models, same
from support.strategies import experiments, mdps
from tabular_pg import (
    MDP,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    Run,
    SoftPolicyIteration,
    Space,
    check,
    instances,
    method,
    optimize,
    steps,
)
from tabular_pg.engine.method import METHODS
from tabular_pg.saved.archive import VERSION


class Halved(NamedTuple):
    """A rule of a user."""

    eta: float


@method(Halved, space=Space.SOFTMAX)
def halved(rule, k, problem, point):
    point.x[:] = point.x + rule.eta / 2 * point.A


def equal(one, other):
    """Whether two values of any kind have the same bits."""
    if isinstance(one, np.ndarray):
        shapes = one.shape == other.shape and one.dtype == other.dtype
        return shapes and one.tobytes() == other.tobytes()
    if hasattr(one, "__dict__") and not callable(one) and not hasattr(one, "name"):
        return all(equal(value, getattr(other, key)) for key, value in vars(one).items())
    return one == other or (one != one and other != other)


def same_run(run, other):
    skipped = ("mdp",)
    fields = [name for name in type(run).__dataclass_fields__ if name not in skipped]
    return same(run.mdp, other.mdp) and all(
        equal(getattr(run, name), getattr(other, name)) for name in fields
    )


@settings(max_examples=40)
@given(models(), st.booleans())
def test_an_mdp_comes_back_with_every_bit(tmp_path_factory, mdp, named):
    path = tmp_path_factory.mktemp("saved") / "mdp.npz"
    if named:
        labels = [("cell", s, 0.5) for s in range(mdp.n_states)], None
        mdp = MDP(mdp.P, mdp.r, mdp.gamma, rho=mdp.rho, actions=mdp.actions, labels=labels)
    assert mdp.save(path) == path
    found = MDP.load(path)
    assert same(mdp, found) and found.sparse == mdp.sparse and found.name == mdp.name
    assert np.array_equal(found.rho, mdp.rho) and np.array_equal(found.mu, mdp.mu)
    assert found.labels == mdp.labels
    before = path.read_bytes()
    found.save(path)
    assert path.read_bytes() == before


RULES = (NaturalPG, ProjectedPG, HadamardPG, PolicyIteration, SoftPolicyIteration, DualAveragedSPI)


@settings(max_examples=30)
@given(st.data(), st.sampled_from(RULES))
def test_a_run_comes_back_with_every_bit_and_every_verdict(tmp_path_factory, data, kind):
    path = tmp_path_factory.mktemp("saved") / "run.npz"
    regularized = kind is SoftPolicyIteration
    regularized = regularized or (kind is NaturalPG and data.draw(st.booleans()))
    run = optimize(**data.draw(experiments(kind, mdps(), regularized, iterations=(5, 30))))
    run.save(path)
    found = Run.load(path)
    assert same_run(run, found)
    assert [*map(str, check(found))] == [*map(str, check(run))]
    for one, other in zip(check(run), check(found), strict=True):
        assert equal(np.float64(one.slack), np.float64(other.slack))


@pytest.mark.parametrize("sparse", [False, True])
def test_a_loaded_run_goes_on_as_the_run_does(tmp_path, sparse):
    mdp = instances.garnet(6, 3, 2, 0.9, sparse=sparse)
    run = optimize(mdp, NaturalPG(steps.Geometric(0.5, 1.1)), 20, tau=1e-4)
    found = Run.load(run.save(tmp_path / "run.npz"))
    more = [
        optimize(x.mdp, NaturalPG(1.0), 20, tau=1e-4, log_policy=x.log_policies[-1])
        for x in (run, found)
    ]
    assert np.array_equal(more[0].gap, more[1].gap)


def test_corrections_and_infinities_are_kept(tmp_path):
    mdp = MDP([[[0.33, 0.66]], [[0, 1]]], [[1.0], [0.0]], 0.5, renormalize=True)
    found = MDP.load(mdp.save(tmp_path / "mdp.npz"))
    assert found.correction == mdp.correction > 0 and same(mdp, found)
    run = optimize(mdp, PolicyIteration(), 2)
    assert run.optimum.Delta == np.inf == Run.load(run.save(tmp_path / "r.npz")).optimum.Delta


def test_labels_without_a_json_form_become_text(tmp_path):
    labels = [frozenset([1]), (1, (None, True, float("inf")))], ["go"]
    mdp = MDP([[[1, 0]], [[0, 1]]], [[1.0], [0.0]], 0.5, labels=labels)
    with pytest.warns(UserWarning, match=r"label frozenset\(\{1\}\) is saved as its text"):
        mdp.save(tmp_path / "mdp.npz")
    found = MDP.load(tmp_path / "mdp.npz").labels
    assert found == (("frozenset({1})", (1, (None, True, float("inf")))), ("go",))


def test_numpy_reads_the_file_without_this_package(tmp_path):
    mdp = instances.garnet(6, 3, 2, 0.9)
    with np.load(mdp.save(tmp_path / "mdp.npz"), allow_pickle=False) as file:
        assert np.array_equal(file["P"], mdp.P)
        header = json.loads(bytes(file["header"]))
    assert header["kind"] == "MDP" and header["version"] == VERSION


# ---- rules of users ----------------------------------------------------------------------------


def test_a_rule_of_a_user_is_found_where_it_is_registered(tmp_path, monkeypatch):
    run = optimize(instances.garnet(4, 2, 2, 0.9), Halved(0.5), 5)
    path = run.save(tmp_path / "run.npz")
    assert Run.load(path).rule == Halved(0.5)
    monkeypatch.delitem(METHODS, Halved)
    with pytest.raises(
        ValueError, match=r"its rule is 'Halved' of the module .* import the module"
    ):
        Run.load(path)


def test_a_rule_that_is_not_registered_elsewhere_is_a_clear_error(tmp_path):
    run = optimize(instances.garnet(4, 2, 2, 0.9), Halved(0.5), 5)
    path = run.save(tmp_path / "run.npz")
    code = f"from tabular_pg import Run; Run.load({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "which is not registered here; import the module that registers it" in done.stderr
