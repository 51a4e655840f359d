"""Environments that only step, enumerated by copies of themselves if nothing in them is random."""

from __future__ import annotations

import copy
import pickle
import random

import numpy as np

from tabular_pg.checks.numbers import check_number, shown
from tabular_pg.mdps.exchange.exploration import Exploration
from tabular_pg.mdps.exchange.outcomes import weights_of
from tabular_pg.mdps.exchange.tables import of_transitions

ADVICE = "MDP.from_function takes probabilities"


def enumerated(base, max_states, sparse) -> dict:
    """P, r, rho, actions and labels of an environment, from every state that its steps reach."""
    known = _Copies(base)
    most = check_number("max_states", max_states, 1)
    found = Exploration(known.outcome, known.actions, None, False, most, known.names)
    found.explore([known.start], None)
    return {
        **of_transitions(*found.columns(), found.shape(), sparse),
        "rho": weights_of("rho", {known.start: 1.0}, found.all_numbers()),
        "labels": found.labels(),
    }


class _Copies:
    """An environment in each of its states, as it was when that was first seen."""

    def __init__(self, base):
        space = getattr(base, "action_space", None)
        if not hasattr(space, "n"):
            raise ValueError(f"env has the action_space {shown(space)}; expected a discrete one")
        first = int(getattr(space, "start", 0))
        self.names = range(first, first + int(space.n))
        self.copies, self.masks = {}, {}
        base = _copy(base)
        base.reset(seed=0)
        before = _draws(base)
        observation, info = base.reset()
        if _draws(base) != before:
            raise ValueError(
                f"env draws random numbers in reset(), and nothing says how likely each start is; "
                f"expected one start ({ADVICE})"
            )
        self.start = self._seen(observation, info, base)

    def actions(self, state):
        """The actions that the mask of a state, if there is one, leaves."""
        mask = self.masks[state]
        if mask is None:
            return self.names
        return [a for a, allowed in zip(self.names, mask, strict=True) if allowed]

    def outcome(self, state, action) -> list:
        """Where the action leads, for certain."""
        observed, reward, ended, info, env = _stepped(self.copies[state], action)
        return [(1.0, None if ended else self._seen(observed, info, env), reward)]

    def _seen(self, observation, info, env):
        state = named(observation)
        if state in self.copies:
            self._refuse_hidden(state, env)
        else:
            self.copies[state], self.masks[state] = env, info.get("action_mask")
        return state

    def _refuse_hidden(self, state, env):
        """What looks the same acts the same, at least for one step."""
        if _memory(env) == _memory(self.copies[state]):
            return
        for action in self.actions(state):
            steps = (_stepped(x, action) for x in (self.copies[state], env))
            one, other = ((named(o), reward, ended) for o, reward, ended, *_ in steps)
            if one != other:
                raise ValueError(
                    f"env shows {shown(state)} in two states: action {action} leads to "
                    f"{shown(one)} (observation, reward, terminated) from one and to "
                    f"{shown(other)} from the other; expected observations that say everything"
                )


def _stepped(env, action):
    env = _copy(env)
    before = _draws(env)
    found = env.step(action)
    if not isinstance(found, tuple) or len(found) != 5:
        raise ValueError(f"env.step({action}) returns {shown(found)}; expected five values")
    observation, reward, terminated, truncated, info = found
    if _draws(env) != before:
        raise ValueError(
            f"env draws random numbers in step({action}) and has no table of their probabilities; "
            f"expected certain steps ({ADVICE})"
        )
    if truncated:
        raise ValueError(
            f"env is truncated by its own step({action}), as by a time limit inside it, which is "
            "no part of an MDP; expected one without"
        )
    return observation, float(reward), bool(terminated), info, env


def _copy(env):
    try:
        return copy.deepcopy(env)
    except Exception as error:
        raise ValueError(
            f"env cannot be copied ({error}); expected one that can ({ADVICE})"
        ) from error


def _draws(env) -> tuple:
    """The state of every generator that it may draw from."""
    own = getattr(env, "_np_random", None)
    shared = np.random.get_state()  # noqa: NPY002  (it may use that)
    own = None if own is None else repr(own.bit_generator.state)
    return own, random.getstate(), shared[1].tobytes(), shared[2]


def _memory(env):
    """Everything that it remembers, as bytes; something new where that cannot be written."""
    try:
        return pickle.dumps({k: v for k, v in vars(env).items() if k != "_np_random"})
    except Exception:
        return object()


def named(observation):
    """An observation as something hashable: arrays and dicts become tuples."""
    if isinstance(observation, np.ndarray | np.generic):
        observation = observation.tolist()
    if isinstance(observation, dict):
        return tuple((key, named(value)) for key, value in sorted(observation.items()))
    if isinstance(observation, list | tuple):
        return tuple(map(named, observation))
    return observation
