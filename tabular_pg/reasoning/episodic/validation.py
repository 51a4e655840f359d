"""What must hold of episodic problems and policies on them, and messages where it does not."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np

from tabular_pg.checks.arrays import (
    integer_array,
    plain_array,
    real_vector,
    refuse_negative,
    refuse_where,
)
from tabular_pg.checks.numbers import check_number
from tabular_pg.checks.probabilities import ROW_SUM_TOLERANCE, distribution
from tabular_pg.reasoning.episodic.segments import state_sums


def checked_problem(mdp):
    """``mdp`` is an episodic problem, else TypeError."""
    if not hasattr(mdp, "action_ptr") or not hasattr(mdp, "terminal_reward"):
        raise TypeError(f"mdp is of type {type(mdp).__name__}; expected an EpisodicMDP")


def check_per_state(mdp, name, array):
    """The first axis of the array has one entry per state, else ValueError."""
    checked_problem(mdp)
    if array.shape[0] != mdp.n_states:
        raise ValueError(
            f"{name} has length {array.shape[0]}; expected {mdp.n_states}, one per state"
        )


def checked_graph(level_offsets, action_ptr, successor, terminal_reward) -> dict:
    """The four arrays, new, of one type each and consistent with each other.

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """
    offsets = integer_array("level_offsets", level_offsets)
    ptr = integer_array("action_ptr", action_ptr)
    successor = integer_array("successor", successor)
    _check_steps("level_offsets", offsets, 1)
    _check_steps("action_ptr", ptr, 0)
    for name, array, size, what in (
        ("level_offsets", offsets, ptr.size - 1, "the number of states, action_ptr.size - 1"),
        ("action_ptr", ptr, successor.size, "the number of edges, successor.size"),
    ):
        if array[-1] != size:
            raise ValueError(f"{name}[-1] is {array[-1]}; expected {size}, {what}")
    _check_successors(offsets, ptr, successor)
    return {
        "level_offsets": offsets,
        "action_ptr": ptr,
        "successor": successor,
        "terminal_reward": _checked_reward(terminal_reward, ptr),
    }


def _check_steps(name, array, least):
    """The array starts at 0 and no entry is less than the one before, plus ``least``."""
    if array.size < 2 or array[0] != 0:
        raise ValueError(
            f"{name} is {array[:3]}; expected at least two entries, the first of them 0"
        )
    wrong = np.diff(array) < least
    if wrong.any():
        i = int(wrong.argmax()) + 1
        raise ValueError(
            f"{name}[{i}] is {array[i]} after {array[i - 1]}; expected at least "
            f"{array[i - 1] + least}"
        )


def _check_successors(offsets, ptr, successor):
    """Every edge leads to the next level; the last level has no edges."""
    if ptr[offsets[-2]] != ptr[-1]:
        s = int(offsets[-2] + (np.diff(ptr[offsets[-2] :]) > 0).argmax())
        raise ValueError(
            f"state {s} is of the last level and has {ptr[s + 1] - ptr[s]} actions; expected none"
        )
    for level in range(offsets.size - 2):
        edges = slice(ptr[offsets[level]], ptr[offsets[level + 1]])
        low, high = offsets[level + 1], offsets[level + 2]
        wrong = (successor[edges] < low) | (successor[edges] >= high)
        if wrong.any():
            e = int(edges.start + wrong.argmax())
            raise ValueError(
                f"successor[{e}] is {successor[e]}; expected a state of level {level + 1}, from "
                f"{low} to {high - 1}, because the edge leaves a state of level {level}"
            )


def _checked_reward(terminal_reward, ptr) -> np.ndarray:
    reward = real_vector("terminal_reward", terminal_reward, ptr.size - 1, "state")
    refuse_where((reward < 0) | (reward > 1), "terminal_reward", reward, "a number in [0, 1]")
    acting = (reward != 0) & (np.diff(ptr) > 0)
    refuse_where(acting, "terminal_reward", reward, "0, because the state has actions")
    return reward


def checked_policy(mdp, policy, name="policy") -> np.ndarray:
    """``policy`` as a new read-only array (E,) of probabilities that sum to 1 in every state.

    Raises
    ------
    ValueError
        If its size is wrong, an entry is negative or not finite, or the sum over a state's
        actions is off by over 1e-12 times their number; names the edge or the state.
    """
    checked_problem(mdp)
    policy = real_vector(name, policy, mdp.n_edges, "edge")
    refuse_negative(name, policy)
    sums, counts = state_sums(mdp.action_ptr, policy), np.diff(mdp.action_ptr)
    wrong = (np.abs(sums - 1) > ROW_SUM_TOLERANCE * counts) & (counts > 0)
    if wrong.any():
        s = int(wrong.argmax())
        raise ValueError(
            f"{name} sums to {float(sums[s])!r} in state {s}, over the edges "
            f"{mdp.action_ptr[s]} to {mdp.action_ptr[s + 1] - 1}; expected 1"
        )
    policy.setflags(write=False)
    return policy


def checked_support(policy, reference):
    """The reference is positive wherever the policy is, else ValueError."""
    wrong = (reference == 0) & (policy > 0)
    if wrong.any():
        e = int(wrong.argmax())
        raise ValueError(f"reference[{e}] is 0; expected > 0, because policy[{e}] is {policy[e]}")


def checked_start(mdp, start) -> np.ndarray:
    """A distribution over the roots: uniform for None, all on one of them for its index."""
    shape = (mdp.n_roots,) if start is None else ()
    if start is not None and not isinstance(start, Real):
        shape = plain_array("start", start).shape
    if shape:
        if shape != (mdp.n_roots,):
            raise ValueError(f"start has shape {shape}; expected ({mdp.n_roots},), one per root")
        return distribution("start", start, mdp.n_roots)
    weights = np.zeros(mdp.n_roots)
    weights[check_number("start", start, 0, mdp.n_roots - 1, kind=Integral)] = 1.0
    return weights
