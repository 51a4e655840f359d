"""Small MDPs as diagrams: states as circles, what actions do as arrows."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from tabular_pg.checks.arrays import real_array

RADIUS, APART = 0.2, 1.0  # of a state, and half of what is between two of them
LOOP, ROOM = 0.6, 0.05  # around states for arrows to themselves, and around text
INCHES, BEND = 0.55, 0.22
MOST = 8  # states, beyond which nobody can read it
ARROW = {"arrowstyle": "-|>", "mutation_scale": 7, "lw": 0.8, "color": "0.25", "shrinkA": 0,
         "shrinkB": 0}  # fmt: skip


def draw_mdp(P, r, *, texts=None) -> Figure:
    """A diagram of a small MDP, for a paper: one arrow from a state to each next one, labelled with
    the actions that lead there, their rewards and, where it is not 1, the probability.

    Parameters
    ----------
    P : (S, A, S) array_like of float or Fraction
        Transition probabilities; at most 8 states.
    r : (S, A) array_like of float or Fraction
        Rewards.
    texts : function, optional
        From a number to the text that stands for it: three digits by default; ``str`` writes
        fractions as they are.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``savefig``.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there are more than 8 states.

    Examples
    --------
    >>> from tabular_pg.plotting import draw_mdp
    >>> draw_mdp([[[0, 1], [1, 0]], [[0, 1], [0, 1]]], [[0, 1], [0, 0]]).savefig("mdp.pdf")
    """
    shape = real_array("r", r).shape
    S = shape[0] if shape else 0
    if len(shape) != 2 or real_array("P", P).shape != (*shape, S):
        raise ValueError(f"P has shape {np.shape(P)} and r {shape}; expected (S, A, S) and (S, A)")
    if not 0 < S <= MOST:
        raise ValueError(f"P has {S} states; expected at most {MOST}")
    P, r = np.array(P, dtype=object), np.array(r, dtype=object)
    texts = texts or (lambda x: f"{float(x):.3g}")
    places = _places(S)
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for s, t in np.ndindex(S, S):
        label = _label(P[s, :, t], r[s], texts)
        if label and s == t:
            _draw_loop(axes, places, s, label)
        elif label:
            _draw_arrow(axes, places[s], places[t], label)
    for s, place in enumerate(places):
        axes.add_patch(Circle(place, RADIUS, facecolor="white", edgecolor="black", lw=0.8))
        axes.text(*place, f"$s_{s}$", ha="center", va="center", fontsize=8, zorder=4)
    _fit(figure, axes, places)
    return figure


def _fit(figure, axes, places):
    """Limits that hold states, loops and text, at a fixed scale."""
    low, high = places.min(axis=0) - LOOP, places.max(axis=0) + LOOP
    for _ in range(2):  # with the scale of the first time texts have their sizes
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        figure.set_size_inches(*(INCHES * (high - low)))
        figure.canvas.draw()
        for text in axes.texts:
            box = axes.transData.inverted().transform(text.get_window_extent())
            low, high = np.minimum(low, box[0] - ROOM), np.maximum(high, box[1] + ROOM)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    figure.set_size_inches(*(INCHES * (high - low)))


def _places(S):
    """(S, 2) one state in the middle, two side by side, more on a circle."""
    if S <= 2:
        return np.array([[2.0 * s, 0.0] for s in range(S)])
    angle = math.pi / 2 + 2 * math.pi * np.arange(S) / S
    return APART / math.sin(math.pi / S) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _label(p, r, texts) -> str:
    """One line for every action that leads there."""
    lines = []
    for a in range(len(p)):
        if p[a] > 0:
            chance = "" if p[a] == 1 else f", {texts(p[a])}"
            lines.append(f"$a_{a}$: {texts(r[a])}{chance}")
    return "\n".join(lines)


def _draw_loop(axes, places, s, label):
    """An arrow from a state to itself, away from the others."""
    away = places[s] - places.mean(axis=0)
    away = away / np.hypot(*away) if np.hypot(*away) > 0 else np.array([1.0, 0.0])
    aside = np.array([-away[1], away[0]])
    ends = [places[s] + RADIUS * (0.75 * away + side * 0.66 * aside) for side in (1, -1)]
    axes.add_patch(FancyArrowPatch(*ends, connectionstyle="arc3,rad=-2.2", **ARROW))
    _write(axes, places[s] + 3.1 * RADIUS * away, away, label)


def _draw_arrow(axes, start, end, label):
    along = (end - start) / np.hypot(*(end - start))
    left = np.array([along[1], -along[0]])  # the side to which a positive curvature bends
    axes.add_patch(
        FancyArrowPatch(
            start + RADIUS * along, end - RADIUS * along, connectionstyle=f"arc3,rad={BEND}",
            **ARROW,
        )
    )  # fmt: skip
    middle = (start + end) / 2 + (0.5 * BEND * np.hypot(*(end - start)) + 0.08) * left
    _write(axes, middle, left, label)


def _write(axes, place, away, label):
    """Text that begins at a place and goes away from there."""
    horizontal = "left" if away[0] > 0.3 else "right" if away[0] < -0.3 else "center"
    vertical = "bottom" if away[1] > 0.3 else "top" if away[1] < -0.3 else "center"
    axes.text(*place, label, ha=horizontal, va=vertical, fontsize=7, linespacing=1.15)
