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
from tabular_pg import NaturalPG, optimize, plotting
from tabular_pg.mdps import lower_bounds
from tabular_pg.methods import softmax_flow
from tabular_pg.plotting import Curve, HeatMap, Panel

theorem = sys.modules["tabular_pg.theorem"]  # the decorator has the same name
RUN = optimize(MODEL, NaturalPG(1.0), 2)
X, Y = np.array([0.0, 1.0, 2.0]), np.array([-0.5, -1.0, -2.5])
CURVE = Curve("one", X, Y)
PANEL = Panel("title", "x", "y", (CURVE,))
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


def saved(name, panels, record, columns=True, shared_legend=False, out=None):
    with tempfile.TemporaryDirectory() as folder:
        options = {"columns": columns, "shared_legend": shared_legend}
        paths = plotting.save_figure(
            name, panels, folder if out is None else out, record, **options
        )
        return [path.suffix for path in paths]


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
    "save_figure, out": call(saved, ("out",), list, **FILES, out=None)._replace(
        fine=TEXT, optional=("out",)
    ),
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
    "Confidence": "an enumeration",
    "iterations_of sorted_theorems theorems_about": "what `verdict` asks of a checked run",
}


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


def test_nothing_public_is_forgotten():
    modules = plotting, theorem, softmax_flow, lower_bounds
    assert not forgotten(modules, {**CORE, **CALLS}, WITHOUT)
