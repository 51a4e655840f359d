"""The actor of DAPO: the exact minimizer, its identities and theorems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import wrightomega

from support.problems import betas, problems
from tabular_pg import check
from tabular_pg.reasoning.dapo import (
    DAPO,
    improvement,
    iterate,
    loss,
    loss_gradient,
    minimizer,
    natural_step,
    step,
    trained,
)
from tabular_pg.reasoning.dapo.actor import wright_omega
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.episodic.evaluation import backup
from tabular_pg.reasoning.episodic.segments import state_softmax, state_sums
from tabular_pg.reasoning.puzzles import countdown, game_of_24, modular_chain, sequential_sat
from tabular_pg.theorem import theorems_about

HARD = countdown((2, 5, 7, 8))
PROBLEMS = {
    "countdown": HARD,
    "tree": countdown((1, 3, 4, 6), merge=False),
    "chain": modular_chain(5, modulus=23),
    "3-SAT": sequential_sat(6, 20),
}


def conditions(mdp, policy, multiplier, reference, beta, advantage, nu):
    """How far the policy is from the minimizer: largest residual of D1, relative to its terms."""
    regression = nu * (advantage / beta - np.log(policy / reference))
    pull = multiplier[mdp.source] * policy
    size = nu * (1 + np.abs(advantage / beta) + np.abs(np.log(policy / reference)))
    return np.abs((regression - pull) / size).max()


@settings(max_examples=300)
@given(problems(), betas, st.booleans())
def test_minimizer_satisfies_its_conditions(problem, beta, weighted):
    mdp, reference, rng = problem
    nu = rng.random(mdp.n_edges) + 1e-3 if weighted else reference
    found = step(mdp, reference, beta, nu=nu)
    sums = state_sums(mdp.action_ptr, found.policy)[np.diff(mdp.action_ptr) > 0]
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    assert (found.multiplier >= 0).all()
    advantage = mdp.advantage(reference)
    if (found.policy > 1e-300).all():
        rest = conditions(mdp, *found, reference, beta, advantage, nu)
        assert rest < 1e-12 + 1e-16 / np.maximum(nu, 1e-300).min()


@settings(max_examples=25)
@given(problems(), st.sampled_from([0.1, 0.5, 2.0]), st.integers(0, 2**32 - 1))
def test_minimizer_agrees_with_generic_optimization(problem, beta, seed):
    """From random logits as well as from the reference: there is one stationary point."""
    mdp, reference, rng = problem
    reference = 0.9 * reference + 0.1 * mdp.uniform_policy()
    start = np.random.default_rng(seed).standard_normal(mdp.n_edges)

    def objective(logits):
        policy = state_softmax(mdp.action_ptr, logits)
        return loss(mdp, policy, reference, beta), loss_gradient(mdp, policy, reference, beta)

    generic = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-11})
    policy = minimizer(mdp, reference, beta)
    np.testing.assert_allclose(state_softmax(mdp.action_ptr, generic.x), policy, atol=1e-7)
    np.testing.assert_allclose(trained(mdp, reference, beta), policy, atol=1e-7)
    assert loss(mdp, policy, reference, beta) <= generic.fun + 1e-14


@pytest.mark.parametrize("name", PROBLEMS)
def test_trained_logits_reach_the_exact_minimizer(name):
    mdp = PROBLEMS[name]
    uniform = mdp.uniform_policy()
    np.testing.assert_allclose(trained(mdp, uniform, 0.1), minimizer(mdp, uniform, 0.1), atol=1e-9)


@settings(max_examples=20)
@given(problems(), st.sampled_from([0.1, 1.0]))
def test_gradient_of_the_loss(problem, beta):
    mdp, reference, rng = problem
    logits = rng.standard_normal(mdp.n_edges)
    states = rng.random(mdp.n_states)

    def objective(logits):
        policy = state_softmax(mdp.action_ptr, logits)
        return loss(mdp, policy, reference, beta, states=states)

    policy = state_softmax(mdp.action_ptr, logits)
    found = loss_gradient(mdp, policy, reference, beta, states=states)
    expected = approx_fprime(logits, objective, 1e-7)
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()))


@settings(max_examples=300)
@given(problems(), betas)
def test_theorems_hold_on_random_problems(problem, beta):
    mdp, reference, _ = problem
    run = iterate(mdp, reference, beta, 1)
    verdicts = check(run)
    assert len(verdicts) == len(theorems_about(DAPO(1.0))) == 9
    for verdict in verdicts:
        assert verdict.holds or run.obstacle, str(verdict)


@pytest.mark.parametrize("name", PROBLEMS)
def test_theorems_hold_along_iterates(name):
    mdp = PROBLEMS[name]
    run = iterate(mdp, mdp.uniform_policy(), 0.1, 4)
    assert all(verdict.holds for verdict in check(run))
    assert (np.diff(run.success) >= 0).all()


@pytest.fixture(scope="module")
def all_puzzles():
    mdp = game_of_24()
    return mdp, iterate(mdp, mdp.uniform_policy(), 0.02, 3)


def test_all_puzzles(all_puzzles):
    """Every theorem, on 97,833 states, and the success rate that the exact iterates reach."""
    _, run = all_puzzles
    assert all(verdict.holds for verdict in check(run))
    np.testing.assert_allclose(run.success[:3], [0.0063, 0.327, 0.989], atol=5e-4)
    assert run.success[3] > 0.9999


def test_identities_on_all_puzzles_to_twelve_digits(all_puzzles):
    mdp, run = all_puzzles
    squares = state_sums(mdp.action_ptr, run.policies[1] ** 2 / run.policies[0])
    identity = 0.02 * run.multipliers[0] * squares
    np.testing.assert_allclose(run.improvements[0], identity, atol=1e-12)
    gained = run.regularized_values[0] - run.values[0]
    each = [(run.improvements[0] * mdp.visitation(run.policies[1], s)).sum() for s in (0, 7, 1361)]
    np.testing.assert_allclose(gained[[0, 7, 1361]], each, atol=1e-12)


def test_performance_difference_in_every_state_of_all_puzzles(all_puzzles):
    """V_beta^{k+1} - V^k is what the single steps gain from there on, by one backup."""
    mdp, run = all_puzzles
    for k, gains in enumerate(run.improvements):
        expected = backup(mdp.action_ptr, mdp.successor, gains, run.policies[k + 1])
        gained = run.regularized_values[k] - run.values[k]
        np.testing.assert_allclose(gained, expected, rtol=0, atol=1e-12)
        assert (np.abs(gained)[: mdp.n_roots] > 1e-9).all() or k > 0


SPOILED = {
    "natural steps": lambda run: replace(
        run, policies=np.stack([run.policies[0], natural_step(run.mdp, run.policies[0], 0.1)])
    ),
    "wrong multipliers": lambda run: replace(run, multipliers=1.01 * run.multipliers),
    "backwards": lambda run: replace(run, policies=run.policies[::-1]),
}


@pytest.mark.parametrize("id", ["D1", "D2", "D3", "D3c", "D3a"])
def test_spoiled_runs_violate(id):
    run = iterate(HARD, HARD.uniform_policy(), 0.1, 1)
    spoiled = [check(spoil(run)) for spoil in SPOILED.values()]
    assert any(v.holds is False for verdicts in spoiled for v in verdicts if v.theorem.id == id)


@pytest.mark.parametrize("id", ["D3p", "D3b", "D5", "D7"])
def test_statements_about_every_policy_notice_numbers_that_do_not_fit(id):
    run = iterate(HARD, HARD.uniform_policy(), 0.1, 1)
    other = replace(run)
    other.__dict__["values"] = 1.01 * run.values
    other.__dict__["visits"] = run.visits * (1 + 1e-3 * (np.arange(HARD.n_states) % 2))
    other.__dict__["regularized_values"] = run.regularized_values + 0.5
    if id == "D5":
        wrong = EpisodicMDP(
            HARD.level_offsets, HARD.action_ptr, HARD.successor, 0.5 * HARD.terminal_reward
        )
        other = replace(run)
        other.__dict__["visits"] = run.visits
        wrong_slopes = wrong.advantage(run.policies[0])
        assert np.abs(wrong_slopes - HARD.advantage(run.policies[0])).max() > 0.1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "tabular_pg.reasoning.dapo.theorems.loss_gradient", lambda *_, **__: wrong_slopes
            )
            assert next(v for v in check(other) if v.theorem.id == id).holds is False
        return
    assert next(v for v in check(other) if v.theorem.id == id).holds is False


def test_extreme_regularization():
    policy = minimizer(HARD, HARD.uniform_policy(), 1e-8)
    assert np.isfinite(policy).all()
    assert HARD.value(policy)[0] > 0.999
    advantage = HARD.advantage(HARD.uniform_policy())
    for beta in (1e-100, 1e-154, 1e-199):
        policy, multiplier = step(HARD, HARD.uniform_policy(), beta)
        assert np.isfinite(policy).all() and np.isfinite(multiplier).all()
        assert policy[advantage < 0].max() == 0
        np.testing.assert_allclose(HARD.value(policy)[0], 1, rtol=1e-12)
    nearly = minimizer(HARD, HARD.uniform_policy(), 1e9)
    np.testing.assert_allclose(nearly, HARD.uniform_policy(), rtol=1e-9)


def test_states_without_weights_keep_the_reference():
    uniform = HARD.uniform_policy()
    nu = np.where(HARD.source == 0, 0.0, uniform)
    policy = minimizer(HARD, uniform, 0.1, nu=nu)
    root = HARD.source == 0
    np.testing.assert_array_equal(policy[root], uniform[root])
    assert np.abs(policy - uniform)[~root].max() > 0.01


def test_wright_omega():
    x = np.concatenate([np.linspace(-700, 60, 4001), np.geomspace(60, 1e200, 999)])
    found = np.array([wright_omega(v) for v in x])
    np.testing.assert_allclose(found, wrightomega(x), rtol=2e-14)


U = HARD.uniform_policy()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": 0}, r"beta is 0; expected a finite number > 0"),
        ({"beta": float("nan")}, "beta is nan"),
        (
            {"beta": 1e-300},
            r"beta is 1e-300; expected at least .*e-20\d, because advantage\[\d+\] is",
        ),
        ({"beta": 5e-324}, r"beta is 5e-324; expected at least"),
        ({"advantage": 1e250 * HARD.advantage(U)}, r"beta is 0.1; expected at least .*e\+"),
        ({"reference": U[:-1]}, "reference has shape"),
        ({"reference": np.zeros(U.size)}, "reference sums to 0.0 in state 0"),
        ({"advantage": np.ones(U.size)}, "advantage has mean 1 under the reference in state 0"),
        ({"advantage": np.full(U.size, np.nan)}, r"advantage\[0\] is nan"),
        (
            {"nu": np.where(np.arange(U.size) == 3, 0.0, U)},
            r"nu\[3\] is 0.0; expected a weight > 0",
        ),
        ({"nu": -U}, r"nu\[0\] is -"),
        ({"nu": U[:5]}, "nu has shape"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        minimizer(HARD, **{"reference": U, "beta": 0.1, **arguments})


def test_a_reference_with_zeros_is_refused():
    zero = U.copy()
    zero[HARD.action_ptr[0] : HARD.action_ptr[1]] = np.eye(HARD.action_ptr[1])[1]
    with pytest.raises(ValueError, match=r"reference\[0\] is 0; expected a probability > 0"):
        minimizer(HARD, zero, 0.1)
    assert improvement(HARD, zero, U, 0.1).shape == (HARD.n_states,)


@pytest.mark.parametrize("beta", [0, -1, float("nan"), "a", True, None])
def test_rules_and_runs_refuse_what_is_no_beta(beta):
    with pytest.raises(ValueError, match=f"beta is {beta!r}; expected a finite number > 0"):
        DAPO(beta)
    with pytest.raises(ValueError, match=f"beta is {beta!r}; expected a finite number > 0"):
        iterate(HARD, U, beta, 0)


@pytest.mark.parametrize("iterations", [0, 2.5, None])
def test_training_refuses_what_is_no_number_of_iterations(iterations):
    with pytest.raises(ValueError, match=f"iterations is {iterations}; expected an integer >= 1"):
        trained(HARD, U, 0.1, iterations=iterations)


@pytest.mark.parametrize("function", [loss, loss_gradient])
def test_losses_refuse_too_small_a_beta(function):
    with pytest.raises(ValueError, match="beta is 1e-300; expected at least"):
        function(HARD, U, U, 1e-300)
