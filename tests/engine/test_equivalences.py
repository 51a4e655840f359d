"""Methods that are the same in different clothes, and problems that are."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.grid import MILD_RULES
from support.strategies import mdps, seeds
from tabular_pg import (
    MDP,
    SPMA,
    TDPMD,
    BlandPolicyIteration,
    DualAveragedSPI,
    HadamardPG,
    LargestIncreasePolicyIteration,
    NaturalPG,
    NormalizedAcceleratedPG,
    NormalizedPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SimplexPolicyIteration,
    SoftmaxPG,
    SoftPolicyIteration,
    instances,
    optimize,
    steps,
)
from tabular_pg.engine.rules import checked_rule, method_of

GARNETS = [instances.garnet(5, 3, 2, gamma, seed) for gamma in (0.3, 0.9) for seed in range(3)]
every_rule = pytest.mark.parametrize(("rule", "tau"), MILD_RULES, ids=str)


def without(*kinds):
    """Every rule but those of these types, to which the order of states matters."""
    kept = [(rule, tau) for rule, tau in MILD_RULES if type(rule) not in kinds]
    return pytest.mark.parametrize(("rule", "tau"), kept, ids=str)


def scaled(rule, factor):
    """The rule with its step size times a factor."""
    return rule._replace(eta=rule.eta * factor) if "eta" in rule._fields else rule


def doubled(rule):
    """The rule for two copies of every state, each with half the visits: twice the step, if that is
    weighted by visits; the norm of the gradient is less by the square root of 2."""
    if type(rule) in (NormalizedAcceleratedPG, NormalizedPG):
        return scaled(rule, np.sqrt(2))
    return scaled(rule, 2.0) if method_of(checked_rule(rule)).visitation else rule


def in_units(rule, unit):
    """The rule for rewards that are multiplied by ``unit``."""
    if type(rule) in (NormalizedAcceleratedPG, NormalizedPG):
        return rule
    in_rewards = {"barrier", "best", "temperature", "tau_0"} & set(rule._fields)
    rule = rule._replace(**{name: getattr(rule, name) * unit for name in in_rewards})
    return scaled(rule, 1 / unit)


def random_start(mdp, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(mdp.n_actions), mdp.n_states)


# Methods


@pytest.mark.parametrize("mdp", GARNETS, ids=repr)
def test_projected_methods_with_large_steps_are_policy_iteration(mdp):
    limit = optimize(mdp, PolicyIteration(), 8, policy=random_start(mdp))
    for rule in (ProjectedPG(1e9), ProjectedQAscent(1e9)):
        run = optimize(mdp, rule, 8, policy=random_start(mdp))
        assert np.array_equal(run.policies > 0, limit.policies > 0)
        np.testing.assert_allclose(run.policies, limit.policies, rtol=1e-15)
        np.testing.assert_allclose(run.gap, limit.gap, rtol=1e-13)


@pytest.mark.parametrize("mdp", GARNETS, ids=repr)
def test_one_large_step_of_natural_pg_is_one_of_policy_iteration(mdp):
    """Only one: later steps add to what this one has made of log pi."""
    start = random_start(mdp)
    run, limit = (optimize(mdp, r, 1, policy=start) for r in (NaturalPG(1e6), PolicyIteration()))
    np.testing.assert_allclose(run.policies, limit.policies, atol=1e-100)
    np.testing.assert_allclose(run.gap, limit.gap, rtol=1e-13)


@pytest.mark.parametrize("mdp", GARNETS, ids=repr)
def test_natural_pg_with_an_infinite_step_is_soft_policy_iteration(mdp):
    run, limit = (
        optimize(mdp, rule, 5, tau=0.25) for rule in (NaturalPG(1e300), SoftPolicyIteration())
    )
    np.testing.assert_allclose(run.iterates, limit.iterates, rtol=1e-14)
    near = optimize(mdp, NaturalPG(1e12), 3, tau=0.25)
    np.testing.assert_allclose(near.policies, limit.policies[:4], atol=1e-10)


@pytest.mark.parametrize("mdp", GARNETS, ids=repr)
def test_hadamard_pg_is_gradient_ascent_on_spheres(mdp):
    """theta <- normalize(theta + eta grad), with the Riemannian gradient from plain numpy."""
    eta, theta = 0.05, np.sqrt(random_start(mdp))
    run = optimize(mdp, HadamardPG(eta), 30, policy=theta**2)
    for k in range(31):
        np.testing.assert_allclose(run.policies[k], theta**2, rtol=1e-10)
        pi = theta**2
        M = np.eye(mdp.n_states) - mdp.gamma * np.einsum("sa,sat->st", pi, mdp.P)
        Q = mdp.r + mdp.gamma * mdp.P @ np.linalg.solve(M, (pi * mdp.r).sum(axis=1))
        visits = np.linalg.solve(M.T, mdp.mu)[:, None]
        gradient = 2 * visits * theta * Q  # Euclidean, of V(mu) in theta
        gradient -= (gradient * theta).sum(axis=1, keepdims=True) * theta  # tangential part
        theta = theta + eta * gradient
        theta /= np.linalg.norm(theta, axis=1, keepdims=True)


def test_multiplicative_methods_agree_to_first_order():
    """SPMA(eta), natural PG(eta) and, on a bandit, Hadamard PG(eta / 4)."""
    mdp, start = instances.bandit([0.9, 0.4, 0.1]), [[0.2, 0.5, 0.3]]

    def distance(eta):
        rules = (NaturalPG(eta), SPMA(eta), HadamardPG(eta / 4))
        natural, *others = (optimize(mdp, r, 1, policy=start).log_policies[1] for r in rules)
        return np.array([np.abs(other - natural).max() for other in others])

    np.testing.assert_allclose(distance(1e-3) / distance(5e-4), 4.0, rtol=1e-2)


def test_methods_that_differ_in_what_they_look_ahead():
    now = instances.garnet(3, 3, 2, 0.0, seed=1)
    run, same = (optimize(now, rule, 20, tau=0.1) for rule in (TDPMD(1.0), NaturalPG(1.0)))
    np.testing.assert_allclose(run.iterates, same.iterates, rtol=1e-13)  # the critic is exact
    mdp = GARNETS[0]
    run, same = (optimize(mdp, r, 1) for r in (DualAveragedSPI(0.3), NaturalPG(np.log(3))))
    np.testing.assert_allclose(run.gap, same.gap, rtol=1e-14)


@given(mdps(shapes=((1, 2), (1, 5)), gammas=(0.0, 0.5, 0.9)), st.sampled_from([0.01, 0.1, 1.0]))
def test_on_a_bandit_the_projected_methods_are_one(mdp, eta):
    run = optimize(mdp, ProjectedPG(eta), 10)
    same = optimize(mdp, ProjectedQAscent(eta / (1 - mdp.gamma)), 10)
    np.testing.assert_allclose(run.policies, same.policies, atol=1e-13)


# Closed forms without a future


@settings(max_examples=30)
@given(st.floats(0.05, 1.0), st.floats(0.01, 0.99), st.sampled_from([0.01, 0.1, 1.0]))
def test_closed_forms_on_two_arms(Delta, p, eta):
    mdp, policy, k = instances.two_armed_bandit(Delta), [[p, 1 - p]], np.arange(51)
    gap = optimize(mdp, ProjectedPG(eta), 50, policy=policy).gap
    np.testing.assert_allclose(gap, Delta * np.maximum(1 - p - k * eta * Delta / 2, 0), atol=1e-13)
    gap = optimize(mdp, NaturalPG(eta), 50, policy=policy).gap
    np.testing.assert_allclose(gap, Delta / (1 + p / (1 - p) * np.exp(eta * Delta * k)), rtol=1e-12)
    run = optimize(mdp, NaturalPG(eta), 50, tau=0.1, policy=policy)
    alpha = (1 + eta * 0.1) ** -k.astype(float)
    odds = (1 - alpha) * Delta / 0.1 + alpha * np.log(p / (1 - p))
    found = run.log_policies[:, 0, 0] - run.log_policies[:, 0, 1]
    np.testing.assert_allclose(found, odds, rtol=1e-11, atol=1e-11)


def test_softmax_pg_with_small_steps_follows_the_flow():
    Delta, eta = 0.5, 1e-3
    run = optimize(instances.two_armed_bandit(Delta), SoftmaxPG(eta), 50_000, policy=[[0.1, 0.9]])
    odds = run.log_policies[:, 0, 0] - run.log_policies[:, 0, 1]
    flow = odds[0] + np.sinh(odds[0]) + eta * Delta * run.k
    np.testing.assert_allclose(odds + np.sinh(odds), flow, atol=2e-3)


# Problems


@every_rule
def test_recording_less_changes_nothing(rule, tau):
    full = optimize(GARNETS[4], rule, 12, tau=tau)
    some = optimize(GARNETS[4], rule, 12, tau=tau, at=[0, 3, 4, 12])
    for field in ("iterates", "scaled_gap", "log_scale", "A", "d", "least_policy", "gap_sum"):
        assert np.array_equal(getattr(some, field), getattr(full, field)[[0, 3, 4, 12]]), field


@without(BlandPolicyIteration)
def test_order_and_names_do_not_matter(rule, tau):
    mdp, rng = GARNETS[4], np.random.default_rng(0)
    states, actions = rng.permutation(mdp.n_states), rng.permutation(mdp.n_actions)
    P = mdp.P[np.ix_(states, actions, states)]
    other = MDP(P, mdp.r[np.ix_(states, actions)], mdp.gamma)
    run, same = (optimize(m, rule, 8, tau=tau) for m in (mdp, other))
    np.testing.assert_allclose(same.value_gap, run.value_gap[:, states], rtol=1e-9, atol=1e-300)


@without(BlandPolicyIteration, LargestIncreasePolicyIteration, SimplexPolicyIteration)
def test_identical_copies_of_states_can_be_merged(rule, tau):
    mdp = GARNETS[4]
    P = np.repeat(np.repeat(mdp.P, 2, axis=0), 2, axis=2) / 2
    copied = MDP(P, np.repeat(mdp.r, 2, axis=0), mdp.gamma)
    run = optimize(mdp, rule, 8, tau=tau)
    same = optimize(copied, doubled(rule), 8, tau=tau)
    for copy in (0, 1):
        np.testing.assert_allclose(
            same.value_gap[:, copy::2], run.value_gap, rtol=1e-9, atol=1e-300
        )


@every_rule
def test_a_constant_reward_changes_nothing(rule, tau):
    mdp = GARNETS[4]
    run = optimize(mdp, rule, 8, tau=tau)
    same = optimize(MDP(mdp.P, mdp.r + 0.5, mdp.gamma), rule, 8, tau=tau)
    np.testing.assert_allclose(same.policies, run.policies, atol=1e-11)
    np.testing.assert_allclose(same.gap, run.gap, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("power", [-7, 3, 20])
@every_rule
def test_the_unit_of_reward_changes_not_a_bit(rule, tau, power):
    if type(rule) is DualAveragedSPI:
        rule = NaturalPG(0.7)  # its steps are fixed for rewards in [0, 1]
    mdp, unit = GARNETS[4], 2.0**power
    run = optimize(mdp, rule, 8, tau=tau)
    other = MDP(mdp.P, unit * mdp.r, mdp.gamma)
    same = optimize(other, in_units(rule, unit), 8, tau=tau * unit)
    assert np.array_equal(same.iterates, run.iterates)
    assert np.array_equal(same.scaled_gap, run.scaled_gap * unit)


SCRIPT = """
import json, tabular_pg as t
mdp = t.instances.garnet(3, 2, 2, 0.8, seed=0)
names = vars(t) | vars(t.mirrors) | vars(t.steps)
rules = [(eval(rule, names), tau) for rule, tau in json.loads({rules!r})]
gaps = [t.optimize(mdp, rule, 4, tau=tau).value_gap.tolist() for rule, tau in rules]
print(json.dumps(gaps))
"""


def test_compiled_and_interpreted_code_agree():
    chosen = [*MILD_RULES, (SPMA(steps.ExactLineSearch()), 0.0)]  # which tries steps too far
    rules = json.dumps([(repr(rule), tau) for rule, tau in chosen])
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", SCRIPT.format(rules=rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    mdp = instances.garnet(3, 2, 2, 0.8, seed=0)
    for (rule, tau), interpreted in zip(chosen, json.loads(done.stdout), strict=True):
        gap = optimize(mdp, rule, 4, tau=tau).value_gap
        np.testing.assert_allclose(gap, interpreted, rtol=1e-12, atol=1e-300, err_msg=str(rule))


@given(mdps(shapes=((2, 3), (4, 2))), seeds)
def test_every_method_fixes_the_optimum(mdp, seed):
    """Started at an optimal policy, projected methods and policy iteration stay there, exactly."""
    start = optimize(mdp, PolicyIteration(), 30, policy=random_start(mdp, seed)).policies[-1]
    for rule in (PolicyIteration(), ProjectedPG(0.5), ProjectedQAscent(0.5)):
        assert (optimize(mdp, rule, 5, policy=start).sup_gap == 0).all()
