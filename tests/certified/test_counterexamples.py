"""Statements in print that are false are violated with certainty, and ours are not."""

from __future__ import annotations

from fractions import Fraction

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from tabular_pg import REGISTRY  # noqa: E402
from tabular_pg.certified import COUNTEREXAMPLES, Outcome, certified_check  # noqa: E402

FOUND = {  # k, measured, proved
    "P7a": (0, "1.0010010", "0.35884634"),
    "S3p": (300, "0.4953128", "0.42524917"),
    "S5m": (8, "2.6689156e-20", "9.2592593e-13"),
}


@pytest.mark.parametrize("id", COUNTEREXAMPLES)
def test_the_printed_statement_is_violated(id):
    example = COUNTEREXAMPLES[id]
    found = example.decided()
    assert found.holds is False and found.outcome is Outcome.VIOLATED
    k, measured, proved = FOUND[id]
    assert found.first_violation.k == k
    assert f"VIOLATED at k = {k}: measured [{measured} " in str(found)
    assert f"proved [{proved} " in str(found)
    assert example.theorem not in REGISTRY.values()


def test_the_fractions_of_the_first():
    example = COUNTEREXAMPLES["P7a"]
    mdp = example.mdp()
    assert Fraction(int(mdp.gamma.p), int(mdp.gamma.q)) == Fraction(1, 1000)
    assert example.rule.eta == Fraction(999, 1000) ** 3 * 250
    gap = example.decided().first_violation.measured
    assert gap.contains(1000) is False and (gap * 999).contains(1000)  # 1000 / 999


@pytest.mark.parametrize(("id", "ours"), [("P7a", "P7a"), ("S3p", "S3"), ("S5m", "S5m")])
def test_the_registered_statement_is_not(id, ours):
    (found,) = certified_check(COUNTEREXAMPLES[id].run(), theorems=[REGISTRY[ours]])
    assert found.holds is not False
    assert (found.holds is True) == (id != "S5m")  # where large t is not reached: nothing claimed
