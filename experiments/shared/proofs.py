"""Where the documentation proves a theorem."""

from __future__ import annotations

import os
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
PLACED = re.compile(r"^```\{theorem\} (\w+)", flags=re.MULTILINE)


def proofs(page) -> dict:
    """{id: address}, from ``page``, on the pages that ``make docs`` has made, if it has."""
    found = {}
    for source in sorted((DOCS / "theorems").glob("*.md")):
        made = DOCS / "_build" / "html" / "theorems" / f"{source.stem}.html"
        if not made.is_file():
            continue
        address = Path(os.path.relpath(made, Path(page).resolve().parent)).as_posix()
        for id in PLACED.findall(source.read_text(encoding="utf-8")):
            found[id] = f"{address}#theorem-{id.lower()}"
    return found
