"""Figures: any number of panels and curves, told apart, and all of their files or none."""

from __future__ import annotations

import json
import os
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from tabular_pg import NaturalPG, ProjectedPG, SoftPolicyIteration, Status, instances, optimize
from tabular_pg.plotting import Curve, HeatMap, Panel, decades, log10, save_figure, write_all
from tabular_pg.plotting.panels import COLUMN, TEXT, draw
from tabular_pg.report import bound_curve
from tabular_pg.theorem import REGISTRY, verdict

K = np.arange(30)


def panel(number=0, curves=2, **options):
    drawn = tuple(Curve(f"curve {i}", K, -K / (i + 1.0), -K / (i + 2.0)) for i in range(curves))
    return Panel(f"panel {number}", "k", "error", drawn, key=str(number), **options)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13])
@pytest.mark.parametrize("shared", [False, True])
def test_any_number_of_panels(count, shared):
    figure = draw([panel(i) for i in range(count)], TEXT, shared)
    seen = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in seen] == [f"panel {i}" for i in range(count)]
    labels = [text.get_text() for each in [*figure.legends] for text in each.get_texts()]
    assert labels == (["curve 0", "curve 1", "proved"] if shared else [])


def test_heat_maps_and_panels_that_do_not_fill_the_last_row():
    maps = [HeatMap(f"{i}", "", "", (0, 1), (0, 1), np.eye(2)) for i in range(7)]
    assert sum(axes.get_visible() for axes in draw(maps, TEXT).axes) == 7
    with pytest.raises(ValueError, match="panels is empty"):
        draw([], TEXT)


def test_a_shared_legend_names_the_curves_of_all_panels():
    figure = draw([panel(0, 1), panel(1, 3)], TEXT, shared_legend=True)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["curve 0", "proved", "curve 1", "curve 2"]


def looks(figure):
    """How every curve with a name looks, apart from where it is."""
    return [
        (line.get_color(), line.get_marker(), line.get_fillstyle(), line.get_linestyle())
        for line in figure.axes[0].lines
        if line.get_label().startswith("curve")
    ]


def test_curves_are_told_apart_also_in_grey():
    seen = looks(draw([panel(curves=64)], TEXT))
    assert len(set(seen)) == len(seen) == 64
    for start in range(0, 64, 8):  # of eight in a row no two have one colour or one marker
        for property in (0, 1):
            assert len({look[property] for look in seen[start : start + 8]}) == 8
    dashes = [
        (line.get_color(), line._unscaled_dash_pattern)
        for line in draw([panel(curves=32)], TEXT).axes[0].lines
        if line._unscaled_dash_pattern[1] and line.get_label() != "proved"
    ]
    assert len(set(map(str, dashes))) == len(dashes) == 32


@pytest.mark.parametrize("size", [1, 2, 5, 12, 13, 100])
def test_short_curves_are_drawn(size):
    """The pixels of a curve's colour are there, also where it is one point or stands still."""
    x = np.zeros(size)
    figure = draw([Panel("", "k", "e", (Curve("a", x, x - 1.0),), y_log=False)], COLUMN)
    figure.axes[0].get_legend().remove()
    pixels = np.asarray(_rendered(figure))[..., :3].reshape(-1, 3)
    assert (np.abs(pixels - [0x00, 0x72, 0xB2]).max(axis=1) < 30).sum() > 5


def _rendered(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba(), dtype=int)


RECORD = {
    "seed": np.int64(3), "tau": np.float32(0.5), "done": np.bool_(True), "shape": (np.int8(1), 2),
    "gaps": np.arange(3.0), np.int64(7): {"where": Path("a/b")}, "name": np.str_("x"),
}  # fmt: skip


def test_records_with_numbers_of_numpy(tmp_path):
    files = save_figure("f", [panel(0), panel(1)], tmp_path, RECORD)
    assert sorted(p.name for p in files) == sorted(os.listdir(tmp_path))
    assert len(files) == 8
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["seed"] == 3 and found["tau"] == 0.5 and found["done"] is True
    assert found["shape"] == [1, 2] and found["gaps"] == [0, 1, 2] and found["name"] == "x"
    assert found["7"] == {"where": "a/b"}


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"a": [1, {"b": np.nan}]}, r"record\['a'\]\[1\]\['b'\] is nan; expected a finite number"),
        ({"a": np.array([1.0, np.inf])}, r"record\['a'\]\[1\] is inf"),
        ({"a": {1, 2}}, r"record\['a'\] is \{1, 2\}; expected text, numbers"),
        ({"a": Colour.RED}, r"record\['a'\] is <Colour"),
        ({"a": 1j}, r"record\['a'\] is 1j"),
        ({(1, 2): 3}, r"record has the key \(1, 2\)"),
        ({"a": np.datetime64("2020-01-01")}, r"record\['a'\] is datetime"),
    ],
)
def test_nothing_is_written_for_a_record_that_json_cannot_hold(tmp_path, entry, message):
    with pytest.raises((TypeError, ValueError), match=message):
        save_figure("f", [panel()], tmp_path / "out", entry)
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_where_a_panel_cannot_be_drawn(tmp_path):
    broken = Panel("$\\frac{$", "k", "e", (Curve("a", K, -K * 1.0),))
    with pytest.raises(ValueError):
        save_figure("f", [panel(), broken], tmp_path, {})
    with pytest.raises(ValueError, match="key is '0' in two panels"):
        save_figure("f", [panel(), panel()], tmp_path, {})
    assert os.listdir(tmp_path) == []


def test_files_are_all_there_or_none(tmp_path):
    (tmp_path / "a").write_text("before")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_all({tmp_path / "a": "after", tmp_path / "folder" / "b" / ("x" * 300): b""})
    assert (tmp_path / "a").read_text() == "before"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a"]


def test_curves_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"measured of curve 'a' has shape \(2,\).*shape \(3,\)"):
        Curve("a", [0, 1, 2], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"band\[1\] of curve 'a'"):
        Curve("a", [0, 1], [0.0, 1.0], band=([0, 0], [1]))
    with pytest.raises(ValueError, match="neither"):
        Curve("a", [0, 1], None)


RUN = optimize(instances.garnet(5, 3, 2, 0.9), NaturalPG(1.0), 300)


@pytest.mark.parametrize(
    ("curve", "name"),
    [
        (Curve("a", RUN.k, RUN.gap), "measured"),
        (Curve("a", RUN.k, RUN.sup_gap[:], None), "measured"),
        (Curve("a", RUN.k, RUN.log_gap, RUN.gap), "proved"),
        (Curve("a", [0, 1, 2], [1.0, 1e-2, 1e-6]), "measured"),
        (Curve("a", RUN.k[:12], RUN.gap[:12]), "measured"),
        (Curve("a", K, 100.0 / (1.0 + K)), "measured"),
        (Curve("a", K, 1e3 * 0.999**K), "measured"),
        (Curve("a", K, np.full(len(K), 400.0)), "measured"),
        (Curve("a", RUN.k, np.where(RUN.k > 200, 0.0, RUN.gap)), "measured"),
    ],
)
def test_raw_errors_on_a_logarithmic_axis_are_refused(curve, name):
    with pytest.raises(ValueError, match=f"{name} of curve 'a' .* expected log10 of them"):
        Panel("", "k", "gap", (curve,))
    assert Panel("", "k", "gap", (curve,), y_log=False)


def test_raw_counts_on_a_logarithmic_axis_are_refused():
    for x in (np.arange(1000), np.arange(50), np.linspace(0.5, 999.5, 1000)):
        curve = Curve("a", x, -np.arange(float(len(x))))
        with pytest.raises(ValueError, match="x of curve 'a' has values from .* expected log10"):
            Panel("", "k", "gap", (curve,), x_log=True)


def test_logarithms_are_taken_as_such():
    decaying = log10(1 + RUN.gap)  # nowhere negative, and down to 0
    for values in (
        decades(RUN.log_gap + 2e3),
        log10(RUN.gap),
        RUN.log_gap / np.log(10),
        decaying,
        np.arange(301.0),
        RUN.k / 3e4,
    ):
        assert Panel("", "k", "gap", (Curve("a", RUN.k, values),))


def named(figure):
    return [line.get_label() for line in figure.axes[0].lines if line.get_label()[0] != "_"]


def test_the_cross_for_optimal_is_in_the_legend_and_not_on_underflow():
    mdp = instances.garnet(5, 3, 2, 0.9)
    ends, lost = (
        optimize(mdp, ProjectedPG(3.0), 300),
        optimize(mdp, SoftPolicyIteration(), 40, tau=0.1),
    )
    assert ends.status is Status.OPTIMAL and np.isneginf(lost.log_sup_gap[-1])
    drawn = ("P2e", ends, "a"), ("G4", lost, "b")
    curves = [bound_curve(verdict(REGISTRY[id], run), name, run=run) for id, run, name in drawn]
    marks = []
    for curve in curves:
        figure = draw([Panel("", "k", "e", (curve,))], COLUMN)
        crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
        marks.append((len(crosses), "optimal" in named(figure)))
    assert marks == [(2, True), (0, False)]  # one of two is that of the legend


def test_a_limit_is_no_bound():
    curve = Curve("a", K, -K * 1.0, limit=np.full(30, -3.0))
    both = Curve("b", K, -K * 1.0, -K / 2.0)
    figure = draw([Panel("", "k", "e", (curve, both))], COLUMN)
    assert named(figure) == ["a", "b", "proved", "limit"]
    styles = {
        line.get_label(): line._unscaled_dash_pattern
        for line in figure.axes[0].lines
        if line.get_label() in ("proved", "limit")
    }
    assert styles["proved"] != styles["limit"]
    assert named(draw([Panel("", "k", "e", (curve,))], COLUMN)) == ["a", "limit"]


def test_limits_are_a_column_of_the_data(tmp_path):
    curve = Curve("a", [0, 1], [-1.0, -2.0], limit=[-3.0, -3.0])
    save_figure("f", [Panel("", "k", "e", (curve,))], tmp_path, {})
    head, first, _ = (tmp_path / "f.csv").read_text().splitlines()
    assert head.endswith("x,measured,proved,limit") and first.endswith("0,-1,nan,-3")


def test_the_ends_of_a_range_may_be_logarithms():
    curve = Curve("a", np.arange(3.0), log10([1e-3, 1e-5, 1e-9]))
    panel = Panel("t", "k", "gap", (curve,), y_range=(curve.measured.min(), 0.0))
    assert panel.y_range[0] == -9
