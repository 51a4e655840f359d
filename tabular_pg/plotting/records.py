"""What a figure shows: panels of curves, and heat maps.

Axes that span hundreds of decades hold base-10 logarithms, so that an error of 1e-1000 is drawn
like one of 1e-3.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import real_array
from tabular_pg.checks.numbers import check_number, check_text, checked_flag, checked_list, settle

MOST_LOOKS = 10**6
MOST_DIGITS = 17  # after the point, of a cell
CROWDED, FALLS, COUNTED, MOST = 0.3, 5, 30, 308  # see _refuse_raw


@dataclass(frozen=True)
class Curve:
    """One measured curve and, if there is one, the proved curve that belongs to it.

    ``x``, ``measured``, ``proved`` and ``limit`` are (K,) arrays; on a logarithmic axis they hold
    log10. ``proved`` and ``limit`` may be None or contain inf or NaN where nothing is claimed.

    Raises
    ------
    ValueError
        If their lengths differ, or there is neither ``measured`` nor ``proved``.
    """

    label: str
    x: np.ndarray
    measured: np.ndarray | None
    proved: np.ndarray | None = None  # without ``measured``: a reference line, drawn grey
    band: tuple | None = None  # (low, high), drawn as an area: an interval of what was measured
    limit: np.ndarray | None = None  # what is approached: a law for large k, and no bound
    optimal: bool = False  # whether it ends where it does because the next error is exactly 0
    look: int | None = None  # the number of its colour, marker and dashes; its place by default

    __repr__ = compact

    def __post_init__(self):
        check_text("label", self.label)
        checked_flag("optimal", self.optimal)
        if self.look is not None:
            settle(self, "look", 0, MOST_LOOKS)
        if self.measured is None and self.proved is None:
            raise ValueError(f"curve {self.label!r} has neither measured nor proved values")
        arrays = {name: getattr(self, name) for name in ("x", "measured", "proved", "limit")}
        if self.band is not None:
            arrays |= {f"band[{i}]": end for i, end in enumerate(_pair("band", self.band))}
        known = {
            name: _known(name, values)
            for name, values in arrays.items()
            if values is not None or name == "x"
        }
        size = known["x"].shape
        for name, values in known.items():
            if values.ndim != 1 or values.shape != size:
                raise ValueError(
                    f"{name} of curve {self.label!r} has shape {values.shape}; expected (K,), "
                    f"as many as x, which has shape {size}"
                )
        if self.band is not None:
            known["band"] = known.pop("band[0]"), known.pop("band[1]")
        for name, values in known.items():
            object.__setattr__(self, name, values)


@dataclass(frozen=True)
class Panel:
    """One set of axes; ``x_log`` and ``y_log`` say which coordinates are already log10.

    ``key`` ends the file name of the panel's own figure.

    Raises
    ------
    ValueError
        If a curve on a logarithmic axis holds errors or counts instead of their logarithms.
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

    __repr__ = compact

    def __post_init__(self):
        _check_texts(self)
        curves = tuple(checked_list("curves", self.curves, "curves", Curve))
        object.__setattr__(self, "curves", curves)
        if self.y_range is not None:
            _check_numbers("y_range", _pair("y_range", self.y_range))
        for i, note in enumerate(checked_list("notes", self.notes, "pairs (x, text)", tuple)):
            _check_numbers(f"notes[{i}]", _pair(f"notes[{i}]", note)[:1])
            check_text(f"notes[{i}][1]", note[1])
        for curve in curves:
            if self.x_log:
                _refuse_raw(curve, "x")
            for name in ("measured", "proved", "limit") if self.y_log else ():
                _refuse_raw(curve, name)


class Decades(np.ndarray):
    """Logarithms that ``log10`` has made, so that nobody doubts that they are."""


def _refuse_raw(curve, name):
    """Refuse what looks like errors or counts where their logarithms belong.

    Logarithms of errors that fall below 1 become negative; errors themselves crowd above 0. No
    exponent of a coordinate is as large as counts are, and none of an error is beyond 308.
    """
    values = getattr(curve, name)
    if values is None or isinstance(values, Decades):
        return
    known = values[np.isfinite(values)]
    if not known.size or known.min() < 0:
        return
    least, most = known[known > 0].min(initial=np.inf), known.max()
    crowded = np.median(known) - known.min() < CROWDED * (most - known.min())
    whole = (known == np.round(known)).all()
    largest = {"x": COUNTED if whole else MOST, "measured": MOST}.get(name, np.inf)
    if most > largest or (crowded and FALLS * least < most):
        raise ValueError(
            f"{name} of curve {curve.label!r} has values from {known.min():.3g} to {most:.3g} on a "
            "logarithmic axis, which draws 10 to that power; expected log10 of them: "
            "plotting.log10(run.gap), or plotting.decades(run.log_gap)"
        )


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

    __repr__ = compact

    def __post_init__(self):
        _check_texts(self)
        values = real_array("values", self.values, missing=True)
        for name in ("rows", "columns"):
            settings = checked_list(name, getattr(self, name), "text or numbers", str | Real)
            object.__setattr__(self, name, tuple(settings))
        shape = len(self.rows), len(self.columns)
        if values.shape != shape or 0 in shape:
            raise ValueError(
                f"values has shape {values.shape}; expected (rows, columns), which are {shape}"
            )
        if self.center is not None:
            settle(self, "center", -np.inf, kind=Real)
        if self.limits is not None:
            _check_numbers("limits", _pair("limits", self.limits))
        settle(self, "digits", 0, MOST_DIGITS)
        object.__setattr__(self, "values", values)


def description(panel) -> dict:
    """What of a panel or a heat map is not in the data beside its picture."""
    labels = {name: getattr(panel, name) for name in ("title", "x_label", "y_label", "key")}
    if isinstance(panel, HeatMap):
        shape = {"rows": len(panel.rows), "columns": len(panel.columns)}
        looks = {name: getattr(panel, name) for name in ("center", "limits", "digits")}
        return labels | shape | looks
    curves = [
        {"points": len(c.x), "optimal": bool(c.optimal), "look": c.look} for c in panel.curves
    ]
    notes = [[float(x), text] for x, text in panel.notes]
    y_range = panel.y_range and [float(end) for end in panel.y_range]
    return labels | {"curves": curves, "notes": notes, "y_range": y_range}


def log10(values) -> np.ndarray:
    """log10 without a warning: -inf for 0, nan below 0. Arrays are then known as logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(_known("values", values))
    return logs.view(Decades) if type(logs) is np.ndarray else logs


def decades(log_values) -> np.ndarray:
    """Natural logarithms, such as ``run.log_gap``, as the base-10 ones that a panel draws."""
    return np.asarray(_known("log_values", log_values) / np.log(10)).view(Decades)


def _known(name, values) -> np.ndarray:
    """Real numbers, with inf and nan where nothing is known; what are logarithms remain so."""
    array = real_array(name, values, finite=False, missing=True)
    return array.view(Decades) if isinstance(values, Decades) else array


def _pair(name, values) -> list:
    pair = checked_list(name, values, "two entries")
    if len(pair) != 2:
        raise ValueError(f"{name} has {len(pair)} entries; expected 2")
    return pair


def _check_numbers(name, values):
    for i, value in enumerate(values):
        if isinstance(value, np.ndarray) and value.ndim == 0:  # as min() of Decades is
            value = np.asarray(value)[()]
        check_number(f"{name}[{i}]", value, -np.inf, kind=Real)


def _check_texts(panel):
    for name in ("title", "x_label", "y_label", "key"):
        check_text(name, getattr(panel, name))
    for name in ("x_log", "y_log"):
        checked_flag(name, getattr(panel, name, False))
