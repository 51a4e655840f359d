"""What a search over MDPs has found about theorems: how tight they are, and where."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from tabular_pg.plotting import draw_mdp
from tabular_pg.plotting.figures import as_svg
from tabular_pg.search.small import written
from tabular_pg.theorem import Kind

MEANT = {
    "ratio": "measured / proved",
    "half": "measured / proved, where at most half of the error is claimed to be left",
    "rate": "the share of the decay of the error that is proved",
}


class WorstCase(NamedTuple):
    """A nearly worst instance of a theorem.

    Attributes
    ----------
    said : str, how near it comes to breaking the theorem.
    text : str, the instance as a paper would have it.
    svg : str, the instance drawn.
    """

    said: str
    text: str
    svg: str


class Tightness:
    """The record of ``experiments/tightness.py``.

    Parameters
    ----------
    path : path
        A file ``tightness.json``.

    Raises
    ------
    ValueError
        If it is no such record; OSError if there is none.
    """

    def __init__(self, path):
        try:
            found = json.loads(Path(path).read_text())["results"]["instances"]
            self._instances = {one["id"]: one for one in found}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no record of how tight theorems are: {error}") from error

    def of(self, theorem) -> WorstCase | None:
        """What was found about the theorem; None if nothing was."""
        one = self._instances.get(theorem.id)
        if one is None:
            return None
        meant = MEANT[one["mode"]]
        if theorem.kind is Kind.LOWER:
            meant = meant.replace("measured / proved", "proved / measured")
        said = f"Nearly worst instance: {meant} is {one['score']:.3g}"
        return WorstCase(said, "\n".join(one["text"].splitlines()[1:]), _drawing(one))


def _drawing(one) -> str:
    P = [[[Fraction(p) for p in row] for row in rows] for rows in one["P"]]
    r = [[Fraction(x) for x in row] for row in one["r"]]
    figure = draw_mdp(P, r, texts=written)
    return as_svg(figure, prefix=f"worst-{one['id']}-", transparent=True)
