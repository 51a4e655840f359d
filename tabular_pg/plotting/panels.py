"""Panels of curves and heat maps, drawn at the widths of a two-column venue."""

from __future__ import annotations

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from tabular_pg.plotting.records import HeatMap
from tabular_pg.plotting.widths import WIDTHS, style_sheet

COLUMN, TEXT = WIDTHS["icml"], WIDTHS["icml_wide"]  # inches, of a two-column venue
PROVED = ((0, (3, 1.5)), (0, (6, 1.5)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1, 1, 1, 1, 1)))  # dashes
LIMIT = (0, (0.8, 1.2))  # dots
REFERENCES = (("0.5", ":", 1.4), *((grey, dash, 1.0) for grey, dash in zip(
    ("0.35", "0.0", "0.55", "0.2"), PROVED, strict=True)))  # fmt: skip
NARROWEST, ENTRY = 1.8, 1.7  # inches of a panel in a row of several, and of an entry of a legend
HANDLE = 0.32  # inches, what is drawn beside the text of an entry
CELL = 0.11  # inches, the least height of a row of a heat map
RAISED, LONG = (-300, 300), 10**5  # exponents whose powers are floats, and what is long
FEW = 12  # points that each get a marker
SHEET = style_sheet("icml")  # all but sizes and cycles, which are the same in the others
STYLE = {key: value for key, value in SHEET.items() if not key.startswith(("figure.", "axes.prop"))}
COLORS = tuple(SHEET["axes.prop_cycle"].by_key()["color"])
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LEGEND = {"frameon": False, "handlelength": 1.6, "labelspacing": 0.25, "columnspacing": 1.0}


def draw(panels, width, shared_legend=False) -> Figure:
    """Panels side by side, at most three to a row."""
    if not panels:
        raise ValueError("panels is empty; expected at least one Panel or HeatMap")
    rows = -(-len(panels) // max(1, min(3, int(width / NARROWEST))))
    columns = -(-len(panels) // rows)
    each = min(2.3, 0.85 * width / columns)
    most = max((len(panel.rows) for panel in panels if isinstance(panel, HeatMap)), default=0)
    height = max(each, CELL * most) + 0.75
    figure = Figure(figsize=(width, rows * height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        if isinstance(panel, HeatMap):
            _draw_heat_map(axes, panel)
            continue
        _draw_curves(axes, panel.curves)
        _decorate(axes, panel)
        if not shared_legend:
            count = _legend_columns(axes.get_legend_handles_labels()[1], width / columns)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.26), ncols=count, **LEGEND)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    if shared_legend:
        named = {}
        for axes in grid[: len(panels)]:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                named.setdefault(label, handle)
        figure.legend(
            named.values(), named.keys(), loc="outside lower center",
            ncols=_legend_columns(named, width), **LEGEND,
        )  # fmt: skip
    return figure


def _legend_columns(labels, width) -> int:
    """As many columns as such a width has room for, of about equal entries."""
    font = FontProperties(size=rcParams["legend.fontsize"])
    sizes = [TextPath((0, 0), label or " ", prop=font) for label in labels]
    longest = max((path.get_extents().width for path in sizes if len(path.vertices)), default=0)
    most = max(2, round(width / ENTRY))
    return max(1, min(most, int(width / (longest / 72 + HANDLE))))


def _look(i) -> dict:
    """Colour, marker, filling and dashes of curve ``i``: no two of the first 64 are alike."""
    turn, color = divmod(i, len(COLORS))
    return {
        "color": COLORS[color],
        "marker": MARKERS[(color + turn) % len(MARKERS)],
        "fillstyle": "none" if turn % 2 else "full",
        "markeredgewidth": 0.7 if turn % 2 else 1.0,
        "markersize": 3.5 if turn % 2 else 2.5,
        "dashes": PROVED[(turn + color) % len(PROVED)],
    }


def _draw_curves(axes, curves):
    """Measured curves, each with what belongs to it, and reference lines in greys and dashes."""
    references = 0
    for i, curve in enumerate(curves):
        if curve.measured is not None:
            _draw_curve(axes, curve, _look(i if curve.look is None else curve.look))
            continue
        grey, dashes, lw = REFERENCES[references % len(REFERENCES)]
        axes.plot(curve.x, curve.proved, color=grey, ls=dashes, lw=lw, label=curve.label)
        references += 1


def _draw_curve(axes, curve, look):
    color, dashes = look["color"], look.pop("dashes")
    shown = np.isfinite(curve.measured) & np.isfinite(curve.x)
    x, y = curve.x[shown], curve.measured[shown]
    if curve.band is not None:
        axes.fill_between(curve.x, *curve.band, color=color, alpha=0.18, lw=0)
    moves = len(x) > FEW and (
        np.ptp(x) > 0 or np.ptp(y) > 0
    )  # where it stands still marks get lost
    every = 0.12 if moves else None
    axes.plot(x, y, **look, markevery=every, label=curve.label)
    if shown.any() and curve.optimal:
        axes.plot(x[-1:], y[-1:], color=color, marker="x", markersize=5, ls="none")
    for values, style in ((curve.proved, dashes), (curve.limit, LIMIT)):
        if values is not None:
            y = np.where(np.isfinite(values), values, np.nan)
            lone = {"marker": "_"} if np.isfinite(y).sum() == 1 else {}
            axes.plot(curve.x, y, color=color, ls=style, lw=0.9, **lone)


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
    measured = [curve for curve in panel.curves if curve.measured is not None]
    if any(curve.proved is not None for curve in measured):
        axes.plot([], [], color="0.3", ls=PROVED[0], lw=0.9, label="proved")
    if any(curve.limit is not None for curve in measured):
        axes.plot([], [], color="0.3", ls=LIMIT, lw=0.9, label="limit")
    if any(curve.optimal and np.isfinite(curve.measured).any() for curve in measured):
        axes.plot([], [], color="0.3", marker="x", markersize=5, ls="none", label="optimal")


def _whole(panel) -> bool:
    """Whether the horizontal axis counts something."""
    return all(np.array_equal(curve.x, np.round(curve.x)) for curve in panel.curves)


def _label_powers(axis):
    """Ticks at whole decades or, where fewer than two are in view, at 1, 2 and 5 times them, or at
    round numbers."""
    low, high = sorted(axis.get_view_interval())
    if np.floor(high) - np.ceil(low) >= 1 or not RAISED[0] < low <= high < RAISED[1]:
        axis.set_major_locator(MaxNLocator(5, integer=high - low > 1))
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"$10^{{{_exponent(v)}}}$"))
        return
    decades = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    values = np.outer(decades, [1, 2, 5]).ravel()
    if ((np.log10(values) >= low) & (np.log10(values) <= high)).sum() < 2:
        values = MaxNLocator(5).tick_values(10**low, 10**high)
    values = values[values > 0]
    values = values[(np.log10(values) >= low) & (np.log10(values) <= high)]
    axis.set_major_locator(FixedLocator(np.log10(values)))
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{10**v:.3g}"))


def _exponent(v) -> str:
    """An exponent as such, or as a power of 10 itself where it is long."""
    if abs(v) < LONG:
        return f"{v:.6g}"
    digits, power = f"{abs(v):.3g}".split("e")
    factor = "" if digits == "1" else rf"{digits}\times "
    return f"{'-' if v < 0 else ''}{factor}10^{{{int(power)}}}"
