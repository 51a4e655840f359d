"""What ``experiments/tightness.py`` has found about a theorem, for its page: how near an instance
comes to breaking it, and that instance, drawn."""

from __future__ import annotations

import html
import io
import json
from fractions import Fraction
from functools import cache
from pathlib import Path

from docutils import nodes

from tabular_pg.plotting import draw_mdp
from tabular_pg.search.small import written

RECORD = Path(__file__).resolve().parents[2] / "figures" / "tightness.json"
MEANT = {
    "ratio": "measured / proved",
    "half": "measured / proved, where at most half of the error is claimed to be left",
    "rate": "the share of the decay of the error that is proved",
}


@cache
def _instances() -> dict:
    found = json.loads(RECORD.read_text())["results"]["instances"]
    return {one["id"]: one for one in found}


def worst_case_of(id, lower) -> list:
    """Nodes for the instance of a theorem, or none where nothing was found."""
    one = _instances().get(id)
    if one is None:
        return []
    meant = MEANT[one["mode"]]
    if lower:
        meant = meant.replace("measured / proved", "proved / measured")
    said = f"Nearly worst instance: {meant} is {one['score']:.3g}"
    text = "\n".join(line for line in one["text"].splitlines()[1:])
    body = (
        f"<details class='worst-case'><summary>{html.escape(said)}</summary>"
        f"{_drawing(one)}<pre>{html.escape(text)}</pre></details>"
    )
    return [nodes.raw("", body, format="html")]


def _drawing(one) -> str:
    P = [[[Fraction(p) for p in row] for row in rows] for rows in one["P"]]
    r = [[Fraction(x) for x in row] for row in one["r"]]
    made = io.StringIO()
    draw_mdp(P, r, texts=written).savefig(made, format="svg", transparent=True,
                                          metadata={"Date": None})  # fmt: skip
    svg = made.getvalue()
    return svg[svg.index("<svg") :]
