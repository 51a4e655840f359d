"""What a grid is made of, and what it refuses."""

from __future__ import annotations

import re

import pytest

from support.sweeping import own_models
from tabular_pg import (
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftPolicyIteration,
    instances,
    steps,
)
from tabular_pg.sweeps import Grid, collect, sweep
from tabular_pg.sweeps.names import fingerprint

BANDIT = ("two_armed_bandit", {"gap": 0.5})


def test_the_product_in_order_without_what_is_not_defined():
    rules = [NaturalPG, SoftPolicyIteration, PolicyIteration, ProjectedPG]
    garnet = ("garnet", {"n_states": 4, "n_actions": 2, "branching": 2, "gamma": 0.9})
    grid = Grid([garnet, BANDIT], rules, 10, eta=[0.1, 1.0], tau=[0.0, 0.5], seeds=range(3))
    one = [(task.rule, task.eta, task.tau) for task in grid.tasks[:8]]
    assert one == [
        ("NaturalPG", 0.1, 0.0), ("NaturalPG", 0.1, 0.5), ("NaturalPG", 1.0, 0.0),
        ("NaturalPG", 1.0, 0.5), ("SoftPolicyIteration", None, 0.5),
        ("PolicyIteration", None, 0.0), ("ProjectedPG(growth=1.0)", 0.1, 0.0),
        ("ProjectedPG(growth=1.0)", 1.0, 0.0),
    ]  # fmt: skip
    assert [task.seed for task in grid.tasks[::8]] == [0, 1, 2, None]
    assert {task.instance for task in grid.tasks} == {
        "garnet(n_states=4, n_actions=2, branching=2, gamma=0.9)", "two_armed_bandit(gap=0.5)"
    }  # fmt: skip
    assert len({task.key for task in grid.tasks}) == len(grid.tasks) == 32


def test_the_same_is_asked_however_it_is_said():
    keys = {
        Grid(*arguments).tasks[0].key
        for arguments in (
            ({"a": BANDIT}, NaturalPG(1), 10),
            ([BANDIT], [NaturalPG(1.0)], 10, (), [0]),
            (BANDIT, NaturalPG, 10, 1, 0.0),
        )
    }
    assert len(keys) == 1


def test_what_is_asked_has_the_code_of_a_users_functions():
    (task,) = Grid(own_models.no_model, NaturalPG(1.0), 5).tasks
    assert fingerprint(own_models.no_model) in task.job
    assert fingerprint(own_models.no_model) != fingerprint(own_models.deadly)
    named = Grid("support.sweeping.own_models:no_model", NaturalPG(1.0), 5).tasks[0]
    assert named.key == task.key


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"instances": "ganet"}, ValueError, "instances[0] is 'ganet'; expected the name of one"),
        ({"instances": {"x": 3}}, TypeError, "instances['x'] is 3; expected the name of one"),
        (
            {"instances": instances.two_armed_bandit(gap=0.5)},
            TypeError,
            "tasks ship no arrays",
        ),
        ({"instances": ("garnet", {"states": 3})}, TypeError, "instances[0] is garnet: got an un"),
        ({"instances": lambda: None}, TypeError, "expected one defined at the top of a module"),
        ({"instances": "gone.npz"}, FileNotFoundError, "'gone.npz', which is not there"),
        (
            {"instances": ("bandit", {"means": [0.5] * 100_000})},
            (TypeError, ValueError),
            "instances[0]",
        ),
        ({"rules": [3]}, TypeError, "rule is 3; expected an instance of one of"),
        ({"rules": NaturalPG}, ValueError, "eta is empty; rules[0], the class NaturalPG, takes"),
        ({"rules": NaturalPG, "eta": [0.1, -1]}, ValueError, "eta is -1"),
        ({"rules": SoftPolicyIteration}, ValueError, "the grid has no runs"),
        ({"tau": [-1]}, ValueError, "tau is -1"),
        ({"seeds": [0, 0.5]}, ValueError, "seeds[1] is 0.5; expected an integer"),
        ({"iterations": -1}, ValueError, "iterations is -1"),
        ({"at": [0, 11]}, ValueError, "at[1] is 11; expected an integer in 0..10"),
        ({"level": "most"}, ValueError, "level is 'most'; expected one of 'gaps'"),
        ({"theorems": ["N99"]}, ValueError, "theorems[0] is 'N99'; expected one of"),
    ],
)
def test_wrong_grids_are_refused_by_name(change, error, message):
    grid = {"instances": BANDIT, "rules": NaturalPG(1.0), "iterations": 10} | change
    with pytest.raises(error, match=re.escape(message)):
        Grid(**grid)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shard": (2, 2)}, ValueError, "shard is (2, 2); expected (i, n) with 0 <= i < n"),
        ({"shard": "1/2"}, ValueError, "shard is '1/2'"),
        ({"executor": 4}, TypeError, "executor is of type int; expected Executor"),
        ({"workers": 0}, ValueError, "workers is 0; expected an integer >= 1"),
        ({"retry_failed": 1}, TypeError, "retry_failed is 1; expected True or False"),
    ],
)
def test_wrong_arguments_are_refused_by_name(tmp_path, options, error, message):
    grid = {"instances": BANDIT, "rules": NaturalPG(1.0), "iterations": 10}
    with pytest.raises(error, match=re.escape(message)):
        sweep(grid, tmp_path / "store", **options)
    with pytest.raises(TypeError, match="grid is 3; expected a Grid, or a dict of its fields"):
        sweep(3, tmp_path)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match="holds something else; expected a new folder"):
        collect({"instances": BANDIT, "rules": NaturalPG(1.0), "iterations": 10}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_instances_and_rules_as_text():
    def keys(*given, **options):
        return [task.key for task in Grid(*given, 10, **options).tasks]

    garnet = ("garnet", {"n_states": 4, "n_actions": 2, "branching": 2, "gamma": 0.9})
    rules = [NaturalPG(steps.Geometric(1.0, 2.0)), NaturalPG]
    text = ["NaturalPG(Geometric(1.0, growth=2 / 1))", "NaturalPG"]
    assert keys(garnet, rules, eta=0.1, seeds=range(2)) == keys(
        ["garnet(4, 2, branching=2, gamma=0.9)"], text, eta=0.1, seeds=range(2)
    )
    with pytest.raises(ValueError, match=r"rules\[0\] is 'NatralPG'; expected one of NaturalPG, "):
        Grid("river_swim", "NatralPG", 10, eta=0.1)
    with pytest.raises(TypeError, match=r"instances\[0\] is 'chain\(3, slop=1\)': got an unexpec"):
        Grid("chain(3, slop=1)", "PolicyIteration", 10)
    with pytest.raises(ValueError, match=r"instances\[0\] is 'chain\(3, x\)'; expected name, or"):
        Grid("chain(3, x)", "PolicyIteration", 10)
