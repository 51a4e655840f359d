"""Actor-critic: against a slow twin, the exact gradient and what a budget must count."""

from __future__ import annotations

from itertools import product
from math import exp, inf, log, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from tabular_pg.reasoning.baselines import Advantage, actor_critic
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.episodic.segments import state_softmax
from tabular_pg.reasoning.puzzles import countdown, modular_chain

CHAIN = modular_chain(3, modulus=7, operations=3, starts=2)
PUZZLES = countdown([(1, 2, 3, 4), (2, 5, 7, 8), (6, 6, 6, 6)])
seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(Advantage)


@st.composite
def problems(draw):
    """Random graphs of three levels, some of whose states end early, and a policy on them."""
    rng = np.random.default_rng(draw(seeds))
    sizes = [draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5))]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    counts = rng.integers(1, 5, offsets[2])
    counts[offsets[1] :] *= rng.random(sizes[1]) < 0.7
    successor = [
        rng.integers(offsets[level + 1], offsets[level + 2])
        for s, n in enumerate(counts)
        for level in [int(s >= offsets[1])]
        for _ in range(n)
    ]
    ptr = np.concatenate([[0], np.cumsum(counts), np.full(sizes[2], counts.sum())])
    reward = rng.random(offsets[3]).round(draw(st.sampled_from([0, 6])))
    reward[np.diff(ptr) > 0] = 0
    mdp = EpisodicMDP(offsets, ptr, successor, reward)
    return mdp, random_policy(mdp, rng), rng


def random_policy(mdp, rng):
    return state_softmax(mdp.action_ptr, rng.standard_normal(mdp.n_edges))


def slow_twin(mdp, reference, updates, responses, rates, kind, state_map, initial, rng):
    """The policies and the last values, step by step and one number at a time."""
    actor_rate, critic_rate = rates
    edges = [range(mdp.action_ptr[s], mdp.action_ptr[s + 1]) for s in range(mdp.n_states)]
    policy, logit = list(reference), [log(p) for p in reference]
    table = {}
    for c in {int(state_map[s]) for s in range(mdp.n_states) if edges[s]}:
        members = [initial[s] for s in range(mdp.n_states) if edges[s] and state_map[s] == c]
        table[c] = sum(members) / len(members)

    def value(s):
        return table[int(state_map[s])] if edges[s] else mdp.terminal_reward[s]

    policies, paid = [list(policy)], [0]
    for _ in range(updates):
        chosen, slope, residuals = [], [0.0] * mdp.n_edges, {}
        uniform = rng.random((mdp.n_roots * responses, mdp.horizon))
        for n, numbers in enumerate(uniform):
            s, passed = n // responses, []
            for x in numbers:
                if not edges[s]:
                    break
                e = next((e for e in edges[s] if x < sum(policy[edges[s][0] : e + 1])), None)
                e = edges[s][-1] if e is None else e
                passed.append((s, e, mdp.successor[e]))
                s = mdp.successor[e]
            chosen.append((passed, mdp.terminal_reward[s]))
        for passed, outcome in chosen:
            for s, taken, after in passed:
                step = value(after) - value(s)
                signal = outcome - value(s) if kind is Advantage.OUTCOME else step
                residual = step if kind is Advantage.TD else outcome - value(s)
                residuals.setdefault(int(state_map[s]), []).append(residual)
                for e in edges[s]:
                    slope[e] += signal * ((e == taken) - policy[e])
        for s in range(mdp.n_states):
            if edges[s]:
                for e in edges[s]:
                    logit[e] += actor_rate * slope[e] / responses
                total = sum(exp(logit[e] - logit[edges[s][0]]) for e in edges[s])
                for e in edges[s]:
                    policy[e] = exp(logit[e] - logit[edges[s][0]]) / total
        for c, those in residuals.items():
            table[c] += critic_rate * sum(those) / len(those)
        policies.append(list(policy))
        paid.append(paid[-1] + sum(len(passed) for passed, _ in chosen))
    return policies, [value(s) for s in range(mdp.n_states)], paid


rates = st.tuples(st.sampled_from([0.0, 0.3, 3.0, 30.0]), st.sampled_from([0.0, 0.2, 1.0]))


@settings(max_examples=150)
@given(problems(), kinds, rates, st.booleans(), st.integers(1, 4), st.integers(1, 3), seeds)
def test_slow_twin(problem, kind, rates, shared, updates, responses, seed):
    mdp, reference, rng = problem
    initial = rng.random(mdp.n_states)
    state_map = 3 * rng.integers(2, size=mdp.n_states) if shared else np.arange(mdp.n_states)
    policies, values, paid = slow_twin(
        mdp, reference, updates, responses, rates, kind, state_map, initial,
        np.random.default_rng(seed),
    )  # fmt: skip
    found = actor_critic(
        mdp, reference, updates=updates, responses=responses, actor_rate=rates[0],
        critic_rate=rates[1], advantage=kind, state_map=state_map if shared else None,
        initial=initial, rng=np.random.default_rng(seed),
    )  # fmt: skip
    success = [mdp.value(policy)[: mdp.n_roots].mean() for policy in policies]
    np.testing.assert_allclose(found.policy, policies[-1], atol=1e-12)
    np.testing.assert_allclose(found.values, values, atol=1e-12)
    np.testing.assert_allclose(found.success, success, atol=1e-12)
    np.testing.assert_array_equal(found.steps, paid)
    assert found.n_steps == paid[-1]


class Scripted(np.random.Generator):
    """A generator whose next uniform numbers are known."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = np.array(numbers)

    def random(self, size):
        assert self.numbers.shape == size
        return self.numbers


def paths(mdp, policy, s):
    """Every path from ``s``: its probability, and uniform numbers for which it is sampled."""
    if mdp.action_ptr[s] == mdp.action_ptr[s + 1]:
        yield 1.0, []
    below = 0.0
    for e in range(mdp.action_ptr[s], mdp.action_ptr[s + 1]):
        for p, numbers in paths(mdp, policy, mdp.successor[e]):
            yield policy[e] * p, [below + policy[e] / 2, *numbers]
        below += policy[e]


def expected_gradient(mdp, policy, kind, initial):
    """(E,) the mean over all pairs of responses of an update's change of the logits."""
    gradient, counts = np.zeros(mdp.n_edges), np.diff(mdp.action_ptr)
    for chosen in product(*(list(paths(mdp, policy, s)) for s in range(mdp.n_roots))):
        found = actor_critic(
            mdp, policy, updates=1, responses=1, actor_rate=0.5, critic_rate=0.0,
            advantage=kind, initial=initial, rng=Scripted([numbers for _, numbers in chosen]),
        )  # fmt: skip
        moved = np.log(found.policy / policy) / 0.5
        centre = np.bincount(mdp.source, moved, mdp.n_states) / np.maximum(counts, 1)
        gradient += np.prod([p for p, _ in chosen]) * (moved - centre[mdp.source])
    return gradient


def exact_gradient(mdp, policy):
    """(E,) of the sum of the roots' values, by finite differences."""

    def total(logits):
        return mdp.value(state_softmax(mdp.action_ptr, logits))[: mdp.n_roots].sum()

    return approx_fprime(np.log(policy), total, 1e-7)


@pytest.mark.parametrize("kind", Advantage)
def test_the_expected_update_is_the_gradient_if_the_critic_is_exact(kind):
    policy = random_policy(CHAIN, np.random.default_rng(4))
    found = expected_gradient(CHAIN, policy, kind, CHAIN.value(policy))
    exact = exact_gradient(CHAIN, policy)
    assert np.abs(exact).max() > 0.05
    np.testing.assert_allclose(found, exact, atol=1e-7)


@pytest.mark.parametrize("kind", Advantage)
def test_of_a_wrong_critic_only_outcomes_are_not_biased(kind):
    rng = np.random.default_rng(5)
    policy = random_policy(CHAIN, rng)
    found = expected_gradient(CHAIN, policy, kind, rng.random(CHAIN.n_states))
    off = np.abs(found - exact_gradient(CHAIN, policy)).max()
    assert off < 1e-7 if kind is Advantage.OUTCOME else off > 0.05


@pytest.mark.parametrize("kind", Advantage)
def test_a_critic_of_a_policy_that_stays_approaches_its_values(kind):
    policy = random_policy(CHAIN, np.random.default_rng(6))
    found = actor_critic(
        CHAIN, policy, updates=1000, responses=100, actor_rate=0.0, critic_rate=0.02,
        advantage=kind, initial=0.5, rng=np.random.default_rng(0),
    )  # fmt: skip
    passed = CHAIN.visitation(policy) > 0.02
    np.testing.assert_allclose(found.values[passed], CHAIN.value(policy)[passed], atol=0.03)
    np.testing.assert_allclose(found.policy, policy, rtol=1e-12)


@pytest.mark.parametrize("kind", Advantage)
@pytest.mark.parametrize("actor_rate", (0.0, 3.0, 1000.0, 1e100))
def test_extreme_rates_leave_a_policy(kind, actor_rate):
    found = actor_critic(
        PUZZLES, PUZZLES.uniform_policy(), updates=200, responses=2, actor_rate=actor_rate,
        critic_rate=1.0, advantage=kind, initial=0.3, rng=np.random.default_rng(1),
    )  # fmt: skip
    assert np.isfinite(found.values).all()
    assert ((0 <= found.policy) & (found.policy <= 1)).all()
    assert found.success[-1] == PUZZLES.value(found.policy)[: PUZZLES.n_roots].mean()
    acting = np.diff(PUZZLES.action_ptr) > 0
    np.testing.assert_array_equal(found.values[~acting], PUZZLES.terminal_reward[~acting])
    assert (found.policy == 0).any() == (actor_rate == 1e100)


def test_success_rises():
    for kind in Advantage:
        found = actor_critic(
            PUZZLES, PUZZLES.uniform_policy(), updates=1000, responses=1, actor_rate=30.0,
            critic_rate=0.3, advantage=kind, rng=np.random.default_rng(2),
        )  # fmt: skip
        assert found.success[0] < 0.05 < 0.6 < found.success[-1], kind


def test_what_the_reference_excludes_remains_excluded():
    reference = CHAIN.uniform_policy()
    first, last = CHAIN.action_ptr[:2]
    reference[first:last] = [0.0, 0.25, 0.75]
    found = actor_critic(
        CHAIN, reference, updates=50, responses=2, actor_rate=5.0, critic_rate=0.3,
        advantage=Advantage.MC, rng=np.random.default_rng(3),
    )  # fmt: skip
    assert found.policy[first] == 0
    assert found.policy[first + 1] != 0.25


@given(problems(), kinds, seeds)
@settings(max_examples=20)
def test_the_seed_decides_and_arguments_are_kept(problem, kind, seed):
    mdp, reference, rng = problem
    initial, before = rng.random(mdp.n_states), reference.copy()
    kept = initial.copy()
    one, two, other = (
        actor_critic(
            mdp, reference, updates=3, responses=2, actor_rate=2.0, critic_rate=0.5,
            advantage=kind, initial=initial, rng=np.random.default_rng(number),
        )
        for number in (seed, seed, seed + 1)
    )  # fmt: skip
    for name in ("policy", "success", "steps", "values"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(initial, kept)
    np.testing.assert_array_equal(reference, before)
    assert one.success[0] == other.success[0] == mdp.value(reference)[: mdp.n_roots].mean()


def test_other_seeds_give_other_policies():
    one, two = (
        actor_critic(
            PUZZLES, PUZZLES.uniform_policy(), updates=3, responses=2, actor_rate=2.0,
            critic_rate=0.5, advantage=Advantage.TD, initial=0.5, rng=np.random.default_rng(seed),
        ).policy
        for seed in (0, 1)
    )  # fmt: skip
    assert (one != two).any()


def test_every_step_is_paid():
    """From one root it is one step to the end, from the other it is two."""
    mdp = EpisodicMDP([0, 2, 4, 5], [0, 1, 2, 2, 4, 4], [2, 3, 4, 4], [0, 0, 0.5, 0, 1])
    found = actor_critic(
        mdp, mdp.uniform_policy(), updates=5, responses=4, actor_rate=1.0, critic_rate=0.5,
        advantage=Advantage.TD, rng=np.random.default_rng(0),
    )  # fmt: skip
    np.testing.assert_array_equal(found.steps, 4 * (1 + 2) * np.arange(6))
    assert found.n_steps == 60
    assert isinstance(found.n_steps, int)


GOOD = {
    "updates": 2,
    "responses": 1,
    "actor_rate": 1.0,
    "critic_rate": 0.5,
    "advantage": Advantage.TD,
    "rng": np.random.default_rng(0),
}
ONES = np.ones(CHAIN.n_states)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"updates": 0}, "updates is 0; expected an integer >= 1"),
        ({"updates": 2.0}, "updates is 2.0; expected an integer"),
        ({"responses": 0}, "responses is 0; expected an integer >= 1"),
        ({"actor_rate": -1.0}, "actor_rate is -1.0; expected a finite number"),
        ({"actor_rate": inf}, "actor_rate is inf; expected a finite number"),
        ({"actor_rate": 1e101}, "actor_rate is 1e[+]101; expected a finite number in"),
        ({"critic_rate": 1.5}, r"critic_rate is 1.5; expected a finite number in \[0, 1\]"),
        ({"critic_rate": nan}, "critic_rate is nan; expected"),
        ({"advantage": "td"}, "advantage is 'td'; expected a member of Advantage"),
        ({"initial": 1.5}, r"initial is 1.5; expected a finite number in \[0, 1\]"),
        ({"initial": -0.5 * ONES}, r"initial\[0\] is -0.5; expected a number in \[0, 1\]"),
        ({"initial": np.ones(3)}, r"initial has shape \(3,\); expected \(23,\), one per state"),
        ({"initial": nan * ONES}, r"initial\[0\] is nan"),
        ({"state_map": np.ones(3, dtype=int)}, r"state_map has length 3; expected \d+, one per"),
        ({"state_map": ONES}, "state_map has shape .* type float64; expected a vector of integers"),
        ({"state_map": -ONES.astype(int)}, r"state_map\[0\] is -1; expected an integer >= 0"),
        ({"rng": 0}, "rng is 0; expected a numpy Generator"),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        actor_critic(CHAIN, CHAIN.uniform_policy(), **(GOOD | wrong))


def test_bad_problems_and_policies():
    with pytest.raises(ValueError, match=r"reference has shape \(1,\); expected"):
        actor_critic(CHAIN, [1.0], **GOOD)
    with pytest.raises(ValueError, match="reference sums to"):
        actor_critic(CHAIN, np.ones(CHAIN.n_edges), **GOOD)
    nothing = EpisodicMDP([0, 1], [0, 0], np.empty(0, dtype=int), [1.0])
    with pytest.raises(ValueError, match="mdp is .*; expected a problem with actions"):
        actor_critic(nothing, np.empty(0), **GOOD)
