"""Figures for papers: measured solid, proved dashed, and the data beside every picture.

Axes that span hundreds of decades hold base-10 logarithms, so that an error of 1e-1000 is drawn
like one of 1e-3. This is the only module that imports matplotlib.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

COLUMN, TEXT = 3.25, 6.75  # inches, the two widths of a two-column venue
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C8C8C")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLE = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.1,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
}


@dataclass(frozen=True)
class Curve:
    """One measured curve and, if there is one, the proved curve that belongs to it.

    ``x``, ``measured`` and ``proved`` are (K,) arrays; on a logarithmic axis they hold log10.
    ``proved`` may be None or contain inf or NaN where nothing is claimed.
    """

    label: str
    x: np.ndarray
    measured: np.ndarray | None
    proved: np.ndarray | None = None  # without ``measured``: a reference line, drawn grey


@dataclass(frozen=True)
class Panel:
    """One set of axes; ``x_log`` and ``y_log`` say which coordinates are already log10.

    ``key`` ends the file name of the panel's own figure.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple
    x_log: bool = False
    y_log: bool = True
    y_range: tuple | None = None
    notes: tuple = ()  # (x, text): a dotted vertical line and what it marks
    key: str = ""


def log10(values) -> np.ndarray:
    """log10 without a warning; -inf for 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(values)


def save_figure(name, panels, out, record, *, columns=True) -> list[Path]:
    """Write ``name`` at text width, its panels at column width, its data and its record.

    Parameters
    ----------
    name : str
        File name without extension.
    panels : sequence of Panel
    out : path
        Folder, created if needed.
    record : dict
        What made the figure; versions are added. Must be JSON serializable.
    columns : bool
        Whether to draw the panels of a larger figure at column width, too.

    Returns
    -------
    list of Path
        The files written, each complete: they are renamed into place.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        files = _write(out / name, _draw(panels, TEXT if len(panels) > 1 else COLUMN))
        for panel in panels if columns and len(panels) > 1 else ():
            files += _write(out / f"{name}_{panel.key}", _draw([panel], COLUMN))
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


def _draw(panels, width) -> Figure:
    rows = -(-len(panels) // 3)
    each = width / min(len(panels), 3)
    figure = Figure(figsize=(width, rows * (min(2.3, 0.85 * each) + 0.75)), layout="constrained")
    grid = figure.subplots(rows, -(-len(panels) // rows), squeeze=False)
    for axes, panel in zip(grid.ravel(), panels, strict=True):
        for i, curve in enumerate(panel.curves):
            _draw_curve(axes, curve, COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)])
        _decorate(axes, panel)
    return figure


def _draw_curve(axes, curve, color, marker):
    if curve.measured is None:
        axes.plot(curve.x, curve.proved, color="0.5", ls=":", lw=1.4, label=curve.label)
        return
    shown = np.isfinite(curve.measured)
    x, y = curve.x[shown], curve.measured[shown]
    style = {"color": color, "marker": marker, "markersize": 2.5}
    axes.plot(x, y, **style, markevery=0.12 if shown.any() else None, label=curve.label)
    if shown.any() and np.isneginf(curve.measured[-1]):  # it ends here because it is optimal
        axes.plot(x[-1:], y[-1:], color=color, marker="x", markersize=5)
    if curve.proved is not None:
        y = np.where(np.isfinite(curve.proved), curve.proved, np.nan)
        axes.plot(curve.x, y, color=color, ls=(0, (3, 1.5)), lw=0.9)


def _decorate(axes, panel):
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if panel.y_range is not None:
        axes.set_ylim(*panel.y_range)
    for axis, is_log in ((axes.xaxis, panel.x_log), (axes.yaxis, panel.y_log)):
        if is_log:
            _label_powers(axis)
        else:
            axis.set_major_locator(MaxNLocator(5, integer=axis is axes.xaxis and _whole(panel)))
    for x, text in panel.notes:
        axes.axvline(x, color="0.4", ls=":", lw=0.8)
        axes.annotate(
            text, (x, 0.98), xycoords=("data", "axes fraction"), fontsize=6.5, ha="left", va="top",
            xytext=(2, 0), textcoords="offset points",
        )  # fmt: skip
    if any(c.measured is not None and c.proved is not None for c in panel.curves):
        axes.plot([], [], color="0.3", ls=(0, (3, 1.5)), lw=0.9, label="proved")
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.26), ncols=2, frameon=False,
        handlelength=1.6, labelspacing=0.25, columnspacing=1.0,
    )  # fmt: skip


def _whole(panel) -> bool:
    """Whether the horizontal axis counts something."""
    return all(np.array_equal(curve.x, np.round(curve.x)) for curve in panel.curves)


def _label_powers(axis):
    """Ticks at whole decades or, where fewer than two are in view, at 1, 2 and 5 times them."""
    low, high = sorted(axis.get_view_interval())
    if np.floor(high) - np.ceil(low) >= 1:
        axis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"$10^{{{v:.0f}}}$"))
        return
    decades = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    values = np.outer(decades, [1, 2, 5]).ravel()
    values = values[(np.log10(values) >= low) & (np.log10(values) <= high)]
    axis.set_major_locator(FixedLocator(np.log10(values)))
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{10**v:.2g}"))


def _table(panels) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["panel", "curve", "x_is_log10", "y_is_log10", "x", "measured", "proved"])
    for panel in panels:
        for curve in panel.curves:
            empty = np.full(len(curve.x), np.nan)
            columns = (
                curve.x,
                empty if curve.measured is None else curve.measured,
                empty if curve.proved is None else curve.proved,
            )
            head = [panel.title, curve.label, int(panel.x_log), int(panel.y_log)]
            for row in zip(*columns, strict=True):
                writer.writerow(head + [f"{float(value):.17g}" for value in row])
    return text.getvalue()


def _versions() -> dict:
    packages = ("numpy", "scipy", "numba", "matplotlib", "tabular_pg")
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(name) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
