"""The regularized problem where tau is tiny or huge, and starts near its optimum."""

from __future__ import annotations

import gc

import mpmath as mp
import numpy as np
import pytest

from support.reference import Model, gaps
from tabular_pg import (
    GPMD,
    MDP,
    TDPMD,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    Status,
    WeightedTDPMD,
    check,
    instances,
    mirrors,
    optimize,
    optimum,
)
from tabular_pg.engine.start import _GIVEN_OUT

GARNET = instances.garnet(5, 3, 3, 0.9, seed=1)


def largest_error(mdp, rule, iterations, tau, policy=None, digits=400):
    run = optimize(mdp, rule, iterations, tau=tau, policy=policy)
    worst = 0.0
    for k, exact in enumerate(gaps(mdp, rule, iterations, tau, policy, digits)):
        if k and type(rule) is SoftPolicyIteration and run.sup_gap[k - 1] < 1e-280:
            break
        with mp.workdps(50):
            exact = mp.fsum(mp.mpf(p) * e for p, e in zip(mdp.rho, exact, strict=True))
            if exact < mp.mpf(10) ** (30 - digits):  # as far as digits tell
                break
            worst = max(worst, abs(float(mp.expm1(mp.mpf(run.log_gap[k]) - mp.log(exact)))))
    np.testing.assert_allclose(run.policies.sum(axis=2), 1, rtol=1e-13)
    return worst


@pytest.mark.parametrize("ratio", [1e-12, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("rule", [SoftPolicyIteration(), NaturalPG(1.0), SoftmaxPG(0.1)], ids=str)
def test_small_tau_keeps_the_relative_accuracy(rule, ratio):
    for gamma in (0.0, 0.9):
        mdp = instances.garnet(3, 3, 2, gamma, seed=4)
        assert largest_error(mdp, rule, 6, ratio / (1 - gamma)) < 1e-9


@pytest.mark.parametrize("tau", [1e-9, 1e-3])
def test_the_critic_of_td_pmd_at_small_tau(tau):
    assert largest_error(instances.garnet(3, 3, 2, 0.9, seed=4), TDPMD(3.0), 6, tau) < 1e-9


def test_rewards_of_a_million_at_a_hundredth():
    mdp = MDP(np.ones((1, 3, 1)), [[1e6, 0, 3e5]], 0.9)
    run = optimize(mdp, SoftPolicyIteration(), 2, tau=0.01)
    assert run.policies[0].sum() == pytest.approx(1, rel=1e-15)
    assert run.gap[0] == pytest.approx(5666666.556805439, rel=1e-14)
    assert not any(verdict.holds is False for verdict in check(run))


@pytest.mark.parametrize("eps", [0.0, 1e-14, 1e-11, 1e-8])
def test_starts_near_the_optimum_keep_the_relative_accuracy(eps):
    policy = optimum(GARNET, 0.1).pi * (1 + eps * np.array([1.0, -1.0, 0.5]))
    policy = policy / policy.sum(axis=1, keepdims=True)
    assert largest_error(GARNET, NaturalPG(1.0), 3, 0.1, policy) < 1e-9


@pytest.mark.parametrize("tau", [1e10, 1e12, 1e17])
def test_huge_tau(tau):
    mdp = MDP(np.ones((1, 2, 1)), [[1.0, 0.0]], 0.0)
    with mp.workdps(80):
        t = mp.mpf(tau)
        exact = float(t * mp.log(1 + mp.exp(1 / t)) - mp.mpf(1) / 2 - t * mp.log(2))
    assert optimize(mdp, NaturalPG(1.0), 1, tau=tau).gap[0] == pytest.approx(exact, rel=1e-9)


def test_the_reference_has_twice_the_digits():
    with mp.workdps(60):
        model = Model(GARNET, 0.1)
        Q = model.q(model.optimal_value())
        for s, row in enumerate(Q):
            for a, q in enumerate(row):
                exact = (q - max(row)) / model.tau
                odds = optimum(GARNET, 0.1).odds
                found = mp.mpf(float(odds.high[s, a])) + mp.mpf(float(odds.low[s, a]))
                assert abs(found - exact) < mp.mpf(10) ** -28


# ---- gaps that are the same in all states --------------------------------------------------------


def test_one_step_to_the_optimum_is_exact():
    P = np.random.default_rng(0).dirichlet(np.ones(4), (4, 3))
    run = optimize(MDP(P, np.tile([1, 0.5, 0], (4, 1)), 0.9), SoftPolicyIteration(), 4, tau=0.5)
    assert run.gap[0] == pytest.approx(1.54496838, rel=1e-8)
    assert (run.gap[1:] == 0).all()


@pytest.mark.parametrize("rule", [SoftPolicyIteration(), TDPMD(3.4)], ids=str)
def test_permuted_rewards_leave_no_floor(rule):
    rng = np.random.default_rng(1)
    P = rng.dirichlet(np.ones(4), (4, 3))
    r = np.stack([rng.permutation([1.0, 0.3, 0.1]) for _ in range(4)])
    run = optimize(MDP(P, r, 0.5), rule, 12, tau=6.4)
    if type(rule) is SoftPolicyIteration:
        assert (run.gap[1:] < 1e-60).all()
    else:  # the critic stays constant: offsets shrink by 1 / (1 + eta tau), gaps by its square
        rate = np.diff(run.log_gap[4:10])
        np.testing.assert_allclose(rate, -2 * np.log1p(3.4 * 6.4), rtol=1e-6)


def test_differences_below_rounding_are_warned_about():
    """Two mirror images with starts 1e-13 apart: the next step is a difference of equal gaps."""
    P = np.zeros((2, 2, 2))
    P[0], P[1] = [[0.9, 0.1], [0.3, 0.7]], [[0.1, 0.9], [0.7, 0.3]]
    policy = [[0.3, 0.7], [0.3 + 1e-13, 0.7 - 1e-13]]
    with pytest.warns(UserWarning, match="later gaps are accurate to about"):
        optimize(MDP(P, [[1, 0], [1, 0]], 0.9), SoftPolicyIteration(), 3, tau=1.0, policy=policy)


def test_rounding_that_a_critic_keeps_is_warned_about():
    """Errors of the first updates are halved in each; the gaps fall by 1e4."""
    P = np.zeros((2, 2, 2))
    P[0, 0, 1] = P[0, 1, 0] = P[1, :, 0] = 1
    mdp, policy = MDP(P, [[0, 0], [1, 0]], 0.99), [[0.7334, 0.2666], [0.4933, 0.5067]]
    assert largest_error(mdp, WeightedTDPMD(1e4, 0.5), 3, 0.0126, policy) < 1e-9
    with pytest.warns(UserWarning, match="a critic that keeps it"):
        run = optimize(mdp, WeightedTDPMD(1e4, 0.5), 14, tau=0.0126, policy=policy)
    with pytest.warns(UserWarning, match="a critic that keeps it"):  # that is true
        assert largest_error(mdp, WeightedTDPMD(1e4, 0.5), 14, 0.0126, policy) > 1
    assert run.status is Status.COMPLETED


@pytest.mark.parametrize("tau", [0.0, 0.5])
def test_an_error_that_is_one_constant_costs_no_digit(tau):
    mdp = instances.garnet(3, 3, 2, 0.9, seed=4)
    near, far = (optimize(mdp, WeightedTDPMD(0.3, 0.5, x), 20, tau=tau) for x in (0.0, 1e12))
    np.testing.assert_array_equal(near.scaled_gap, far.scaled_gap)
    table = np.arange(9.0).reshape(3, 3) / 8
    near, far = (optimize(mdp, WeightedTDPMD(0.3, 0.5, table + x), 20, tau=tau) for x in (0, 2**40))
    np.testing.assert_array_equal(near.scaled_gap, far.scaled_gap)


def test_an_action_that_is_not_there_is_not_taken_for_an_error_of_the_critic():
    P = np.zeros((1, 2, 1))
    P[0, 1] = 1.0
    mdp = MDP(P, [[0.0, 0.2]], 0.0, actions=np.array([[False, True]]))
    rule = WeightedTDPMD(3.0, 0.5, [[0.8, -1.4]], mirrors.Euclidean())
    assert (optimize(mdp, rule, 10).gap == 0).all()


def test_large_dual_variables_are_warned_about():
    mdp, rule = instances.bandit([1.0, 0.75, 0.25]), GPMD(mirrors.Euclidean(), 0.01)
    optimize(mdp, rule, 20, tau=1e-2)
    with pytest.warns(UserWarning, match="dual variables are large where tau is 1e-09"):
        optimize(mdp, rule, 20, tau=1e-9)


def test_a_single_action_is_optimal_and_not_below_float64():
    mdp = MDP(np.full((3, 1, 3), 1 / 3), np.ones((3, 1)), 0.9)
    assert optimize(mdp, NaturalPG(1.0), 5, tau=0.1).status is Status.OPTIMAL


# ---- runs that go on where others have ended ----------------------------------------------------

RULES = [
    (NaturalPG(1.0), 0.0, 1000), (NaturalPG(1.0), 0.1, 300), (NaturalPG(1.0), 1e-6, 100),
    (SoftmaxPG(1.0), 0.0, 100), (SoftmaxPG(1.0), 0.1, 300), (HadamardPG(0.1), 0.0, 1000),
    (ProjectedPG(0.01), 0.0, 50), (PolicyIteration(), 0.0, 1), (SoftPolicyIteration(), 0.1, 3),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "tau", "iterations"), RULES, ids=str)
def test_a_run_goes_on_from_its_log_policies(rule, tau, iterations):
    first = optimize(GARNET, rule, iterations, tau=tau)
    second = optimize(GARNET, rule, iterations, tau=tau, log_policy=first.log_policies[-1])
    long = optimize(GARNET, rule, 2 * iterations, tau=tau)
    np.testing.assert_allclose(second.log_gap, long.log_gap[iterations:], rtol=1e-10, atol=1e-9)


def test_log_policies_far_below_float64():
    x = np.tile([0.0, -2000.0, -1e5], (5, 1))
    run = optimize(GARNET, NaturalPG(1.0), 0, log_policy=x)
    np.testing.assert_array_equal(run.log_policies[0], x)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"log_policy": np.zeros((5, 3))}, r"exp\(log_policy\[0\]\) sums to 3.0; expected 1"),
        ({"log_policy": np.full((5, 3), np.nan)}, r"log_policy\[0, 0\] is nan"),
        ({"log_policy": np.full((5, 3), 1.0)}, r"log_policy\[0, 0\] is 1.0; expected a logarithm"),
        ({"log_policy": np.tile([0, -np.inf, -np.inf], (5, 1))}, r"log_policy\[0, 1\] is -inf"),
        ({"log_policy": np.zeros(3)}, r"log_policy has shape \(3,\); expected \(S, A\) = \(5, 3\)"),
        (
            {"log_policy": np.log(np.full((5, 3), 1 / 3)), "policy": np.full((5, 3), 1 / 3)},
            "policy and log_policy are both given",
        ),
        ({"policy": np.full((5, 3), 0.33)}, r"policy\[0\] sums to 0.99.*divide rows by their sums"),
    ],
)
def test_bad_starts(given, message):
    with pytest.raises(ValueError, match=message):
        optimize(GARNET, NaturalPG(1.0), 1, **given)


def test_float32_policies_are_normalized():
    policy = np.full((5, 3), 1 / 3, dtype=np.float32)
    assert optimize(GARNET, NaturalPG(1.0), 0, policy=policy).gap[0] > 0


def test_offsets_below_the_digits_of_a_logarithm():
    """xi is 1e-201 beside one of order 1: log(1/2) - log pi* would not show it."""
    P = np.eye(3)[:, None, :].repeat(2, axis=1)
    mdp = MDP(P, [[1e200, 0], [1e198, 0], [1, 0]], 0.0, rho=[0, 0, 1.0])
    run = optimize(mdp, TDPMD(1e-201), 3, tau=1e200)
    np.testing.assert_allclose(run.log_gap, [-462.59646, -462.78708, -462.9777, -463.16832])


def test_a_huge_tau_times_a_divergence_below_float64():
    run = optimize(MDP(np.ones((1, 2, 1)), [[1e60, 0]], 0.0), NaturalPG(1e-62), 152, tau=1e63)
    assert run.log_gap[-1] == pytest.approx(-599.7922544, rel=1e-9)


def test_small_tau_with_an_unavailable_action():
    P = np.array([[[1.0], [1.0], [0.0]]])
    masked = MDP(P, [[1, 0, 0]], 0.5, actions=[[True, True, False]])
    plain = MDP(P[:, :2], [[1, 0]], 0.5)
    for rule in (SoftmaxPG(1.0), NaturalPG(1.0), TDPMD(1.0)):
        found, expected = (optimize(mdp, rule, 30, tau=1e-7) for mdp in (masked, plain))
        np.testing.assert_allclose(found.log_gap, expected.log_gap, rtol=1e-10)


def test_an_offset_that_has_underflowed_is_said_to_be_lost_where_it_is_all_that_counts():
    P = np.eye(2)[:, None, :].repeat(2, axis=1)
    rest = {"gamma": 0.0, "mu": [0.98, 0.02]}
    with pytest.warns(UserWarning, match="gaps of 1 states are too far below those of others"):
        mdp = MDP(P, [[0.5, 0], [0.02, 0]], rho=[1, 0], **rest)
        optimize(mdp, SoftmaxPG(1.0), 8000, tau=1.0)
    run = optimize(MDP(P, [[0.5, 0], [0.02, 0]], **rest), SoftmaxPG(1.0), 8000, tau=1.0)
    assert run.gap[-1] > 0


def test_runs_go_on_when_the_first_one_is_gone():
    whole = optimize(GARNET, NaturalPG(1.0), 80, tau=0.1)
    rest = optimize(GARNET, NaturalPG(1.0), 40, tau=0.1).log_policies[-1]  # the run is not kept
    gc.collect()
    again = optimize(GARNET, NaturalPG(1.0), 40, tau=0.1, log_policy=rest)
    np.testing.assert_allclose(again.log_gap[-1], whole.log_gap[-1], rtol=1e-12)
    known = len(_GIVEN_OUT)
    del rest
    gc.collect()
    assert len(_GIVEN_OUT) < known  # and nothing is kept for it


def test_actions_that_do_not_exist_are_not_averaged():
    P = np.array([[[1.0]] * 2 + [[0.0]] * 6])
    masked = MDP(P, [[1.0] + [0.0] * 7], 0.5, actions=[[True, True] + [False] * 6])
    plain = MDP(P[:, :2], [[1.0, 0.0]], 0.5)
    runs = (optimize(mdp, DualAveragedSPI(0.5), 5) for mdp in (masked, plain))
    np.testing.assert_allclose(*(run.log_gap for run in runs), rtol=1e-12)
