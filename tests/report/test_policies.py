"""Names of states and actions in tables of policies and in what is refused."""

import numpy as np
import pytest

from tabular_pg import MDP, NaturalPG, instances, optimize, optimum
from tabular_pg.report import policy_table

P = [[[0, 1], [1, 0]], [[0, 1], [0, 0]]]
MASK = [[True, True], [True, False]]


def named(labels=(["dry", "wet"], ["stay", "go|run"])):
    return MDP(P, [[1.0, 0.0], [0.5, 0.0]], 0.5, actions=MASK, labels=labels)


def test_a_policy_with_names():
    best = optimum(named())
    table = policy_table(named(), [[0.25, 0.75], [1, 0]], values=best.V)
    assert table.splitlines()[0] == r"| state | stay | go\|run | V |"
    assert [line.split(" | ")[1:3] for line in table.splitlines()[2:]] == [
        ["0.25", "0.75"],
        ["1", "-"],
    ]
    assert table.splitlines()[3].startswith("| wet |") and table.endswith("| 1 |\n")


def test_numbers_where_there_are_no_names():
    mdp = instances.garnet(3, 2, 2, 0.9)
    lines = policy_table(mdp, np.full((3, 2), 0.5)).splitlines()
    assert lines[0] == "| state | 0 | 1 |" and lines[4] == "| 2 | 0.5 | 0.5 |"
    half = MDP([[[1, 0], [0, 1]]] * 2, np.eye(2), 0.5, labels=(None, ["a", "b"]))
    assert policy_table(half, np.eye(2)).splitlines()[2] == "| 0 | 1 | 0 |"


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((3, np.eye(2)), "mdp is of type int; expected MDP"),
        ((named(), np.eye(3)), r"policy has shape \(3, 3\); expected \(2, 2\)"),
        ((named(), "x"), "policy"),
        ((named(), np.eye(2), [1.0]), r"values has shape \(1,\); expected \(2,\)"),
    ],
)
def test_what_is_refused(arguments, match):
    with pytest.raises((TypeError, ValueError), match=match):
        policy_table(*arguments)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"policy": [[1, 0], [1, 0]]}, r"policy\[0, 1\] \(state 'dry', action 'go\|run'\) is 0"),
        ({"policy": [[0.5, 0.5], [0.5, 0.5]]}, r"\(state 'wet', action 'go\|run'\) is 0.5"),
        ({"policy": [[0.5, 0.4], [1, 0]]}, r"policy\[0\] \(state 'dry'\) sums to 0.9"),
        ({"log_policy": [[-1, -1], [0, -np.inf]]}, r"log_policy\[0\]\) \(state 'dry'\) sums"),
    ],
)
def test_errors_name_the_state(given, match):
    with pytest.raises(ValueError, match=match):
        optimize(named(), NaturalPG(1.0), 3, **given)
