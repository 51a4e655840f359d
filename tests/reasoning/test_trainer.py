"""Algorithm 1 from end to end: budgets to the step, limits, and what it refuses."""

from __future__ import annotations

from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pytest

from support.problems import CHAIN, HARD, PUZZLES, sampled
from tabular_pg.reasoning.dapo import (
    AggregatedCritic,
    ExactCritic,
    LinearCritic,
    Status,
    TabularCritic,
    dataset,
    outcomes,
    respond,
    states_of,
    train,
)
from tabular_pg.reasoning.dapo.actor import minimizer
from tabular_pg.reasoning.episodic import EpisodicMDP, unfolded


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


class Recorder:
    """An exact critic that keeps what it is fitted to."""

    def __init__(self):
        self.data = []

    def fit(self, mdp, data):
        self.data.append(data)
        return ExactCritic().fit(mdp, data)


def test_completions_count_where_they_start_only_if_they_are_not_pooled():
    critic = Recorder()
    for pooled in (True, False):
        arguments = options(critic=critic, iterations=1, completions=3, pooled=pooled)
        train(PUZZLES, PUZZLES.uniform_policy(), **arguments)
    pooled, alone = critic.data
    assert (alone.counts == 3).all()
    assert set(alone.states) <= set(pooled.states)
    assert pooled.counts[np.isin(pooled.states, alone.states)].sum() > alone.counts.sum()


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
        ({"critic": TabularCritic}, r"critic is <class .*; expected one .* like TabularCritic\(\)"),
        ({"critic": SimpleNamespace(fit=1)}, r"critic is namespace\(fit=1\); expected one with"),
        ({"every_action": "x"}, "every_action is 'x'; expected True or False"),
        ({"pooled": 1}, "pooled is 1; expected True or False"),
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
