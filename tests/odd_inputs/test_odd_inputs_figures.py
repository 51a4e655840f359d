"""Every argument of figures, theorems, verdicts and lower bounds takes odd values rightly."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from support.core_calls import CALLS as CORE
from support.odd_calls import call, forgotten
from support.odd_inputs import MODEL, complaints
from tabular_pg import NaturalPG, instances, optimize, plotting
from tabular_pg.mdps import lower_bounds
from tabular_pg.methods import softmax_flow
from tabular_pg.plotting import Curve, HeatMap, Panel, Picture

theorem = sys.modules["tabular_pg.theorem"]  # the decorator has the same name
RUN = optimize(MODEL, NaturalPG(1.0), 2)
X, Y = np.array([0.0, 1.0, 2.0]), np.array([-0.5, -1.0, -2.5])
CURVE = Curve("one", X, Y)
PANEL = Panel("title", "x", "y", (CURVE,))
PICTURE = Picture([PANEL])
GRID, PLANE = instances.gridworld(2, 2, 0.5), instances.random_dense(2, 2, 0.5, seed=0)
ON_PLANE = optimize(PLANE, NaturalPG(1.0), 2)
TEXT = ("string", "empty string", "numpy string")
LABELS = ("list of strings", "list of time spans", "list with a huge one", "generator", "map",
          "nan (3,)")  # fmt: skip
FLAGS = ("True", "False", "numpy True")
ANY = ("nan", "numpy nan", "Decimal nan", "signaling nan", "inf", "long double inf", "nan (3,)",
       "nan (3, 2)", "inf (3, 2)", "array of nan", "empty list", "nested empty list", "empty array",
       "empty (0, 2)", "four axes", "seven entries")  # fmt: skip
FILES = {"name": "figure", "panels": [PANEL], "record": {"seed": 1}}


def drawn(curve):
    parts = curve.x, curve.measured, curve.proved, curve.limit, *curve.band
    return [np.asarray(part).tolist() for part in parts]


def saved(
    name, panels, record, columns=True, shared_legend=False, out=None, width=None, formats=("pdf",)
):
    with tempfile.TemporaryDirectory() as folder:
        options = {"columns": columns, "shared_legend": shared_legend}
        options |= {"width": width, "formats": formats}
        paths = plotting.save_figure(
            name, panels, folder if out is None else out, record, **options
        )
        return [path.suffix for path in paths]


def replotted(csv, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(PICTURE.csv())
        return plotting.replot(path if csv is None else csv, **options)


def kept(path, formats):
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(path, str | None):
            path = Path(folder) / (path or "name")
        return [made.suffix for made in PICTURE.save(path, formats=formats)]


def arrows(figure):
    return figure.axes[0].collections[-1].U.tolist()


def written(content):
    with tempfile.TemporaryDirectory() as folder:
        return plotting.write_whole(Path(folder) / "a.txt", content).read_text()


def registered(**changes):
    return theorem.theorem(**changes).__name__


CALLS = {
    "Curve": call(
        Curve, ("x", "measured", "proved", "band", "limit"), drawn, label="one", x=X, measured=Y,
        proved=Y + 1, band=(Y - 1, Y + 1), limit=Y,
    )._replace(optional=("measured", "proved", "limit", "band"), fine=("nan (3,)",)),
    "Curve, text": call(
        Curve, ("label", "optimal"), lambda made: [made.label, made.optimal], label="one", x=X,
        measured=Y, optimal=True,
    )._replace(fine=(*TEXT, *FLAGS)),
    "Panel": call(
        Panel, ("curves", "y_range", "notes"), lambda made: made.curves[0].label, title="t",
        x_label="x", y_label="y", curves=(CURVE,), y_range=(-3.0, 0.0), notes=((1.0, "text"),),
    )._replace(optional=("y_range",), fine=("empty list", "empty array")),
    "Panel, text": call(
        Panel, ("title", "x_label", "y_label", "x_log", "y_log", "key"), lambda made: made.title,
        title="t", x_label="x", y_label="y", curves=(CURVE,), x_log=True, y_log=True, key="k",
    )._replace(fine=(*TEXT, *FLAGS)),
    "HeatMap": call(
        HeatMap, ("columns", "rows", "values", "center", "limits", "digits"),
        lambda made: [np.asarray(made.values).tolist(), made.center, made.limits], title="t",
        x_label="x", y_label="y", columns=("a", "b"), rows=(1, 2, 4),
        values=np.array([[0.5, 1.0]] * 3), center=0.5, limits=(0.0, 1.0), digits=2,
    )._replace(optional=("center", "limits"), fine=("nan (3, 2)", *LABELS)),
    "log10": call(plotting.log10, values=[0.5, 2.0])._replace(fine=(*ANY, "-inf")),
    "decades": call(plotting.decades, log_values=[0.5, -2.0])._replace(fine=(*ANY, "-inf")),
    "plain": call(plotting.plain, ("name", "finite"), str, value=[1.5], name="a", finite=True)
    ._replace(fine=(*TEXT, *FLAGS)),
    "save_figure": call(saved, tuple(FILES), list, **FILES)._replace(
        fine=(*TEXT, "dictionary"), named={"panels": "panels"}
    ),
    "save_figure, flags": call(
        saved, ("columns", "shared_legend"), list, **FILES, columns=True, shared_legend=False
    )._replace(fine=FLAGS),
    "save_figure, looks": call(
        saved, ("width", "formats"), list, **FILES, width=3.5, formats=("svg",)
    )._replace(optional=("width",), fine=("empty list", "empty array")),
    "save_figure, out": call(saved, ("out",), list, **FILES, out=None)._replace(
        fine=TEXT, optional=("out",)
    ),
    "plot": call(
        plotting.plot, ("runs", "theorem", "x", "y", "width"),
        lambda made: [made.csv(), made.width], runs=RUN, theorem="N1", x="iteration", y="gap",
        width=5.5,
    )._replace(optional=("theorem", "y"), fine=("empty list", "empty array")),
    "bound_curve": call(
        plotting.bound_curve, ("verdict", "label", "run", "log_x"),
        lambda made: made.proved.tolist(), verdict=theorem.verdict(theorem.REGISTRY["N1"], RUN),
        label="one", run=RUN, log_x=True,
    )._replace(optional=("run",), fine=(*TEXT, *FLAGS)),
    "replot": call(
        replotted, ("csv", "width", "title", "x_label", "y_label", "shared_legend"),
        lambda made: [made.csv(), made.width], csv=None, width=5.5, title="a", x_label="b",
        y_label="c", shared_legend=True,
    )._replace(
        optional=("csv", "title", "x_label", "y_label", "shared_legend"),
        fine=(*TEXT, *FLAGS),
    ),
    "Picture": call(
        Picture, ("panels", "width", "record", "shared_legend"), lambda made: made.csv(),
        panels=[PANEL], width=5.5, record={}, shared_legend=False,
    )._replace(fine=(*FLAGS, "dictionary")),
    "Picture.save": call(
        kept, ("path", "formats"), list, path=None, formats=("svg",),
    )._replace(fine=(*TEXT, "empty list", "empty array"), optional=("path",)),
    "Picture.svg": call(PICTURE.svg, digest=len, prefix="a-")._replace(fine=TEXT),
    "draw_policy": call(
        plotting.draw_policy, ("mdp", "policy", "shape", "values", "width", "moves", "texts"),
        lambda made: [made.get_size_inches().tolist(), arrows(made)], mdp=GRID,
        policy=np.full((4, 4), 0.25), shape=(2, 2), values=np.arange(4.0), width=3.5,
        moves=("up", "right", "down", "left"), texts=("a", "b", "c", "d"),
    )._replace(optional=("policy", "shape", "values", "moves", "texts")),
    "draw_value_polytope": call(
        plotting.draw_value_polytope, ("mdp", "runs", "width"),
        lambda made: made.axes[0].lines[0].get_xydata().tolist(), mdp=PLANE, runs=ON_PLANE,
        width=3.5,
    )._replace(optional=("runs",), fine=("dictionary",)),
    "draw_mdp": call(
        plotting.draw_mdp, digest=lambda made: [text.get_text() for text in made.axes[0].texts],
        P=[[[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]], r=[[0.0, 1.0], [0.5, 0.0]],
    ),
    "write_whole": call(written, digest=str, content="text")._replace(
        fine=(*TEXT, "bytes")
    ),
    "write_all": call(plotting.write_all, digest=str, contents={})._replace(
        fine=("dictionary",)
    ),
    "check": call(
        theorem.check, digest=lambda found: [verdict.holds for verdict in found], run=RUN
    ),
    "checked_run": call(theorem.checked_run, digest=id, run=RUN),
    "verdict": call(
        theorem.verdict, digest=lambda found: found.holds, theorem=theorem.REGISTRY["N1"], run=RUN
    ),
    "why_not_applicable": call(
        theorem.why_not_applicable, digest=str, theorem=theorem.REGISTRY["N1"], run=RUN
    ),
    "theorem": call(
        registered, ("id", "claim", "rules", "source", "regularized", "assumes", "tolerance",
                     "kind", "confidence"),
        str, id="X", claim="c", rules=(NaturalPG,), kind=theorem.Kind.UPPER, source="own",
        confidence=theorem.Confidence.DERIVED, regularized=False, assumes=(), tolerance=0.5,
    )._replace(
        optional=("regularized",), fine=(*TEXT, *FLAGS, "empty list", "empty array")
    ),
    "li_wei_chi_chen_lumped": call(
        lower_bounds.li_wei_chi_chen_lumped, digest=lambda made: made.mdp.r.tolist(),
        gamma=0.96875, horizon=4, copies=2, p=2.0**-8,
    )._replace(optional=("p",)),
}  # fmt: skip
WITHOUT = {
    "Flow Lumped Theorem": "results",
    "Picture.figure Picture.csv": "no arguments",
    "Confidence": "an enumeration",
    "is_about iterations_of sorted_theorems theorems_about": "what `verdict` asks of a checked run",
}


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


def test_nothing_public_is_forgotten():
    modules = plotting, theorem, softmax_flow, lower_bounds
    assert not forgotten(modules, {**CORE, **CALLS}, WITHOUT)
