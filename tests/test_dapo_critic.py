"""DAPO's data, critics and Algorithm 1: against slow twins and exact enumeration."""

from __future__ import annotations

from itertools import product
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, logit

from tabular_pg.dapo import (
    AggregatedCritic,
    ExactCritic,
    LinearCritic,
    Outcomes,
    Status,
    TabularCritic,
    balanced,
    bce_loss,
    complete,
    dataset,
    first_steps,
    outcomes,
    respond,
    signal,
    states_of,
    train,
)
from tabular_pg.dapo.actor import minimizer
from tabular_pg.episodic import EpisodicMDP, Trajectories, segments, unfolded
from tabular_pg.tasks import countdown, modular_chain

seeds = st.integers(0, 2**32 - 1)

CHAIN = modular_chain(3, modulus=7, operations=3, starts=2)
PUZZLES = countdown([(1, 2, 3), (2, 3, 4), (2, 4, 6)], target=9)
HARD = countdown([(a, b, 8, 11) for a in range(1, 7) for b in range(a, 10)])


def random_policy(mdp, seed, sharpness=1.0):
    logits = sharpness * np.random.default_rng(seed).standard_normal(mdp.n_edges)
    return segments.state_softmax(mdp.action_ptr, logits)


def sampled(mdp, seed, responses=5):
    policy = random_policy(mdp, seed)
    return policy, respond(mdp, policy, responses, np.random.default_rng(seed))


def paths(mdp, policy, s):
    """Every path from ``s``: its probability, states and edges."""
    if mdp.action_ptr[s] == mdp.action_ptr[s + 1]:
        yield 1.0, [s], []
    for e in range(mdp.action_ptr[s], mdp.action_ptr[s + 1]):
        for p, states, edges in paths(mdp, policy, mdp.successor[e]):
            yield policy[e] * p, [s, *states], [e, *edges]


def as_trajectories(mdp, chosen):
    states = np.array([states for _, states, _ in chosen])
    edges = np.array([edges for _, _, edges in chosen])
    return Trajectories(edges, states, mdp.terminal_reward[states[:, -1]])


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


def options(**changes):
    chosen = {
        "beta": 0.01, "iterations": 3, "critic": TabularCritic(), "responses": 4,
        "completions": 4, "keep": 2, "gap": 0.0, "anchor": 1e-4, "rng": np.random.default_rng(0),
    }  # fmt: skip
    return chosen | changes


@pytest.mark.parametrize("completions", (4, None))
def test_the_same_seed_gives_the_same_history(completions):
    uniform = HARD.uniform_policy()
    runs = [
        train(HARD, uniform, **options(completions=completions, rng=np.random.default_rng(seed)))
        for seed in (7, 7, 8)
    ]
    assert np.array_equal(runs[0].policy, runs[1].policy)
    assert np.array_equal(runs[0].success, runs[1].success)
    assert not np.array_equal(runs[0].policy, runs[2].policy)


@pytest.mark.parametrize("completions", (4, None))
@pytest.mark.parametrize("budget", (600, 2000, 5000, 60000))
def test_budgets_are_exact(monkeypatch, budget, completions):
    paid = []

    def counted(*arguments):
        trajectories = sample(*arguments)
        paid.append(sum(int(e >= 0) for e in trajectories.edges.ravel()))
        return trajectories

    sample = dataset.sample_trajectories
    monkeypatch.setattr(dataset, "sample_trajectories", counted)
    arguments = options(completions=completions, iterations=20, budget=budget)
    history = train(HARD, HARD.uniform_policy(), **arguments)
    assert history.n_steps == sum(paid) <= budget
    per_iteration = 2 if completions else 1
    done = history.steps.size - 1
    assert (
        history.steps.tolist()
        == np.cumsum([0, *paid])[: done * per_iteration + 1 : per_iteration].tolist()
    )
    assert history.success.size == done + 1
    assert history.kept.size == history.compared.size == history.critic_error.size == done
    assert history.status is (Status.COMPLETED if done == 20 else Status.BUDGET)
    assert history.success[-1] == HARD.value(history.policy)[: HARD.n_roots].mean()


def test_one_iteration_with_an_exact_critic_is_the_exact_step():
    """Where a response has been; elsewhere the policy stays."""
    uniform = PUZZLES.uniform_policy()
    arguments = options(iterations=1, critic=ExactCritic(), completions=None, beta=0.1)
    arguments |= {"every_action": True, "anchor": None}
    history = train(PUZZLES, uniform, **arguments)
    answers = respond(PUZZLES, uniform, 4, np.random.default_rng(0))
    passed = np.isin(PUZZLES.source, states_of(answers))
    expected = minimizer(PUZZLES, uniform, 0.1)  # under which uniform weights are the reference's
    np.testing.assert_allclose(history.policy[passed], expected[passed], rtol=1e-9)
    assert np.array_equal(history.policy[~passed], uniform[~passed])
    assert history.critic_error[0] == 0
    assert history.steps.tolist() == [0, answers.n_steps]


CASES = (8, False, 12), (8, True, 6), (None, False, 24), (None, True, 12)


def test_success_rises_from_the_uniform_policy():
    """With completions and without, on few puzzles (three in four have a solution)."""
    uniform = HARD.uniform_policy()
    start = HARD.value(uniform)[: HARD.n_roots].mean()
    assert start < 0.01
    for completions, every, iterations in CASES:
        chosen = {"completions": completions, "every_action": every, "iterations": iterations}
        chosen |= {"responses": 8, "keep": 4}
        runs = [
            train(HARD, uniform, **options(**chosen, rng=np.random.default_rng(seed)))
            for seed in range(3)
        ]
        assert np.mean([run.success[-1] for run in runs]) > 0.25, chosen


def test_prefixes_of_a_tree_may_share_values():
    image = unfolded(HARD)
    tree = HARD.image(image)
    critic = AggregatedCritic(image.states)
    arguments = options(critic=critic, completions=None, every_action=True, iterations=10)
    history = train(tree, tree.uniform_policy(), **arguments)
    assert history.success[-1] > 0.1 > 10 * history.success[0]
    data = outcomes(tree, *sampled(tree, 0))
    values = critic.fit(tree, data)
    for s in np.unique(image.states):
        assert np.ptp(values[image.states == s]) == 0


def test_the_gap_filter_leaves_states_out():
    uniform = HARD.uniform_policy()
    kept = [train(HARD, uniform, **options(gap=gap, iterations=1)).kept[0] for gap in (0, 0.1, 0.9)]
    assert kept[0] > kept[1] >= kept[2]
    history = train(HARD, uniform, **options(gap=1.1))
    assert np.array_equal(history.policy, uniform)
    assert not history.kept.any()


def test_probabilities_stay_positive_for_the_next_iteration():
    history = train(PUZZLES, PUZZLES.uniform_policy(), **options(beta=1e-5, iterations=30))
    assert history.policy.min() >= 1e-300
    assert history.policy.min() < 1e-200


@pytest.mark.parametrize(
    "changes, message",
    (
        ({"beta": 0}, "beta is 0"),
        ({"beta": nan}, "beta is nan"),
        ({"iterations": 0}, "iterations is 0"),
        ({"responses": 0}, "responses is 0"),
        ({"responses": 1.5}, "responses is 1.5"),
        ({"completions": 0}, "completions is 0; expected an integer >= 1"),
        ({"keep": 0}, "keep is 0"),
        ({"gap": -0.1}, "gap is -0.1"),
        ({"anchor": 0}, "anchor is 0"),
        ({"anchor": inf}, "anchor is inf"),
        ({"budget": 2.5}, "budget is 2.5"),
        ({"budget": 35}, "budget is 35; expected at least 468 environment steps"),
        ({"rng": 0}, "rng is 0"),
        ({"critic": "tabular"}, "critic is 'tabular'"),
        ({"critic": AggregatedCritic([0, 1])}, "state_map has length 2"),
        ({"critic": LinearCritic(np.ones((3, 1)))}, "features has length 3"),
    ),
)
def test_train_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        train(HARD, HARD.uniform_policy(), **options(**changes))


def test_train_refuses_a_problem_or_reference_without_a_choice():
    alone = EpisodicMDP([0, 1], [0, 0], [], [1.0])
    with pytest.raises(ValueError, match="expected a problem with actions"):
        train(alone, [], **options())
    greedy = np.zeros(CHAIN.n_edges)
    greedy[CHAIN.action_ptr[:-1][np.diff(CHAIN.action_ptr) > 0]] = 1
    with pytest.raises(ValueError, match=r"reference\[1\] is 0"):
        train(CHAIN, greedy, **options())


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
            "data has state 99",
        ),
    ),
)
def test_critics_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "changes, message",
    (
        ({"values": [0.5]}, r"values has shape \(1,\)"),
        ({"values": np.full(CHAIN.n_states, nan)}, "values"),
        ({"seen": np.ones(3, dtype=bool)}, r"seen has shape \(3,\)"),
        ({"seen": np.ones(CHAIN.n_edges)}, "seen has type float64"),
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
