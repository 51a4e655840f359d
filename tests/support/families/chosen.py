"""Chosen runs, as they are and spoiled, and what theorems say about them."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np

from support.sabotage import CORRUPT, WRONG
from tabular_pg import REGISTRY
from tabular_pg.theorem import theorems_about, verdict


class Chosen:
    """The runs ``honest(name)`` for the ``names``."""

    def __init__(self, names, honest):
        self.names, self.honest = tuple(names), honest
        self.applicable, self.spoiled = cache(self._applicable), cache(self._spoiled)

    def _applicable(self, id):
        """The runs that the theorem says something about."""
        theorem, honest = REGISTRY[id], self.honest
        about = [name for name in self.names if theorem in theorems_about(honest(name).rule)]
        return [name for name in about if verdict(theorem, honest(name)).applies]

    def _spoiled(self, name, sabotage):
        return spoiled({**WRONG, **CORRUPT}[sabotage], self.honest(name))

    def violated(self, id, name, sabotage):
        """Whether the theorem finds a spoiled run out."""
        return finds_out(REGISTRY[id], self.spoiled(name, sabotage))


def spoiled(spoil, run):
    """The run after a sabotage, which may make any numbers."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the gap is (nan|inf) at k = ")
        return spoil(run)


def finds_out(theorem, run):
    """Whether the theorem is violated, by numbers."""
    found = verdict(theorem, run)
    return found.applies and not found.holds and np.isfinite(found.first_violation).all()
