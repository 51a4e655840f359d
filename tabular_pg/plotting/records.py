"""What a figure shows: panels of curves, and heat maps.

Axes that span hundreds of decades hold base-10 logarithms, so that an error of 1e-1000 is drawn
like one of 1e-3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

    def __post_init__(self):
        if self.measured is None and self.proved is None:
            raise ValueError(f"curve {self.label!r} has neither measured nor proved values")
        arrays = {name: getattr(self, name) for name in ("x", "measured", "proved", "limit")}
        if self.band is not None:
            low, high = (np.asanyarray(end, dtype=float) for end in self.band)
            object.__setattr__(self, "band", (low, high))
            arrays |= {"band[0]": low, "band[1]": high}
        size = np.shape(self.x)
        for name, values in arrays.items():
            if values is None:
                continue
            if np.ndim(values) != 1 or np.shape(values) != size:
                raise ValueError(
                    f"{name} of curve {self.label!r} has shape {np.shape(values)}; expected (K,), "
                    f"as many as x, which has shape {size}"
                )
            if not name.startswith("band"):
                object.__setattr__(self, name, np.asanyarray(values, dtype=float))


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

    def __post_init__(self):
        for curve in self.curves:
            if self.x_log:
                _refuse_raw(curve, "x")
            for name in ("measured", "proved", "limit") if self.y_log else ():
                _refuse_raw(curve, name)


class Decades(np.ndarray):
    """Logarithms that ``log10`` has made, so that nobody doubts that they are."""


def _refuse_raw(curve, name):
    """Refuse what looks like errors or counts where their logarithms belong.

    Logarithms of errors that fall below 1 become negative; errors themselves crowd above 0. No
    exponent of a coordinate is as large as counts are.
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
    if (crowded and FALLS * least < most) or (name == "x" and most > (COUNTED if whole else MOST)):
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


def log10(values) -> np.ndarray:
    """log10 without a warning; -inf for 0. Arrays are known as logarithms from then on."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(values)
    return logs.view(Decades) if type(logs) is np.ndarray else logs


def decades(log_values) -> np.ndarray:
    """Natural logarithms, such as ``run.log_gap``, as the base-10 ones that a panel draws."""
    return (np.asarray(log_values) / np.log(10)).view(Decades)
