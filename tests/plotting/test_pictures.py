"""Pictures as files: the same bytes every time, at the width of a venue, and back from data."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tabular_pg import NaturalPG, ProjectedPG, instances, optimize
from tabular_pg.plotting import Curve, HeatMap, Panel, Picture, replot, save_figure
from tabular_pg.plotting.widths import WIDTHS, style_sheet

FIGURES = Path(__file__).resolve().parents[2] / "figures"
KINDS = {"natural_pg", "overview", "softmax_pg", "reward_filter", "dapo_budget", "tightness"}
RUN = optimize(instances.garnet(5, 3, 2, 0.9), NaturalPG(1.0), 60)
SCRIPT = """
import sys
from tabular_pg import NaturalPG, instances, optimize
run = optimize(instances.garnet(5, 3, 2, 0.9), NaturalPG(1.0), 60)
run.plot(["N1", "N3a"], width="neurips").save(sys.argv[1])
"""


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_two_processes_write_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        command = [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path / name / "rates")]
        subprocess.run(command, check=True, env=None)
    one, other = digests(tmp_path / "one"), digests(tmp_path / "other")
    assert one == other
    assert set(one) == {f"rates.{suffix}" for suffix in ("pdf", "png", "svg", "csv", "json")}


def test_an_svg_needs_no_font_no_network_and_no_date(tmp_path):
    RUN.plot("N1").save(tmp_path / "rates.svg")
    text = (tmp_path / "rates.svg").read_text()
    assert "<text" not in text and "font-family" not in text and "dc:date" not in text
    assert not re.search(r'href="(?!#)', text)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".csv", ".json", ".svg"]


def test_ids_of_pictures_on_one_page_differ():
    one, other = (RUN.plot("N1").svg(prefix) for prefix in ("a-", "b-"))
    assert one.startswith("<svg") and one.rstrip().endswith("</svg>")
    ids = [set(re.findall(r'\bid="([^"]*)"', text)) for text in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    used = set(re.findall(r'href="#([^"]*)"', one)) | set(re.findall(r"url\(#([^)]*)\)", one))
    assert used and used <= ids[0]
    with pytest.raises(ValueError, match="prefix is '<a'; expected letters"):
        RUN.plot().svg("<a")


@pytest.mark.parametrize("name", WIDTHS)
def test_figures_have_the_width_of_the_venue(name, tmp_path):
    picture = RUN.plot("N1", width=name)
    assert picture.figure().get_size_inches()[0] == WIDTHS[name]
    picture.save(tmp_path / "a", formats=("pdf", "svg"))
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", (tmp_path / "a.pdf").read_bytes())
    assert float(box[1]) == pytest.approx(72 * WIDTHS[name])
    assert f'width="{72 * WIDTHS[name]:g}pt"' in (tmp_path / "a.svg").read_text()
    assert b"/FontFile2" in (tmp_path / "a.pdf").read_bytes()  # embedded, as TrueType


@pytest.mark.parametrize("name", WIDTHS)
def test_style_sheets_are_used_by_their_names_and_differ_in_size_alone(name):
    sheet, first = style_sheet(name), style_sheet("icml")
    assert sheet["figure.figsize"][0] == WIDTHS[name]
    assert {k: v for k, v in sheet.items() if k != "figure.figsize"} == {
        k: v for k, v in first.items() if k != "figure.figsize"
    }
    assert min(v for k, v in sheet.items() if k.endswith("size") and "fig" not in k) >= 6.5
    with plt.style.context(f"tabular_pg.plotting.styles.{name}"):
        assert matplotlib.rcParams["figure.figsize"][0] == WIDTHS[name]
        assert not matplotlib.rcParams["text.usetex"]
        looks = {(p["color"], p["linestyle"]) for p in matplotlib.rcParams["axes.prop_cycle"]}
        assert len(looks) == 8


@pytest.mark.parametrize("name", sorted(KINDS))
def test_committed_figures_are_drawn_again_from_their_data(name, tmp_path):
    picture = replot(FIGURES / f"{name}.csv", width="ieee", x_label="k", y_label="error")
    assert picture.csv() == (FIGURES / f"{name}.csv").read_text()
    made = picture.save(tmp_path / "a.svg")
    assert made[0].read_bytes()[:5] == b"<?xml" and picture.width == 3.5


@pytest.mark.parametrize("name", ["verdicts", "certified_enclosures"])
def test_other_tables_are_refused(name):
    with pytest.raises(ValueError, match=rf"csv .*{name}.csv has the columns .* expected those of"):
        replot(FIGURES / f"{name}.csv")


K = np.arange(20)
PANELS = (
    Panel("same", "k", "e", (Curve("a", K, -K * 1.0, -K / 2.0), Curve("b", K, -K * 2.0)), key="1",
          y_range=(-30, 1), notes=((3.0, "here"),)),
    Panel("same", "k", "e'", (Curve("a", K, None, -K / 2.0),
          Curve("a", K, -K * 1.0, limit=-K * 3.0, band=(-K - 1.0, 1.0 - K), optimal=True, look=5)),
          key="2"),
)  # fmt: skip
MAPS = (HeatMap("m", "x", "y", ("a", 2), (1, 2), [[1, 2], [3, 4.5]], center=2.0, digits=1),)


@pytest.mark.parametrize("panels", [PANELS, MAPS], ids=["curves", "maps"])
def test_nothing_is_lost_on_the_way_through_files(panels, tmp_path):
    first = Picture(panels, "icml_wide", {"seed": 1}, shared_legend=panels is PANELS)
    first.save(tmp_path / "a")
    again = replot(tmp_path / "a.csv", width="icml_wide")
    again.save(tmp_path / "b")
    for suffix in ("csv", "png", "pdf", "svg"):
        one, other = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
        assert one == other, suffix
    assert again.record["seed"] == 1


def test_labels_are_given_where_there_is_no_record(tmp_path):
    RUN.plot("N1").save(tmp_path / "a")
    (tmp_path / "a.json").unlink()
    (bare,) = replot(tmp_path / "a.csv").panels
    assert bare.x_label == bare.y_label == "" and bare.title.endswith("N1")
    (panel,) = replot(tmp_path / "a.csv", title="t", x_label="k", y_label=["gap"]).panels
    assert (panel.title, panel.x_label, panel.y_label) == ("t", "k", "gap")
    with pytest.raises(ValueError, match="title has 2 entries; expected 1"):
        replot(tmp_path / "a.csv", title=["a", "b"])


HEAD = "panel,curve,x_is_log10,y_is_log10,x,measured,proved"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the columns ''"),
        ("a,b\n1,2\n", "has the columns 'a,b'"),
        (f"{HEAD}\n", "has no line below its head"),
        (f"{HEAD}\np,c,0,1,0\n", "line 2 has 5 entries; expected 7"),
        (f"{HEAD}\np,c,0,1,0,x,1\n", "line 2: measured is 'x'; expected a number"),
        (f"{HEAD}\np,c,yes,1,0,0,1\n", "line 2: x_is_log10 is 'yes'; expected 0 or 1"),
        (f"{HEAD}\np,c,0,1,0,0,1\np,c,1,1,0,0,1\n", "that differ in x_is_log10"),
        ("\xff", "has the columns"),
    ],
)
def test_damaged_data_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        replot(tmp_path / "a.csv")


def test_a_record_of_another_figure_is_refused(tmp_path):
    RUN.plot("N1").save(tmp_path / "a")
    optimize(instances.garnet(5, 3, 2, 0.9), ProjectedPG(0.1), 7).plot().save(tmp_path / "b")
    shutil.copy(tmp_path / "b.json", tmp_path / "a.json")
    with pytest.raises(ValueError, match="the JSON beside it speaks of"):
        replot(tmp_path / "a.csv")
    (tmp_path / "a.json").write_text('{"drawn": {"panels": [3]}}')
    with pytest.raises(ValueError, match="whose entry 'drawn' is not one of save_figure"):
        replot(tmp_path / "a.csv")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match="which is no JSON"):
        replot(tmp_path / "a.csv")
    with pytest.raises(FileNotFoundError, match="which is no file"):
        replot(tmp_path / "c.csv")


def test_formats_are_chosen_and_others_refused(tmp_path):
    made = save_figure("a", PANELS, tmp_path, {}, width=4, formats=["svg"])
    assert [path.suffix for path in made] == [".svg", ".csv", ".json"]
    with pytest.raises(ValueError, match=r"formats\[0\] is 'jpg'; expected one of pdf, png, svg"):
        RUN.plot().save(tmp_path / "b", formats=["jpg"])
    with pytest.raises(ValueError, match="expected a name without extension"):
        RUN.plot().save(tmp_path / "b.csv")


def test_pgf_is_there_for_those_who_have_tex(tmp_path):
    if shutil.which("pdflatex"):
        assert RUN.plot().save(tmp_path / "a.pgf")[0].read_text().startswith("%%")
    else:
        with pytest.raises(RuntimeError, match="'pgf', which needs pdflatex on the path"):
            RUN.plot().save(tmp_path / "a.pgf")
        assert not list(tmp_path.iterdir())


def test_a_notebook_shows_a_picture_at_its_size():
    content, size = RUN.plot(width=4.0)._repr_png_()
    assert content.startswith(b"\x89PNG") and size["width"] == 440
    assert repr(RUN.plot(["N1", "N3a"])).startswith("Picture(2 Panels, width=5.5 in)")
