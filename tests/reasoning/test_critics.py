"""Critics: what they minimize, where they agree, and what they refuse."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, logit

from support.problems import CHAIN, PUZZLES, sampled, seeds
from tabular_pg.reasoning.dapo import (
    AggregatedCritic,
    ExactCritic,
    LinearCritic,
    Outcomes,
    TabularCritic,
    bce_loss,
    outcomes,
)


@given(seeds, st.floats(0.1, 5), st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None)
def test_aggregated_critic_minimizes_the_cross_entropy(seed, prior, mean):
    """With the prior as further completions, one per class; moving a value raises the loss."""
    policy, trajectories = sampled(PUZZLES, seed)
    data = outcomes(PUZZLES, policy, trajectories)
    state_map = np.random.default_rng(seed).integers(0, 4, PUZZLES.n_states)
    values = AggregatedCritic(state_map, prior, mean).fit(PUZZLES, data)
    classes = state_map[data.states]
    for c in np.unique(classes):
        mine = Outcomes(policy, *(field[classes == c] for field in data[1:]))
        p, n = values[mine.states[0]], mine.counts.sum()
        assert (values[mine.states] == p).all()
        pooled = (mine.counts @ mine.means + prior * mean) / (n + prior)
        assert p == pytest.approx(pooled, rel=1e-13)

        def loss(p, mine=mine, n=n):
            own = n * bce_loss(mine, np.full(PUZZLES.n_states, p))
            return own - prior * (mean * np.log(p) + (1 - mean) * np.log(1 - p))

        assert loss(p) <= min(loss(p + 1e-4 * p), loss(p - 1e-4 * p))


def test_critics_agree_where_they_should():
    policy, trajectories = sampled(PUZZLES, 2, responses=50)
    data = outcomes(PUZZLES, policy, trajectories)
    tabular = TabularCritic(prior=0.5, mean=0.3).fit(PUZZLES, data)
    same = AggregatedCritic(np.arange(PUZZLES.n_states), 0.5, 0.3).fit(PUZZLES, data)
    assert np.array_equal(tabular, same)
    terminal = np.diff(PUZZLES.action_ptr) == 0
    assert np.array_equal(tabular[terminal], PUZZLES.terminal_reward[terminal])
    unseen = ~terminal
    unseen[data.states] = False
    assert (tabular[unseen] == pytest.approx(0.3)) and unseen.any()
    average = data.counts @ data.means / data.counts.sum()
    assert TabularCritic().fit(PUZZLES, data)[unseen] == pytest.approx(average)
    assert np.array_equal(ExactCritic().fit(PUZZLES, data), PUZZLES.value(policy))
    one_hot = LinearCritic(sparse.eye_array(PUZZLES.n_states), ridge=1e-3).fit(PUZZLES, data)
    inside = (data.means > 0) & (data.means < 1)
    np.testing.assert_allclose(one_hot[data.states][inside], data.means[inside], atol=1e-3)


@given(seeds, st.sampled_from((0.1, 1.0, 100.0)))
@settings(max_examples=20, deadline=None)
def test_linear_critic_is_stationary(seed, ridge):
    policy, trajectories = sampled(PUZZLES, seed)
    data = outcomes(PUZZLES, policy, trajectories)
    X = np.random.default_rng(seed).standard_normal((PUZZLES.n_states, 5))
    values = LinearCritic(X, ridge).fit(PUZZLES, data)
    inner = (np.diff(PUZZLES.action_ptr) > 0) & (np.abs(values - 0.5) < 0.499)
    theta = np.linalg.lstsq(X[inner], logit(values[inner]), rcond=None)[0]
    np.testing.assert_allclose(expit(X[inner] @ theta), values[inner], rtol=1e-9)
    gradient = X[data.states].T @ (data.counts * (values[data.states] - data.means))
    assert np.abs(gradient + ridge * theta).max() < 1e-6 * data.counts.sum()
    again = LinearCritic(sparse.csr_array(X), ridge).fit(PUZZLES, data)
    np.testing.assert_allclose(again, values, rtol=1e-6)


@pytest.mark.parametrize("size", (1e-4, 1e-9, 1e-100, 1e9))
def test_a_small_feature_of_a_linear_critic_counts(size):
    """With next to no ridge the unit of a feature is no matter, and nothing warns."""
    policy, trajectories = sampled(PUZZLES, 3, responses=50)
    data = outcomes(PUZZLES, policy, trajectories)
    X = np.random.default_rng(0).standard_normal((PUZZLES.n_states, 5))
    right = LinearCritic(X, 1e-250).fit(PUZZLES, data)
    assert np.ptp(right[data.states]) > 0.5
    for convert in (np.asarray, sparse.csr_array):
        values = LinearCritic(convert(X * [1, size, 1, 1, 1]), 1e-250).fit(PUZZLES, data)
        np.testing.assert_allclose(values, right, rtol=1e-9)


@pytest.mark.parametrize(
    "make, message",
    (
        (lambda: TabularCritic(prior=0), "prior is 0"),
        (lambda: TabularCritic(mean=1), "mean is 1"),
        (lambda: AggregatedCritic([0, -1]), r"state_map\[1\] is -1"),
        (lambda: AggregatedCritic([0.5]), "state_map has shape"),
        (lambda: LinearCritic([[1.0]], ridge=0), "ridge is 0"),
        (lambda: LinearCritic([1.0]), r"features has shape \(1,\)"),
        (lambda: LinearCritic([[nan]]), "features"),
        (lambda: TabularCritic().fit(CHAIN, None), "data is None"),
        (
            lambda: TabularCritic().fit(CHAIN, Outcomes(None, *np.zeros((3, 0), dtype=int))),
            "data has no completions",
        ),
        (
            lambda: TabularCritic().fit(CHAIN, Outcomes(None, *np.array([[99], [1], [1]]))),
            r"data.states\[0\] is 99; expected a state, from 0 to 22",
        ),
        (lambda: ExactCritic().fit(CHAIN, None), "data is None"),
    ),
)
def test_critics_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "changes, message",
    (
        ({"states": [0, -1]}, r"data.states\[1\] is -1; expected a state, from 0 to 22"),
        ({"states": [0.0, 1.0]}, r"data.states has shape \(2,\) and type float64"),
        ({"states": [0, 1, 2]}, "data.counts has length 2; expected 3"),
        ({"counts": [1, 0]}, r"data.counts\[1\] is 0; expected at least 1"),
        ({"counts": [1.5, 1]}, r"data.counts has shape \(2,\) and type float64"),
        ({"means": [0.5]}, r"data.means has shape \(1,\); expected \(2,\), one per state"),
        ({"means": [0.5, nan]}, r"data.means\[1\] is nan"),
        ({"means": [1.5, 0.5]}, r"data.means\[0\] is 1.5; expected a number in \[0, 1\]"),
    ),
)
def test_bad_data_is_refused(changes, message):
    good = Outcomes(None, np.array([0, 1]), np.array([2, 1]), np.array([0.5, 1.0]))
    data = good._replace(**{name: np.array(value) for name, value in changes.items()})
    for critic in (
        TabularCritic(),
        AggregatedCritic(np.zeros(CHAIN.n_states, dtype=int)),
        LinearCritic(np.ones((CHAIN.n_states, 1))),
    ):
        assert np.isfinite(critic.fit(CHAIN, good)).all()
        with pytest.raises(ValueError, match=message):
            critic.fit(CHAIN, data)
    with pytest.raises(ValueError, match=message):
        bce_loss(data, np.full(CHAIN.n_states, 0.5))


@pytest.mark.parametrize(
    "values, message",
    (
        (None, "values is not an array of real numbers"),
        ([[0.5, 0.5]], r"values has shape \(1, 2\)"),
        ([0.5, nan], r"values\[1\] is nan"),
        ([0.5, 1.5], r"values\[1\] is 1.5; expected a number in \[0, 1\]"),
        ([0.5], r"data.states\[1\] is 1; expected a state, from 0 to 0"),
    ),
)
def test_the_loss_of_what_are_no_probabilities_is_refused(values, message):
    data = Outcomes(None, np.array([0, 1]), np.array([2, 1]), np.array([0.5, 1.0]))
    with pytest.raises(ValueError, match=message):
        bce_loss(data, values)
    with pytest.raises(ValueError, match="data is 'data'; expected Outcomes"):
        bce_loss("data", [0.5, 0.5])
