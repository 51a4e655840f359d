"""All values that policies have on an MDP with two states, and the way of runs through them."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from tabular_pg.checks.numbers import check_type, shown
from tabular_pg.engine.run import Run
from tabular_pg.mdps.mdp import MDP
from tabular_pg.plotting.labels import labelled
from tabular_pg.plotting.panels import COLORS, LEGEND, MARKERS, PROVED, STYLE
from tabular_pg.plotting.policies import checked_policies
from tabular_pg.plotting.widths import checked_width

SLICES = 48  # between two actions
MOST = 12  # actions
AREA, EDGE = "0.9", "0.6"
WAYS = ("-", *PROVED)


def draw_value_polytope(mdp, runs=None, *, width="icml") -> Figure:
    r"""The set :math:`\{V^\pi\}` of an MDP with two states, and the ways of runs in it.

    The set is grey, policies that are deterministic in one state are its lines, those that are in
    both its dots, and the optimal value is a star. A way begins with its marker.

    Parameters
    ----------
    mdp : MDP
        Of two states, and at most 12 actions.
    runs : Run, sequence of Run, or dict from labels to Run or to policies (K, 2, A), optional
        Values are those without regularization, also where tau > 0.
    width : str or float
        "neurips" (5.5 in), "icml" (3.25), "icml_wide" (6.75), "ieee" (3.5), "jmlr" (6), or a number
        of inches.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``savefig``.

    Raises
    ------
    TypeError, ValueError
        For other numbers of states, and for runs on another number of actions.

    References
    ----------
    Dadashi, Taiga, Le Roux, Schuurmans and Bellemare (2019), The value function polytope in
    reinforcement learning.

    Examples
    --------
    >>> from tabular_pg import NaturalPG, instances, optimize
    >>> from tabular_pg.plotting import draw_value_polytope
    >>> mdp = instances.random_dense(2, 2, gamma=0.9, seed=0)
    >>> draw_value_polytope(mdp, optimize(mdp, NaturalPG(0.1), 100)).savefig("polytope.pdf")
    """
    check_type("mdp", mdp, MDP)
    if mdp.n_states != 2 or not 1 <= mdp.n_actions <= MOST:
        raise ValueError(
            f"mdp has {mdp.n_states} states and {mdp.n_actions} actions; expected 2 states and at "
            f"most {MOST} actions"
        )
    ways = _ways(mdp, runs)
    width = checked_width(width)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, min(0.85 * width, 4.0)), layout="constrained")
        axes = figure.add_subplot()
        _draw_set(axes, mdp)
        for i, (label, values) in enumerate(ways.items()):
            color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
            look = {"color": color, "ls": WAYS[i % len(WAYS)], "marker": marker, "markevery": [0]}
            axes.plot(*values.T, **look, markersize=4, label=label)
        axes.set(xlabel="$V(s_0)$", ylabel="$V(s_1)$")
        if ways:
            axes.legend(loc="best", **LEGEND)
    return figure


def _ways(mdp, runs) -> dict:
    """(K, 2) values by label."""
    if runs is None:
        return {}
    if isinstance(runs, dict):
        found = {}
        for label, run in runs.items():
            if not isinstance(label, str):
                raise ValueError(f"runs has the label {shown(label)}; expected text")
            found[label] = run.policies if isinstance(run, Run) else run
    else:
        found = {label: run.policies for label, run in labelled(runs).items()}
    for label, policies in found.items():
        policies = checked_policies(f"runs[{label!r}]", policies, mdp)
        found[label] = values_of(mdp, policies.reshape(-1, *mdp.r.shape))
    return found


def values_of(mdp, policies) -> np.ndarray:
    """(..., 2) the values of policies (..., 2, A)."""
    P = (mdp.P.toarray() if mdp.sparse else mdp.P).reshape(*mdp.r.shape, 2)
    r = (policies * mdp.r).sum(axis=-1)
    (a, b), (c, d) = np.moveaxis(np.eye(2) - mdp.gamma * np.einsum("...sa,sat->...st", policies, P),
                                 (-2, -1), (0, 1))  # fmt: skip
    first = d * r[..., 0] - b * r[..., 1]
    second = a * r[..., 1] - c * r[..., 0]
    return np.stack([first, second], axis=-1) / (a * d - b * c)[..., None]


def _draw_set(axes, mdp):
    """What policies vary over in one state is a segment, whose ends are deterministic there and
    one of which is the better in both states: the set is made of these segments."""
    first, second = (np.flatnonzero(_available(mdp)[s]) for s in (0, 1))
    I = np.eye(mdp.n_actions)  # noqa: E741
    share = np.linspace(0, 1, SLICES)[:, None]
    quads = []
    for i, b in enumerate(second):
        for c in second[i + 1 :]:
            mixed = (1 - share) * I[b] + share * I[c]
            low, high = _segment(mdp, I[first], mixed, 0)
            quads += list(np.stack([low[:-1], high[:-1], high[1:], low[1:]], axis=1))
    axes.add_collection(PolyCollection(quads, facecolor=AREA, edgecolor=AREA, lw=0.3))
    lines = [np.stack(_segment(mdp, I[first], I[[b]], 0), axis=1)[0] for b in second]
    lines += [np.stack(_segment(mdp, I[second], I[[a]], 1), axis=1)[0] for a in first]
    axes.add_collection(LineCollection(lines, color=EDGE, lw=0.6))
    pairs = np.array([[I[a], I[b]] for a in first for b in second])
    values = values_of(mdp, pairs)
    axes.plot(*values.T, "o", color="0.35", markersize=2.2, zorder=2)
    best = values[values.sum(axis=1).argmax()]
    axes.plot(*best, "*", color="black", markersize=7, zorder=3)


def _segment(mdp, varied, fixed, state):
    """(K, 2) twice: the ends of the values while the policy varies in one state and is one of (K,
    A) in the other."""
    policies = np.empty((len(varied), len(fixed), 2, mdp.n_actions))
    policies[:, :, state], policies[:, :, 1 - state] = varied[:, None], fixed
    values = values_of(mdp, policies)
    rows, order = np.arange(len(fixed)), values.sum(axis=2)
    return values[order.argmin(axis=0), rows], values[order.argmax(axis=0), rows]


def _available(mdp):
    return np.ones(mdp.r.shape, dtype=bool) if mdp.actions is None else mdp.actions
