"""Baselines on enumerable problems: signals, likelihoods and pair losses against slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular_pg.baselines import (
    Baseline,
    greedy_edges,
    outcome_dpo,
    outcome_pairs,
    response_level_signal,
    response_signals,
    rft,
)
from tabular_pg.dapo import minimizer, respond
from tabular_pg.episodic import Trajectories
from tabular_pg.episodic.segments import state_softmax, state_sums
from tabular_pg.tasks import countdown, modular_chain

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
        "DPO": outcome_dpo(PUZZLES, uniform, found, 0.1, ridge=1e-4),
    }
    for name, policy in policies.items():
        assert PUZZLES.value(policy)[: PUZZLES.n_roots].mean() > 2 * before, name


@given(seeds)
@settings(max_examples=20)
def test_rejection_sampling_counts_what_right_responses_did(seed):
    reference, found = sampled(PUZZLES, seed, n=60)
    counts = np.zeros(PUZZLES.n_edges)
    for row, outcome in zip(found.edges, found.outcome, strict=True):
        for e in row[row >= 0]:
            counts[e] += outcome
    expected = counts + 0.5 * reference
    expected /= state_sums(PUZZLES.action_ptr, expected)[PUZZLES.source]
    np.testing.assert_allclose(rft(PUZZLES, reference, found, 0.5), expected, rtol=1e-12)


def pair_loss(mdp, logits, reference, found, pairs, beta, ridge):
    """The loss of DPO as it is written."""
    policy = state_softmax(mdp.action_ptr, logits)
    losses = []
    for pair in pairs:
        u = [
            sum(math.log(policy[e] / reference[e]) for e in found.edges[i] if e >= 0) for i in pair
        ]
        losses.append(math.log1p(math.exp(-beta * (u[0] - u[1]))))
    return math.fsum(losses) / len(losses) + 0.5 * ridge * ((logits - np.log(reference)) ** 2).sum()


def test_dpo_minimizes_its_loss():
    uniform = CHAIN.uniform_policy()
    found = respond(CHAIN, uniform, 30, np.random.default_rng(3))
    pairs = outcome_pairs(found)
    assert len(pairs) >= 2
    assert (found.outcome[pairs] == [1.0, 0.0]).all()
    assert np.unique(pairs).size == pairs.size
    assert (found.states[pairs[:, 0], 0] == found.states[pairs[:, 1], 0]).all()
    policy = outcome_dpo(CHAIN, uniform, found, 1.0, ridge=0.01)
    best = np.log(policy)  # logits up to a constant per state, which the ridge fixes
    shift = state_sums(CHAIN.action_ptr, np.log(uniform) - best) / np.maximum(
        np.diff(CHAIN.action_ptr), 1
    )
    best = best + shift[CHAIN.source]
    least = pair_loss(CHAIN, best, uniform, found, pairs, 1.0, 0.01)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 0.1):
        other = best + size * rng.standard_normal(best.size)
        assert pair_loss(CHAIN, other, uniform, found, pairs, 1.0, 0.01) > least
    nothing = found._replace(outcome=np.zeros(found.outcome.size))
    np.testing.assert_array_equal(outcome_dpo(CHAIN, uniform, nothing, 1.0), uniform)


def test_greedy_edges():
    policy = CHAIN.uniform_policy()
    policy[CHAIN.action_ptr[2] : CHAIN.action_ptr[3]] = [0.1, 0.4, 0.4, 0.1]
    edges = greedy_edges(CHAIN, policy)
    assert edges[2] == CHAIN.action_ptr[2] + 1
    assert edges[3] == CHAIN.action_ptr[3]
    assert (edges[CHAIN.level_offsets[-2] :] == -1).all()


ONE = Trajectories(np.array([[0]]), np.array([[0, 1]]), np.array([1.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: response_signals(ONE, Baseline.RLOO), "state 0 has one response; expected at"),
        (lambda: response_signals(ONE, Baseline.REMAX), "greedy is None; expected the outcomes"),
        (lambda: response_signals(ONE, "rloo"), "baseline is 'rloo'; expected a member of Base"),
        (lambda: rft(CHAIN, CHAIN.uniform_policy(), ONE, 0.0), "prior is 0.0; expected"),
        (lambda: outcome_dpo(CHAIN, CHAIN.uniform_policy(), ONE, -1.0), "beta is -1.0; expected"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
