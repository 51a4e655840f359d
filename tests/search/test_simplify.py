"""What a search has found becomes small fractions that are as bad, and that sum to 1 exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tabular_pg import NaturalPG, ProjectedPG, ProjectedQAscent, SoftmaxPG, SoftPolicyIteration
from tabular_pg.search import worst_case
from tabular_pg.search.candidates.exact import exact_instance, near, row_near, size
from tabular_pg.search.small import written

CASES = [
    ("N2c", NaturalPG, 0.0),
    ("P1", ProjectedPG, 0.0),
    ("E2", SoftmaxPG, 0.1),
    ("G4", SoftPolicyIteration, 0.1),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def found(request):
    theorem, rule, tau = request.param
    return worst_case(
        theorem, rule, n_states=3, n_actions=2, gamma=0.9, tau=tau, iterations=10, budget=2000
    )


def bits(exact):
    """The mean size of its numbers."""
    return np.mean([size(x) for values in exact for x in values.flat])


def test_rows_sum_to_one_and_the_ratio_is_kept(found):
    small = found.simplified(keep=0.9, budget=1500)
    exact, before = small.instance, exact_instance(found._found[0])
    for instance in (exact, before):
        for row in (instance.P, instance.rho, instance.mu, instance.policy):
            assert all(type(x) is Fraction and x >= 0 for x in row.flat)
            assert np.all(row.sum(axis=-1) == 1)
    assert exact.complexity < 0.7 * before.complexity
    assert bits(exact) < 0.5 * bits(before)
    assert small.ratio >= 0.9 * found.ratio
    assert (small.gamma, small.tau) == (Fraction(9, 10), Fraction(repr(found.tau)))
    assert all(isinstance(x, Fraction) for x in small.rule)


def test_a_floor_that_is_higher_keeps_more(found):
    assert found.simplified(keep=1.0, budget=300).ratio >= found.ratio * (1 - 1e-9)


def test_without_a_budget_it_is_only_rounded(found):
    small = found.simplified(budget=0)
    assert small.instance.r.shape == found.mdp.r.shape
    assert small.ratio == pytest.approx(found.ratio, rel=1e-6)
    P = small.instance.P.astype(float)
    np.testing.assert_allclose(P, found.mdp.P, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("x", [0.0, 1.0, 1 / 3, 0.1, 123.456, 1e-80, 3.3333333333333335e-7])
def test_fractions_are_near(x):
    assert near(x, 10**12) == pytest.approx(x, rel=1e-11)
    assert near(x, 20) == pytest.approx(x, rel=0.5, abs=0)


def test_a_third_is_a_third():
    assert near(1 / 3, 10) == Fraction(1, 3)
    third = Fraction(1, 3)
    assert list(row_near(np.full(3, 1 / 3), 5)) == [third, third, third]
    tiny = row_near(np.array([1e-80, 1 - 1e-80]), 1000)
    assert tiny[0] == Fraction(1, 10**80)
    assert sum(tiny) == 1


@pytest.mark.parametrize("keep", [-0.5, 1.5, "a"])
def test_keep_is_checked(found, keep):
    with pytest.raises((TypeError, ValueError), match="keep is "):
        found.simplified(keep=keep)


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (1, 10**20, "10^-20"), (3, 10**20, "3 10^-20"), (10**20 - 1, 10**20, "1 - 10^-20"),
        (3 * 10**7, 1, "3 10^7"), (10**8, 1, "10^8"), (9, 10, "9/10"), (100, 1, "100"),
        (1, 1000, "1/1000"), (0, 1, "0"), (12345, 1, "12345"),
    ],
)  # fmt: skip
def test_powers_of_ten_are_written_as_such(numerator, denominator, text):
    assert written(Fraction(numerator, denominator)) == text


def test_the_mode_of_the_search_is_kept():
    size = {"n_states": 2, "n_actions": 2, "gamma": 0.9, "iterations": 20, "budget": 600}
    found = worst_case("P4", ProjectedQAscent, mode="rate", **size)
    small = found.simplified(keep=0.9, budget=1500)
    assert small.score >= 0.9 * found.score
    assert small.instance.complexity < 1000


def test_no_bound_proves_more_than_all_of_the_decay():
    """Sides that are equal at the start but for a millionth may not gain by that."""
    size = {"n_states": 2, "n_actions": 2, "gamma": 0.5, "iterations": 20, "budget": 400}
    assert worst_case("A1", NaturalPG, mode="rate", **size).score <= 1.0 + 1e-6
