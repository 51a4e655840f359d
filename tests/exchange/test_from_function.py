"""An MDP of a function has what the function says; what it says wrongly is named."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.models import models, same, table
from tabular_pg import MDP, optimum

WALK = {"actions": ["left", "right"], "gamma": 0.9}


def walk(state, action):
    """A line of five cells, the last of which pays."""
    x = state[0]
    t = max(x - 1, 0) if action == "left" else min(x + 1, 4)
    return [(0.75, (t,), float(t == 4)), (0.25, (x,), 0.0)]


@given(models(), st.booleans())
def test_a_function_that_looks_a_table_up_gives_that_table(mdp, sparse):
    P = table(mdp)

    def step(s, a):
        if mdp.actions is not None and not mdp.actions[s, a]:
            return None
        return [(p, t, mdp.r[s, a]) for t, p in enumerate(P[s, a]) if p]

    states = range(mdp.n_states)
    found = MDP.from_function(
        step, states=states, actions=range(mdp.n_actions), gamma=mdp.gamma, sparse=sparse
    )
    assert same(mdp, found) and found.sparse == sparse
    assert found.labels == (tuple(states), tuple(range(mdp.n_actions)))
    assert np.array_equal(found.rho, np.full(mdp.n_states, 1 / mdp.n_states))


def test_states_are_found_breadth_first_and_keep_their_names():
    mdp = MDP.from_function(walk, (2,), **WALK)
    assert mdp.labels.states == ((2,), (1,), (3,), (0,), (4,))
    assert mdp.state_index[(4,)] == 4 and mdp.rho[0] == 1
    assert mdp.P[0, 1].tolist() == [0.25, 0, 0.75, 0, 0] and mdp.r[2, 1] == 0.75
    best = optimum(mdp)
    assert best.optimal.argmax(axis=1).tolist() == [1] * 5


def test_starts_are_a_list_a_distribution_or_one_state():
    states = [(x,) for x in range(5)]
    one = MDP.from_function(walk, [(0,), (4,), (4,)], states=states, **WALK)
    assert one.rho.tolist() == [0.5, 0, 0, 0, 0.5]
    two = MDP.from_function(walk, {(0,): 0.25, (3,): 0.75}, states=states, mu={(1,): 1.0}, **WALK)
    assert two.rho.tolist() == [0.25, 0, 0, 0.75, 0] and two.mu.tolist() == [0, 1, 0, 0, 0]


def test_ends_are_absorbing_and_pay_nothing():
    def step(x, a):
        return [(0.5, None, 1.0), (0.5, x + 1, 2.0)]

    mdp = MDP.from_function(step, 0, actions=["go"], gamma=0.5, terminal=lambda x: x == 2)
    assert mdp.labels.states == (0, 1, 2, None) and mdp.actions is None
    assert mdp.P[2, 0, 2] == mdp.P[3, 0, 3] == 1 and mdp.r[:, 0].tolist() == [1.5, 1.5, 0, 0]
    np.testing.assert_allclose(optimum(mdp).V, [1.875, 1.5, 0, 0])


def test_actions_of_a_state_are_those_it_lists():
    mdp = MDP.from_function(
        lambda s, a: [(1, a, 1)], "x", gamma=0.5, actions=lambda s: {"x": ["y", "z"]}.get(s, ["x"])
    )
    assert mdp.labels == (("x", "y", "z"), ("y", "z", "x"))
    assert mdp.actions.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]


def test_equal_next_states_add_up_and_rewards_are_expectations():
    outcomes = [(0.25, 0, 4.0), (0.25, 0, 0.0), (0.5, 1, 1.0), (0.0, 7, 3.0)]
    mdp = MDP.from_function(lambda s, a: outcomes, 0, actions=["a"], gamma=0.5)
    assert mdp.P[:, 0].tolist() == [[0.5, 0.5]] * 2 and mdp.r.tolist() == [[1.5]] * 2


def test_twenty_thousand_states_in_seconds():
    def step(cell, move):
        x, y = cell
        near = [((x + i) % 200, (y + j) % 100) for i, j in ((move, 1), (1, move), (0, 0))]
        return [(0.5, near[0], 1.0), (0.25, near[1], 0.0), (0.25, near[2], 0.0)]

    before = time.process_time()
    mdp = MDP.from_function(step, (0, 0), actions=(-1, 1, 2, 3), gamma=0.99)
    assert mdp.n_states == 20_000 and mdp.sparse and time.process_time() - before < 10
    assert mdp.P.nnz == (3 + 2 + 3 + 3) * 20_000 and len(mdp.state_index) == 20_000


def of(outcomes):
    return {"step": lambda s, a: outcomes}


WRONG = {
    "sum": (
        of([(0.5, 0, 0.0)]),
        r"step\(0, 'a'\) has probabilities that add up to 0.5; expected 1",
    ),
    "negative": (of([(1.5, 0, 0), (-0.5, 1, 0)]), "outcome 1 of .* has probability -0.5"),
    "nan": (of([(float("nan"), 0, 0)]), "has probability nan"),
    "reward": (of([(1.0, 0, float("inf"))]), "has reward inf; expected a finite number"),
    "text": (of([("1", 0, 0)]), "expected numbers as probability and reward"),
    "pair": (of([(1.0, 0)]), r"outcome 0 of step\(0, 'a'\) is \(1.0, 0\); expected \(prob"),
    "number": (of(3), r"step\(0, 'a'\) is 3; expected a list"),
    "hash": (of([(1.0, [0], 0)]), r"step\(0, 'a'\) has \[0\], which is not hashable"),
    "nothing": (of([]), "state 0 has no available action"),
    "step": ({"step": 3}, "step is 3; expected a function"),
    "no start": ({"start": None}, "start is None; expected a state"),
    "empty start": ({"start": []}, "start is an empty list"),
    "None": ({"start": [None]}, "stands for the end"),
    "hash of start": ({"start": [[0]]}, r"start has \[0\], which is not hashable"),
    "weights": ({"start": {0: 0.5}}, "rho sums to 0.5"),
    "negative weights": ({"start": {0: 1.5, 1: -0.5}}, r"start\[1\] is -0.5"),
    "mu": ({"mu": {9: 1.0}}, "mu has 9, which is no state"),
    "states": ({"states": [0]}, r"step\(0, 'a'\) leads to 1; expected one of states"),
    "start elsewhere": ({"start": 9, "states": [0, 1]}, "start has 9, which is no state"),
    "twice": ({"states": [0, 1, 0]}, "states has 0 twice"),
    "actions twice": ({"actions": ["a", "a"]}, "actions has 'a' twice"),
    "no actions": ({"actions": []}, "state 0 has no available action"),
    "actions": ({"actions": "a"}, "actions is 'a'; expected a sequence"),
    "hash of actions": ({"actions": [["a"]]}, r"actions has \['a'\], which is not hashable"),
    "budget": ({"step": lambda s, a: [(1, s + 1, 0)], "max_states": 50}, "more than max_states=50"),
    "no budget": ({"max_states": 0}, "max_states is 0"),
    "gamma": ({"gamma": 1.5}, "gamma is 1.5"),
    "no end": ({"gamma": 1.0}, "gamma is 1, and an episode that enters states 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name):
    change, match = WRONG[name]
    good = {
        "step": lambda s, a: [(1.0, 1 - s, 0.0)], "start": 0, "actions": ["a"], "gamma": 0.5
    }  # fmt: skip
    with pytest.raises((TypeError, ValueError), match=match):
        MDP.from_function(**{**good, **change})


def test_rounding_can_be_divided_away():
    def step(s, a):
        return [(0.33, 0, 1.0), (0.66, 1, 0.0), (-1e-17, 1, 0.0)]

    mdp = MDP.from_function(step, 0, actions=["a"], gamma=0.5, renormalize=True)
    np.testing.assert_allclose(mdp.P[:, 0], [[1 / 3, 2 / 3]] * 2)
    assert mdp.correction > 0
