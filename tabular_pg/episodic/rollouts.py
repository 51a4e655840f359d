"""Seeded trajectories from any states: what a method that may only sample gets to see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg.episodic.validation import checked_policy, integer_array


class Trajectories(NamedTuple):
    """Sampled trajectories, one per row.

    Attributes
    ----------
    edges : (N, H) the steps taken, then -1.
    states : (N, H+1) the states passed, the start first, then -1.
    outcome : (N,) the reward of the terminal state that was reached.
    """

    edges: np.ndarray
    states: np.ndarray
    outcome: np.ndarray

    @property
    def n_steps(self) -> int:
        """How many environment steps these trajectories cost."""
        return int((self.edges >= 0).sum())


def sample_trajectories(mdp, policy, starts, rng) -> Trajectories:
    """One trajectory of ``policy`` from each of ``starts`` to a terminal state.

    Parameters
    ----------
    starts : array_like of int (N,)
        Any states, roots or later ones; a state that is there twice gets two trajectories.
    rng : np.random.Generator
        Of it N * H uniform numbers are used, whatever the trajectories: the result is a function
        of its state alone.

    Raises
    ------
    ValueError
        If the policy is none, a start is not a state or ``rng`` is not a Generator.
    """
    policy = checked_policy(mdp, policy)
    starts = integer_array("starts", starts)
    wrong = (starts < 0) | (starts >= mdp.n_states)
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"starts[{i}] is {starts[i]}; expected a state, from 0 to {mdp.n_states - 1}"
        )
    check_generator(rng)
    return walk(mdp, policy, starts, rng)


def check_generator(rng):
    """``rng`` is a numpy Generator, else ValueError."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng is {rng!r}; expected a numpy Generator (np.random.default_rng(seed))"
        )


def walk(mdp, policy, starts, rng) -> Trajectories:
    """The same of arguments that are known to be valid."""
    uniform = rng.random((starts.size, mdp.horizon))
    edges, states = _walk(mdp.action_ptr, mdp.successor, policy, starts, uniform)
    last = states[np.arange(starts.size), (states >= 0).sum(axis=1) - 1]
    return Trajectories(edges, states, mdp.terminal_reward[last])


@njit
def _walk(action_ptr, successor, policy, starts, uniform):
    """Follow the policy; step t of trajectory n goes where ``uniform[n, t]`` says."""
    n_walks, horizon = uniform.shape
    edges = np.full((n_walks, horizon), -1)
    states = np.full((n_walks, horizon + 1), -1)
    for n in range(n_walks):
        s = starts[n]
        states[n, 0] = s
        for t in range(horizon):
            if action_ptr[s] == action_ptr[s + 1]:
                break
            mass, chosen = 0.0, -1
            for e in range(action_ptr[s], action_ptr[s + 1]):
                if policy[e] > 0.0:  # the last of them, if rounding leaves the sum below 1
                    chosen = e
                    mass += policy[e]
                    if uniform[n, t] < mass:
                        break
            s = successor[chosen]
            edges[n, t], states[n, t + 1] = chosen, s
    return edges, states
