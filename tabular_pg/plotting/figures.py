"""Figures as files, each complete or not there: picture, data, and the record of what made them."""

from __future__ import annotations

import io
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf

from tabular_pg._files import plain, write_all
from tabular_pg._tables import csv_table
from tabular_pg.checks.numbers import check_dict, check_path, check_text, checked_flag, checked_list
from tabular_pg.plotting.panels import COLUMN, STYLE, TEXT, draw
from tabular_pg.plotting.records import HeatMap, Panel


def save_figure(name, panels, out, record, *, columns=True, shared_legend=False) -> list[Path]:
    """Write ``name`` at text width, its panels at column width, its data and its record.

    Parameters
    ----------
    name : str
        File name without extension.
    panels : sequence of Panel, or of HeatMap
    out : path
        Folder, created if needed.
    record : dict
        What made the figure; versions are added. Text, numbers (numpy's, too), lists and dicts.
    columns : bool
        Whether to draw the panels of a larger figure at column width, too.
    shared_legend : bool
        One legend below all panels, which must have curves of the same names.

    Returns
    -------
    list of Path
        The files written, each complete: they are renamed into place, once all are there.

    Raises
    ------
    TypeError, ValueError
        For a record that JSON cannot hold, or panels with equal keys; nothing is written then.
    """
    check_text("name", name)
    check_path("out", out)
    check_dict("record", record, "text and numbers")
    checked_flag("columns", columns)
    checked_flag("shared_legend", shared_legend)
    panels = checked_list("panels", panels, "panels, or of heat maps", Panel | HeatMap)
    if len({type(panel) for panel in panels}) != 1:
        raise ValueError(f"panels has {len(panels)} entries; expected some, all of one kind")
    out = Path(out)
    text = _json({"figure": name, **record, "versions": _versions()})
    contents = {out / f"{name}.csv": _table(panels), out / f"{name}.json": text}
    with matplotlib.rc_context(STYLE):
        pictures = {name: draw(panels, TEXT if len(panels) > 1 else COLUMN, shared_legend)}
        for panel in panels if columns and len(panels) > 1 else ():
            single = f"{name}_{panel.key}"
            if single in pictures:
                raise ValueError(f"key is {panel.key!r} in two panels; expected distinct ones")
            pictures[single] = draw([panel], COLUMN)
        for stem, figure in pictures.items():
            contents |= {out / (stem + suffix): made for suffix, made in _rendered(figure)}
    write_all(contents)
    return [path for path in contents if path.suffix in (".pdf", ".png")] + list(contents)[:2]


def _json(record) -> str:
    return json.dumps(plain(record), indent=1, sort_keys=True, allow_nan=False) + "\n"


def _rendered(figure):
    """Pairs (suffix, bytes) of a picture."""
    for suffix, canvas, metadata in (
        (".pdf", FigureCanvasPdf, {"CreationDate": None, "Creator": None, "Producer": None}),
        (".png", FigureCanvasAgg, {"Software": None}),
    ):
        buffer = io.BytesIO()
        canvas(figure)
        figure.savefig(buffer, format=suffix[1:], metadata=metadata)
        yield suffix, buffer.getvalue()


def _table(panels) -> str:
    heads, *rows = _cells(panels) if isinstance(panels[0], HeatMap) else _points(panels)
    return csv_table(heads, rows)


def _cells(panels):
    yield ["panel", "row", "column", "value"]
    for panel in panels:
        for (i, j), value in np.ndenumerate(panel.values):
            yield [panel.title, panel.rows[i], panel.columns[j], digits(value)]


def _points(panels):
    curves = [curve for panel in panels for curve in panel.curves]
    limits = any(curve.limit is not None for curve in curves)
    bands = any(curve.band is not None for curve in curves)
    head = ["panel", "curve", "x_is_log10", "y_is_log10", "x", "measured", "proved"]
    yield head + ["limit"] * limits + ["low", "high"] * bands
    for panel in panels:
        for curve in panel.curves:
            empty = np.full(len(curve.x), np.nan)
            columns = [curve.x, curve.measured, curve.proved, *[curve.limit] * limits]
            columns += [*(curve.band or (None, None))] * bands
            columns = [empty if values is None else values for values in columns]
            head = [panel.title, curve.label, int(panel.x_log), int(panel.y_log)]
            logarithmic = (panel.x_log, *[panel.y_log] * (len(columns) - 1))
            for row in zip(*columns, strict=True):
                yield head + [digits(*cell) for cell in zip(row, logarithmic, strict=True)]


def digits(value, logarithm=False) -> str:
    """Six significant digits, or six after the point of a logarithm: more than a picture shows.

    Whatever the rounding, some number lies at its edge, and falls to this or that side by the
    processor; with an error of 1e-12 this one in a million.
    """
    return f"{round(float(value), 6) + 0.0:.15g}" if logarithm else f"{float(value):.6g}"


def _versions() -> dict:
    packages = ("numpy", "scipy", "numba", "matplotlib", "tabular_pg")
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(name) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
