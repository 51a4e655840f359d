"""Commands run in a folder with the files that examples name, and leave nothing registered."""

from __future__ import annotations

import pytest

from support.command_line import furnish
from tabular_pg import REGISTRY
from tabular_pg.engine.method import METHODS


@pytest.fixture(autouse=True)
def _furnished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path)
    kept = [(known, dict(known)) for known in (REGISTRY, METHODS)]
    yield
    for known, before in kept:
        known.clear()
        known.update(before)
