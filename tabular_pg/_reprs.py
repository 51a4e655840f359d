"""What Python and notebooks show of an object: a few lines, however large its arrays are."""

from __future__ import annotations

import dataclasses
from html import escape

import numpy as np

FEW = 6  # entries that are shown one by one
CUT, WHOLE = 80, 1500  # characters of a part, and of everything


def compact(record) -> str:
    """``Name(field=value, ...)``, where large arrays are their shapes and long values are cut.

    It is the ``__repr__`` of every dataclass and NamedTuple that may hold data.
    """
    if isinstance(record, tuple):
        names = record._fields
    else:
        names = [field.name for field in dataclasses.fields(record) if field.repr]
    parts = [f"{name}={brief(getattr(record, name, '?'))}" for name in names]
    return cut(f"{type(record).__name__}({', '.join(parts)}", WHOLE) + ")"


def brief(value) -> str:
    """A value in at most 80 characters."""
    if isinstance(value, np.ndarray) and value.ndim and not (value.ndim == 1 and value.size <= FEW):
        return f"<{value.dtype} array {value.shape}>"
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if hasattr(value, "tocsr"):
        return f"<sparse {value.shape}, {value.nnz} entries>"
    if isinstance(value, str):
        return repr(value if len(value) <= CUT else value[: CUT - 3] + "...")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return cut(repr(value) if type(value).__repr__ is compact else compact(value))
    if isinstance(value, list | tuple | dict | set | frozenset):
        return _collection(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if callable(value) and hasattr(value, "__qualname__"):
        return cut(value.__qualname__)
    if isinstance(value, int) and value.bit_length() > 200:
        return f"<int of {value.bit_length()} bits>"
    return cut(" ".join(repr(value).split()))


def _collection(value) -> str:
    if len(value) > FEW:
        return f"<{type(value).__name__} of {len(value)}>"
    if isinstance(value, dict):
        inside = ", ".join(f"{brief(key)}: {brief(each)}" for key, each in value.items())
    else:
        inside = ", ".join(map(brief, value))
    whole = {list: "[{}]", tuple: "({})"}.get(type(value), "{{{}}}").format(inside)
    return whole if len(whole) <= CUT else f"<{type(value).__name__} of {len(value)}>"


def cut(text, most=CUT) -> str:
    """``text``, at most so long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def html_table(title, rows) -> str:
    """A small table for a notebook: a title and pairs (what, value), all of it text."""
    lines = "".join(
        f"<tr><th style='text-align:left'>{escape(cut(str(what)))}</th>"
        f"<td style='text-align:left'>{escape(cut(str(value), 4 * CUT))}</td></tr>"
        for what, value in rows
    )
    return f"<table><caption>{escape(cut(str(title)))}</caption><tbody>{lines}</tbody></table>"
