"""DAPO's minimizer and natural policy gradient: equal to second order, and with a free offset."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import minimize

from support.problems import betas, problems, seeds
from tabular_pg.reasoning.dapo import loss, minimizer, natural_step
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.episodic.segments import state_softmax
from tabular_pg.reasoning.puzzles import sequential_sat


def test_natural_policy_gradient_agrees_to_second_order_only():
    """The log-ratios of both steps differ by O(beta^-3)."""
    mdp = sequential_sat(6, 20)
    uniform = mdp.uniform_policy()
    sizes = np.array([2.0, 4.0, 8.0, 16.0, 32.0])
    gaps = [
        np.abs(np.log(minimizer(mdp, uniform, b) / natural_step(mdp, uniform, b))).max()
        for b in sizes
    ]
    slope = np.log2(np.divide(gaps[:-1], gaps[1:]))
    assert (slope > 2.8).all() and (slope < 3.2).all()


@settings(max_examples=50)
@given(problems(), betas)
def test_a_free_offset_per_state_gives_natural_policy_gradient(problem, beta):
    mdp, reference, _ = problem
    A, policy = mdp.advantage(reference), natural_step(mdp, reference, beta)
    seen = policy > 1e-300
    offset = (A / beta - np.log(np.where(seen, policy / reference, 1.0)))[seen]
    for s in np.unique(mdp.source):
        at = offset[mdp.source[seen] == s]
        assert np.ptp(at) <= 1e-9 * (1 + np.abs(at).max())


def written_regression(policy, reference, advantage, beta, source, offset):
    """(12) with weights of the reference by loops, each state with its best offset or none."""
    total = 0.0
    for s in np.unique(source):
        at = source == s
        rest = (advantage[at] / beta) - np.log(policy[at] / reference[at])
        c = np.average(rest, weights=reference[at]) if offset else 0.0
        total += 0.5 * reference[at] @ (rest - c) ** 2
    return total


@given(seeds)
@settings(max_examples=10)
def test_only_a_free_offset_per_state_makes_regression_natural_policy_gradient(seed):
    """min over pi and c(s) of (12) is ref exp(A / beta) / Z, also for A + c(s); without it the
    minimizer is DAPO's, and another one for A + c(s)."""
    mdp = EpisodicMDP([0, 2, 6], [0, 3, 6, *4 * [6]], [2, 3, 4, 3, 4, 5], [0, 0, 1.0, 0.2, 0, 0.6])
    rng = np.random.default_rng(seed)
    reference = state_softmax(mdp.action_ptr, rng.standard_normal(6))
    A, shift = mdp.advantage(reference), rng.uniform(0.1, 0.5, mdp.n_states)[mdp.source]

    def fitted(advantage, offset):
        def objective(x):
            policy = state_softmax(mdp.action_ptr, x)
            return written_regression(policy, reference, advantage, 0.5, mdp.source, offset)

        found = minimize(objective, np.log(reference), method="BFGS", options={"gtol": 1e-9})
        return state_softmax(mdp.action_ptr, found.x), found.fun

    natural = natural_step(mdp, reference, 0.5)
    np.testing.assert_allclose(natural_step(mdp, reference, 0.5, A + shift), natural, rtol=1e-12)
    for advantage in (A, A + shift):
        policy, least = fitted(advantage, offset=True)
        np.testing.assert_allclose(policy, natural, atol=1e-5)
        assert least < 1e-10
    plain, least = fitted(A, offset=False)
    np.testing.assert_allclose(plain, minimizer(mdp, reference, 0.5), atol=1e-5)
    np.testing.assert_allclose(least, loss(mdp, plain, reference, 0.5), rtol=1e-9)
    assert np.abs(fitted(A + shift, offset=False)[0] - plain).max() > 1e-4


UNIFORM = sequential_sat(3, 5).uniform_policy()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": 0}, "beta is 0; expected a finite number > 0"),
        ({"beta": "a"}, "beta is 'a'; expected a finite number > 0"),
        ({"beta": np.nan}, "beta is nan"),
        ({"beta": 1e-300}, r"beta is 1e-300; expected at least .*, because advantage\[\d+\] is"),
        ({"reference": UNIFORM[1:]}, "reference has shape"),
        (
            {"advantage": UNIFORM[1:]},
            r"advantage has shape \(13,\); expected \(14,\), one per edge",
        ),
        ({"advantage": UNIFORM * np.nan}, r"advantage\[0\] is nan"),
        (
            {"advantage": 1e201 * UNIFORM},
            r"beta is 1.0; expected at least 5, because advantage\[0\]",
        ),
    ],
    ids=str,
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        natural_step(sequential_sat(3, 5), **{"reference": UNIFORM, "beta": 1, **arguments})


def test_the_smallest_beta_takes_the_best_actions():
    mdp = sequential_sat(3, 5)
    policy = natural_step(mdp, UNIFORM, 1e-199)
    best = mdp.advantage(UNIFORM) >= 0
    assert (policy[~best] == 0).all() and (policy[best] > 0).all()
