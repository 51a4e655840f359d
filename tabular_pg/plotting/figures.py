"""Figures as files, each complete or not there: picture, data, and the record of what made them."""

from __future__ import annotations

import io
import json
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG

from tabular_pg._files import plain, write_all
from tabular_pg.checks.numbers import check_dict, check_path, check_text, checked_flag, checked_list
from tabular_pg.plotting.data import table_of
from tabular_pg.plotting.panels import COLUMN, STYLE, TEXT, draw
from tabular_pg.plotting.records import HeatMap, Panel, description
from tabular_pg.plotting.widths import checked_width

REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')
FORMATS = {
    "pdf": (FigureCanvasPdf, {"CreationDate": None, "Creator": None, "Producer": None}),
    "png": (FigureCanvasAgg, {"Software": None}),
    "svg": (FigureCanvasSVG, {"Date": None, "Creator": None, "Format": None, "Type": None}),
    "pgf": (None, None),  # loaded when asked for
}


def save_figure(
    name, panels, out, record, *, columns=True, shared_legend=False, width=None,
    formats=("pdf", "png"),
) -> list[Path]:  # fmt: skip
    """Write a figure, its data (CSV) and its record (JSON), all of them or none.

    The same figure is the same bytes, in every format, from run to run.

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
        Whether to draw the panels of a larger figure at column width, too, if no width is given.
    shared_legend : bool
        One legend below all panels, which must have curves of the same names.
    width : str or float, optional
        "neurips" (5.5 in), "icml" (3.25), "icml_wide" (6.75), "ieee" (3.5), "jmlr" (6), or a number
        of inches. By default the two widths of ICML: its text, and a column for single panels.
    formats : sequence of str
        Of the pictures: "pdf", "png" (300 dots per inch), "svg" (whose letters are shapes, so that
        it needs no fonts), and "pgf", which needs pdflatex.

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
    shared_legend = checked_flag("shared_legend", shared_legend)
    panels, formats = checked_panels(panels), checked_formats(formats)
    out, singles = Path(out), panels if width is None and columns and len(panels) > 1 else ()
    default = TEXT if len(panels) > 1 else COLUMN
    width = default if width is None else checked_width(width)
    drawn = {"shared_legend": shared_legend, "panels": [description(panel) for panel in panels]}
    text = _json({"figure": name, **record, "drawn": drawn, "versions": _versions()})
    contents = {out / f"{name}.csv": table_of(panels), out / f"{name}.json": text}
    with matplotlib.rc_context(STYLE):
        pictures = {name: draw(panels, width, shared_legend)}
        for panel in singles:
            single = f"{name}_{panel.key}"
            if single in pictures:
                raise ValueError(f"key is {panel.key!r} in two panels; expected distinct ones")
            pictures[single] = draw([panel], COLUMN)
        for stem, figure in pictures.items():
            for suffix in formats:
                contents[out / f"{stem}.{suffix}"] = rendered(figure, suffix)
    write_all(contents)
    return [*list(contents)[2:], *list(contents)[:2]]


def checked_panels(panels) -> list:
    """Some panels, or some heat maps, else ValueError."""
    panels = checked_list("panels", panels, "panels, or of heat maps", Panel | HeatMap)
    if len({type(panel) for panel in panels}) != 1:
        raise ValueError(f"panels has {len(panels)} entries; expected some, all of one kind")
    return panels


def checked_formats(formats) -> list:
    """Some known formats, each once, else ValueError."""
    formats = checked_list("formats", formats, f"text of {', '.join(FORMATS)}", str)
    for i, suffix in enumerate(formats):
        if suffix not in FORMATS:
            raise ValueError(f"formats[{i}] is {suffix!r}; expected one of {', '.join(FORMATS)}")
    return list(dict.fromkeys(formats))


def rendered(figure, suffix, **options) -> bytes:
    """A figure in a format; without dates, so that it is the same bytes every time."""
    canvas, metadata = FORMATS[suffix]
    if suffix == "pgf":
        from matplotlib.backends import backend_pgf

        canvas = backend_pgf.FigureCanvasPgf
    buffer = io.BytesIO()
    canvas(figure)
    try:
        figure.savefig(buffer, format=suffix, metadata=metadata, **options)
    except (OSError, RuntimeError) as error:
        if suffix != "pgf":
            raise
        raise RuntimeError(
            f"formats has 'pgf', which needs {matplotlib.rcParams['pgf.texsystem']} on the path: "
            f"{str(error).splitlines()[0]}"
        ) from error
    return buffer.getvalue()


def as_svg(figure, prefix="", **options) -> str:
    """A figure as the element ``<svg>``, with letters as paths; ``prefix`` begins every id in it,
    so that several share a page."""
    check_text("prefix", prefix)
    if not re.fullmatch(r"([A-Za-z_][\w.-]*)?", prefix):
        raise ValueError(f"prefix is {prefix!r}; expected letters, digits, '_', '.' and '-'")
    with matplotlib.rc_context(STYLE):
        text = rendered(figure, "svg", **options).decode()
    return REFERENCE.sub(rf"\g<1>{prefix}", text[text.index("<svg") :])


def _json(record) -> str:
    return json.dumps(plain(record), indent=1, sort_keys=True, allow_nan=False) + "\n"


def _versions() -> dict:
    packages = ("numpy", "scipy", "numba", "matplotlib", "tabular_pg")
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(name) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
