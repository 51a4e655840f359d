"""Tables as text: the one writer of Markdown and the one of CSV."""

from __future__ import annotations

import csv
import io

from tabular_pg.checks.numbers import checked_list, shown


def markdown_table(heads, rows) -> str:
    """Rows under their heads, as Markdown.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences
        One cell for every head; a ``|`` in a cell is escaped.

    Returns
    -------
    str
        Ends with a line break.

    Raises
    ------
    ValueError
        For a row with another number of cells, which it names.

    Examples
    --------
    >>> print(markdown_table(["eta", "gap"], [[0.1, "1e-3"], [1.0, "1e-9"]]), end="")
    | eta | gap |
    |---|---|
    | 0.1 | 1e-3 |
    | 1.0 | 1e-9 |
    """
    heads, rows = _checked(heads, rows)
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
             for row in (heads, *rows)]  # fmt: skip
    return "\n".join([lines[0], "|---" * len(heads) + "|", *lines[1:]]) + "\n"


def csv_table(heads, rows) -> str:
    """Rows under their heads, as comma-separated values.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences
        One cell for every head; None is an empty one.

    Returns
    -------
    str
        With ``\\n`` at the end of every line.

    Raises
    ------
    ValueError
        For a row with another number of cells, which it names.
    """
    heads, rows = _checked(heads, rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *rows])
    return text.getvalue()


def _checked(heads, rows):
    heads = checked_list("heads", heads, "text", str)
    rows = [
        checked_list(f"rows[{i}]", row, "cells")
        for i, row in enumerate(checked_list("rows", rows, "rows"))
    ]
    for i, row in enumerate(rows):
        if len(row) != len(heads):
            raise ValueError(
                f"rows[{i}] is {shown(row)} with {len(row)} cells; expected {len(heads)}, one for "
                "every head"
            )
    return heads, rows
