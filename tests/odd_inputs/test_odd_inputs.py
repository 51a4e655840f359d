"""Every argument of every public function of the core takes odd values rightly or by an error."""

from __future__ import annotations

import pytest

from support.core_calls import CALLS
from support.odd_inputs import complaints


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])
