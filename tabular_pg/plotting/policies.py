"""Policies on grids: arrows as long as their probabilities, over the values of the cells."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from scipy import sparse

from tabular_pg.checks.arrays import real_array, refuse_negative, refuse_where
from tabular_pg.checks.numbers import check_number, check_type, checked_list
from tabular_pg.mdps.mdp import MDP
from tabular_pg.optima.optimal import optimum
from tabular_pg.plotting.panels import STYLE
from tabular_pg.plotting.widths import checked_width

MOVES = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1), "stay": (0, 0)}
MOST = 64  # cells of a side, beyond which nobody can read them
LONGEST, LEAST = 0.46, 0.02  # cells, of an arrow of probability 1; probabilities not drawn
SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#6aa5d8"])  # arrows stay seen
SUM_TOLERANCE = 1e-9  # of probabilities that are only drawn
BAR = 0.6  # inches beside the grid


def draw_policy(
    mdp, policy=None, *, shape=None, moves=None, values=None, texts=None, width="icml"
) -> Figure:
    """A policy on a grid: arrows as long as their probabilities, cells the darker the better.

    Cells from which no action leads to another have no arrows.

    Parameters
    ----------
    mdp : MDP
        States are cells, numbered row by row, as in ``instances.gridworld`` and Gymnasium. One more
        state, the end that ``MDP.from_gymnasium`` may add, is not drawn.
    policy : (S, A) array_like, optional
        Such as ``run.policies[-1]``; by default an optimal one.
    shape : pair of int, optional
        Rows and columns; by default a square.
    moves : sequence of str, optional
        Where each action leads: "up", "right", "down", "left" or "stay". By default what P says
        it does in the mean.
    values : (S,) array_like, optional
        What the shade of a cell means; by default the value of the policy.
    texts : sequence of str, optional
        A text for each cell, such as the letters of a map: ``"SFFFFHFH..."``.
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
        If the shape does not fit the states, or where actions lead cannot be told from P.

    Examples
    --------
    >>> from tabular_pg import instances
    >>> from tabular_pg.plotting import draw_policy
    >>> draw_policy(instances.gridworld(4, 6, gamma=0.9), shape=(4, 6)).savefig("policy.pdf")
    """
    check_type("mdp", mdp, MDP)
    rows, columns = shape = _checked_shape(shape, mdp.n_states)
    if policy is None:
        policy = optimum(mdp).pi
    cells = rows * columns
    policy = checked_policies("policy", policy, mdp)
    if policy.ndim != 2:
        raise ValueError(f"policy has shape {policy.shape}; expected (S, A) = {mdp.r.shape}")
    steps = _steps(mdp, moves, shape)
    values = _values(mdp, policy) if values is None else real_array("values", values)
    if values.shape not in {(cells,), (mdp.n_states,)}:
        raise ValueError(f"values has shape {values.shape}; expected (S,) = ({mdp.n_states},)")
    texts = _checked_texts(texts, cells)
    width = checked_width(width)
    with matplotlib.rc_context(STYLE):
        height = (width - BAR) * rows / columns + 0.15
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        image = axes.imshow(values[:cells].reshape(shape), cmap=SHADES, aspect="equal")
        figure.colorbar(image, ax=axes, shrink=0.9, label="$V(s)$").outline.set_visible(False)
        _draw_lines(axes, rows, columns)
        _draw_arrows(axes, (policy * _going_on(mdp, cells)[:, None])[:cells], steps, shape)
        for s, text in enumerate(texts):
            row, column = divmod(s, columns)
            axes.text(column - 0.45, row - 0.45, text, ha="left", va="top", fontsize=6.5)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
    return figure


def checked_policies(name, policies, mdp) -> np.ndarray:
    """Probabilities (..., S, A), else ValueError."""
    policies = real_array(name, policies)
    if policies.shape[-2:] != mdp.r.shape or policies.ndim not in (2, 3) or not policies.size:
        raise ValueError(f"{name} has shape {policies.shape}; expected (S, A) = {mdp.r.shape}")
    refuse_negative(name, policies)
    sums = policies.sum(axis=-1).ravel()
    refuse_where(np.abs(sums - 1) > SUM_TOLERANCE, f"the sum of {name}", sums, "1")
    return policies


def _checked_shape(shape, S):
    if shape is None:
        side = math.isqrt(S)
        if not 0 <= S - side * side <= 1:
            raise ValueError(
                f"shape is None, and {S} states make no square; expected (rows, columns)"
            )
        shape = side, side
    shape = checked_list("shape", shape, "rows and columns")
    if len(shape) != 2:
        raise ValueError(f"shape has {len(shape)} entries; expected 2, rows and columns")
    rows, columns = (check_number(f"shape[{i}]", n, 1, MOST) for i, n in enumerate(shape))
    if not 0 <= S - rows * columns <= 1:
        raise ValueError(f"shape is ({rows}, {columns}) with {rows * columns} cells; expected {S}")
    return rows, columns


def _checked_texts(texts, cells):
    if texts is None:
        return []
    texts = list(texts) if isinstance(texts, str) else checked_list("texts", texts, "text", str)
    if len(texts) != cells:
        raise ValueError(f"texts has {len(texts)} entries; expected {cells}, one for every cell")
    return texts


def _steps(mdp, moves, shape) -> np.ndarray:
    """(A, 2) where each action leads: rows down and columns to the right."""
    if moves is not None:
        moves = checked_list("moves", moves, "text", str)
        for a, move in enumerate(moves):
            if move not in MOVES:
                raise ValueError(f"moves[{a}] is {move!r}; expected one of {', '.join(MOVES)}")
        if len(moves) != mdp.n_actions:
            raise ValueError(f"moves has {len(moves)} entries; expected A = {mdp.n_actions}")
        return np.array([MOVES[move] for move in moves], dtype=float)
    mean = _mean_steps(mdp, shape)
    known = np.array(list(MOVES.values())[:4], dtype=float)
    likeness = mean @ known.T
    best = likeness.argmax(axis=1)
    ordered = np.sort(likeness, axis=1)
    clear = ordered[:, -1] > 1.5 * np.maximum(ordered[:, -2], 0) + 1e-9
    if not clear.all() or len(set(best)) < mdp.n_actions:
        raise ValueError(
            "moves is None, and P does not tell where each action leads; expected a list such as "
            "['up', 'right', 'down', 'left'], one for every action"
        )
    return known[best]


def _mean_steps(mdp, shape):
    """(A, 2) the mean step of an action to a neighbouring cell."""
    S, A = mdp.r.shape
    P = sparse.coo_array(mdp.P if mdp.sparse else mdp.P.reshape(S * A, S))
    pair, target = P.coords
    place, reached = (np.stack(np.divmod(s, shape[1])) for s in (pair // A, target))
    step = reached - place
    near = (np.abs(step).sum(axis=0) == 1) & (np.maximum(target, pair // A) < math.prod(shape))
    weights = P.data * near
    return np.stack([np.bincount(pair % A, weights * axis, A) for axis in step], axis=1) / S


def _values(mdp, policy) -> np.ndarray:
    """(S,) the value of a policy: accurate enough for a shade."""
    S, A = mdp.r.shape
    P = sparse.csr_array(mdp.P if mdp.sparse else mdp.P.reshape(S * A, S))
    mean = sparse.csr_array(
        (policy.ravel(), np.arange(S * A), np.arange(0, S * A + 1, A)), shape=(S, S * A)
    )
    system = sparse.csc_array(sparse.eye_array(S) - mdp.gamma * (mean @ P))
    return sparse.linalg.spsolve(system, (policy * mdp.r).sum(axis=1))


def _going_on(mdp, cells) -> np.ndarray:
    """(S,) whether some action leads from a state to another cell."""
    S, A = mdp.r.shape
    P = sparse.coo_array(mdp.P if mdp.sparse else mdp.P.reshape(S * A, S))
    pair, target = P.coords
    leads = (P.data > 0) & (target != pair // A) & (target < cells)
    return np.bincount(pair[leads] // A, minlength=S) > 0


def _draw_lines(axes, rows, columns):
    axes.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, color="0.8", lw=0.5)
    axes.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, color="0.8", lw=0.5)


def _draw_arrows(axes, policy, steps, shape):
    s, a = np.nonzero((policy >= LEAST) & steps.any(axis=1))
    row, column = np.divmod(s, shape[1])
    along = LONGEST * policy[s, a][:, None] * steps[a]
    axes.quiver(
        column, row, along[:, 1], along[:, 0], angles="xy", scale_units="xy", scale=1,
        width=0.035, units="xy", headwidth=3.4, headlength=3.4, headaxislength=3, minlength=0,
        color="black",
    )  # fmt: skip
