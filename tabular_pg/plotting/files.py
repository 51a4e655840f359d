"""Figures as files, each complete or not there: picture, data, and the record of what made them."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf

from tabular_pg.plotting.panels import COLUMN, STYLE, TEXT, HeatMap, draw


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
        What made the figure; versions are added. Must be JSON serializable.
    columns : bool
        Whether to draw the panels of a larger figure at column width, too.
    shared_legend : bool
        One legend below all panels, which must have curves of the same names.

    Returns
    -------
    list of Path
        The files written, each complete: they are renamed into place.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        files = _write(out / name, draw(panels, TEXT if len(panels) > 1 else COLUMN, shared_legend))
        for panel in panels if columns and len(panels) > 1 else ():
            files += _write(out / f"{name}_{panel.key}", draw([panel], COLUMN))
    files.append(write_whole(out / f"{name}.csv", _table(panels)))
    record = {"figure": name, **record, "versions": _versions()}
    text = json.dumps(record, indent=1, sort_keys=True, allow_nan=False) + "\n"
    files.append(write_whole(out / f"{name}.json", text))
    return files


def write_whole(path, content) -> Path:
    """Write ``content`` (str or bytes) to ``path`` completely or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _write(stem, figure) -> list[Path]:
    files = []
    for suffix, canvas, metadata in (
        (".pdf", FigureCanvasPdf, {"CreationDate": None, "Creator": None, "Producer": None}),
        (".png", FigureCanvasAgg, {"Software": None}),
    ):
        buffer = io.BytesIO()
        canvas(figure)
        figure.savefig(buffer, format=suffix[1:], metadata=metadata)
        files.append(write_whole(stem.with_name(stem.name + suffix), buffer.getvalue()))
    return files


def _table(panels) -> str:
    rows = _cells(panels) if isinstance(panels[0], HeatMap) else _points(panels)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _cells(panels):
    yield ["panel", "row", "column", "value"]
    for panel in panels:
        for (i, j), value in np.ndenumerate(panel.values):
            yield [panel.title, panel.rows[i], panel.columns[j], f"{value:.17g}"]


def _points(panels):
    bands = any(curve.band is not None for panel in panels for curve in panel.curves)
    head = ["panel", "curve", "x_is_log10", "y_is_log10", "x", "measured", "proved"]
    yield head + ["low", "high"] * bands
    for panel in panels:
        for curve in panel.curves:
            empty = np.full(len(curve.x), np.nan)
            columns = [
                curve.x,
                empty if curve.measured is None else curve.measured,
                empty if curve.proved is None else curve.proved,
            ]
            if bands:
                columns += (empty, empty) if curve.band is None else curve.band
            head = [panel.title, curve.label, int(panel.x_log), int(panel.y_log)]
            for row in zip(*columns, strict=True):
                yield head + [f"{float(value):.17g}" for value in row]


def _versions() -> dict:
    packages = ("numpy", "scipy", "numba", "matplotlib", "tabular_pg")
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(name) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
