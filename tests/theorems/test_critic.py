"""Bounds on a temporal-difference critic beside those on an exact one, and what they measure."""

from __future__ import annotations

import numpy as np
import pytest

from support.suite import EASY, GARNET, OFF, SLOW
from tabular_pg import (
    REGISTRY,
    TDPMD,
    NaturalPG,
    WeightedTDPMD,
    instances,
    mirrors,
    optimize,
    steps,
)
from tabular_pg.theorem import verdict
from tabular_pg.verdicts.potential import distance, divergence
from tabular_pg.verdicts.visits import stationary


@pytest.mark.parametrize(
    ("eta", "found", "known"),
    [
        (1.0, "M9", "M1n"),
        (steps.Geometric(0.1, 1.1), "M9l", "M1n"),
        (steps.Geometric(0.1, 1 / 0.6), "M10", "M2n"),
    ],
)
def test_whole_updates_have_the_bounds_of_an_exact_critic(eta, found, known):
    run, exact = (optimize(GARNET, rule(eta), 30) for rule in (TDPMD, NaturalPG))
    _, bound, rounding = REGISTRY[found].formula(run)
    with np.errstate(divide="ignore"):
        _, expected = REGISTRY[known].formula(exact)
    np.testing.assert_allclose(bound[1:], expected[1:], rtol=1e-12)
    assert bound[0] == np.inf and (rounding[1:] < 1e-9 * bound[1:]).all()
    ones = optimize(GARNET, WeightedTDPMD(eta, np.ones((4, 3)), np.zeros((4, 3))), 30)
    np.testing.assert_allclose(REGISTRY[found].formula(ones)[1], bound, rtol=1e-12)


def test_the_average_is_that_of_the_gaps_from_the_first_step_on():
    run = optimize(GARNET, WeightedTDPMD(1.0, SLOW, OFF), 40)
    gap = run.value_gap @ stationary(GARNET, run.optimum.pi)
    expected = [gap[1 : k + 1].mean() for k in range(1, 41)]
    np.testing.assert_allclose(REGISTRY["M9"].formula(run)[0][1:], expected, rtol=1e-12)


def test_a_start_that_is_too_high_costs_what_it_takes_to_come_down():
    """With weights of 1/2 and an error of 1 everywhere, delta_0 = 1, Sigma = 2, r = (1 + g) / 2."""
    high, exact = (optimize(GARNET, WeightedTDPMD(1.0, 0.5, x), 30) for x in (1.0, 0.0))
    r, k = 0.8, np.arange(1, 31)
    (_, bound, _), (_, without, _) = (REGISTRY["M9"].formula(run) for run in (high, exact))
    more = (-2 + 2 * r**k + 2 * (1 - r**k)) / 0.4 / k
    np.testing.assert_allclose(bound[1:] - without[1:], more, atol=1e-12)
    (_, bound, _), (_, without, _) = (REGISTRY["G6w"].formula(soft(x)) for x in (1.0, 0.0))
    np.testing.assert_allclose(bound[1:], without[1:], rtol=1e-12)


def soft(error):
    """A regularized run of the same kind."""
    return optimize(GARNET, WeightedTDPMD(1.0, 0.5, error), 30, tau=0.1)


def test_distances_of_two_probabilities_are_their_euclidean_divergence():
    """|v|_1^2 = 2 |v|_2^2 where v has two entries that sum to 0, and D = |v|_2^2 / 2, far below
    what a difference of probabilities shows."""
    rule = WeightedTDPMD(1.0, 0.5, 0.0, mirrors.Euclidean())
    run = optimize(EASY, rule, 300, tau=3.0)
    assert run.sup_gap[-1] < 1e-40
    np.testing.assert_allclose(distance(run) ** 2, 4 * divergence(run), rtol=1e-9)
    for tiny in (0.0, 1e-15, 1e-12, 1e-9, 1e-3):  # far from the optimum their digits do not count
        policy = np.tile([tiny, 1 - tiny], (EASY.n_states, 1))
        run = optimize(EASY, rule, 3, tau=30.0, policy=policy)
        np.testing.assert_allclose(distance(run) ** 2, 4 * divergence(run), rtol=1e-12)


def test_distances_where_the_optimum_has_no_probability_left():
    """pi* gives e^-1000 to the second action, of which the difference to 1/2 is 1/2."""
    run = optimize(instances.two_armed_bandit(1.0), TDPMD(1.0), 1, tau=1e-3)
    assert distance(run)[0, 0] == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("id", "rule", "why_not"),
    [
        ("M9", TDPMD(steps.Decaying(1.0)), "stated for growth 1"),
        ("M10", TDPMD(steps.Geometric(1.0, 1.5)), "stated for growth 1/gamma"),
        ("M9", WeightedTDPMD(1.0, 0.5, 0.0, mirrors.LogBarrier()), "LogBarrier has no finite"),
    ],
)
def test_what_they_are_not_about(id, rule, why_not):
    assert why_not in verdict(REGISTRY[id], optimize(GARNET, rule, 5)).why_not
