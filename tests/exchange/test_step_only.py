"""Environments without a table are enumerated if they are certain, and refused by name if not."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tabular_pg import MDP, instances, optimum

gymnasium = pytest.importorskip("gymnasium")


class Line(gymnasium.Env):
    """Five cells; the last one ends the episode and pays. ``twist`` is what is wrong with it."""

    action_space = gymnasium.spaces.Discrete(2)
    observation_space = gymnasium.spaces.Box(0, 4, (1,), dtype=np.int64)

    def __init__(self, twist=None):
        self.twist = twist

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.moves = 0, 0
        if self.twist == "random start":
            self.x = int(self.np_random.integers(3))
        return self._seen(), {}

    def step(self, action):
        self.moves += 1
        if self.twist == "random step" and self.np_random.random() < 0.5:
            action = 0
        if self.twist == "other random" and random.random() < 0.5:
            action = 0
        if self.twist == "hidden" and self.moves % 2 == 0:
            action = 0
        self.x = max(self.x + 2 * action - 1, 0)
        truncated = self.twist == "truncated" and self.moves == 3
        return self._seen(), float(self.x == 4), self.x == 4, truncated, {}

    def _seen(self):
        return np.array([self.x if self.twist != "endless" else self.moves])


class Masked(Line):
    """The same without the useless step at the wall."""

    def _seen(self):
        return {"x": self.x, "row": (0, np.float64(0.5))}

    def reset(self, **options):
        return super().reset(**options)[0], {"action_mask": np.array([0, 1], dtype=np.int8)}

    def step(self, action):
        mask = np.array([self.x + 2 * action - 1 > 0, 1], dtype=np.int8)
        return *super().step(action)[:4], {"action_mask": mask}


def test_a_certain_environment_is_enumerated():
    env = gymnasium.wrappers.TimeLimit(Line(), 3)
    mdp = MDP.from_gymnasium(env, 0.5, max_states=10)
    assert mdp.labels == (((0,), (1,), (2,), (3,), None), range_of(2))
    assert mdp.P[3, 1, 4] == 1 == mdp.r[3, 1] and mdp.P[4, :, 4].tolist() == [1, 1]
    assert mdp.rho.tolist() == [1, 0, 0, 0, 0] and mdp.name == "Line"
    np.testing.assert_allclose(optimum(mdp).V, [0.125, 0.25, 0.5, 1, 0])


def range_of(n):
    return tuple(range(n))


def test_masks_are_taken_and_observations_of_every_kind():
    mdp = instances.from_gymnasium(Masked(), 0.5, max_states=10, sparse=True)
    assert mdp.sparse and mdp.actions[:, 0].tolist() == [False, True, True, True, True]
    assert mdp.labels.states[0] == (("row", (0, 0.5)), ("x", 0))


def test_an_enumerated_table_is_the_table():
    env = gymnasium.make("FrozenLake-v1", is_slippery=False)
    mdp = MDP.from_gymnasium(env, 0.9)

    class Bare(gymnasium.Env):
        action_space = env.action_space

        def reset(self, **options):
            self.s = 0
            return 0, {}

        def step(self, action):
            ((_, self.s, reward, ended),) = env.unwrapped.P[self.s][action]
            return self.s, reward, ended, False, {}

    found = MDP.from_gymnasium(Bare(), 0.9, max_states=16)
    order = [16 if s is None else s for s in found.labels.states]
    assert np.array_equal(mdp.P[np.ix_(order, range(4), order)], found.P)
    assert np.array_equal(mdp.r[order], found.r)


REFUSED = {
    "random start": r"draws random numbers in reset\(\)",
    "random step": r"draws random numbers in step\(0\) and has no table",
    "other random": r"draws random numbers in step\(0\) and has no table",
    "hidden": "shows .* in two states: action 1 leads to .* from one and to .* from the other",
    "truncated": "is truncated by its own step",
    "endless": "more than max_states=10",
}


@pytest.mark.parametrize("twist", REFUSED)
def test_what_cannot_be_enumerated_is_refused_by_name(twist):
    with pytest.raises(ValueError, match=REFUSED[twist]):
        MDP.from_gymnasium(Line(twist), 0.5, max_states=10)


def test_nothing_is_enumerated_unless_it_is_asked_for():
    with pytest.raises(
        ValueError, match="no table env.unwrapped.P; .* or max_states= to enumerate"
    ):
        MDP.from_gymnasium(Line(), 0.5)
    with pytest.raises(ValueError, match="draws random numbers"):
        MDP.from_gymnasium(gymnasium.make("Blackjack-v1"), 0.5, max_states=1000)
    pole = gymnasium.make("CartPole-v1")
    with pytest.raises(ValueError, match="draws random numbers"):
        MDP.from_gymnasium(pole, 0.5, max_states=1000)
    pole.unwrapped.action_space = gymnasium.spaces.Box(0, 1)
    with pytest.raises(ValueError, match="expected a discrete one"):
        MDP.from_gymnasium(pole, 0.5, max_states=1000)
