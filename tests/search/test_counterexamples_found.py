"""False statements are refuted by small certified instances, and true ones survive."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from tabular_pg import REGISTRY  # noqa: E402
from tabular_pg.search import worst_case  # noqa: E402
from tabular_pg.theorem import Kind  # noqa: E402


def halved(id):
    """A theorem with a constant that is too good by a factor of two."""
    known = REGISTRY[id]
    factor = 2.0 if known.kind is Kind.LOWER else 0.5

    def formula(run):
        measured, proved, *rounding = known.formula(run)
        return measured, factor * proved, *rounding

    return replace(known, formula=formula)


def search(theorem, **options):
    rule, tau = theorem.rules[0], 0.5 if theorem.regularized else 0.0
    shape = {"n_states": 2, "n_actions": 2, "gamma": 0.9}
    return worst_case(theorem, rule, **shape, tau=tau, iterations=20, **options)


@pytest.mark.parametrize("id", ["P1", "N2b", "N1", "S2", "E2", "PI1", "H3a", "G4"])
def test_halved_constants_are_refuted(id, monkeypatch):
    found = search(halved(id))
    assert found.ratio > 1
    small = found.counterexample
    assert small.verdict.holds is False
    assert set(small.instance.P.flat) <= {0, 1}
    assert "certified at k = " in str(small)
    assert id in repr(small)
    monkeypatch.setitem(REGISTRY, id, small.theorem)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(small.source, {})
    assert printed.getvalue() == f"{small.verdict}\n"
    assert "VIOLATED" in printed.getvalue()


@pytest.mark.parametrize("id", ["H1b", "S1b", "G4", "P1", "N4"])
def test_theorems_survive(id):
    found = search(REGISTRY[id], budget=3000)
    assert 0 < found.ratio <= 1 + 1e-9
    assert found.counterexample is None
    assert found.rejected == 0
    assert found.verdict.holds
