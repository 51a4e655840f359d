"""Trajectories that are none, or of another problem, are refused wherever they are used."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from support.problems import sampled, with_rewards
from tabular_pg.reasoning.baselines import (
    Baseline,
    awr,
    dro,
    outcome_dpo,
    outcome_pairs,
    response_level_signal,
    response_signals,
    rft,
    step_dpo,
    step_pairs,
)
from tabular_pg.reasoning.dapo import balanced, first_steps, outcomes, states_of, steps_taken
from tabular_pg.reasoning.episodic import (
    EpisodicMDP,
    Trajectories,
    checked_trajectories,
    sample_trajectories,
)
from tabular_pg.reasoning.puzzles import modular_chain

# Two ways to end after one step and two more after two: 0 -> 1 (an end) or 2 -> 3 or 4.
MDP = EpisodicMDP([0, 1, 3, 5], [0, 2, 2, 4, 4, 4], [1, 2, 3, 4], [0, 0.5, 0, 1.0, 0])
UNIFORM, ONES = MDP.uniform_policy(), np.ones(4)
GOOD = Trajectories(
    np.array([[0, -1], [1, 2], [1, 3], [3, -1]]),
    np.array([[0, 1, -1], [0, 2, 3], [0, 2, 4], [2, 4, -1]]),
    np.array([0.5, 1.0, 0.0, 0.0]),
)
OF_A_PROBLEM = {
    "checked": lambda found: checked_trajectories(MDP, found),
    "outcomes": lambda found: outcomes(MDP, UNIFORM, found),
    "first_steps": lambda found: first_steps(MDP, found),
    "steps_taken": lambda found: steps_taken(MDP, found),
    "signal": lambda found: response_level_signal(MDP, UNIFORM, found, ONES, 0.1),
    "rft": lambda found: rft(MDP, UNIFORM, found),
    "awr": lambda found: awr(MDP, UNIFORM, found, np.zeros(5), 1.0),
    "outcome_dpo": lambda found: outcome_dpo(MDP, UNIFORM, found, 1.0),
    "step_dpo": lambda found: step_dpo(MDP, UNIFORM, found, 1.0),
    "dro": lambda found: dro(MDP, UNIFORM, found, 1.0),
}
OF_NONE = {
    "balanced": lambda found: balanced(found, 2),
    "states_of": states_of,
    "outcome_pairs": outcome_pairs,
    "step_pairs": step_pairs,
    "response_signals": lambda found: response_signals(found, Baseline.GRPO),
}


def changed(name, at, value):
    field = getattr(GOOD, name).copy()
    field[at] = value
    return GOOD._replace(**{name: field})


SHAPES = [
    (None, "trajectories is of type NoneType; expected Trajectories"),
    (tuple(GOOD), "trajectories is of type tuple; expected Trajectories"),
    (
        GOOD._replace(edges=GOOD.edges + 0.0),
        r"edges has shape \(4, 2\) and type float64; expected two axes and integers",
    ),
    (GOOD._replace(edges=None), "trajectories.edges is not an array of integers: got None"),
    (GOOD._replace(edges=GOOD.edges[0]), r"trajectories.edges has shape \(2,\)"),
    (GOOD._replace(states=GOOD.states + 0.5), "trajectories.states has .* type float64"),
    (
        GOOD._replace(states=GOOD.states[:, 1:]),
        r"trajectories.states has shape \(4, 2\); expected \(4, 3\), as edges has shape \(4, 2\)",
    ),
    (GOOD._replace(states=GOOD.states[:2]), r"states has shape \(2, 3\); expected \(4, 3\)"),
    (GOOD._replace(outcome=[1.0]), r"trajectories.outcome has shape \(1,\); expected \(4,\)"),
    (changed("outcome", 2, nan), r"trajectories.outcome\[2\] is nan; expected a finite number"),
    (GOOD._replace(outcome=None), "trajectories.outcome is not an array of real numbers"),
]
CONTENTS = [
    (changed("states", (1, 0), 10**12), r"states\[1, 0\] is 10{12}; expected a state, from 0 to 4"),
    (changed("states", (3, 0), -1), r"states\[3, 0\] is -1; expected a state, from 0 to 4"),
    (
        changed("edges", (2, 0), -5),
        r"edges\[2, 0\] is -5; expected an edge of state 0, from 0 to 1",
    ),
    (
        changed("edges", (0, 0), -1),
        r"edges\[0, 0\] is -1; expected an edge of state 0, from 0 to 1",
    ),
    (
        changed("edges", (1, 1), 99),
        r"edges\[1, 1\] is 99; expected an edge of state 2, from 2 to 3",
    ),
    (changed("edges", (1, 1), 1), r"edges\[1, 1\] is 1; expected an edge of state 2, from 2 to 3"),
    (
        changed("edges", (1, 0), 0),
        r"states\[1, 1\] is 2; expected 1, where the edge before it leads",
    ),
    (changed("states", (2, 2), 10**12), r"states\[2, 2\] is 10{12}; expected 4, where the edge"),
    (changed("edges", (3, 1), 0), r"edges\[3, 1\] is 0; expected -1, because .* ended in state 4"),
    (
        changed("edges", (0, 1), -2),
        r"edges\[0, 1\] is -2; expected -1, because .* ended in state 1",
    ),
    (
        changed("states", (0, 2), 0),
        r"states\[0, 2\] is 0; expected -1, because .* ended in state 1",
    ),
    (
        Trajectories(GOOD.edges[:, :1], GOOD.states[:, :2], GOOD.outcome),
        r"states\[1, 1\] is 2; expected a terminal state at the end; this one has 2 edges",
    ),
    (changed("outcome", 0, 1.0), r"outcome\[0\] is 1.0; expected 0.5, the reward of .* state, 1"),
]


@pytest.mark.parametrize("use", (OF_A_PROBLEM | OF_NONE).values(), ids=OF_A_PROBLEM | OF_NONE)
def test_what_is_not_even_an_array_of_trajectories_is_refused(use):
    use(GOOD)
    for found, message in SHAPES:
        with pytest.raises(ValueError, match=message):
            use(found)


@pytest.mark.parametrize("use", OF_A_PROBLEM.values(), ids=OF_A_PROBLEM)
def test_trajectories_that_do_not_follow_the_problem_are_refused(use):
    for found, message in CONTENTS:
        with pytest.raises(ValueError, match=message):
            use(found)
    for other in (modular_chain(3, modulus=5), with_rewards(MDP, 1.0)):
        _, found = sampled(other, 0)
        with pytest.raises(ValueError, match=r"trajectories\.\w+\[\d"):
            use(found)


def test_trajectories_that_follow_the_problem_come_back():
    small = GOOD._replace(edges=GOOD.edges.astype(np.int8), states=np.asfortranarray(GOOD.states))
    none = Trajectories(*(field[:0] for field in GOOD))
    ended = sample_trajectories(MDP, UNIFORM, [1, 4, 3], np.random.default_rng(0))
    for given, expected in ((GOOD, GOOD), (small, GOOD), (none, none), (ended, ended)):
        for field, value in zip(checked_trajectories(MDP, given), expected, strict=True):
            assert np.array_equal(field, value)
    still = Trajectories(np.zeros((1, 0), dtype=int), np.array([[1]]), np.array([0.5]))
    assert not first_steps(MDP, still).any()


def test_steps_taken():
    taken = steps_taken(MDP, Trajectories(*(field[:2] for field in GOOD)))
    assert taken.tolist() == [True, True, True, False]
    assert first_steps(MDP, GOOD).tolist() == [True, True, False, True]


def test_outcomes_are_told_whether_to_pool():
    with pytest.raises(ValueError, match="pooled is 'no'; expected True or False"):
        outcomes(MDP, UNIFORM, GOOD, pooled="no")
