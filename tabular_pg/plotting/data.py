"""What is drawn as comma-separated values, and back: the file beside every picture."""

from __future__ import annotations

import csv
import io
from itertools import groupby

import numpy as np

from tabular_pg._tables import csv_table
from tabular_pg.checks.numbers import shown
from tabular_pg.plotting.records import Curve, Decades, HeatMap, Panel

CELLS = ["panel", "row", "column", "value"]
POINTS = ["panel", "curve", "x_is_log10", "y_is_log10", "x", "measured", "proved"]
LIMITS, BANDS = ["limit"], ["low", "high"]
HEADS = [CELLS, *(POINTS + limit + band for limit in ([], LIMITS) for band in ([], BANDS))]


def table_of(panels) -> str:
    """The panels as comma-separated values: a line a cell of a heat map or a point of a curve."""
    heads, *rows = _cells(panels) if isinstance(panels[0], HeatMap) else _points(panels)
    return csv_table(heads, rows)


def _cells(panels):
    yield CELLS
    for panel in panels:
        for (i, j), value in np.ndenumerate(panel.values):
            yield [panel.title, panel.rows[i], panel.columns[j], digits(value)]


def _points(panels):
    curves = [curve for panel in panels for curve in panel.curves]
    limits = any(curve.limit is not None for curve in curves)
    bands = any(curve.band is not None for curve in curves)
    yield POINTS + LIMITS * limits + BANDS * bands
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


def panels_of(text, file, drawn=None) -> list:
    """The panels or heat maps of such values; with what their descriptions say, if there are some.

    Raises
    ------
    ValueError
        Names the file, and the line and column that no picture has.
    """
    heads, *rows = csv.reader(io.StringIO(text)) if text else [[]]
    if heads not in HEADS:
        known = "; ".join(",".join(head) for head in HEADS[:2])
        raise ValueError(
            f"csv {file} has the columns {shown(','.join(heads))}; expected those of a picture, "
            f"{known}, which may go on with limit and low,high"
        )
    if not rows:
        raise ValueError(f"csv {file} has no line below its head; expected some")
    for i, row in enumerate(rows):
        if len(row) != len(heads):
            raise ValueError(
                f"csv {file}, line {i + 2} has {len(row)} entries; expected {len(heads)}"
            )
    read, size = (_map, _cells_of) if heads == CELLS else (_panel, _points_of)
    lines = [(file, i + 2, dict(zip(heads, row, strict=True))) for i, row in enumerate(rows)]
    sizes = None if drawn is None else [size(about) for about in drawn]
    parts = _split(lines, "panel", sizes)
    about = drawn or [{}] * len(parts)
    return [read(part, known) for part, known in zip(parts, about, strict=True)]


def _cells_of(about):
    return about["rows"] * about["columns"]


def _points_of(about):
    return sum(curve["points"] for curve in about["curves"])


def _split(lines, column, sizes) -> list:
    """Lines in parts of these sizes or, where these are unknown, of one entry in a column."""
    if sizes is None:
        return [list(part) for _, part in groupby(lines, lambda line: line[2][column])]
    if sum(sizes) != len(lines):
        raise ValueError(
            f"csv {lines[0][0]} has {len(lines)} lines of data, where the JSON beside it speaks of "
            f"{sum(sizes)}; expected both from one figure"
        )
    ends = np.cumsum(sizes)
    return [lines[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _map(lines, about):
    rows, columns = (list(dict.fromkeys(line[2][name] for line in lines)) for name in CELLS[1:3])
    values = np.full((len(rows), len(columns)), np.nan)
    for line in lines:
        at = rows.index(line[2]["row"]), columns.index(line[2]["column"])
        values[at] = _number(line, "value")
    labels = {"title": lines[0][2]["panel"], "x_label": "", "y_label": ""}
    known = {name: about[name] for name in about if name not in ("rows", "columns")}
    return HeatMap(**labels | known, columns=tuple(columns), rows=tuple(rows), values=values)


def _panel(lines, about):
    title, logs = lines[0][2]["panel"], {_flags(line) for line in lines}
    if len(logs) > 1:
        raise ValueError(
            f"csv {lines[0][0]} has lines of panel {shown(title)} that differ in x_is_log10 or "
            "y_is_log10; expected the same axes in all of them"
        )
    ((x_log, y_log),) = logs
    known = dict(about)
    marks = known.pop("curves", None)
    parts = _split(lines, "curve", marks and [mark["points"] for mark in marks])
    marks = marks or [{}] * len(parts)
    curves = tuple(
        _curve(part, x_log, y_log, mark) for part, mark in zip(parts, marks, strict=True)
    )
    labels = {"title": title, "x_label": "", "y_label": ""} | known
    labels["notes"] = tuple(map(tuple, labels.get("notes", ())))
    return Panel(**labels, curves=curves, x_log=x_log, y_log=y_log)


def _flags(line):
    names = "x_is_log10", "y_is_log10"
    for name in names:
        if line[2][name] not in ("0", "1"):
            raise _wrong(line, name, "0 or 1")
    return tuple(line[2][name] == "1" for name in names)


def _curve(lines, x_log, y_log, mark):
    """A curve; what is nan on all of its lines was not there. Logarithms are known as such."""
    parts = {}
    for name in ("x", "measured", "proved", *LIMITS, *BANDS):
        if name in lines[0][2]:
            values = np.array([_number(line, name) for line in lines])
            values = values.view(Decades) if (x_log if name == "x" else y_log) else values
            parts[name] = values if name == "x" or not np.isnan(values).all() else None
    band = parts.pop("low", None), parts.pop("high", None)
    if parts["measured"] is None and parts["proved"] is None:  # nothing of it is known
        parts["measured"] = np.full(len(lines), np.nan)
    band = None if any(end is None for end in band) else band
    looks = {"optimal": mark.get("optimal", False), "look": mark.get("look")}
    return Curve(lines[0][2]["curve"], **parts, band=band, **looks)


def _number(line, name) -> float:
    try:
        return float(line[2][name])
    except ValueError:
        raise _wrong(line, name, "a number") from None


def _wrong(line, name, expected):
    file, number, row = line
    return ValueError(f"csv {file}, line {number}: {name} is {row[name]!r}; expected {expected}")
