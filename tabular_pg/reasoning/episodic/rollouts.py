"""Seeded trajectories from any states: what a method that may only sample gets to see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit
from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import integer_array, plain_array, real_vector, refuse_where
from tabular_pg.checks.numbers import check_generator
from tabular_pg.reasoning.episodic.validation import checked_policy, checked_problem


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

    __repr__ = compact

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
    starts = checked_states(mdp, "starts", starts)
    check_generator(rng)
    return walk(mdp, policy, starts, rng)


def checked_states(mdp, name, states) -> np.ndarray:
    """``states`` as a new vector of numbers of states, else ValueError."""
    checked_problem(mdp)
    states = integer_array(name, states)
    wrong = (states < 0) | (states >= mdp.n_states)
    refuse_where(wrong, name, states, f"a state, from 0 to {mdp.n_states - 1}")
    return states


def checked_trajectories(mdp, trajectories) -> Trajectories:
    """``trajectories`` that start anywhere in ``mdp``, follow its edges and end where it ends.

    Raises
    ------
    ValueError
        Names the array, the first offending row and step, the value and what was expected.
    """
    checked_problem(mdp)
    found = checked_shapes(trajectories)
    n, t, s, fault = _first_fault(mdp.action_ptr, mdp.successor, mdp.terminal_reward, *found)
    if fault == _SOUND:
        return found
    first, last = mdp.action_ptr[s], mdp.action_ptr[s + 1]
    name, expected = {
        _START: ("states", f"a state, from 0 to {mdp.n_states - 1}"),
        _EDGE: ("edges", f"an edge of state {s}, from {first} to {last - 1}"),
        _STATE: ("states", f"{s}, where the edge before it leads"),
        _UNFINISHED: ("states", f"a terminal state at the end; this one has {last - first} edges"),
        _LATE_EDGE: ("edges", f"-1, because the trajectory has ended in state {s}"),
        _LATE_STATE: ("states", f"-1, because the trajectory has ended in state {s}"),
        _OUTCOME: ("outcome", f"{mdp.terminal_reward[s]}, the reward of its last state, {s}"),
    }[fault]
    at = (n,) if fault == _OUTCOME else (n, t)
    value = getattr(found, name)[at]
    where = ", ".join(map(str, at))
    raise ValueError(f"trajectories.{name}[{where}] is {value}; expected {expected}")


def checked_shapes(trajectories) -> Trajectories:
    """Trajectories, of whatever problem, of integers and finite outcomes, else ValueError."""
    if not isinstance(trajectories, Trajectories):
        raise ValueError(
            f"trajectories is of type {type(trajectories).__name__}; expected Trajectories"
        )
    edges, states = (
        plain_array(f"trajectories.{name}", field, "integers")
        for name, field in zip(("edges", "states"), trajectories, strict=False)
    )
    for name, array in (("edges", edges), ("states", states)):
        if array.ndim != 2 or array.dtype.kind not in "iu":
            raise ValueError(
                f"trajectories.{name} has shape {array.shape} and type {array.dtype}; expected "
                "two axes and integers"
            )
    if states.shape != (edges.shape[0], edges.shape[1] + 1):
        raise ValueError(
            f"trajectories.states has shape {states.shape}; expected "
            f"{(edges.shape[0], edges.shape[1] + 1)}, as edges has shape {edges.shape}"
        )
    outcome = real_vector("trajectories.outcome", trajectories.outcome, len(edges), "row of edges")
    return Trajectories(
        *(np.ascontiguousarray(a, dtype=np.int64) for a in (edges, states)), outcome
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


_SOUND, _START, _EDGE, _STATE, _UNFINISHED, _LATE_EDGE, _LATE_STATE, _OUTCOME = range(8)


@njit
def _first_fault(action_ptr, successor, terminal_reward, edges, states, outcome):
    """Row and step of what is wrong first, the state that is or should be there, and its kind."""
    n_walks, horizon = edges.shape
    for n in range(n_walks):
        s = states[n, 0]
        if not 0 <= s < terminal_reward.size:
            return n, 0, 0, _START
        for t in range(horizon):
            e = edges[n, t]
            if action_ptr[s] == action_ptr[s + 1]:
                if e != -1:
                    return n, t, s, _LATE_EDGE
                if states[n, t + 1] != -1:
                    return n, t + 1, s, _LATE_STATE
            else:
                if not action_ptr[s] <= e < action_ptr[s + 1]:
                    return n, t, s, _EDGE
                s = successor[e]
                if states[n, t + 1] != s:
                    return n, t + 1, s, _STATE
        if action_ptr[s] != action_ptr[s + 1]:
            return n, horizon, s, _UNFINISHED
        if outcome[n] != terminal_reward[s]:
            return n, horizon, s, _OUTCOME
    return 0, 0, 0, _SOUND
