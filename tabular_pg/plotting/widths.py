"""Widths of pictures: those of venues by name, and the style sheet that belongs to them."""

from __future__ import annotations

from importlib.resources import files
from numbers import Real

from matplotlib import rc_params_from_file

from tabular_pg.checks.numbers import check_number, shown

WIDTHS = {"neurips": 5.5, "icml": 3.25, "icml_wide": 6.75, "ieee": 3.5, "jmlr": 6.0}
"""Inches: the text of NeurIPS and JMLR, a column of ICML and IEEE, and both columns of ICML."""

LEAST, MOST = 1.0, 40.0  # inches


def checked_width(width) -> float:
    """Inches of a venue or a number, else ValueError."""
    if isinstance(width, str):
        if width not in WIDTHS:
            known = ", ".join(f"{name!r} ({inches} in)" for name, inches in WIDTHS.items())
            raise ValueError(f"width is {shown(width)}; expected {known}, or a number of inches")
        return WIDTHS[width]
    return check_number("width", width, LEAST, MOST, kind=Real)


def style_sheet(name) -> dict:
    """What the style sheet of a venue sets."""
    return dict(
        rc_params_from_file(
            str(files("tabular_pg.plotting.styles") / f"{name}.mplstyle"),
            use_default_template=False,
        )
    )
