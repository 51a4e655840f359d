"""Every argument of everything public that learns from preferences takes odd values rightly."""

from __future__ import annotations

import pytest

from support.learning_calls import CALLS
from support.odd_inputs import complaints


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])
