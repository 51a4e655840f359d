"""Diagrams of small MDPs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tabular_pg.plotting import draw_mdp


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_transition_has_an_arrow_with_its_actions():
    third = Fraction(1, 3)
    P = [[[0, 1], [1, 0]], [[0, 1], [third, 1 - third]]]
    figure = draw_mdp(P, [[0, Fraction(1, 2)], [0, 1]], texts=str)
    assert sorted(texts(figure)) == sorted([
        "$s_0$", "$s_1$", "$a_1$: 1/2", "$a_0$: 0", "$a_1$: 1, 1/3", "$a_0$: 0\n$a_1$: 1, 2/3",
    ])  # fmt: skip


@pytest.mark.parametrize("S", [1, 2, 3, 8])
def test_nothing_is_outside_the_picture(S):
    figure = draw_mdp(np.full((S, 2, S), 1 / S), np.full((S, 2), 0.125))
    figure.canvas.draw()
    frame = figure.bbox
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1


@pytest.mark.parametrize(
    ("P", "r", "message"),
    [
        (np.ones((2, 2, 2)), np.ones(2), r"P has shape \(2, 2, 2\) and r \(2,\)"),
        (np.full((9, 1, 9), 1 / 9), np.ones((9, 1)), "P has 9 states; expected at most 8"),
        (np.full((1, 1, 1), np.nan), np.ones((1, 1)), "P"),
    ],
)
def test_what_cannot_be_drawn_is_refused(P, r, message):
    with pytest.raises(ValueError, match=message):
        draw_mdp(P, r)
