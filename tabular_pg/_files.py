"""Files that are whole or not there, and what JSON can hold."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePath

import numpy as np

from tabular_pg.checks.numbers import check_dict, check_path, check_text, checked_flag, shown


def write_whole(path, content) -> Path:
    """Write ``content`` (str or bytes) to ``path`` completely or not at all."""
    check_path("path", path)
    write_all({path: content})
    return Path(path)


def write_all(contents):
    """Write files, given as {path: str or bytes}; none of them, if one cannot be written."""
    check_dict("contents", contents, "text or bytes by path")
    for path, content in contents.items():
        check_path("path", path)
        if not isinstance(content, str | bytes):
            raise TypeError(f"content is {shown(content)}; expected text or bytes")
    drafts = {}
    try:
        for path, content in contents.items():
            path = Path(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            drafts[draft] = path
            draft.write_bytes(content.encode() if isinstance(content, str) else content)
        for draft, path in drafts.items():
            os.replace(draft, path)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def plain(value, name="record", finite=True):
    """``value`` as JSON has it: arrays, numpy's numbers, tuples and paths become Python's.

    Raises
    ------
    TypeError, ValueError
        Names the entry that JSON has no way to write, such as nan.
    """
    check_text("name", name)
    checked_flag("finite", finite)
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, dict):
        entries = {_key(key, name): entry for key, entry in value.items()}
        return {key: plain(entry, f"{name}[{key!r}]", finite) for key, entry in entries.items()}
    if isinstance(value, list | tuple | range):
        return [plain(entry, f"{name}[{i}]", finite) for i, entry in enumerate(value)]
    if finite and isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}; expected a finite number, which JSON can write")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{name} is {shown(value)}; expected text, numbers, or lists and dicts of them")


def _key(key, name) -> str:
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        raise TypeError(f"{name} has the key {key!r}; expected text or a number")
    return key if isinstance(key, str) else repr(key)
