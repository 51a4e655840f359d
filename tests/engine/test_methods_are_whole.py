"""Every method of the package has all that belongs to one; adding one fails here until it has."""

from __future__ import annotations

import pytest

from support.grid import RULES
from support.reference import TWINS, WHOLE
from support.suite import SUITE
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.rules import COMPOSED, flat_rule
from tabular_pg.theorem import REGISTRY

NATIVE = [rule for rule, method in METHODS.items() if method.native]
WITHOUT_UPDATE = {}  # rule: why it has no exact update in ball arithmetic
every_method = pytest.mark.parametrize("rule", NATIVE, ids=lambda rule: rule.__name__)


def test_there_are_methods():
    assert len(NATIVE) >= 10


@every_method
def test_it_has_a_slow_twin(rule):
    assert rule in {**TWINS, **WHOLE}, f"tests: support/reference.py has no @twin({rule.__name__})"


@every_method
def test_it_has_an_exact_update_or_a_reason(rule):
    updates = pytest.importorskip("tabular_pg.certified.registration", reason="needs python-flint")
    kind = type(flat_rule(COMPOSED[rule].example)) if rule in COMPOSED else rule
    assert (kind in updates.UPDATES) != (rule in WITHOUT_UPDATE), (
        f"tabular_pg.certified has no update of {rule.__name__}, and WITHOUT_UPDATE no reason"
    )


@every_method
def test_it_has_a_run_of_the_suite(rule):
    assert any(type(chosen) is rule for _, chosen, *_ in SUITE.values()), (
        f"tests: support/suite.py has no run of {rule.__name__}"
    )


@every_method
def test_it_has_a_value_on_the_grid(rule):
    assert any(type(value) is rule for value, _ in RULES), (
        f"tests: RULES of support/grid.py has no {rule.__name__}"
    )


@every_method
def test_it_has_a_theorem_and_says_its_update(rule):
    assert any(rule in theorem.rules for theorem in REGISTRY.values())
    assert rule.__doc__ and METHODS[rule].kernel.__doc__
