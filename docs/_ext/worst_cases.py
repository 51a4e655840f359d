"""What ``experiments/tightness.py`` has found about a theorem, for its page: how near an instance
comes to breaking it, and that instance, drawn."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path

from docutils import nodes

from tabular_pg.report.tightness import Tightness

RECORD = Path(__file__).resolve().parents[2] / "figures" / "tightness.json"
_tightness = cache(lambda: Tightness(RECORD))


def worst_case_of(theorem) -> list:
    """Nodes for the instance of a theorem, or none where nothing was found."""
    found = _tightness().of(theorem)
    if found is None:
        return []
    body = (
        f"<details class='worst-case'><summary>{html.escape(found.said)}</summary>"
        f"{found.svg}<pre>{html.escape(found.text)}</pre></details>"
    )
    return [nodes.raw("", body, format="html")]
