"""Fits reach their minimum at any weights, ridge and offset, and know how near it is."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import lambertw

from tabular_pg import check
from tabular_pg.preference import (
    DPO,
    BradleyTerry,
    CrossEntropy,
    MarginMSE,
    Status,
    TemperatureBT,
    fit,
    optimize_directly,
)
from tabular_pg.reasoning.baselines import outcome_dpo, step_dpo
from tabular_pg.reasoning.episodic import EpisodicMDP, Trajectories

LOPSIDED = [[2, 4], [0, 1], [3, 0], [5, 1], [5, 2], [4, 3], [1, 2], [4, 5]]


def test_counts_of_many_sizes():
    found = fit(LOPSIDED, 6, weights=[100, 10, 1000, 10, 1000, 1000, 1, 1])
    expected = [-10.140, -12.337, 7.565, -3.233, 3.673, 14.472]
    np.testing.assert_allclose(found.scores, expected, atol=6e-4)
    assert found.status is Status.MINIMUM and found.distance < 1e-10
    pairs, weights = [[0, 1], [2, 1], [3, 0], [2, 4], [4, 3]], [400, 0.04, 0.07, 0.002, 600]
    found = fit(pairs, 5, weights=weights, ridge=1e-7)
    np.testing.assert_allclose(found.scores, [-10.963, -29.682, 24.284, -1.209, 17.571], atol=6e-4)
    assert found.status is Status.MINIMUM


def cycle(weights, z):
    """Margins of a cycle whose weakest links have margin -z."""
    weak = weights == weights.min()
    rest = np.log(np.where(weak, 2.0, weights / weights.min()) * (1 + np.exp(-z)) - 1)
    return np.where(weak, -z, rest)


@pytest.mark.parametrize("seed", range(20))
def test_long_cycles(seed):
    """w_m sigma(-D_m) is the same all around, and the margins sum to 0: one unknown."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(100, 151))
    weights = np.exp(rng.uniform(0, np.log(1e4), n)).round()
    around = np.column_stack([np.arange(n), np.roll(np.arange(n), -1)])
    D = cycle(weights, brentq(lambda z: cycle(weights, z).sum(), -20, 3000, xtol=1e-14))
    found = fit(around, n, weights=weights)
    assert found.status is Status.MINIMUM
    expected = np.append(0.0, -np.cumsum(D)[:-1])
    np.testing.assert_allclose(found.scores, expected - expected.mean(), atol=1e-8)
    assert np.abs(found.scores - expected + expected.mean()).max() <= found.distance + 1e-9
    assert fit(around, n, weights=weights, ridge=1e-6).status is Status.MINIMUM


def in_many_digits(pairs, n, weights, ridge, start):
    """Newton's method in 80 digits."""
    with mpmath.workdps(80):
        x = mpmath.matrix([mpmath.mpf(float(v)) for v in start])
        for _ in range(6):
            g, H = mpmath.matrix(n, 1), mpmath.diag([mpmath.mpf(ridge)] * n)
            for (i, j), w in zip(pairs, weights, strict=True):
                s = 1 / (1 + mpmath.exp(x[i] - x[j]))
                pull, bend = mpmath.mpf(float(w)) * s, mpmath.mpf(float(w)) * s * (1 - s)
                g[i], g[j] = g[i] + pull, g[j] - pull
                H[i, i], H[j, j] = H[i, i] + bend, H[j, j] + bend
                H[i, j], H[j, i] = H[i, j] - bend, H[j, i] - bend
            for i in range(n):
                g[i] -= ridge * x[i]
            if ridge == 0:
                H[0, 0] *= 2
            step = mpmath.lu_solve(H, g)
            x += step
            if mpmath.norm(step) < mpmath.mpf(10) ** -40:
                x -= mpmath.ones(n, 1) * (sum(x) / n) if ridge == 0 else mpmath.zeros(n, 1)
                return np.array([float(v) for v in x])
    raise AssertionError("did not converge")


@pytest.mark.parametrize("ridge", (0.0, 1e-12, 1e-6, 1.0))
@pytest.mark.parametrize("decades", (2, 8, 16, 40))
def test_weights_over_many_decades(decades, ridge):
    rng = np.random.default_rng(decades)
    for n in (2, 3, 5):
        pairs = [tuple(map(int, rng.choice(n, 2, replace=False))) for _ in range(2 * n)]
        pairs += [(i, (i + 1) % n) for i in range(n)] + [(1, 0)]
        weights = 10.0 ** rng.uniform(-decades, decades, len(pairs))
        found = fit(pairs, n, weights=weights, ridge=ridge)
        assert found.status is Status.MINIMUM
        expected = in_many_digits(pairs, n, weights, ridge, found.scores)
        apart = np.abs(found.scores - expected).max()
        assert apart <= found.distance + 1e-15 * np.abs(expected).max()
        assert apart <= 1e-9 * (1 + np.ptp(expected))


@pytest.mark.parametrize("tiny", (0.5 ** (365 / 7), 1e-30, 1e-300))
def test_components_that_tiny_weights_join(tiny):
    pairs = [(0, 1), (1, 0), (2, 3), (3, 2)] * 50 + [(0, 2)] * 3 + [(2, 0)]
    found = fit(pairs, 4, weights=[1.0] * 200 + [tiny] * 4)
    assert found.status is Status.MINIMUM
    assert found.scores[0] - found.scores[2] == pytest.approx(np.log(3), abs=1e-10)
    assert found.scores[0] == pytest.approx(found.scores[1], abs=1e-12)


TWO_TO_ONE = [[0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize("weight", (5e-324, 1e-300, 1e-13, 1e300, 1e308))
def test_weights_that_sum_to_more_than_a_float(weight):
    found = fit(TWO_TO_ONE, 2, weights=[weight] * 3)
    assert found.status is Status.MINIMUM
    np.testing.assert_allclose(found.scores, [np.log(2) / 2, -np.log(2) / 2], rtol=1e-11)
    assert all(verdict.holds for verdict in check(found) if verdict.applies)
    found = fit([[0, 1], [1, 0]], 2, weights=[1e308, 1e-300])
    assert np.ptp(found.scores) == pytest.approx(608 * np.log(10))


@pytest.mark.parametrize("T", (1e-160, 1e-3, 1e3, 1e155))
def test_temperatures(T):
    found = fit(TWO_TO_ONE, 2, loss=TemperatureBT(T))
    assert found.status is Status.MINIMUM
    np.testing.assert_allclose(found.scores / T, [np.log(2) / 2, -np.log(2) / 2], rtol=1e-12)
    assert all(verdict.holds for verdict in check(found) if verdict.applies)


@pytest.mark.parametrize("ridge", (1e-300, 1e-12, 1e-8, 1e-6, 1.0, 1e12, 1e300))
def test_one_pair_with_a_ridge(ridge):
    """sigma(-D) = ridge D / 2."""
    found = fit([[0, 1]], 2, ridge=ridge)
    D = np.ptp(found.scores)
    assert found.status is Status.MINIMUM
    assert np.log(ridge) + np.log(D / 2) == pytest.approx(-np.logaddexp(0, D), abs=1e-9)
    for loss in (MarginMSE(2.0), CrossEntropy()):
        assert fit([[0, 1]], 2, ridge=ridge, loss=loss).status is Status.MINIMUM


@pytest.mark.parametrize("offset", (0.0, 1e6, 1e9))
def test_an_offset_of_features_costs_nothing(offset):
    rng = np.random.default_rng(0)
    X, pairs = rng.standard_normal((50, 3)), []
    for _ in range(400):
        a, b = rng.choice(50, 2, replace=False)
        wins = rng.random() < 1 / (1 + np.exp(-(X[a] - X[b]) @ [1, -0.5, 0.2]))
        pairs.append((a, b) if wins else (b, a))
    found = fit(pairs, 50, features=X + offset)
    assert found.status is Status.MINIMUM
    np.testing.assert_allclose(found.coefficients, [1.0202, -0.6812, 0.1188], atol=6e-5)
    units = np.array([1e-100, 1.0, 1e100])
    scaled = fit(pairs, 50, features=X * units)
    assert scaled.status is Status.MINIMUM
    np.testing.assert_allclose(scaled.coefficients * units, found.coefficients, rtol=1e-6)
    assert all(verdict.holds for verdict in check(found) if verdict.applies)


def judged(seed, n=30, F=3, n_pairs=80):
    rng = np.random.default_rng(seed)
    X, pairs = rng.standard_normal((n, F)), []
    for _ in range(n_pairs):
        a, b = rng.choice(n, 2, replace=False)
        likely = rng.random() < 1 / (1 + np.exp(-(X[a] - X[b]) @ rng.standard_normal(F)))
        pairs.append((a, b) if likely else (b, a))
    return X, np.array(pairs), rng


def newton_in_many_digits(theta, rows, weights, ridge):
    """(F,) where Newton's method leads from ``theta``, in 1500 digits."""
    with mpmath.workdps(1500):
        Z = [[mpmath.mpf(x) for x in row] for row in rows]
        w, theta = [mpmath.mpf(x) for x in weights], mpmath.matrix([mpmath.mpf(t) for t in theta])
        F = len(theta)
        for _ in range(6):
            g, H = ridge * theta, ridge * mpmath.eye(F)
            for z, weight in zip(Z, w, strict=True):
                D = mpmath.fsum(z[f] * theta[f] for f in range(F))
                lost = 1 / (1 + mpmath.exp(D))
                for i in range(F):
                    g[i] -= weight * lost * z[i]
                    for j in range(F):
                        H[i, j] += weight * lost * (1 - lost) * z[i] * z[j]
            theta = theta - mpmath.lu_solve(H, g)
        return np.array([float(t) for t in theta])


@pytest.mark.parametrize("ridge", [0.0, 1.0])
@pytest.mark.parametrize("decades, seed, F", [(150, 2, 8), (600, 3, 8), (600, 11, 3)])
def test_weights_over_hundreds_of_decades_of_pairs_with_features(decades, seed, F, ridge):
    X, pairs, rng = judged(seed, F=F, n_pairs=300)
    weights = 10.0 ** rng.uniform(-decades / 2, decades / 2, len(pairs))
    run = fit(pairs, len(X), features=X, weights=weights, ridge=ridge)
    assert run.status is Status.MINIMUM
    rows = X[pairs[:, 0]] - X[pairs[:, 1]]
    right = newton_in_many_digits(run.coefficients, rows, weights, ridge)
    assert np.ptp(X @ (run.coefficients - right)) <= run.distance <= 1e-8 * np.ptp(run.scores)


@pytest.mark.parametrize("ridge", [0.0, 1e-300, 1e-12, 1.0, 1e10, 1e300])
@pytest.mark.parametrize("sizes", [[1e-150, 1.0, 1e150], [1e-300, 1.0, 1e300], [1.0, 1.0, 1e200]])
def test_columns_of_sizes_that_differ_by_hundreds_of_decades(sizes, ridge):
    X, pairs, _ = judged(0)
    X = X * sizes
    run = fit(pairs, len(X), features=X, ridge=ridge)
    assert run.status is Status.MINIMUM
    rows = X[pairs[:, 0]] - X[pairs[:, 1]]
    right = newton_in_many_digits(run.coefficients, rows, np.ones(len(pairs)), ridge)
    assert np.ptp(X @ (run.coefficients - right)) <= run.distance <= 1e-8
    np.testing.assert_allclose(run.coefficients, right, rtol=1e-9, atol=1e-308)


@pytest.mark.parametrize("sparse_features", [False, True])
def test_squares_of_many_weights(sparse_features):
    X, pairs, rng = judged(2)
    weights = 10.0 ** rng.uniform(-150, 10, len(pairs))
    order = [60, 11, 37]  # three coefficients are decided by three pairs
    weights[order] = 1e150, 1e100, 1e50
    features = sparse.csr_array(X) if sparse_features else X
    run = fit(pairs, len(X), features=features, weights=weights, loss=MarginMSE())
    assert run.status is Status.MINIMUM
    rows = X[pairs[order, 0]] - X[pairs[order, 1]]
    np.testing.assert_allclose(run.coefficients, np.linalg.solve(rows, np.ones(3)), rtol=1e-12)


def test_a_bound_that_does_not_say_so_is_no_minimum():
    for k in range(1, 8):
        found = fit(LOPSIDED, 6, weights=[100, 10, 1000, 10, 1000, 1000, 1, 1], iterations=k)
        assert (found.status is Status.MINIMUM) == (found.distance < 1e-7)


ONE_STEP = EpisodicMDP([0, 1, 4], [0, 3, 3, 3, 3], [1, 2, 3], [0, 1.0, 0, 0])
ONE_PAIR = Trajectories(np.array([[0], [1]]), np.array([[0, 1], [0, 2]]), np.array([1.0, 0.0]))


@pytest.mark.parametrize("method", (outcome_dpo, step_dpo))
@pytest.mark.parametrize("ridge", (1.0, 1e-6, 1e-8, 1e-12))
def test_policies_fitted_to_one_pair(method, ridge):
    reference = ONE_STEP.uniform_policy()
    policy = method(ONE_STEP, reference, ONE_PAIR, 0.1, ridge=ridge)
    reward = 0.1 * np.log(policy[0] / policy[2])
    assert reward == pytest.approx(brentq(lambda x: np.log(ridge * x) + np.logaddexp(0, 2 * x),
                                          1e-9, 50, xtol=1e-14), rel=1e-9)  # fmt: skip
    if ridge in (1e-6, 1e-8):
        assert reward == pytest.approx({1e-6: 6.01096, 1e-8: 8.16068}[ridge], abs=6e-6)
        assert 2 * reward == pytest.approx(lambertw(2 / ridge).real, rel=1e-5)


def test_a_policy_that_is_not_at_the_minimum_warns():
    reference = ONE_STEP.uniform_policy()
    with pytest.warns(RuntimeWarning, match="the fit is not at its minimum"):
        outcome_dpo(ONE_STEP, reference, ONE_PAIR, 0.1, ridge=1e-8, iterations=1)


@pytest.mark.parametrize("ridge", (1e-10, 1e-8, 1e-6, 1e-3))
def test_direct_optimization_with_a_small_ridge(ridge):
    pairs, prompts = [[0, 1], [1, 2], [0, 2], [3, 4]], [0, 0, 0, 1, 1]
    run = optimize_directly(pairs, prompts, [0.2, 0.3, 0.5, 0.5, 0.5], DPO(0.1, ridge))
    assert run.status is Status.MINIMUM
    (verdict,) = check(run)
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize("ridge", (0.0, 1e-12, 1e-8, 1.0, 1e6))
@pytest.mark.parametrize("loss", (BradleyTerry(), TemperatureBT(3.0), MarginMSE(), CrossEntropy()))
@pytest.mark.parametrize("decades", (0, 8, -13, 100))
def test_true_statements_hold_at_extremes(loss, ridge, decades):
    rng = np.random.default_rng(5)
    pairs = [(i, (i + 1) % 5) for i in range(5)]
    pairs += [tuple(rng.choice(5, 2, replace=False)) for _ in range(10)]
    weights = np.full(len(pairs), 10.0**decades)
    if decades == 8:
        weights = 10.0 ** rng.uniform(-8, 8, len(pairs))
    found = fit(pairs, 5, loss=loss, ridge=ridge, weights=weights)
    assert found.status is Status.MINIMUM
    for verdict in check(found):
        assert verdict.holds is not False, str(verdict)


def test_a_coefficient_beyond_the_floats_is_refused():
    tiny = np.array([[0.0], [1.0], [3.0]]) * 5e-324
    pairs = [[0, 1], [1, 0], [0, 2], [2, 0], [1, 2], [2, 1], [0, 1]]
    with pytest.raises(ValueError, match=r"features are so small in column 0 .* range of floats"):
        fit(pairs, 3, features=tiny)
    assert fit(pairs, 3, features=tiny, ridge=1.0).status is Status.MINIMUM
