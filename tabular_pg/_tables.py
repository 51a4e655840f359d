"""Tables as text: the one writer of Markdown, of CSV and of LaTeX."""

from __future__ import annotations

import csv
import io
import math
import re
from numbers import Real

from tabular_pg.checks.numbers import check_number, checked_list, shown

LONGEST = 1e9  # decades of a number whose digits are known
MATH = re.compile(r"(?<!\\)(\$[^$]+\$)")
POWER = r"10\^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
SCIENTIFIC = r"(?<![\w.^])(-?\d+(?:\.\d+)?)e([+-]?\d+)(?![\w.])"
TYPESET = re.compile(f"{POWER}|{SCIENTIFIC}|(<=|>=|->|<|>)")
RELATIONS = {"<=": r"$\le$", ">=": r"$\ge$", "->": r"$\to$", "<": "$<$", ">": "$>$"}
ESCAPED = {
    "[": "{[}",  # after the end of a row it would begin an option
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}  # fmt: skip


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


def latex_table(heads, rows, *, align=None) -> str:
    r"""Rows under their heads, for LaTeX with ``\usepackage{booktabs}``.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences
        One cell for every head. What LaTeX reads as commands is escaped, except formulas between
        two ``$``. Numbers such as 1e-300, ``"1.2e-400"`` and ``"10^-1.5e+15"`` become powers of
        ten, and ``<=``, ``>=``, ``->`` their signs. None is an empty cell.
    align : str, optional
        A letter ``l``, ``c`` or ``r`` for every column; by default the first one is aligned left,
        and the others are aligned right if all of their cells are numbers, else left.

    Returns
    -------
    str
        A ``tabular``, which ends with a line break.

    Raises
    ------
    ValueError
        For a row with another number of cells, which it names.

    Examples
    --------
    >>> print(latex_table(["eta", "gap"], [[0.1, "1e-3"], [1.0, "2.5e-400"]]), end="")
    \begin{tabular}{lr}
    \toprule
    eta & gap \\
    \midrule
    0.1 & $10^{-3}$ \\
    1.0 & $2.5 \times 10^{-400}$ \\
    \bottomrule
    \end{tabular}
    """
    heads, rows = _checked(heads, rows)
    cells = [[_latex(cell) for cell in row] for row in (heads, *rows)]
    if align is None:
        columns = list(zip(*rows, strict=True)) or [()] * len(heads)
        numeric = ["r" if each and all(map(_is_number, each)) else "l" for each in columns]
        align = "".join(["l", *numeric[1:]][: len(heads)])
    elif not isinstance(align, str) or not re.fullmatch(f"[lcr]{{{len(heads)}}}", align):
        raise ValueError(f"align is {shown(align)}; expected {len(heads)} letters l, c or r")
    head, *body = (" & ".join(row) + r" \\" for row in cells)
    lines = [rf"\begin{{tabular}}{{{align}}}", r"\toprule", head, r"\midrule", *body]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _is_number(cell) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return bool(re.fullmatch(POWER, str(cell)))
    return True


def _latex(cell) -> str:
    """A cell as LaTeX has it, in one line."""
    if cell is None:
        return ""
    text = " ".join(str(cell).split())
    if re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+|inf)", text):
        return text if text[0] not in "-i" else "$" + text.replace("inf", r"\infty ").strip() + "$"
    parts = MATH.split(text)  # formulas are at odd places
    return "".join(part if i % 2 else _typeset(part) for i, part in enumerate(parts))


def _typeset(text) -> str:
    made, at = [], 0
    for found in TYPESET.finditer(text):
        made += [_escaped(text[at : found.start()]), _number(found)]
        at = found.end()
    return "".join([*made, _escaped(text[at:])])


def _number(found) -> str:
    exponent, digits, power, relation = found.groups()
    if relation:
        return RELATIONS[relation]
    if exponent:
        digits, _, power = exponent.partition("e")
        factor = rf"{digits} \times 10^{{{int(power)}}}" if power else digits
        return f"$10^{{{factor}}}$"
    sign, digits = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
    factor = "" if float(digits) == 1 else rf"{digits} \times "
    return f"${sign}{factor}10^{{{int(power)}}}$"


def _escaped(text) -> str:
    return "".join(ESCAPED.get(sign, sign) for sign in text)


def scientific(log10, digits=3) -> str:
    """A number of any size as text, from its base-10 logarithm: ``"1.26e-400"``.

    Parameters
    ----------
    log10 : float
        Such as ``run.log_gap[-1] / np.log(10)``; -inf is 0.
    digits : int
        Of the number, from 1 to 15.

    Returns
    -------
    str
        Beyond a billion decades the exponent itself is rounded: ``"10^-1.08e+14"``.

    Examples
    --------
    >>> scientific(-399.9)
    '1.26e-400'
    """
    log10 = check_number("log10", log10, -math.inf, kind=Real) if log10 != -math.inf else log10
    digits = check_number("digits", digits, 1, 15)
    if log10 == -math.inf:
        return "0"
    if abs(log10) >= LONGEST:
        return f"10^{log10:.{digits}g}"
    power = math.floor(log10)
    mantissa = f"{10 ** (log10 - power):.{digits - 1}f}"
    if float(mantissa) >= 10:
        power, mantissa = power + 1, f"{1:.{digits - 1}f}"
    return f"{mantissa}e{power:+03d}"


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
