"""The same figure for another venue, from the data beside its picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tabular_pg.checks.numbers import check_path, check_text, checked_flag, checked_list
from tabular_pg.plotting.data import panels_of
from tabular_pg.plotting.picture import Picture


def replot(
    csv, *, width="neurips", title=None, x_label=None, y_label=None, shared_legend=None
) -> Picture:
    """The figure that :func:`save_figure` wrote, at another width.

    Everything that was measured or proved is in the CSV. Labels, marks and ranges of axes are taken
    from the JSON beside it, if there is one; without it, say the labels here.

    Parameters
    ----------
    csv : path
        The CSV beside a picture.
    width : str or float
        As for :func:`save_figure`.
    title, x_label, y_label : str or sequence of str, optional
        Of the panels, instead of those in the files: one for all, or one for each.
    shared_legend : bool, optional
        One legend below all panels; by default as it was.

    Returns
    -------
    Picture
        Save it with ``save(path)``.

    Raises
    ------
    ValueError
        If the file is not the data of a picture; names the line and column.

    Examples
    --------
    >>> from tabular_pg.plotting import replot
    >>> replot("rates.csv", width="ieee").save("rates_ieee")  # doctest: +SKIP
    """
    check_path("csv", csv)
    csv = Path(csv)
    if not csv.is_file():
        raise FileNotFoundError(f"csv is {str(csv)!r}, which is no file; expected one")
    record = _record(csv.with_suffix(".json"))
    drawn = record.pop("drawn", {})
    for name in ("figure", "versions"):
        record.pop(name, None)
    try:
        panels = panels_of(_text(csv), csv, drawn.get("panels"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"csv {csv} has a JSON beside it whose entry 'drawn' is not one of save_figure "
            f"({type(error).__name__}: {error}); expected one, or none"
        ) from error
    for name, texts in (("title", title), ("x_label", x_label), ("y_label", y_label)):
        if texts is not None:
            panels = _named(panels, name, texts)
    shared = bool(drawn.get("shared_legend")) if shared_legend is None else shared_legend
    shared = checked_flag("shared_legend", shared)
    return Picture(tuple(panels), width, record or {"data": csv.name}, shared)


def _text(path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"csv {path} is no text; expected the CSV beside a picture") from None


def _record(path) -> dict:
    """The record beside the data; nothing where there is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ValueError(f"csv has {path} beside it, which is no JSON: {error}") from error
    return record if isinstance(record, dict) else {}


def _named(panels, name, texts):
    """The panels with these texts: one for all, or one for each."""
    if isinstance(texts, str):
        texts = [texts] * len(panels)
    texts = checked_list(name, texts, "text, one for every panel")
    if len(texts) != len(panels):
        raise ValueError(
            f"{name} has {len(texts)} entries; expected {len(panels)}, as many as panels"
        )
    for i, text in enumerate(texts):
        check_text(f"{name}[{i}]", text)
    return [replace(panel, **{name: text}) for panel, text in zip(panels, texts, strict=True)]
