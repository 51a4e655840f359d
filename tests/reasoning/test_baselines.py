"""Baselines on enumerable problems: signals and likelihoods against slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.problems import with_rewards
from tabular_pg.reasoning.baselines import (
    Baseline,
    awr,
    greedy_edges,
    response_level_signal,
    response_signals,
    rft,
)
from tabular_pg.reasoning.dapo import minimizer, natural_step, respond
from tabular_pg.reasoning.episodic import EpisodicMDP, Trajectories
from tabular_pg.reasoning.episodic.segments import state_softmax, state_sums
from tabular_pg.reasoning.puzzles import countdown, modular_chain

PUZZLES = countdown([(1, 2, 3, 4), (2, 5, 7, 8), (6, 6, 6, 6)])
CHAIN = modular_chain(4, modulus=7)
seeds = st.integers(0, 2**32 - 1)


def sampled(mdp, seed, n=12):
    rng = np.random.default_rng(seed)
    policy = state_softmax(mdp.action_ptr, 0.5 * rng.standard_normal(mdp.n_edges))
    return policy, respond(mdp, policy, n, rng)


@given(seeds)
@settings(max_examples=30)
def test_signals_are_outcomes_less_baselines(seed):
    _, found = sampled(CHAIN, seed)
    by_question = {}
    for s, r in zip(found.states[:, 0], found.outcome, strict=True):
        by_question.setdefault(s, []).append(r)
    greedy = np.full(found.outcome.size, 0.25)
    expected = {baseline: [] for baseline in Baseline}
    for s, r in zip(found.states[:, 0], found.outcome, strict=True):
        group = by_question[s]
        mean = math.fsum(group) / len(group)
        spread = math.sqrt(math.fsum((x - mean) ** 2 for x in group) / len(group))
        expected[Baseline.REINFORCE].append(r)
        expected[Baseline.RLOO].append(r - (math.fsum(group) - r) / (len(group) - 1))
        expected[Baseline.GRPO].append((r - mean) / spread if spread > 0 else 0.0)
        expected[Baseline.REMAX].append(r - 0.25)
    for baseline, values in expected.items():
        signals = response_signals(found, baseline, greedy)
        np.testing.assert_allclose(signals, values, atol=1e-12)


@given(seeds, st.sampled_from(Baseline))
@settings(max_examples=30)
def test_the_actor_is_fitted_to_mean_signals(seed, baseline):
    reference, found = sampled(PUZZLES, seed)
    signals = response_signals(found, baseline, np.zeros(found.outcome.size))
    A, nu, kept = response_level_signal(PUZZLES, reference, found, signals, anchor=0.05)
    taken = {}
    for row, x in zip(found.edges, signals, strict=True):
        for e in row[row >= 0]:
            taken.setdefault(int(e), []).append(x)
    for s in range(PUZZLES.n_states):
        edges = range(PUZZLES.action_ptr[s], PUZZLES.action_ptr[s + 1])
        seen = [e for e in edges if e in taken]
        assert kept[s] == bool(seen)
        if not seen:
            assert not nu[edges].any() and not A[edges].any()
            continue
        means = np.array([np.mean(taken[e]) for e in seen])
        counts = np.array([len(taken[e]) for e in seen])
        weights = reference[seen] / reference[seen].sum()
        np.testing.assert_allclose(A[seen], means - weights @ means, atol=1e-12)
        np.testing.assert_allclose(nu[seen], counts / counts.sum())
        assert all(nu[e] == 0.05 and A[e] == 0 for e in edges if e not in taken)
    policy = minimizer(PUZZLES, reference, 0.1, A, nu)
    sums = state_sums(PUZZLES.action_ptr, policy)[np.diff(PUZZLES.action_ptr) > 0]
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)


def test_right_responses_raise_the_success_rate():
    uniform = PUZZLES.uniform_policy()
    found = respond(PUZZLES, uniform, 400, np.random.default_rng(0))
    before = PUZZLES.value(uniform)[: PUZZLES.n_roots].mean()
    A, nu, _ = response_level_signal(
        PUZZLES, uniform, found, response_signals(found, Baseline.RLOO), anchor=0.01
    )
    policies = {
        "RLOO": minimizer(PUZZLES, uniform, 0.02, A, nu),
        "RFT": rft(PUZZLES, uniform, found, 0.1),
        "AWR": awr(PUZZLES, uniform, found, PUZZLES.value(uniform), 0.1, 10.0),
    }
    for name, policy in policies.items():
        assert PUZZLES.value(policy)[: PUZZLES.n_roots].mean() > 2 * before, name


@given(seeds)
@settings(max_examples=20)
def test_rejection_sampling_counts_what_right_responses_did(seed):
    rng = np.random.default_rng(seed)
    mdp = with_rewards(PUZZLES, rng.choice([0.0, 0.4, 0.5, 0.6, 1.0], PUZZLES.n_states))
    reference, found = sampled(mdp, seed, n=60)
    counts = np.zeros(PUZZLES.n_edges)
    for row, outcome in zip(found.edges, found.outcome, strict=True):
        for e in row[row >= 0]:
            counts[e] += outcome >= 0.5
    expected = counts + 0.5 * reference
    expected /= state_sums(PUZZLES.action_ptr, expected)[PUZZLES.source]
    np.testing.assert_allclose(rft(mdp, reference, found, 0.5), expected, rtol=1e-12)


@given(seeds, st.sampled_from([0.02, 0.3, 2.0]), st.sampled_from([0.1, 5.0]))
@settings(max_examples=30)
def test_advantage_weighted_regression_counts_by_weights(seed, beta, prior):
    mdp = with_rewards(PUZZLES, np.random.default_rng(seed).random(PUZZLES.n_states))
    reference, found = sampled(mdp, seed, n=60)
    values = np.random.default_rng(seed + 1).random(PUZZLES.n_states)
    weights = prior * reference
    for row, states, R in zip(found.edges, found.states, found.outcome, strict=True):
        for s, e in zip(states, row, strict=False):
            if e >= 0:
                weights[e] += math.exp((R - values[s]) / beta)  # at most e^50
    expected = weights / state_sums(PUZZLES.action_ptr, weights)[PUZZLES.source]
    policy = awr(mdp, reference, found, values, beta, prior)
    np.testing.assert_allclose(policy, expected, rtol=1e-10)
    unseen = np.bincount(found.states[found.states >= 0], minlength=PUZZLES.n_states) == 0
    np.testing.assert_array_equal(policy[unseen[PUZZLES.source]], reference[unseen[PUZZLES.source]])


@given(seeds)
@settings(max_examples=20)
def test_rejection_sampling_is_the_limit_of_advantage_weighted_regression(seed):
    """With V = 1 right responses count 1 and wrong ones exp(-1 / beta)."""
    reference, found = sampled(PUZZLES, seed, n=60)
    ones = np.ones(PUZZLES.n_states)
    limit = rft(PUZZLES, reference, found, 0.5)
    gaps = [
        np.abs(awr(PUZZLES, reference, found, ones, beta, 0.5) - limit).max()
        for beta in (0.2, 0.1, 1e-3)
    ]
    assert gaps[0] > 10 * gaps[1] > 0.0
    assert gaps[2] == 0.0


@pytest.mark.parametrize("beta", [1e-3, 1e-300, 5e-324])
def test_advantage_weighted_regression_at_the_smallest_beta(beta):
    """Only responses of the largest gain in a state are left there, or else the prior."""
    reference, found = sampled(PUZZLES, 3, n=60)
    best = np.zeros(PUZZLES.n_states)
    values = np.full(PUZZLES.n_states, 0.4)
    for row, R in zip(found.states, found.outcome, strict=True):
        best[row[row >= 0]] = np.maximum(best[row[row >= 0]], R)
    assert 0 < best.sum() < PUZZLES.n_states
    policy = awr(PUZZLES, reference, found, values, beta)
    right = np.bincount(found.edges[found.outcome == 1].ravel() + 1, minlength=PUZZLES.n_edges + 1)[
        1:
    ]
    counts = state_sums(PUZZLES.action_ptr, right.astype(float))[PUZZLES.source]
    expected = np.where(best[PUZZLES.source] == 1, right / np.maximum(counts, 1), reference)
    np.testing.assert_allclose(policy, expected, rtol=1e-12, atol=1e-200)


def test_luck_in_later_steps_counts_as_merit_in_advantage_weighted_regression():
    """The limit in the docstring, from all responses as often as the reference takes them: two
    first steps of equal value, only one of which leaves the outcome to chance."""
    ptr, successor = [0, 2, 4, 5, 5, 5, 5], [1, 2, 3, 4, 5]
    mdp = EpisodicMDP([0, 1, 3, 6], ptr, successor, [0, 0, 0, 0.0, 1.0, 0.5])
    uniform, beta = mdp.uniform_policy(), 0.25
    edges = np.array([[0, 2], [0, 3], [1, 4], [1, 4]])
    states = np.column_stack([np.zeros(4, int), mdp.successor[edges]])
    found = Trajectories(edges, states, mdp.terminal_reward[states[:, 2]])
    policy = awr(mdp, uniform, found, mdp.value(uniform), beta, prior=1e-12)
    mean = np.array([math.cosh(0.5 / beta), 1.0])
    np.testing.assert_allclose(policy[:2], mean / mean.sum(), rtol=1e-10)
    natural = natural_step(mdp, uniform, beta)
    np.testing.assert_allclose(natural[:2], 0.5, rtol=1e-12)
    np.testing.assert_allclose(policy[2:], natural[2:], rtol=1e-10)


def test_greedy_edges():
    policy = CHAIN.uniform_policy()
    policy[CHAIN.action_ptr[2] : CHAIN.action_ptr[3]] = [0.1, 0.4, 0.4, 0.1]
    edges = greedy_edges(CHAIN, policy)
    assert edges[2] == CHAIN.action_ptr[2] + 1
    assert edges[3] == CHAIN.action_ptr[3]
    assert (edges[CHAIN.level_offsets[-2] :] == -1).all()


ONE = respond(CHAIN, CHAIN.uniform_policy(), 1, np.random.default_rng(0))
NONE = Trajectories(*(field[:0] for field in ONE))


def level_signal(signals=(1.0,), anchor=0.1):
    return response_level_signal(CHAIN, CHAIN.uniform_policy(), ONE, signals, anchor)


ZEROS = np.zeros(CHAIN.n_states)


def advantage_weighted(reference=None, values=ZEROS, beta=1.0, prior=1.0):
    reference = CHAIN.uniform_policy() if reference is None else reference
    return awr(CHAIN, reference, ONE, values, beta, prior)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: response_signals(ONE, Baseline.RLOO), "state 0 has one response; expected at"),
        (lambda: response_signals(ONE, Baseline.REMAX), "greedy is None; expected the outcomes"),
        (
            lambda: response_signals(ONE, Baseline.REMAX, [0.5, 0.5]),
            r"greedy has shape \(2,\); expected \(1,\), one per response",
        ),
        (lambda: response_signals(ONE, Baseline.REMAX, [math.nan]), r"greedy\[0\] is nan"),
        (lambda: response_signals(NONE, Baseline.GRPO), "trajectories is empty; expected at least"),
        (lambda: level_signal(anchor=0), "anchor is 0; expected a finite number > 0"),
        (lambda: level_signal(anchor=math.nan), "anchor is nan; expected a finite number > 0"),
        (lambda: level_signal(anchor=None), "anchor is None; expected a finite number > 0"),
        (lambda: level_signal(signals=[math.inf]), r"signals\[0\] is inf; expected a finite"),
        (lambda: level_signal(signals=[1.0, 2.0]), r"signals has shape \(2,\); expected \(1,\)"),
        (lambda: response_signals(ONE, "rloo"), "baseline is 'rloo'; expected a member of Base"),
        (lambda: rft(CHAIN, CHAIN.uniform_policy(), ONE, 0.0), "prior is 0.0; expected"),
        (lambda: advantage_weighted(prior=-1), "prior is -1; expected a finite number > 0"),
        (lambda: advantage_weighted(beta=0.0), "beta is 0.0; expected a finite number > 0"),
        (lambda: advantage_weighted(beta=math.nan), "beta is nan; expected"),
        (lambda: advantage_weighted(values=ZEROS[1:]), r"values has shape \(\d+,\); expected \(\d"),
        (
            lambda: advantage_weighted(values=ZEROS + math.nan),
            r"values\[0\] is nan; expected a fin",
        ),
        (lambda: advantage_weighted(reference=ZEROS), "reference has shape"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
