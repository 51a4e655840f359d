"""What the pages about softargmax policy gradient say beyond its theorems."""

from __future__ import annotations

import numpy as np
import pytest

from support.suite import EASY, GARNET, TWO_ARMS
from tabular_pg import (
    GPMD,
    REGISTRY,
    SoftargmaxPG,
    SoftmaxPG,
    Solver,
    check,
    instances,
    mirrors,
    optimize,
    steps,
)
from tabular_pg.theorem import verdict

MAPS = [mirrors.Tsallis(0.5), mirrors.LogBarrier()]


@pytest.mark.parametrize("tau", [0.0, 0.2])
def test_with_the_entropy_it_is_softmax_policy_gradient(tau):
    run, same = (
        optimize(GARNET, rule, 30, tau=tau)
        for rule in (SoftargmaxPG(mirrors.Entropy(), 0.7), SoftmaxPG(0.7))
    )
    assert np.array_equal(run.iterates, same.iterates) and np.array_equal(run.gap, same.gap)
    found = {v.theorem.id for v in check(run) if v.applies}
    assert {"SF3", "S1", "S2"} <= found if tau == 0 else {"SF7", "E2"} <= found


@pytest.mark.parametrize("tau", [0.0, 0.2])
def test_near_the_entropy_it_is_nearly_that(tau):
    rules = SoftargmaxPG(mirrors.Tsallis(1 - 1e-6), 0.7), SoftmaxPG(0.7)
    near, same = (optimize(GARNET, rule, 30, tau=tau).policies for rule in rules)
    np.testing.assert_allclose(near, same, atol=1e-5)


@pytest.mark.parametrize("mirror", MAPS, ids=str)
def test_regularized_it_finds_the_optimum_of_mirror_descent(mirror):
    run = optimize(EASY, SoftargmaxPG(mirror, 1.0), 3000, tau=0.5)
    other = optimize(EASY, GPMD(mirror, 1.0), 100, tau=0.5)
    assert run.sup_gap[-1] < 1e-20
    np.testing.assert_allclose(run.policies[-1], other.policies[-1], atol=1e-9)


def test_a_long_step_may_lower_the_value():
    """All mass goes to an action that is a little worse than the mean; softmax does no such
    thing."""
    policy, r = [[0.5, 0.4, *[0.01] * 10]], [0.12, 0.0, *[1.0] * 10]
    mdp = instances.bandit(r)
    for mirror in (mirrors.LogBarrier(), mirrors.Tsallis(0.25)):
        long, short = (
            optimize(mdp, SoftargmaxPG(mirror, eta), 1, policy=policy) for eta in (1e8, 2.0)
        )
        assert long.gap[1] > long.gap[0] and short.gap[1] < short.gap[0]
    run = optimize(mdp, SoftmaxPG(1e8), 1, policy=policy)
    assert run.gap[1] < run.gap[0]


@pytest.mark.parametrize("mirror", MAPS, ids=str)
def test_it_leaves_a_corner_as_its_page_says(mirror):
    q, eps, h = mirror.regularizer.q, 1e-2, 2 * 0.5
    run = optimize(TWO_ARMS, SoftargmaxPG(mirror, 1.0), 10**6, policy=[[eps, 1 - eps]])
    escaped = run.k[np.argmax(run.policies[:, 0, 0] > 0.5)]
    assert escaped == pytest.approx(eps ** (2 * q - 3) / ((3 - 2 * q) * h), rel=0.05)


@pytest.mark.parametrize("mirror", MAPS, ids=str)
def test_probabilities_whose_powers_overflow_stay(mirror):
    log_policy = np.log([[1.0, 1e-5]]) - [[np.log1p(1e-5), 0.0]]
    log_policy[0, 1] = -2000.0
    log_policy[0, 0] = 0.0
    run = optimize(TWO_ARMS, SoftargmaxPG(mirror, 1.0), 3, log_policy=log_policy)
    np.testing.assert_allclose(run.log_policies[:, 0, 1], -2000.0, rtol=1e-12)


@pytest.mark.parametrize("tau", [0.0, 0.3])
def test_other_solvers_have_the_same_policies(tau):
    rule = SoftargmaxPG(mirrors.Tsallis(0.5), 1.0)
    run, other = (
        optimize(GARNET, rule, 20, tau=tau, solver=solver) for solver in (None, Solver.SWEEPS)
    )
    np.testing.assert_allclose(run.policies, other.policies, rtol=1e-10)


@pytest.mark.parametrize(
    ("mirror", "eta", "tau", "error", "message"),
    [
        (mirrors.Euclidean(), 1.0, 0.0, ValueError, "mirror is Euclidean.*may be lost for good"),
        (mirrors.Tsallis(1.5), 1.0, 0.3, ValueError, "mirror is Tsallis.*may be lost for good"),
        (mirrors.AlphaDivergence(0.5), 1.0, 0.0, TypeError, "a sum of powers"),
        (0.5, 1.0, 0.0, TypeError, "mirror is 0.5; expected an instance of"),
        (MAPS[0], 0.0, 0.0, ValueError, "eta is 0"),
        (MAPS[0], steps.Armijo(), 0.3, ValueError, "which tries steps"),
        (MAPS[0], steps.Adaptive(1.0, 0.3), 0.0, ValueError, "distance of the greedy policy"),
    ],
)
def test_what_it_refuses(mirror, eta, tau, error, message):
    with pytest.raises(error, match=message):
        optimize(GARNET, SoftargmaxPG(mirror, eta), 3, tau=tau)


def test_a_first_step_that_leaps_is_not_in_the_regime_of_the_law():
    mdp = instances.bandit([0.04097352, 0.01652764])
    run = optimize(mdp, SoftargmaxPG(mirrors.Tsallis(0.1), 1e4), 301)
    assert not verdict(REGISTRY["SF6"], run).applies
