"""A figure that has been made and not yet been drawn: it shows in a notebook, and is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from tabular_pg.checks.numbers import check_dict, check_path, checked_flag
from tabular_pg.plotting.data import table_of
from tabular_pg.plotting.figures import FORMATS, as_svg, checked_panels, rendered, save_figure
from tabular_pg.plotting.panels import STYLE, draw
from tabular_pg.plotting.widths import checked_width

SCREEN = 110  # pixels of a notebook per inch; pictures have twice as many, for sharp screens


@dataclass(frozen=True, repr=False)
class Picture:
    """Panels and the width to draw them at. A notebook shows it; ``save`` writes its files.

    Parameters
    ----------
    panels : sequence of Panel, or of HeatMap
    width : str or float
        As for :func:`save_figure`.
    record : dict, optional
        What made it, for the JSON beside the picture.
    shared_legend : bool
        One legend below all panels.
    """

    panels: tuple
    width: float = 5.5
    record: dict = field(default_factory=dict)
    shared_legend: bool = False

    def __post_init__(self):
        check_dict("record", self.record, "text and numbers")
        object.__setattr__(self, "panels", tuple(checked_panels(self.panels)))
        object.__setattr__(self, "width", checked_width(self.width))
        object.__setattr__(self, "shared_legend", checked_flag("shared_legend", self.shared_legend))

    def figure(self) -> Figure:
        """A new figure of matplotlib, to add to; later changes of it are not saved by ``save``."""
        with matplotlib.rc_context(STYLE):
            return draw(self.panels, self.width, self.shared_legend)

    def save(self, path, *, formats=("pdf", "png", "svg")) -> list[Path]:
        """Write the picture, its data (CSV) and its record (JSON), all of them or none.

        Parameters
        ----------
        path : path
            Without extension; with that of a format, ``"rates.pdf"``, the picture is written in
            this format alone.
        formats : sequence of str
            "pdf", "png", "svg" and "pgf", which needs pdflatex.

        Returns
        -------
        list of Path
            As :func:`save_figure` returns them.
        """
        check_path("path", path)
        path = Path(path)
        name, suffix = path.name, path.suffix[1:]
        if suffix in ("csv", "json"):
            raise ValueError(
                f"path is {str(path)!r}; expected a name without extension: the data are written "
                "beside every picture"
            )
        if suffix in FORMATS:
            name, formats = path.stem, (suffix,)
        return save_figure(
            name, self.panels, path.parent, self.record, shared_legend=self.shared_legend,
            width=self.width, formats=formats,
        )  # fmt: skip

    def svg(self, prefix="") -> str:
        """The element ``<svg>`` as text, for a page of HTML: no fonts, no network.

        Parameters
        ----------
        prefix : str
            Begins every id in it: with different ones, several pictures share a page.
        """
        return as_svg(self.figure(), prefix)

    def csv(self) -> str:
        """What is drawn, as comma-separated values."""
        return table_of(self.panels)

    def _repr_png_(self):
        figure = self.figure()
        with matplotlib.rc_context(STYLE):
            content = rendered(figure, "png", dpi=2 * SCREEN)
        width, height = (round(SCREEN * inches) for inches in figure.get_size_inches())
        return content, {"width": width, "height": height}

    def __repr__(self):
        kind = type(self.panels[0]).__name__
        count = f"{len(self.panels)} {kind}s" if len(self.panels) > 1 else f"1 {kind}"
        return f"Picture({count}, width={self.width:g} in): picture.save('name') writes its files"
