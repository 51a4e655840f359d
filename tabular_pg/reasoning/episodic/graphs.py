"""Graphs that come with a map onto another one: parts of it, and the tree of its prefixes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import integer_array
from tabular_pg.reasoning.episodic.evaluation import visits
from tabular_pg.reasoning.episodic.validation import checked_problem

MAX_TREE_STATES = 30_000_000  # a few GB; any six numbers make less than 25 million


class Image(NamedTuple):
    """A level-ordered graph whose states and edges stand for those of another.

    Attributes
    ----------
    level_offsets, action_ptr, successor : the graph.
    states : (S',) the state of the other graph that each state stands for.
    edges : (E',) the same for the edges: arrays (E,) such as policies are carried over by them.
    """

    level_offsets: np.ndarray
    action_ptr: np.ndarray
    successor: np.ndarray
    states: np.ndarray
    edges: np.ndarray

    __repr__ = compact


def reachable(mdp, roots) -> Image:
    """The part of the graph that can be reached from ``roots``, which come first, in that order.

    Raises
    ------
    ValueError
        If there are none, one is not a root of ``mdp`` or is there twice.
    """
    checked_problem(mdp)
    roots = integer_array("roots", roots)
    if roots.size == 0:
        raise ValueError("roots is empty; expected at least one")
    _, where, times = np.unique(roots, return_index=True, return_counts=True)
    for wrong, at, expected in (
        ((roots < 0) | (roots >= mdp.n_roots), None, f"a root, from 0 to {mdp.n_roots - 1}"),
        (times > 1, where, "each root once"),
    ):
        if wrong.any():
            i = int(wrong.argmax())
            i = i if at is None else int(at[i])
            raise ValueError(f"roots[{i}] is {roots[i]}; expected {expected}")
    return _image(mdp, roots, merge=True)


def unfolded(mdp) -> Image:
    """The tree of the graph's prefixes: a state for every way to get anywhere from a root.

    Raises
    ------
    ValueError
        If the tree would have more than 30 million states.
    """
    checked_problem(mdp)
    each = np.ones(mdp.n_edges)
    each.setflags(write=False)  # like a checked policy, for which the kernel is compiled
    size = visits(mdp.action_ptr, mdp.successor, each, np.ones(mdp.n_roots)).sum()
    if not size <= MAX_TREE_STATES:
        raise ValueError(
            f"the tree of {mdp!r} has {size:,.0f} states; expected at most {MAX_TREE_STATES:,} "
            "(unfold the subproblem of fewer roots)"
        )
    return _image(mdp, np.arange(mdp.n_roots), merge=False)


def _image(mdp, roots, merge) -> Image:
    """Everything that is reached from the roots, each state once per level or once per way."""
    states, edges, successors, offsets = [roots], [], [], [0, roots.size]
    while True:
        edges.append(_edges_of(mdp.action_ptr, states[-1]))
        targets = mdp.successor[edges[-1]]
        if targets.size == 0:
            break
        numbers = np.arange(targets.size)
        if merge:
            targets, numbers = np.unique(targets, return_inverse=True)
        states.append(targets)
        successors.append(offsets[-1] + numbers)
        offsets.append(offsets[-1] + targets.size)
    states = np.concatenate(states)
    counts = mdp.action_ptr[states + 1] - mdp.action_ptr[states]
    return Image(
        np.array(offsets),
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([*successors, np.zeros(0, dtype=np.int64)]),
        states,
        np.concatenate(edges),
    )


def _edges_of(action_ptr, states) -> np.ndarray:
    """The edges of these states, one state after the other."""
    first = action_ptr[states]
    counts = action_ptr[states + 1] - first
    before = np.cumsum(counts) - counts
    return np.repeat(first - before, counts) + np.arange(counts.sum())
