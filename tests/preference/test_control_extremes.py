"""Control at extreme temperatures and targets against closed forms; signals and purities, too."""

from __future__ import annotations

from math import log, sqrt

import mpmath
import numpy as np
import pytest

from tabular_pg import check
from tabular_pg.preference import beta_for_kl, expected_agreement, optimal_value, regret
from tabular_pg.reasoning.baselines import Baseline, response_signals
from tabular_pg.reasoning.dapo import iterate
from tabular_pg.reasoning.episodic import EpisodicMDP, Trajectories

HALF, REWARD = [[0.5, 0.5]], [[1.0, 0.0]]


@pytest.mark.parametrize("beta", (1e-300, 1e-5, 0.3, 1.0, 2.0, 1e3, 1e8, 1e12, 1e17, 1e300))
def test_values_and_regrets_at_any_temperature(beta):
    with mpmath.workdps(700):
        b, best = mpmath.mpf(beta), mpmath.exp(-1 / mpmath.mpf(beta))
        value = 1 + b * mpmath.log((1 + best) / 2)
        lost = value - mpmath.mpf(1) / 2
    assert optimal_value(HALF, REWARD, beta)[0] == pytest.approx(float(value), rel=1e-14)
    found = regret(HALF, HALF, REWARD, beta)[0]
    assert found == pytest.approx(float(lost), rel=1e-12, abs=1e-320)


@pytest.mark.parametrize("target", (1e-300, 1e-40, 1e-30, 1e-17, 1e-10, 1e-4, 0.1, 0.6, 0.693))
def test_betas_of_small_divergences(target):
    """KL = 1 / (8 beta^2) for large beta, and the binary entropy's complement for any."""
    beta = beta_for_kl(HALF, REWARD, target)
    with mpmath.workdps(400):
        p = 1 / (1 + mpmath.exp(-1 / mpmath.mpf(beta)))
        q = 1 - p
        found = p * mpmath.log(2 * p) + q * mpmath.log(2 * q)
    assert float(found / mpmath.mpf(target)) == pytest.approx(1, rel=1e-10)
    if target < 1e-8:
        assert beta == pytest.approx(1 / sqrt(8 * target), rel=1e-8)
    scaled = beta_for_kl(HALF, [[1e-170, 0.0]], target)
    assert scaled == pytest.approx(1e-170 * beta, rel=1e-10, abs=0)


def test_a_target_that_needs_the_smallest_gap():
    reference, rewards = np.full((2, 2), 0.5), np.array([[1.0, 0.0], [1e-14, 0.0]])
    beta = beta_for_kl(reference, rewards, 0.69)
    assert 1e-15 < beta < 1e-13
    with pytest.raises(ValueError, match="expected less than 0.693"):
        beta_for_kl(reference, rewards, log(2) + 1e-9)


def answers(outcome):
    n = len(outcome)
    return Trajectories(np.arange(n)[:, None], np.column_stack([np.zeros(n, int), np.ones(n, int)]),
                        np.array(outcome))  # fmt: skip


@pytest.mark.parametrize("scale", (1e-300, 1e-13, 1.0, 1e13, 1e300))
def test_deviations_are_relative(scale):
    signals = response_signals(answers([scale, 0.0, 0.0]), Baseline.GRPO)
    np.testing.assert_allclose(signals, [sqrt(2), -1 / sqrt(2), -1 / sqrt(2)], rtol=1e-14)
    signals = response_signals(answers([scale, 0.0, 0.0]), Baseline.RLOO)
    np.testing.assert_allclose(signals / scale, [1, -0.5, -0.5], rtol=1e-14)


@pytest.mark.parametrize("outcome", (1e4 + 0.1, 0.1, 1e-300))
def test_equal_outcomes_are_no_signal(outcome):
    for baseline in (Baseline.GRPO, Baseline.RLOO):
        assert np.array_equal(response_signals(answers([outcome] * 16), baseline), np.zeros(16))


@pytest.mark.parametrize("least", (0.1, 1e-6, 1e-12, 1e-100, 1e-200))
@pytest.mark.parametrize("beta", (0.00525, 0.1, 3.0))
def test_theorems_about_dapo_hold_at_lopsided_references(least, beta):
    mdp = EpisodicMDP([0, 1, 3], [0, 2, 2, 2], [1, 2], [0, 0.0, 1.0])
    for reference in ([1.0 - least, least], [least, 1.0 - least]):
        for verdict in check(iterate(mdp, reference, beta, 1)):
            assert verdict.holds is not False, str(verdict)


@pytest.mark.parametrize("seed", range(40))
def test_the_purity_law_holds_at_extremes(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    label = 10.0 ** -rng.uniform(0, 18, n) if seed % 2 else 1 - 10.0 ** -rng.uniform(0, 18, n)
    reward = np.full(n, rng.choice([1e-15, 1e-3, 0.5, 1 - 1e-12]))
    if seed % 3 == 0:
        reward = 10.0 ** -rng.uniform(0, 18, n)
    for verdict in check(expected_agreement(label, reward)):
        assert verdict.holds is not False, str(verdict)
