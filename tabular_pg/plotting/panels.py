"""What a figure shows: panels of curves and heat maps, drawn at the widths of a two-column venue.

Axes that span hundreds of decades hold base-10 logarithms, so that an error of 1e-1000 is drawn
like one of 1e-3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

COLUMN, TEXT = 3.25, 6.75  # inches, the two widths of a two-column venue
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C8C8C")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LEGEND = {"frameon": False, "handlelength": 1.6, "labelspacing": 0.25, "columnspacing": 1.0}
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
    band: tuple | None = None  # (low, high), drawn as an area: an interval of what was measured


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


@dataclass(frozen=True)
class HeatMap:
    """A number for every pair of two settings, with what the rows and columns stand for.

    ``values`` is (rows, columns); ``rows`` and ``columns`` are their settings, as text or numbers,
    the first row at the bottom. With ``center`` colours diverge from that value, and where values
    are on both sides of it a line is drawn between.
    """

    title: str
    x_label: str
    y_label: str
    columns: tuple
    rows: tuple
    values: np.ndarray
    center: float | None = None
    limits: tuple | None = None  # values of the ends of the colour scale
    digits: int = 2
    key: str = ""


def log10(values) -> np.ndarray:
    """log10 without a warning; -inf for 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(values)


def draw(panels, width, shared_legend=False) -> Figure:
    """Panels side by side, three to a row."""
    rows = -(-len(panels) // 3)
    each = width / min(len(panels), 3)
    figure = Figure(figsize=(width, rows * (min(2.3, 0.85 * each) + 0.75)), layout="constrained")
    grid = figure.subplots(rows, -(-len(panels) // rows), squeeze=False)
    for axes, panel in zip(grid.ravel(), panels, strict=True):
        if isinstance(panel, HeatMap):
            _draw_heat_map(axes, panel)
            continue
        for i, curve in enumerate(panel.curves):
            _draw_curve(axes, curve, COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)])
        _decorate(axes, panel)
        if not shared_legend:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.26), ncols=2, **LEGEND)
    if shared_legend:
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, **LEGEND
        )
    return figure


def _draw_curve(axes, curve, color, marker):
    if curve.measured is None:
        axes.plot(curve.x, curve.proved, color="0.5", ls=":", lw=1.4, label=curve.label)
        return
    shown = np.isfinite(curve.measured)
    x, y = curve.x[shown], curve.measured[shown]
    style = {"color": color, "marker": marker, "markersize": 2.5}
    if curve.band is not None:
        axes.fill_between(curve.x, *curve.band, color=color, alpha=0.18, lw=0)
    axes.plot(x, y, **style, markevery=0.12 if shown.any() else None, label=curve.label)
    if shown.any() and np.isneginf(curve.measured[-1]):  # it ends here because it is optimal
        axes.plot(x[-1:], y[-1:], color=color, marker="x", markersize=5)
    if curve.proved is not None:
        y = np.where(np.isfinite(curve.proved), curve.proved, np.nan)
        axes.plot(curve.x, y, color=color, ls=(0, (3, 1.5)), lw=0.9)


def _draw_heat_map(axes, panel):
    """Cells with their numbers; black on light cells, white on dark ones."""
    values = np.asarray(panel.values, dtype=float)
    low, high = panel.limits or (np.nanmin(values), np.nanmax(values))
    if panel.center is not None:
        reach = max(high - panel.center, panel.center - low) or 1.0
        low, high = panel.center - reach, panel.center + reach
    name = "viridis" if panel.center is None else "RdBu_r"
    image = axes.imshow(values, cmap=name, vmin=low, vmax=high, origin="lower", aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        text = f"{value:.{panel.digits}f}" if np.isfinite(value) else ""
        color = "white" if dark else "black"
        axes.text(j, i, text, ha="center", va="center", fontsize=5.5, color=color)
    if panel.center is not None and values.min() < panel.center < values.max():
        _draw_border(axes, values > panel.center)
    axes.set_xticks(range(len(panel.columns)), [str(c) for c in panel.columns])
    axes.set_yticks(range(len(panel.rows)), [str(r) for r in panel.rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label)


def _draw_border(axes, above):
    """A line between the cells above the centre and the others."""
    i, j = np.nonzero(above[:, 1:] != above[:, :-1])
    axes.vlines(j + 0.5, i - 0.5, i + 0.5, color="black", lw=1.2)
    i, j = np.nonzero(above[1:] != above[:-1])
    axes.hlines(i + 0.5, j - 0.5, j + 0.5, color="black", lw=1.2)


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
