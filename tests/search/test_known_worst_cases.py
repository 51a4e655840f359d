"""The search says of statements whose truth is known what is known, and sooner than chance does."""

from __future__ import annotations

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from experiments import known_worst_cases as study  # noqa: E402

NONE = {"evaluations": 0, "size": [], "why": ""}
SOME = {"evaluations": 350, "size": [1, 2], "why": ""}


@pytest.mark.parametrize(
    "name", ["P3 reversed", "PI1", "S3 as quoted", "P7a as printed", "G4 sharp, 0.98"]
)
def test_what_is_false_is_refuted(name):
    found = study.search(name, True, 3000, 0)
    assert found["evaluations"] > 0 and max(found["size"]) <= 2


@pytest.mark.parametrize("name", ["G4 sharp", "P7a", "PI, 2 steps, S = 2"])
def test_what_is_true_survives(name):
    assert study.search(name, True, 1500, 0) == NONE


def test_random_candidates_are_counted_alike():
    found = study.search("S3 as quoted", False, 2000, 0)
    assert found["evaluations"] == 0 or found["size"]
    assert study.search("PI, 3 steps, S = 3", False, 500, 0) == NONE


def test_a_case_that_is_missed_is_said():
    def entries(name, refuted):
        return [{"name": name, "climbed": [SOME] * refuted + [NONE] * (10 - refuted), "random": []}]

    def said(name, refuted):
        return len(study.STUDY.violated(entries(name, refuted)))

    assert (said("PI1", 9), said("PI1", 8), said("G4 sharp", 0), said("G4 sharp", 1)) == (
        0,
        1,
        0,
        1,
    )
    (table,) = (x for x in study.tables(entries("PI1", 9)) if "PI1" in x)
    assert "| 9/10 | - | hundreds | (1, 2) |" in table


def test_every_kind_has_its_cases():
    every = study.cases()
    assert {case.kind for case in every.values()} == set(study.KINDS)
    assert set(study.STUDY.quick["names"]) <= set(every)
