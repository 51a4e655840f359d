"""DAPO's fixed points, its multipliers where nothing is to gain, and the horizon law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.problems import betas, paths, problems, random_policy, with_rewards
from tabular_pg.reasoning.dapo import iterate, step
from tabular_pg.reasoning.episodic.segments import state_maxima, state_sums
from tabular_pg.reasoning.puzzles import modular_chain


def flat_in_some_states(problem, beta, size):
    """Advantages of a size times beta, in about half of the states 0 throughout."""
    mdp, reference, rng = problem
    A = rng.choice([-1.0, 1.0], mdp.n_edges) * rng.uniform(0.5, 1, mdp.n_edges)
    A -= state_sums(mdp.action_ptr, reference * A)[mdp.source]
    flat = (rng.random(mdp.n_states) < 0.5) | (np.diff(mdp.action_ptr) < 2)
    return np.where(flat[mdp.source], 0.0, size * beta * A), flat


@settings(max_examples=100)
@given(problems(), betas, st.sampled_from([1e-6, 0.1, 10.0]), st.booleans())
def test_a_state_is_a_fixed_point_if_and_only_if_its_advantages_are_0(
    problem, beta, size, weighted
):
    mdp, reference, rng = problem
    A, flat = flat_in_some_states(problem, beta, size)
    nu = rng.random(mdp.n_edges) + 1e-3 if weighted else None
    moved = np.abs(step(mdp, reference, beta, A, nu).policy / reference - 1)
    largest = state_maxima(mdp.action_ptr, moved)
    peak = state_maxima(mdp.action_ptr, np.abs(A / beta))
    assert (largest[flat] <= 1e-15).all()
    assert (largest[~flat] > 0.1 * np.minimum(1, peak[~flat])).all()


@settings(max_examples=100)
@given(problems(), betas, st.sampled_from([1e-6, 0.1, 10.0]), st.booleans())
def test_multipliers_are_0_if_and_only_if_the_advantages_are_constant(
    problem, beta, size, weighted
):
    """As far as rounding lets: sum_a ref e^{A / beta}, which is 1 or more, must be seen to be."""
    mdp, reference, rng = problem
    A, flat = flat_in_some_states(problem, beta, size)
    nu = rng.random(mdp.n_edges) + 1e-3 if weighted else None
    multiplier = step(mdp, reference, beta, A, nu).multiplier
    assert (multiplier[flat] == 0).all()
    excess = state_sums(mdp.action_ptr, reference * np.expm1(A / beta))
    assert (multiplier[excess > 2e-14] > 0).all()
    sought = state_sums(mdp.action_ptr, reference * (A / beta) ** 2) > 1e-13
    assert (multiplier[sought] > 0).all() and not sought[flat].any()


@settings(max_examples=30)
@given(problems(), betas)
def test_iterates_stay_where_all_ends_are_equal(problem, beta):
    mdp, reference, _ = problem
    run = iterate(with_rewards(mdp, 0.75), reference, beta, 2)
    np.testing.assert_allclose(run.policies[2], reference, rtol=1e-12)
    assert (run.multipliers <= 1e-14 / beta).all()
    assert (iterate(with_rewards(mdp, 0.0), reference, beta, 2).multipliers == 0).all()


def gradients(mdp, policy):
    """Of every path from the root: its probability and two sampled gradients in the logits, with
    the reward less its mean as the signal of all steps and with their exact advantages."""
    A, V = mdp.advantage(policy), mdp.value(policy)
    for p, states, edges in paths(mdp, policy, 0):
        both = np.zeros((2, mdp.n_edges))
        for s, e in zip(states, edges, strict=False):
            score = np.where(mdp.source == s, -policy, 0.0)
            score[e] += 1
            both += np.outer([mdp.terminal_reward[states[-1]] - V[0], A[e]], score)
        yield p, both


@pytest.mark.parametrize("horizon", [2, 3, 5])
def test_the_horizon_law(horizon):
    """With constant branching and a uniform policy the second moment of the response-level gradient
    is H times that of the step-level one, which has the same mean."""
    mdp = modular_chain(horizon, modulus=11)
    for policy, holds in ((mdp.uniform_policy(), True), (random_policy(mdp, 0), False)):
        p, both = (np.array(x) for x in zip(*gradients(mdp, policy), strict=True))
        np.testing.assert_allclose(p.sum(), 1, rtol=1e-13)
        response_level, step_level = p @ (both**2).sum(axis=2)
        mean = np.tensordot(p, both, 1)
        exact = mdp.visitation(policy)[mdp.source] * policy * mdp.advantage(policy)
        np.testing.assert_allclose(mean, [exact, exact], atol=1e-15)
        assert np.isclose(response_level / step_level, horizon, rtol=1e-11) == holds
