"""Laws that sharpest constants follow, as hints."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tabular_pg import HadamardPG
from tabular_pg.search import constant_sequence
from tabular_pg.search.sequences import law
from tabular_pg.search.sharpest import hint


def of(values):
    return [SimpleNamespace(constant=value) for value in values]


GAMMAS = 0.5, 0.9, 0.99


@pytest.mark.parametrize(
    ("over", "values", "constant", "expected"),
    [
        ("gamma", GAMMAS, lambda g: 0.25 * (1 - g), "1/4 (1-gamma)^1"),
        ("gamma", GAMMAS, lambda g: 3 * g**2, "3 gamma^2"),
        ("gamma", GAMMAS, lambda g: g**2 / (1 + (1 - g) ** 0.5) ** 2,
         "1 gamma^2 (1+sqrt(1-gamma))^-2"),
        ("n_states", (1, 2, 3, 5), lambda n: (n / 2) ** 0.5, "sqrt(1/2) S^0.5"),
        ("iterations", (10, 20, 40), lambda k: 0.5, "1/2"),
        ("iterations", (10, 20, 40), lambda k: 2 - 2**-k, "2"),
        ("n_states", (1, 2, 3, 5), lambda n: 0.1 + 0.7317 / n**3, ""),
        ("gamma", GAMMAS, lambda g: 0.0, ""),
    ],
)  # fmt: skip
def test_laws(over, values, constant, expected):
    assert law(over, values, of(map(constant, values))) == expected


def test_a_law_allows_for_what_a_search_misses():
    found = [0.25 * (1 - g) * (1 - miss) for g, miss in zip(GAMMAS, (1e-3, 0, 5e-4), strict=True)]
    assert law("gamma", GAMMAS, of(found)) == "1/4 (1-gamma)^1"


@pytest.mark.parametrize(
    ("x", "expected"),
    [(0.5, "1/2"), (2**0.5, "sqrt(2)"), (0.7071068, "sqrt(1/2)"), (0.51234567, ""), (1e-9, "")],
)
def test_hints_are_simple_or_none(x, expected):
    assert hint(x) == expected


def test_the_constant_of_hadamard_does_not_depend_on_gamma():
    found = constant_sequence(
        "H1b", HadamardPG, n_states=1, n_actions=2, gamma=(0.3, 0.5, 0.9), iterations=3, budget=300
    )
    assert found.hint.startswith("1/2")
    assert found.over == "gamma"
    assert [round(one.constant, 3) for one in found.constants] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "none of n_states, gamma, iterations is a sequence"),
        ({"gamma": (0.5, 0.9), "n_states": [1, 2]}, "n_states and gamma is a sequence"),
        ({"gamma": [0.5]}, "gamma has 1 values"),
    ],
)
def test_exactly_one_thing_changes(changes, message):
    search = {"n_states": 1, "n_actions": 2, "gamma": 0.9, "iterations": 3, "budget": 10}
    with pytest.raises(ValueError, match=message):
        constant_sequence("H1b", HadamardPG, **(search | changes))
