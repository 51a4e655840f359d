"""Trajectories as text, one step per line."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.arrays import integer_array


class Relabelled(NamedTuple):
    """The label of what number ``i`` stands for in the graph that has the labels."""

    label: Callable[[int], str]
    origin: np.ndarray

    def __call__(self, i) -> str:
        return self.label(int(self.origin[i]))


def relabelled(label, origin):
    """A label for each of ``origin``, or None if there is no label."""
    return None if label is None else Relabelled(label, origin)


def render(mdp, edges) -> str:
    """The steps of a trajectory, one per line; entries of -1 at its end are padding.

    Raises
    ------
    ValueError
        If an entry is not an edge or does not start where the one before ended.
    """
    edges = integer_array("edges", edges)
    edges = edges[: edges.size - np.cumprod(edges[::-1] == -1).sum()]
    lines, state = [], None
    for i, e in enumerate(edges):
        if not 0 <= e < mdp.n_edges:
            raise ValueError(f"edges[{i}] is {e}; expected an edge, from 0 to {mdp.n_edges - 1}")
        source = int(mdp.source[e])
        if state not in (None, source):
            raise ValueError(f"edges[{i}] is {e}, from state {source}; expected one from {state}")
        state = int(mdp.successor[e])
        lines.append(_step(mdp, int(e), source, state))
    return "\n".join(lines)


def _step(mdp, e, source, target) -> str:
    if mdp.edge_label is not None:
        return mdp.edge_label(e)
    action = f"action {e - mdp.action_ptr[source]}"
    if mdp.state_label is not None:
        return f"{mdp.state_label(source)}: {action} -> {mdp.state_label(target)}"
    return f"state {source}: {action} -> state {target}"
