"""Looks of figures: told apart in grey and by the colour-blind, whatever range and labels."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from tabular_pg.plotting import Curve, Panel
from tabular_pg.plotting.panels import COLUMN, TEXT, draw
from tabular_pg.plotting.records import Decades

K = np.arange(30)
CONFUSIONS = {  # what is left of red, green and blue (Machado, Oliveira and Fernandes, 2009)
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.28, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
EIGHT = tuple(Curve(f"curve {i}", K, -K / (i + 1.0), -K / (i + 2.0)) for i in range(8))


def lightness(color):
    """CIE L* of a linear colour: what is left of it in grey, from 0 to 100."""
    Y = np.dot(color, [0.2126, 0.7152, 0.0722])
    return 116 * Y ** (1 / 3) - 16 if Y > 0.008856 else 903.3 * Y


@pytest.mark.parametrize("blindness", ["none", *CONFUSIONS])
def test_a_bound_is_told_from_another_in_grey_and_by_the_colour_blind(blindness):
    """Of any two of eight bounds dashes differ or, by 12 of 100, lightness."""
    lines = draw([Panel("", "k", "e", EIGHT)], TEXT).axes[0].lines
    bounds = [line for line in lines if line._unscaled_dash_pattern[1] and line.get_alpha() is None]
    bounds = [line for line in bounds if len(line.get_xdata()) > 1]
    assert len(bounds) == 8
    for i, one in enumerate(bounds):
        for other in bounds[:i]:
            apart = abs(lightness(seen_as(one, blindness)) - lightness(seen_as(other, blindness)))
            assert apart >= 12 or one._unscaled_dash_pattern != other._unscaled_dash_pattern


def seen_as(line, blindness):
    """The linear colour of a line as the colour-blind have it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in to_rgb(line.get_color())
    ]
    return np.clip(np.dot(CONFUSIONS.get(blindness, np.eye(3)), linear), 0, 1)


def test_reference_lines_of_a_panel_differ():
    lines = tuple(Curve(f"curve {i}", K, None, -K / (i + 1.0)) for i in range(5))
    patterns = [
        (line.get_color(), line._unscaled_dash_pattern)
        for line in draw([Panel("", "k", "e", lines)], TEXT).axes[0].lines
    ]
    assert len(set(map(str, patterns))) == 5


def test_long_labels_do_not_squeeze_the_axes():
    curves = tuple(Curve(f"a rather long label of curve {i}", K, -K / (i + 1.0)) for i in range(3))
    figure = draw([Panel("", "k", "error", curves)], COLUMN)
    FigureCanvasAgg(figure).draw()
    box = figure.axes[0].get_legend().get_window_extent()
    assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
    assert figure.axes[0].get_position().width > 0.6


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (-1e15 * (1 + K), "10^{15}"),
        (-1e5 * (1 + K), r"\times 10^{6}"),
        (-K * 1.0, "$10^{-24}$"),
        (np.log10(0.55 + 0.006 * K), "0.6"),
        (np.log10(1.0 + K), "10"),
        (np.full(30, -0.3), ""),
    ],
)
def test_axes_of_any_number_of_decades_have_ticks(values, ticks):
    curve = Curve("a", K, np.asarray(values).view(Decades))
    figure = draw([Panel("", "k", "e", (curve,))], COLUMN)
    FigureCanvasAgg(figure).draw()
    axis = figure.axes[0].yaxis
    low, high = sorted(axis.get_view_interval())
    shown = [
        text.get_text()
        for at, text in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        if low <= at <= high
    ]
    assert len(set(shown)) == len(shown) >= 1
    assert any(ticks in text for text in shown), shown
