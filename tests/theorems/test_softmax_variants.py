"""What pages about variants of softmax policy gradient say beyond their theorems."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from support.grid import GRID
from support.reference import gaps
from support.suite import GARNET
from tabular_pg import (
    MDP,
    REGISTRY,
    AcceleratedPG,
    DelightfulPG,
    EnlightenedPG,
    HeavyBallPG,
    NesterovPG,
    NormalizedAcceleratedPG,
    NormalizedPG,
    RewardWeightedPG,
    SoftmaxPG,
    instances,
    optimize,
    steps,
)
from tabular_pg.numerics.wide import wide
from tabular_pg.theorem import verdict
from tabular_pg.verdicts.quantities import likeliest

TWO_ARMS = instances.two_armed_bandit(0.5)


def unconditional(run):
    """SD1 without its condition."""
    return run.value_gap[1:], run.value_gap[:-1]


def test_with_two_positive_advantages_the_enlightened_value_may_fall():
    pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    from tabular_pg.certified import RationalMDP, certified_check, certified_run

    mdp = RationalMDP([[[1]] * 3], [[Fraction(7, 9), 1, 0]], 0)
    policy = [[Fraction(9, 10), Fraction(1, 20), Fraction(1, 20)]]
    run = certified_run(mdp, EnlightenedPG(1.0), 1, policy=policy)
    theorems = [REGISTRY["SD1"], replace(REGISTRY["SD1"], formula=unconditional)]
    silent, violated = certified_check(run, theorems=theorems)
    assert silent.holds is not False
    assert violated.holds is False


def test_the_likeliest_action_is_that_of_its_own_row_in_numbers_of_any_size():
    p = np.random.default_rng(0).dirichlet(np.ones(3), (4, 5))
    np.testing.assert_array_equal(likeliest(wide(p)), p.argmax(axis=2))
    np.testing.assert_array_equal(likeliest(wide(p[0])), p[0].argmax(axis=1))


def test_reward_weighted_steps_are_bounded_where_the_best_action_is_hardly_taken():
    """Factors 1 - (1 - y)^n have to be right for y far below the rounding of 1."""
    mdp, policy = MDP(np.ones((1, 2, 1)), [[0.0, 1.0]], 0.0), [[1 - 5e-11, 5e-11]]
    rule = RewardWeightedPG(steps.Geometric(eta=0.1, growth=1.1), inner=1, best=1.0)
    run = optimize(mdp, rule, 121, policy=policy)
    for id in ("SR1", "SR2"):
        found = verdict(REGISTRY[id], run)
        assert found.holds
        claimed = np.isfinite(found.proved)
        assert claimed[100:].any()
        gained = found.measured[claimed]
        np.testing.assert_allclose(found.proved[claimed], gained, rtol=1e-3, atol=1e-19)


def test_escapes_from_random_corners():
    rng, escaped = np.random.default_rng(5), 0
    for _ in range(60):
        others, D = int(rng.integers(0, 4)), 10 ** rng.uniform(-1, 0)
        R = 10 ** rng.uniform(np.log10(D), 1)
        worse = -rng.uniform(np.sqrt(D * R) / 2, R, others)
        worse[:1] = -R
        p = 10 ** rng.uniform(-2, -0.5)
        m = rng.uniform(0, 1) * np.sqrt(p * (1 - p) * D / R) / 1.5 if others else 0.0
        policy = np.r_[p, 1 - p - m, rng.dirichlet(np.ones(others)) * m if others else []]
        if not p < policy[1] > m:
            continue
        mdp, rule = instances.bandit([D, 0.0, *worse]), EnlightenedPG(10 ** rng.uniform(-1, 2))
        run = optimize(mdp, rule, 400, policy=[policy], at=range(401))
        found = verdict(REGISTRY["SD5"], run)
        assert found.holds is not False, (mdp.r, policy, rule)
        corner = run.policies[:, 0, 1] > run.policies[:, 0, 0]
        escaped += found.holds is True and corner[0] and not corner[-1]
    assert escaped > 20


@pytest.mark.parametrize(
    ("policy", "rewards", "reason"),
    [
        ([0.1, 0.8, 0.1], [1.0, 0.9, 0.0], "others are too likely at first"),
        ([0.1, 0.8, 0.1], [1.0, 0.5, 0.4], "an arm is about as good as arm 1"),
        ([0.5, 0.4, 0.1], [1.0, 0.5, 0.0], "the best arm is the likeliest at first"),
        ([0.1, 0.8, 0.1], [1.0, 0.5, 1.0], "several arms are optimal"),
    ],
)
def test_what_is_no_corner(policy, rewards, reason):
    run = optimize(instances.bandit(rewards), EnlightenedPG(1.0), 5, policy=[policy])
    assert reason in verdict(REGISTRY["SD5"], run).why_not


def test_the_delightful_gate_halves_the_last_steps():
    run = optimize(TWO_ARMS, DelightfulPG(1.0, 0.2), 10**6)
    assert np.sqrt(run.k[-1]) * run.gap[-1] == pytest.approx(np.sqrt(0.5 / 2), rel=0.01)


@pytest.mark.parametrize(
    ("temperature", "other"), [(1e-9, EnlightenedPG(1.0)), (1e9, SoftmaxPG(0.5))]
)
def test_the_delightful_gate_between_its_limits(temperature, other):
    run, same = optimize(GARNET, DelightfulPG(1.0, temperature), 50), optimize(GARNET, other, 50)
    np.testing.assert_allclose(run.policies, same.policies, rtol=1e-6)


def test_a_normalized_step_is_a_step_of_that_length():
    run = optimize(GARNET, NormalizedPG(0.3), 1)
    g = run.d[0][:, None] * run.policies[0] * run.A[0] / (1 - GARNET.gamma)
    same = optimize(GARNET, SoftmaxPG(0.3 / np.sqrt((g**2).sum())), 1)
    np.testing.assert_allclose(run.iterates, same.iterates, rtol=1e-12)


def test_momentum_is_none_at_first():
    first = optimize(GARNET, SoftmaxPG(1.0), 1).iterates[1]
    np.testing.assert_allclose(optimize(GARNET, HeavyBallPG(1.0, 0.9), 1).iterates[1], first)
    accelerated = optimize(GARNET, AcceleratedPG(2.0), 2).iterates
    np.testing.assert_allclose(accelerated[1], first, rtol=1e-12)
    np.testing.assert_allclose(accelerated[2], first, rtol=1e-12)


def test_nesterovs_iterates_are_those_of_apg_while_all_are_kept():
    run = optimize(GARNET, AcceleratedPG(0.5), 61)
    gap = run.value_gap @ GARNET.mu
    assert (gap[2::2] <= gap[1:-1:2]).all()
    same = optimize(GARNET, NesterovPG(0.5), 30)
    np.testing.assert_allclose(same.policies, run.policies[::2], rtol=1e-12)


def test_a_normalized_accelerated_step_is_one_of_that_length():
    run = optimize(GARNET, NormalizedAcceleratedPG(0.3), 3)
    first = optimize(GARNET, NormalizedPG(0.3), 1)
    np.testing.assert_allclose(run.policies[1], first.policies[1], rtol=1e-12)
    omega = run.policies[2]  # phi_1 is theta_1
    again = optimize(GARNET, NormalizedPG(0.3), 1, policy=omega)
    np.testing.assert_allclose(run.policies[3], again.policies[1], rtol=1e-12)


def test_long_normalized_steps_with_momentum_do_not_settle():
    run = optimize(instances.bandit([0.9, 0.5, 0.1]), NormalizedAcceleratedPG(5.0), 81)
    assert verdict(REGISTRY["SA4"], run).holds and verdict(REGISTRY["SA1"], run).holds
    assert not verdict(REGISTRY["SA5"], run).applies


def test_phi_that_is_worse_is_not_kept():
    mdp, rng, rejected = GRID["patient"], np.random.default_rng(0), 0
    for policy in rng.dirichlet(np.full(4, 0.3), (40, 5)) + 1e-6:
        policy /= policy.sum(axis=1, keepdims=True)
        run = optimize(mdp, AcceleratedPG(3.0), 10, policy=policy)
        assert verdict(REGISTRY["SA1"], run).holds
        gap = run.value_gap @ mdp.mu
        if (gap[2::2] > gap[1:-1:2] * (1 + 1e-6)).any():
            rejected += 1
            exact = np.array(gaps(mdp, run.rule, 10, policy=policy, digits=50), dtype=float)
            np.testing.assert_allclose(run.value_gap, exact, rtol=1e-9)
    assert rejected > 0


def test_long_normalized_steps_do_not_settle():
    run = optimize(instances.bandit([0.9, 0.5, 0.1]), NormalizedPG(5.0), 5000)
    assert not verdict(REGISTRY["SN6"], run).applies
    assert verdict(REGISTRY["SN3"], run).holds and verdict(REGISTRY["S1"], run).holds
