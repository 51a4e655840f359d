"""DPO, Step-DPO and DRO against their losses as they are written, and against known optima."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from support.problems import with_rewards
from tabular_pg.reasoning.baselines import dro, outcome_dpo, outcome_pairs, step_dpo, step_pairs
from tabular_pg.reasoning.dapo import natural_step, respond
from tabular_pg.reasoning.episodic import EpisodicMDP, Trajectories
from tabular_pg.reasoning.episodic.segments import state_softmax, state_sums
from tabular_pg.reasoning.puzzles import countdown, modular_chain

PUZZLES = countdown([(1, 2, 3, 4), (2, 5, 7, 8), (6, 6, 6, 6)])
CHAIN = modular_chain(3, modulus=5)
METHODS = {"DPO": outcome_dpo, "Step-DPO": step_dpo, "DRO": dro}
seeds = st.integers(0, 2**32 - 1)


def sampled(mdp, seed, n=12, fractional=False):
    rng = np.random.default_rng(seed)
    policy = state_softmax(mdp.action_ptr, 0.5 * rng.standard_normal(mdp.n_edges))
    found = respond(mdp, policy, n, rng)
    outcome = found.outcome
    if fractional:
        outcome = rng.random(mdp.n_states).round(1)[found.states.max(axis=1)]
    order = rng.permutation(outcome.size)
    return policy, Trajectories(found.edges[order], found.states[order], outcome[order])


def all_responses(mdp):
    """Every path from every root, once."""
    paths, done = [([s], []) for s in range(mdp.n_roots)], []
    while paths:
        states, edges = paths.pop()
        first, last = mdp.action_ptr[states[-1]], mdp.action_ptr[states[-1] + 1]
        if first == last:
            done.append((states, edges))
        paths += [([*states, mdp.successor[e]], [*edges, e]) for e in range(first, last)]
    states, edges = np.full((len(done), mdp.horizon + 1), -1), np.full((len(done), mdp.horizon), -1)
    for n, (passed, taken) in enumerate(done):
        states[n, : len(passed)], edges[n, : len(taken)] = passed, taken
    return Trajectories(edges, states, mdp.terminal_reward[[passed[-1] for passed, _ in done]])


@given(seeds, st.sampled_from([CHAIN, PUZZLES]))
@settings(max_examples=50)
def test_pairs_are_of_one_question_and_used_once(seed, mdp):
    _, found = sampled(mdp, seed, 30, fractional=True)
    expected = []
    for s in range(mdp.n_roots):
        of_s = [i for i in range(found.outcome.size) if found.states[i, 0] == s]
        winners = [i for i in of_s if found.outcome[i] >= 0.5]
        expected += zip(winners, [i for i in of_s if i not in winners], strict=False)
    pairs = outcome_pairs(found)
    assert pairs.tolist() == [list(pair) for pair in expected]
    steps = step_pairs(found)
    for (i, j), (a, b) in zip(pairs, steps, strict=True):
        t = 0
        while found.edges[i, t] == found.edges[j, t]:
            t += 1
        assert (a, b) == (found.edges[i, t], found.edges[j, t])
        assert mdp.source[a] == mdp.source[b] == found.states[i, t] == found.states[j, t]


def written(name, mdp, logits, reference, found, beta, ridge):
    """The loss of a method as it is written, by loops; the best V of DRO by search."""
    policy = state_softmax(mdp.action_ptr, logits)
    u = {e: beta * math.log(policy[e] / reference[e]) for e in range(mdp.n_edges)}
    total = [math.fsum(u[e] for e in row if e >= 0) for row in found.edges]
    losses = [
        0.5 * ridge * (beta * (x - math.log(p))) ** 2
        for x, p in zip(logits, reference, strict=True)
    ]
    if name == "DRO":
        for s in range(mdp.n_roots):
            rest = (found.outcome - total)[found.states[:, 0] == s]
            losses.append(minimize_scalar(lambda V, x=rest: 0.5 * math.fsum((x - V) ** 2)).fun)
    elif name == "DPO":
        losses += [math.log1p(math.exp(total[j] - total[i])) for i, j in outcome_pairs(found)]
    else:
        losses += [math.log1p(math.exp(u[b] - u[a])) for a, b in step_pairs(found)]
    return math.fsum(losses)


def free_edges(name, found):
    """The edges on which the loss depends."""
    if name == "DRO":
        return np.unique(found.edges[found.edges >= 0])
    if name == "Step-DPO":
        return np.unique(step_pairs(found))
    pairs = [[set(found.edges[i]) for i in pair] for pair in outcome_pairs(found)]
    return np.array(sorted(set().union(*(a ^ b for a, b in pairs)) - {-1}), dtype=int)


def logits_of(mdp, policy, reference, free):
    """Logits as the ridge wants them: where all of a state are free, with the reference's mean."""
    x = np.log(policy / reference)
    for s in np.unique(mdp.source):
        at = np.flatnonzero(mdp.source == s)
        fixed = at[~np.isin(at, free)]
        x[at] -= x[fixed[0]] if fixed.size else x[at].mean()
        np.testing.assert_allclose(x[fixed], 0.0, atol=1e-9)
    return np.log(reference) + x


@given(
    seeds, st.sampled_from(list(METHODS)), st.sampled_from([0.3, 2.0]), st.sampled_from([0.1, 1])
)
@settings(max_examples=25)
def test_the_written_loss_is_stationary(seed, name, beta, ridge):
    reference, found = sampled(CHAIN, seed)
    policy, free = METHODS[name](CHAIN, reference, found, beta, ridge), free_edges(name, found)

    def slopes(logits, h=1e-4):
        for e in free:
            x = np.array([logits, logits])
            x[:, e] += h, -h
            up, down = (written(name, CHAIN, row, reference, found, beta, ridge) for row in x)
            yield abs(up - down) / (2 * h)

    x = logits_of(CHAIN, policy, reference, free)
    assert max(slopes(x), default=0.0) < 1e-5 * max(1.0, beta)
    if np.abs(policy - reference).max() > 0.01:  # and it was not before
        assert max(slopes(np.log(reference))) > 1e-3


@pytest.mark.parametrize("name", METHODS)
def test_a_generic_optimizer_finds_nothing_better(name):
    mdp = EpisodicMDP(
        [0, 1, 3, 7], [0, 2, 4, 6, *4 * [6]], [1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 0, 1, 0]
    )
    reference = np.array([0.3, 0.7, 0.5, 0.5, 0.9, 0.1])
    found = respond(mdp, reference, 20, np.random.default_rng(1))
    policy, free = METHODS[name](mdp, reference, found, 0.5, 0.2), free_edges(name, found)

    def objective(x):
        logits = np.log(reference)
        logits[free] += x
        return written(name, mdp, logits, reference, found, 0.5, 0.2)

    least = objective((logits_of(mdp, policy, reference, free) - np.log(reference))[free])
    rng = np.random.default_rng(0)
    for _ in range(3):
        generic = minimize(objective, rng.standard_normal(free.size), method="BFGS")
        assert generic.fun >= least - 1e-9
        logits = np.log(reference)
        logits[free] += generic.x
        np.testing.assert_allclose(state_softmax(mdp.action_ptr, logits), policy, atol=1e-4)
    assert objective(np.zeros(free.size)) > least + 0.01


@given(seeds, st.sampled_from([0.05, 1.0]))
@settings(max_examples=20)
def test_dro_on_all_responses_to_a_one_step_question_is_the_exponential_tilt(seed, beta):
    """Nothing is left of R - V = beta log pi / ref, with V = beta log E_ref exp(R / beta)."""
    rng = np.random.default_rng(seed)
    reward = np.concatenate([[0.0], rng.random(5)])
    mdp = EpisodicMDP([0, 1, 6], [0, 5, *5 * [5]], range(1, 6), reward)
    reference = rng.dirichlet(np.ones(5)) * 0.9 + 0.02
    policy = dro(mdp, reference, all_responses(mdp), beta, ridge=1e-8)
    V = beta * math.log(reference @ np.exp((reward[1:] - 1) / beta)) + 1
    np.testing.assert_allclose(beta * np.log(policy / reference), reward[1:] - V, atol=1e-5)
    np.testing.assert_allclose(policy, natural_step(mdp, reference, beta), atol=1e-4)


@pytest.mark.parametrize("mdp", [CHAIN, countdown((1, 3, 4), target=7)], ids=["chain", "puzzle"])
def test_dro_on_all_responses_is_the_optimum_of_regularized_reward(mdp):
    reference, _ = sampled(mdp, 5)
    found = all_responses(mdp)
    value, optimum = mdp.kl_optimal(reference, 0.5)
    policy = dro(mdp, reference, found, 0.5, ridge=1e-7, iterations=5000)
    passed = mdp.visitation(reference)[mdp.source] > 0
    np.testing.assert_allclose(policy[passed], optimum[passed], atol=1e-4)
    assert np.abs(dro(mdp, reference, found, 0.5, ridge=1.0) - optimum)[passed].max() > 1e-3
    gain = mdp.kl_value(policy, reference, 0.5) - value
    np.testing.assert_allclose(gain[: mdp.n_roots], 0.0, atol=1e-6)


@given(seeds)
@settings(max_examples=20)
def test_beta_is_the_temperature_of_the_rewards_of_step_dpo(seed):
    reference, found = sampled(CHAIN, seed, 30)
    once, twice = (np.log(step_dpo(CHAIN, reference, found, b) / reference) for b in (1.0, 0.5))
    expected = natural_step(CHAIN, reference, 0.5, once)
    np.testing.assert_allclose(twice, np.log(expected / reference), atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_a_question_learns_the_same_beside_others(name):
    """Losses are sums: the policy on one puzzle does not depend on the others' responses."""
    mdp = PUZZLES.unfold()
    reference, found = sampled(mdp, 11, 300)
    alone = found.states[:, 0] == 0
    few = Trajectories(*(field[alone] for field in found))
    together, single = (METHODS[name](mdp, reference, data, 0.3) for data in (found, few))
    its = mdp.visitation(reference, 0)[mdp.source] > 0
    assert np.abs(single - reference)[its].max() > 0.01
    np.testing.assert_allclose(together[its], single[its], atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_untouched_states_keep_the_reference(name):
    reference, found = sampled(PUZZLES, 2, 100)
    policy = METHODS[name](PUZZLES, reference, found, 0.3)
    touched = np.unique(PUZZLES.source[free_edges(name, found)])
    kept = ~np.isin(PUZZLES.source, touched)
    assert 0 < kept.sum() < kept.size
    assert np.array_equal(policy[kept], reference[kept])
    assert all(np.abs(policy - reference)[PUZZLES.source == s].max() > 0 for s in touched)
    nothing = found._replace(outcome=np.zeros(found.outcome.size))
    np.testing.assert_allclose(
        METHODS[name](with_rewards(PUZZLES, 0.0), reference, nothing, 1.0), reference, atol=1e-15
    )


@pytest.mark.parametrize("name", METHODS)
def test_actions_without_probability_have_none_afterwards(name):
    rng = np.random.default_rng(4)
    reference = PUZZLES.uniform_policy()
    reference[PUZZLES.action_ptr[:1]] = 0.0
    reference /= state_sums(PUZZLES.action_ptr, reference)[PUZZLES.source]
    found = respond(PUZZLES, reference, 200, rng)
    policy = METHODS[name](PUZZLES, reference, found, 1e-300)  # the coldest
    assert np.isfinite(policy).all() and policy[0] == 0.0
    sums = state_sums(PUZZLES.action_ptr, policy)[PUZZLES.source]
    np.testing.assert_allclose(sums, 1.0)
    assert np.abs(policy - reference).max() > 0.01
    found = respond(PUZZLES, PUZZLES.uniform_policy(), 4000, rng)
    with pytest.raises(ValueError, match=r"reference\[0\] is 0; expected a probability > 0"):
        METHODS[name](PUZZLES, reference, found, 1.0)


@pytest.mark.parametrize("name", METHODS)
def test_right_responses_raise_the_success_rate(name):
    uniform = PUZZLES.uniform_policy()
    found = respond(PUZZLES, uniform, 400, np.random.default_rng(0))
    before = PUZZLES.value(uniform)[: PUZZLES.n_roots].mean()
    policy = METHODS[name](PUZZLES, uniform, found, 0.02)
    assert PUZZLES.value(policy)[: PUZZLES.n_roots].mean() > 2 * before


UNIFORM = CHAIN.uniform_policy()
ONE = respond(CHAIN, UNIFORM, 1, np.random.default_rng(0))


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": -1.0}, "beta is -1.0; expected a finite number > 0"),
        ({"beta": 0}, "beta is 0; expected a finite number > 0"),
        ({"beta": math.nan}, "beta is nan; expected"),
        ({"ridge": 0.0}, "ridge is 0.0; expected a finite number > 0"),
        ({"ridge": -1}, "ridge is -1; expected"),
        ({"ridge": math.inf}, "ridge is inf; expected"),
        ({"iterations": 0}, "iterations is 0; expected an integer >= 1"),
        ({"iterations": 2.5}, "iterations is 2.5; expected an integer"),
        ({"reference": UNIFORM[1:]}, "reference has shape"),
        ({"reference": UNIFORM * math.nan}, r"reference\[0\] is nan"),
    ],
    ids=str,
)
def test_bad_arguments(method, arguments, message):
    arguments = {"reference": UNIFORM, "beta": 1.0, "trajectories": ONE} | arguments
    with pytest.raises(ValueError, match=message):
        method(CHAIN, **arguments)
