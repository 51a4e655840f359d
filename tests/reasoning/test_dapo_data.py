"""DAPO's data: outcomes, balance, completions, signals, against slow twins and enumeration."""

from __future__ import annotations

from itertools import product
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.problems import CHAIN, PUZZLES, as_trajectories, paths, random_policy, sampled, seeds
from tabular_pg.reasoning.dapo import (
    TabularCritic,
    balanced,
    complete,
    first_steps,
    outcomes,
    signal,
    states_of,
    train,
)
from tabular_pg.reasoning.dapo.actor import minimizer
from tabular_pg.reasoning.episodic import segments
from tabular_pg.reasoning.puzzles import countdown


@pytest.mark.parametrize("pooled", (True, False))
@pytest.mark.parametrize("mdp, count", ((CHAIN, 2), (countdown((2, 3, 4), target=10), 2)))
def test_outcomes_are_unbiased_by_exact_enumeration(mdp, count, pooled):
    """Over all that can be sampled, MC(s) has mean V(s) where s is passed at all."""
    policy = random_policy(mdp, 1)
    error, passed = np.zeros(mdp.n_states), np.zeros(mdp.n_states)
    value = mdp.value(policy)
    for chosen in product(list(paths(mdp, policy, 0)), repeat=count):
        p = np.prod([p for p, _, _ in chosen])
        data = outcomes(mdp, policy, as_trajectories(mdp, chosen), pooled)
        error[data.states] += p * (data.means - value[data.states])
        passed[data.states] += p
    assert passed[0] == pytest.approx(1, abs=1e-12)
    assert (passed[1:] > 0).any() == pooled
    assert np.abs(error).max() < 1e-14


@given(seeds, st.booleans())
@settings(max_examples=20, deadline=None)
def test_outcomes_against_a_slow_twin(seed, pooled):
    policy, trajectories = sampled(PUZZLES, seed)
    expected = {}
    for edges, states, outcome in zip(*trajectories, strict=True):
        for edge, s in list(zip(edges, states, strict=False))[: None if pooled else 1]:
            if edge >= 0:
                expected.setdefault(s, []).append(outcome)
    data = outcomes(PUZZLES, policy, trajectories, pooled)
    assert data.states.tolist() == sorted(expected)
    for s, count, mean in zip(*data[1:], strict=True):
        assert count == len(expected[s])
        assert mean == pytest.approx(np.mean(expected[s]), rel=1e-14)


@given(seeds, st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_balanced_keeps_half_right_where_possible(seed, responses, keep):
    _, trajectories = sampled(PUZZLES, seed, responses)
    rows = balanced(trajectories, keep)
    assert np.array_equal(rows, np.unique(rows))
    for root in range(PUZZLES.n_roots):
        mine = trajectories.states[:, 0] == root
        right = int((trajectories.outcome[mine] == 1).sum())
        kept = rows[mine[rows]]
        assert kept.size == min(keep, responses)
        best = min(
            (abs(2 * k - keep), -k)
            for k in range(right + 1)
            if 0 <= kept.size - k <= responses - right
        )
        assert (trajectories.outcome[kept] == 1).sum() == -best[1]


def test_completions_start_in_the_states_of_the_responses():
    policy, answers = sampled(PUZZLES, 3)
    states = states_of(answers)
    assert set(states) == {
        s
        for s in answers.states.ravel()
        if s >= 0 and PUZZLES.action_ptr[s + 1] > PUZZLES.action_ptr[s]
    }
    samples = complete(PUZZLES, policy, states, 4, np.random.default_rng(0))
    assert np.array_equal(samples.states[:, 0], np.repeat(states, 4))
    seen = first_steps(PUZZLES, samples)
    assert set(np.flatnonzero(seen)) == set(samples.edges[:, 0])
    assert set(PUZZLES.source[seen]) == set(states)


@given(seeds, st.sampled_from((0.0, 0.05, 0.3)))
@settings(max_examples=40, deadline=None)
def test_signal_against_a_slow_twin(seed, gap):
    rng = np.random.default_rng(seed)
    reference = random_policy(CHAIN, seed, sharpness=rng.choice([0.0, 1.0, 20.0]))
    values, seen = rng.random(CHAIN.n_states), rng.random(CHAIN.n_edges) < 0.6
    A, nu, kept = signal(CHAIN, reference, values, seen, gap=gap, anchor=0.01)
    for s in range(CHAIN.n_states):
        edges = np.arange(*CHAIN.action_ptr[s : s + 2])
        here = edges[seen[edges]]
        following = CHAIN.successor[here]
        inner = CHAIN.action_ptr[following] < CHAIN.action_ptr[following + 1]
        Q = np.where(inner, values[following], CHAIN.terminal_reward[following])
        assert kept[s] == (here.size > 0 and np.ptp(Q) >= gap)
        if not kept[s]:
            assert not A[edges].any()
            assert not nu[edges].any()
            continue
        weights = reference[here] / reference[here].sum()
        np.testing.assert_allclose(A[here], Q - weights @ Q, atol=1e-14)
        assert abs(reference[edges] @ A[edges]) <= 1e-14 * (reference[edges] @ np.abs(A[edges]))
        assert (nu[here] == 1 / here.size).all()
        assert (nu[edges[~seen[edges]]] == 0.01).all()
        assert not A[edges[~seen[edges]]].any()


@given(seeds, st.sampled_from((0.005, 0.1, 1.0)), st.sampled_from((1e-6, 1e-3, 0.1, 10.0)))
@settings(max_examples=40, deadline=None)
def test_unseen_actions_keep_what_the_anchor_says(seed, beta, anchor):
    rng = np.random.default_rng(seed)
    reference = random_policy(PUZZLES, seed)
    values, seen = rng.random(PUZZLES.n_states), rng.random(PUZZLES.n_edges) < 0.5
    A, nu, kept = signal(PUZZLES, reference, values, seen, anchor=anchor)
    policy = minimizer(PUZZLES, reference, beta, A, nu)
    sums = segments.state_sums(PUZZLES.action_ptr, policy)
    np.testing.assert_allclose(sums[np.diff(PUZZLES.action_ptr) > 0], 1, atol=1e-12)
    spread = segments.state_sums(PUZZLES.action_ptr, nu * A**2)[PUZZLES.source]
    least = reference * np.exp(-np.sqrt(spread / anchor) / beta)
    assert (policy >= least * (1 - 1e-9))[~seen].all()
    assert (policy <= reference * (1 + 1e-9))[~seen].all()
    untouched = ~kept[PUZZLES.source]
    np.testing.assert_allclose(policy[untouched], reference[untouched], rtol=1e-14)


def test_without_an_anchor_unseen_actions_are_refused():
    policy, answers = sampled(CHAIN, 5, responses=1)
    values, seen = CHAIN.value(policy), first_steps(CHAIN, answers)
    with pytest.raises(ValueError, match="an action of state 0, in which others were seen"):
        signal(CHAIN, policy, values, seen)
    everywhere = np.ones(CHAIN.n_edges, dtype=bool)
    A, nu, kept = signal(CHAIN, policy, values, everywhere)
    np.testing.assert_allclose(A, CHAIN.advantage(policy), atol=1e-15)
    assert kept.sum() == np.unique(CHAIN.source).size
    with pytest.raises(ValueError, match="mass would escape"):
        train(
            CHAIN, policy, beta=1, iterations=1, critic=TabularCritic(), responses=1,
            completions=1, gap=0, rng=np.random.default_rng(0),
        )  # fmt: skip


@pytest.mark.parametrize(
    "changes, message",
    (
        ({"values": [0.5]}, r"values has shape \(1,\)"),
        ({"values": np.full(CHAIN.n_states, nan)}, "values"),
        ({"seen": np.ones(3, dtype=bool)}, r"seen has shape \(3,\)"),
        ({"seen": np.ones(CHAIN.n_edges)}, "seen has shape .* type float64"),
        ({"gap": nan}, "gap is nan"),
        ({"anchor": -1}, "anchor is -1"),
    ),
)
def test_signal_refuses(changes, message):
    arguments = {
        "values": np.zeros(CHAIN.n_states),
        "seen": np.ones(CHAIN.n_edges, dtype=bool),
    } | changes
    with pytest.raises(ValueError, match=message):
        signal(CHAIN, CHAIN.uniform_policy(), **arguments)
