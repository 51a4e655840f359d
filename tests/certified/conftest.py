"""Coq's library, compiled once for all tests."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The folder of the compiled library."""
    from support.coq.export import compiled_library  # needs python-flint

    return compiled_library(tmp_path_factory.mktemp("library"))
