"""Theorems decided in balls: never wrongly, and as in floats where floats can tell."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from support.suite import SUITE

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, ctx  # noqa: E402

from tabular_pg import (  # noqa: E402
    REGISTRY,
    NaturalPG,
    ProjectedPG,
    check,
    instances,
    optimize,
)
from tabular_pg.certified import (  # noqa: E402
    Outcome,
    RationalMDP,
    certified_check,
    certify,
)
from tabular_pg.theorem import Kind, verdict  # noqa: E402

TWO_ARMS = RationalMDP([[[1], [1]]], [[1, 0]], 0)
THIRD, TINY = Fraction(1, 3), Fraction(1, 10**300)


@pytest.fixture(autouse=True)
def _precision_is_left_alone():
    before = ctx.prec
    yield
    assert ctx.prec == before


def run_of(name, length=60):
    mdp, rule, iterations, tau, policy = SUITE[name]
    return optimize(mdp, rule, min(iterations, length), tau=tau, policy=policy)


@pytest.mark.parametrize("name", SUITE)
def test_every_theorem_is_decided_as_in_floats(name):
    run = run_of(name)
    for found, in_floats in zip(certified_check(run), check(run), strict=True):
        assert found.theorem is in_floats.theorem
        assert found.outcome in (Outcome.NOTHING, Outcome.HOLDS, Outcome.ATTAINED), str(found)
        assert not found.not_computable, str(found)
        assert (found.applies, found.holds) == (in_floats.applies, in_floats.holds), str(found)


VERTEX = optimize(TWO_ARMS.rounded(), ProjectedPG(0.3), 2, policy=[[0, 1]])
EVEN = optimize(instances.bandit([0.5, 0.5]), NaturalPG(1.0), 9, tau=1.0, policy=[[0.501, 0.499]])
ATTAINED = {
    **{id: run_of("N bandit") for id in ("N2a", "N3a", "N4", "N7")},
    **{id: run_of("P bandit") for id in ("P2s", "P4", "P8")},
    **{id: run_of("H bandit") for id in ("H1", "H1v", "H2")},
    "P1": VERTEX, "G3e": EVEN, "G3c": run_of("G arms"), "G4c": run_of("G soft, easy"),
}  # fmt: skip


def spoiled(id, change):
    """The theorem with a bound that claims more, by the relative amount ``change``."""
    theorem = REGISTRY[id]
    factor = 1 - change if theorem.kind is Kind.UPPER else 1 / (1 - change)

    def formula(run):
        measured, proved, *rounding = theorem.formula(run)
        return measured, factor * proved, *rounding

    return replace(theorem, formula=formula)


def decided(run, formula, kind=Kind.EQUAL, **options):
    theorem = replace(REGISTRY["N7"], formula=formula, kind=kind)
    return certified_check(run, theorems=[theorem], **options)[0]


@pytest.mark.parametrize("change", [0.5, 1e-3])
@pytest.mark.parametrize("id", ATTAINED)
def test_false_bounds_are_violated(id, change):
    (found,) = certified_check(ATTAINED[id], theorems=[spoiled(id, change)])
    assert found.outcome is Outcome.VIOLATED and found.holds is False
    k, measured, proved = found.first_violation
    assert k in found.k and (measured < proved or measured > proved)
    assert f"VIOLATED at k = {k}: measured " in str(found)
    assert certified_check(ATTAINED[id], theorems=[REGISTRY[id]])[0].holds


@pytest.mark.parametrize("id", sorted(set(ATTAINED) - {"N4", "G3e"}))
def test_bounds_that_are_false_below_rounding(id):
    false = spoiled(id, 1e-12)
    assert verdict(false, ATTAINED[id]).holds
    assert certified_check(ATTAINED[id], theorems=[false])[0].holds is False


def test_sides_that_agree_are_attained_and_never_violated():
    (found,) = certified_check(run_of("N bandit"), theorems=[REGISTRY["N2a"]])
    assert found.outcome is Outcome.ATTAINED and found.holds and found.applies
    assert "60 attained" in str(found)
    for measured, proved in zip(found.measured.flat, found.proved.flat, strict=True):
        assert measured.overlaps(proved) and abs(measured - proved) <= abs(proved) * arb(10) ** -30
    same = certified_check(certify(run_of("N bandit")), theorems=[REGISTRY["N2a"]])
    assert str(same[0]) == str(found)


@pytest.mark.parametrize(
    "formula",
    [
        lambda run: (np.median(run.sup_gap), 1.0),
        lambda run: (math.exp(run.sup_gap[0]), 1.0),
        lambda run: (np.asarray(run.sup_gap), 1.0),
        lambda run: (np.array(run.sup_gap, dtype=float), 1.0),
        lambda run: (float(run.gap[0]), 1.0),
        lambda run: (run.gap, run.gap.mean()),
        lambda run: (np.cos(run.gap), 1.0),
    ],
)
def test_what_is_not_computable_is_reported(formula):
    found = decided(run_of("N bandit"), formula)
    assert found.not_computable and "not computable in balls: " in str(found)
    assert not found.applies and found.holds is None and found.outcome is Outcome.NOTHING


def test_iterations_are_not_computed_with_in_floats():
    """Both sides are 1 / (k + 3), one of them written without any ball."""
    run = run_of("N bandit")
    one = lambda run: run.gap / run.gap  # noqa: E731
    assert decided(run, lambda run: (one(run) / (run.k + 3), 1 / (run.k + 3))).holds is not False


def test_an_open_inequality_and_one_that_does_not_apply():
    zero = replace(REGISTRY["N7"], formula=lambda run: (run.gap + 1 - 1 - run.gap, 0.0))
    (found,) = certified_check(run_of("N bandit"), theorems=[zero], most_bits=163)
    assert found.outcome is Outcome.UNDECIDED and found.holds is None
    assert str(found).endswith(" undecided")
    (found,) = certified_check(run_of("N bandit"), theorems=[zero])
    assert found.outcome is Outcome.ATTAINED  # 0 to 90 digits, which is all that can be known
    found = certified_check(run_of("N garnet"), theorems=[REGISTRY["N7"]])[0]
    assert str(found).endswith("n/a: stated for S = 1, A = 2, gamma = 0 and different rewards")
    assert not found.applies and found.holds is None


@pytest.mark.parametrize("id", ["H1", "P8"])
def test_a_theorem_about_other_rules_is_not_violated(id):
    (found,) = certified_check(run_of("N bandit"), theorems=[REGISTRY[id]])
    assert not found.applies and found.why_not


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"digits": 0}, "digits is 0; expected an integer >= 1"),
        ({"digits": True}, "digits is True; expected an integer >= 1"),
        ({"theorems": REGISTRY["N7"]}, "theorems.*expected"),
        ({"theorems": ["N7"]}, "theorems.*'N7'; expected"),
        ({"theorems": [None]}, "theorems.*None; expected"),
        ({"most_bits": "1"}, "most_bits is '1'; expected"),
        ({"digits": 5000, "most_bits": 2**14}, "most_bits is 16384; expected"),
        ({"most_bits": 0}, "most_bits is 0; expected"),
    ],
)
def test_bad_arguments_of_a_check(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        certified_check(run_of("N bandit"), **arguments)


@pytest.mark.parametrize(
    "formula",
    [
        lambda run: (np.log2(run.k + 1), np.log(run.k + 1) / np.log(2)),
        lambda run: (np.float_power(run.k + 1, -1), 1 / (run.k + 1)),
        lambda run: (run.gap, {}[run.tau]),
    ],
)
def test_what_balls_cannot_do_is_said_and_stops_nothing(formula):
    assert decided(run_of("N bandit"), formula).not_computable


def test_every_ufunc_of_counts_is_exact_or_encloses():
    run = run_of("N bandit")
    thirds = decided(run, lambda run: (1 / (run.k + 3) - run.gap / (run.gap * (run.k + 3)), 0.0))
    assert thirds.outcome is Outcome.ATTAINED
    halves = decided(run, lambda run: (0.0 * run.gap + (run.k // 2) * 2 + run.k % 2, run.k))
    assert halves.holds
