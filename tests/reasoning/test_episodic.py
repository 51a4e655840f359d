"""Episodic problems: exact values against slow twins, identities of the paper, bad input."""

from __future__ import annotations

import pickle
from collections import Counter
from fractions import Fraction
from math import inf, nan

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular_pg import NaturalPG, optimize, optimum
from tabular_pg.reasoning.episodic import (
    EpisodicMDP,
    checked_policy,
    graphs,
    reachable,
    rollouts,
    sample_trajectories,
    segments,
    unfolded,
)
from tabular_pg.reasoning.puzzles import countdown, modular_chain, sequential_sat

seeds = st.integers(0, 2**32 - 1)
betas = st.sampled_from((1e-3, 0.02, 0.3, 1.0, 10.0))


@st.composite
def problems(draw, full=False):
    """Small level graphs; some states before the last level are terminal unless ``full``."""
    rng = np.random.default_rng(draw(seeds))
    sizes = rng.integers(1, 5, size=draw(st.integers(1, 4)) + full)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    counts, successor = [], []
    for level, size in enumerate(sizes):
        last = level == len(sizes) - 1
        for _ in range(size):
            counts.append(0 if last else int(rng.integers(1 if full else 0, 4)))
            if not last:
                successor.extend(rng.integers(*offsets[level + 1 : level + 3], size=counts[-1]))
    reward = np.where(np.array(counts) == 0, rng.random(len(counts)), 0.0)
    reward = reward.round() if draw(st.booleans()) else reward
    return EpisodicMDP(offsets, np.concatenate([[0], np.cumsum(counts)]), successor, reward)


def random_policy(mdp, seed, sharpness=1.0):
    logits = sharpness * np.random.default_rng(seed).standard_normal(mdp.n_edges)
    return segments.state_softmax(mdp.action_ptr, logits)


def edges_of(mdp, s):
    return range(mdp.action_ptr[s], mdp.action_ptr[s + 1])


def slow_value(mdp, policy, s):
    """The exact value of the policy with these float64 probabilities."""
    if not edges_of(mdp, s):
        return Fraction(mdp.terminal_reward[s])
    return sum(
        Fraction(policy[e]) * slow_value(mdp, policy, mdp.successor[e]) for e in edges_of(mdp, s)
    )


def slow_optimal(mdp, s):
    values = [slow_optimal(mdp, mdp.successor[e]) for e in edges_of(mdp, s)]
    return max(values, default=mdp.terminal_reward[s])


def paths(mdp, policy, s, probability=1.0):
    """Every path from ``s`` that ends: its probability and its edges."""
    if not edges_of(mdp, s):
        yield probability, []
    for e in edges_of(mdp, s):
        for p, rest in paths(mdp, policy, mdp.successor[e], probability * policy[e]):
            yield p, [e, *rest]


def slow_soft(mdp, reference, beta, s):
    """V*_beta(s) with 40 digits."""
    if not edges_of(mdp, s):
        return mpmath.mpf(mdp.terminal_reward[s])
    with mpmath.workdps(40):
        mass = mpmath.fsum(reference[e] for e in edges_of(mdp, s))
        terms = [
            reference[e]
            / mass
            * mpmath.exp(slow_soft(mdp, reference, beta, mdp.successor[e]) / beta)
            for e in edges_of(mdp, s)
        ]
        return beta * mpmath.log(mpmath.fsum(terms))


@given(problems(), seeds)
def test_values_are_those_of_the_recursion(mdp, seed):
    policy = random_policy(mdp, seed, 3.0)
    V = [float(slow_value(mdp, policy, s)) for s in range(mdp.n_states)]
    np.testing.assert_allclose(mdp.value(policy), V, rtol=1e-14)
    np.testing.assert_allclose(mdp.q_value(policy), np.array(V)[mdp.successor], rtol=1e-14)
    np.testing.assert_array_equal(
        mdp.advantage(policy), mdp.q_value(policy) - mdp.value(policy)[mdp.source]
    )
    assert mdp.optimal_value().tolist() == [slow_optimal(mdp, s) for s in range(mdp.n_states)]


@given(problems(), seeds)
def test_visits_are_those_of_all_paths(mdp, seed):
    policy, rng = random_policy(mdp, seed), np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(mdp.n_roots))
    each = np.zeros((mdp.n_roots, mdp.n_states))
    for root in range(mdp.n_roots):
        for p, edges in paths(mdp, policy, root):
            each[root, [root, *mdp.successor[edges]]] += p
        np.testing.assert_allclose(mdp.visitation(policy, root), each[root], atol=1e-14)
    np.testing.assert_allclose(mdp.visitation(policy), each.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(mdp.visitation(policy, weights), weights @ each, atol=1e-14)


@given(problems(), seeds, betas)
def test_kl_values_count_the_divergence_in_every_state_passed(mdp, seed, beta):
    policy, reference = random_policy(mdp, seed, 3.0), random_policy(mdp, seed + 1)
    ratio = np.log(policy / reference)
    for root in range(mdp.n_roots):
        expected = sum(
            p * (mdp.terminal_reward[[root, *mdp.successor[edges]][-1]] - beta * ratio[edges].sum())
            for p, edges in paths(mdp, policy, root)
        )
        value = mdp.kl_value(policy, reference, beta)[root]
        assert value == pytest.approx(expected, abs=1e-13 * (1 + beta))


@given(problems(), seeds, betas)
def test_performance_difference(mdp, seed, beta):
    """(8): V_beta^pi(rho) - V_beta^pi'(rho) = E_{s ~ d^pi} [T^pi V_beta^pi'(s) - V_beta^pi'(s)]."""
    pi, other, reference = (random_policy(mdp, seed + i, 1.0 + i) for i in range(3))
    V = mdp.kl_value(other, reference, beta)
    step = pi * (V[mdp.successor] - beta * np.log(pi / reference))
    inner = np.diff(mdp.action_ptr) > 0
    gain = np.where(inner, segments.state_sums(mdp.action_ptr, step) - V, 0.0)
    difference = (mdp.kl_value(pi, reference, beta) - V)[: mdp.n_roots].mean()
    assert difference == pytest.approx(mdp.visitation(pi) @ gain, abs=1e-12 * (1 + beta))


@given(problems(), seeds, betas)
def test_regret_is_the_divergence_from_the_optimum(mdp, seed, beta):
    policy, reference = random_policy(mdp, seed, 2.0), random_policy(mdp, seed + 1)
    best, optimal = mdp.kl_optimal(reference, beta)
    value = mdp.kl_value(policy, reference, beta)
    assert (value <= best + 1e-13 * (1 + beta)).all()
    np.testing.assert_allclose(mdp.kl_value(optimal, reference, beta), best, atol=1e-12)
    if optimal.size and optimal.min() > 1e-300:
        divergences = segments.state_divergences(mdp.action_ptr, policy, optimal)
        for root in range(mdp.n_roots):
            regret = beta * (mdp.visitation(policy, root) @ divergences)
            assert best[root] - value[root] == pytest.approx(regret, abs=1e-12 * (1 + beta))


@settings(max_examples=30)
@given(problems(), seeds, st.sampled_from((1e-300, 1e-8, 1e-3, 0.1, 1.0, 1e4, 1e12)))
def test_soft_optimum_is_accurate_at_any_temperature(mdp, seed, beta):
    reference = random_policy(mdp, seed, 3.0)
    best, policy = mdp.kl_optimal(reference, beta)
    checked_policy(mdp, policy)
    expected = [float(slow_soft(mdp, reference, beta, s)) for s in range(mdp.n_states)]
    np.testing.assert_allclose(best, expected, rtol=0, atol=2e-15)
    if beta == 1e-300:
        np.testing.assert_allclose(best, mdp.optimal_value(), rtol=1e-15)


def test_soft_optimum_keeps_zeros_and_small_masses():
    mdp = EpisodicMDP([0, 1, 4], [0, 3, 3, 3, 3], [1, 2, 3], [0, 1, 0.5, 0])
    best, policy = mdp.kl_optimal([0.0, 0.5, 0.5], 0.01)
    assert policy[0] == 0
    assert best[0] == pytest.approx(0.5 + 0.01 * np.log(0.5), abs=1e-15)
    best, policy = mdp.kl_optimal([1e-30, 0.5, 0.5], 0.001)
    assert best[0] == pytest.approx(1 + 0.001 * np.log(1e-30), abs=1e-15)
    assert policy[0] == 1


@given(problems(), seeds)
def test_segments(mdp, seed):
    x = np.random.default_rng(seed).standard_normal(mdp.n_edges)
    parts = [x[list(edges_of(mdp, s))] for s in range(mdp.n_states)]
    sums = segments.state_sums(mdp.action_ptr, x)
    np.testing.assert_allclose(sums, [part.sum() for part in parts], atol=1e-15)
    maxima = [part.max(initial=-inf) for part in parts]
    np.testing.assert_array_equal(segments.state_maxima(mdp.action_ptr, x), maxima)
    expected = np.concatenate([*(np.exp(p) / np.exp(p).sum() for p in parts), []])
    policy = segments.state_softmax(mdp.action_ptr, x)
    np.testing.assert_allclose(policy, expected, rtol=1e-14)
    near = segments.state_softmax(mdp.action_ptr, x + 1e-9 * np.sin(np.arange(x.size)))
    for other in (mdp.uniform_policy(), near):
        terms = [kl_term(p, q) for p, q in zip(policy, other, strict=True)]
        sums = segments.state_sums(mdp.action_ptr, np.array(terms))
        found = segments.state_divergences(mdp.action_ptr, policy, other)
        np.testing.assert_allclose(found, sums, rtol=1e-12, atol=1e-32)


def kl_term(p, q):
    """p log(p/q) - p + q, rounded once."""
    with mpmath.workdps(50):
        p, q = mpmath.mpf(p), mpmath.mpf(q)
        return float(p * mpmath.log(p / q) - p + q)


SMALL = [
    countdown([(2, 5, 7, 8), (1, 3, 4, 6)]),
    modular_chain(5, modulus=7, starts=2),
    sequential_sat(5, 12, seed=[0, 1]),
]


@pytest.mark.parametrize("mdp", SMALL, ids=lambda mdp: mdp.name)
@pytest.mark.parametrize("gamma", [0.5, 0.95])
def test_discounted_values_are_gamma_to_the_horizon_minus_1_times_success(mdp, gamma):
    core, uniform, roots = mdp.to_discounted(gamma), mdp.uniform_policy(), mdp.n_roots
    scale = gamma ** (mdp.horizon - 1)
    best = optimum(core)
    np.testing.assert_allclose(best.V[:roots], scale * mdp.optimal_value()[:roots], atol=1e-12)
    run = optimize(core, NaturalPG(eta=1.0), iterations=3)
    expected = scale * mdp.value(uniform)[:roots]
    np.testing.assert_allclose(best.V[:roots] - run.value_gap[0, :roots], expected, atol=1e-12)
    policy = run.policies[-1][mdp.source, np.arange(mdp.n_edges) - mdp.action_ptr[mdp.source]]
    policy /= segments.state_sums(mdp.action_ptr, policy)[mdp.source]
    expected = scale * mdp.value(policy)[:roots]
    np.testing.assert_allclose(best.V[:roots] - run.value_gap[-1, :roots], expected, atol=1e-12)


@settings(max_examples=25)
@given(problems(full=True), seeds)
def test_discounted_problem_has_the_same_paths(mdp, seed):
    core, policy = mdp.to_discounted(0.8), random_policy(mdp, seed)
    dense = np.zeros((core.n_states, core.n_actions))
    action = np.arange(mdp.n_edges) - mdp.action_ptr[mdp.source]
    dense[mdp.source, action] = policy
    dense[np.diff(mdp.action_ptr) == 0, 0] = 1.0
    P = sum(dense[:, [a]] * core.P.toarray()[a :: core.n_actions] for a in range(core.n_actions))
    V = np.linalg.solve(np.eye(core.n_states) - 0.8 * P, (dense * core.r).sum(axis=1))
    expected = 0.8 ** (mdp.horizon - 1) * mdp.value(policy)[: mdp.n_roots]
    np.testing.assert_allclose(V[: mdp.n_roots], expected, atol=1e-13)
    np.testing.assert_array_equal(core.rho[: mdp.n_roots], 1 / mdp.n_roots)


def test_discounting_refuses_rewards_that_no_step_earns():
    mdp = EpisodicMDP([0, 2, 3], [0, 1, 1, 1], [2], [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"terminal_reward\[1\] is 0.5 and state 1 is a root"):
        mdp.to_discounted(0.9)


@given(problems(), seeds)
def test_the_tree_has_the_same_values_and_one_way_to_each_state(mdp, seed):
    policy = random_policy(mdp, seed)
    image, tree = unfolded(mdp), mdp.unfold()
    np.testing.assert_array_equal(mdp.value(policy)[image.states], tree.value(policy[image.edges]))
    np.testing.assert_array_equal(tree.successor, np.arange(tree.n_roots, tree.n_states))
    np.testing.assert_array_equal(image.states[: mdp.n_roots], np.arange(mdp.n_roots))
    np.testing.assert_array_equal(mdp.successor[image.edges], image.states[tree.successor])
    ways = sum(1 for root in range(mdp.n_roots) for _ in paths(mdp, policy, root))
    assert (np.diff(tree.action_ptr) == 0).sum() == ways


def test_too_large_trees_are_refused(monkeypatch):
    monkeypatch.setattr(graphs, "MAX_TREE_STATES", 100)
    mdp = modular_chain(3, modulus=11)  # 1 + 4 + 16 + 64 prefixes
    assert mdp.unfold().n_states == 85
    with pytest.raises(ValueError, match="has 341 states; expected at most 100"):
        modular_chain(4, modulus=11).unfold()


@given(problems(), seeds)
def test_a_subproblem_has_the_same_values(mdp, seed):
    policy, rng = random_policy(mdp, seed), np.random.default_rng(seed)
    roots = rng.permutation(mdp.n_roots)[: rng.integers(1, mdp.n_roots + 1)]
    image, part = reachable(mdp, roots), mdp.subproblem(roots)
    np.testing.assert_array_equal(image.states[: part.n_roots], roots)
    assert len(set(image.states)) == part.n_states
    assert len(set(image.edges)) == part.n_edges
    np.testing.assert_array_equal(part.value(policy[image.edges]), mdp.value(policy)[image.states])
    assert (part.visitation(part.uniform_policy()) > 0).all(), "all of it is reached"


def test_subproblems_and_trees_keep_text():
    mdp = countdown([(1, 3, 4, 6), (2, 5, 7, 8)])
    for other in (mdp.subproblem([1]), mdp.unfold().subproblem([1])):
        assert other.state_label(0) == "2 5 7 8"
        best = other.kl_optimal(other.uniform_policy(), 1e-6)[1]
        edges = sample_trajectories(other, best, [0], np.random.default_rng(0)).edges[0]
        assert other.render(edges).endswith("= 24 (left: 24)")


def test_trajectories_have_the_policys_frequencies():
    mdp = EpisodicMDP(  # an early end, a double edge, a step of probability 0
        [0, 2, 4, 7], [0, 3, 4, 7, 7, 7, 7, 7], [2, 2, 3, 2, 4, 5, 6], [0, 0, 0, 0.5, 1, 0, 1]
    )
    policy = np.array([0.1, 0.2, 0.7, 1, 0.5, 0, 0.5])
    n = 40_000
    found = sample_trajectories(mdp, policy, np.zeros(n, dtype=int), np.random.default_rng(3))
    counts = Counter(tuple(e for e in row if e >= 0) for row in found.edges.tolist())
    exact = {tuple(edges): p for p, edges in paths(mdp, policy, 0) if p > 0}
    assert set(counts) == set(exact)
    for edges, p in exact.items():
        assert abs(counts[edges] - n * p) < 4 * np.sqrt(n * p * (1 - p))
    assert found.outcome.mean() == pytest.approx(mdp.value(policy)[0], abs=4 / np.sqrt(n))
    assert found.n_steps == (found.states >= 0).sum() - n


@given(problems(), seeds)
def test_trajectories_are_paths_from_their_starts(mdp, seed):
    rng, policy = np.random.default_rng(seed), random_policy(mdp, seed)
    starts = rng.integers(mdp.n_states, size=5)
    found = sample_trajectories(mdp, policy, starts, np.random.default_rng(seed))
    assert found.edges.shape == (5, mdp.horizon)
    assert found.states.shape == (5, mdp.horizon + 1)
    for edges, states, outcome, start in zip(*found, starts, strict=True):
        edges, states = edges[edges >= 0], states[states >= 0]
        assert states[0] == start
        np.testing.assert_array_equal(mdp.source[edges], states[:-1])
        np.testing.assert_array_equal(mdp.successor[edges], states[1:])
        assert not edges_of(mdp, states[-1])
        assert outcome == mdp.terminal_reward[states[-1]]
        assert len(mdp.render(edges).splitlines()) == edges.size
    again = sample_trajectories(mdp, policy, starts, np.random.default_rng(seed))
    assert all((a == b).all() for a, b in zip(found, again, strict=True))


def test_rounding_never_takes_a_step_of_probability_0():
    mdp = EpisodicMDP([0, 1, 4], [0, 3, 3, 3, 3], [1, 2, 3], [0, 0, 1, 0])
    policy = checked_policy(mdp, [0.5, 0.5 - 1e-13, 0.0])
    edges, _ = rollouts._walk(
        mdp.action_ptr, mdp.successor, policy, np.array([0]), np.array([[1 - 2**-53]])
    )
    assert edges.tolist() == [[1]]


def test_no_start_gives_no_trajectory():
    found = sample_trajectories(SMALL[1], SMALL[1].uniform_policy(), [], np.random.default_rng(0))
    assert (found.edges.shape, found.outcome.shape, found.n_steps) == ((0, 5), (0,), 0)


def test_text_without_labels():
    mdp = EpisodicMDP([0, 1, 2], [0, 2, 2], [1, 1], [0, 1])
    assert mdp.render([1, -1]) == "state 0: action 1 -> state 1"
    assert mdp.render([]) == ""
    named = EpisodicMDP([0, 1, 2], [0, 2, 2], [1, 1], [0, 1], state_label="ab".__getitem__)
    assert named.render([0]) == "a: action 0 -> b"
    with pytest.raises(ValueError, match=r"edges\[0\] is 2; expected an edge, from 0 to 1"):
        mdp.render([2])
    with pytest.raises(ValueError, match=r"edges\[1\] is 0, from state 0; expected one from 1"):
        mdp.render([1, 0])
    with pytest.raises(ValueError, match=r"edges\[0\] is -1"):
        mdp.render([-1, 1])


def test_problems_are_immutable_and_picklable():
    mdp = pickle.loads(pickle.dumps(SMALL[0].subproblem([1])))
    for array in (
        mdp.level_offsets,
        mdp.action_ptr,
        mdp.successor,
        mdp.terminal_reward,
        mdp.source,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        mdp.name = "other"
    assert mdp.state_label(0) == "1 3 4 6"
    assert repr(mdp).startswith("EpisodicMDP('Countdown(4 numbers -> 24)', n_states=")


GRAPH = {
    "level_offsets": [0, 2, 3, 5],
    "action_ptr": [0, 1, 3, 5, 5, 5],
    "successor": [2, 2, 2, 3, 4],
    "terminal_reward": [0, 0, 0, 1, 0.5],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"level_offsets": [0, 2, 2, 5]}, r"level_offsets\[2\] is 2 after 2; expected at least 3"),
        (
            {"level_offsets": [1, 2, 3, 5]},
            r"level_offsets is \[1 2 3\]; expected .* first of them 0",
        ),
        (
            {"level_offsets": [0, 2, 3, 4]},
            r"level_offsets\[-1\] is 4; expected 5, the number of st",
        ),
        (
            {"level_offsets": [0.0, 2.0]},
            r"level_offsets has .* type float64; expected a vector of i",
        ),
        ({"level_offsets": []}, r"level_offsets is \[\]; expected at least two entries"),
        ({"action_ptr": [0, 3, 1, 5, 5, 5]}, r"action_ptr\[2\] is 1 after 3; expected at least 3"),
        (
            {"action_ptr": [0, 1, 3, 4, 4, 4]},
            r"action_ptr\[-1\] is 4; expected 5, the number of ed",
        ),
        ({"action_ptr": [0, 1, 3, 4, 5, 5]}, r"state 3 is of the last level and has 1 actions"),
        ({"successor": [2, 2, 1, 3, 4]}, r"successor\[2\] is 1; expected .* level 1, from 2 to 2"),
        ({"successor": [2, 2, 2, 3, 5]}, r"successor\[4\] is 5; expected .* level 2, from 3 to 4"),
        ({"successor": [2, 2, -1, 3, 4]}, r"successor\[2\] is -1"),
        (
            {"successor": [3, 2, 2, 3, 4]},
            r"successor\[0\] is 3; expected .* leaves a state of level 0",
        ),
        ({"successor": [[2, 2, 2, 3, 4]]}, r"successor has shape \(1, 5\)"),
        ({"successor": [True] * 5}, r"successor has shape \(5,\) and type bool"),
        ({"terminal_reward": [0, 0, 0, 1, nan]}, r"terminal_reward\[4\] is nan; expected a finite"),
        (
            {"terminal_reward": [0, 0, 0, 1.5, 0]},
            r"terminal_reward\[3\] is 1.5; expected .*\[0, 1\]",
        ),
        ({"terminal_reward": [0, 0, 0, 1, -0.5]}, r"terminal_reward\[4\] is -0.5"),
        (
            {"terminal_reward": [0, 0.5, 0, 1, 0]},
            r"terminal_reward\[1\] is 0.5; expected 0, because",
        ),
        ({"terminal_reward": [0, 0, 0, 1]}, r"terminal_reward has shape \(4,\); expected \(5,\)"),
        ({"edge_label": "x"}, r"edge_label is 'x'; expected a function"),
    ],
)
def test_bad_graphs(changes, message):
    with pytest.raises(ValueError, match=message):
        EpisodicMDP(**(GRAPH | changes))


GOOD = [1.0, 0.5, 0.5, 0.25, 0.75]


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        (
            "value",
            ([1, 0.5, 0.5, 0.25],),
            r"policy has shape \(4,\); expected \(5,\), one per edge",
        ),
        ("value", ([1, 1.5, -0.5, 0, 1],), r"policy\[2\] is -0.5; expected a probability >= 0"),
        ("q_value", ([1, nan, 0.5, 0, 1],), r"policy\[1\] is nan"),
        (
            "advantage",
            ([1, 0.5, 0.5, 0.5, 0.4],),
            r"policy sums to 0.9 in state 2, over the edges 3",
        ),
        ("value", ("uniform",), "policy is not an array of real numbers"),
        ("visitation", (GOOD, 2), r"start is 2; expected an integer in \[0, 1\]"),
        ("visitation", (GOOD, True), r"start is True"),
        ("visitation", (GOOD, [1.0]), r"start has shape \(1,\); expected \(2,\), one per root"),
        ("visitation", (GOOD, [1.0, 1.0]), r"start sums to 2.0; expected 1"),
        ("kl_value", (GOOD, GOOD, 0), r"beta is 0; expected a finite number > 0"),
        ("kl_value", (GOOD, GOOD, nan), r"beta is nan"),
        ("kl_value", (GOOD, [1, 0, 1, 0.5, 0.5], 1), r"reference\[1\] is 0; .* policy\[1\] is 0.5"),
        ("kl_optimal", ([1, 0, 0, 0.5, 0.5], 1), r"reference sums to 0.0 in state 1"),
        ("kl_optimal", (GOOD, -1.0), r"beta is -1.0"),
        ("to_discounted", (1.0,), r"gamma is 1.0; expected a number in \[0, 1\)"),
        ("subproblem", ([],), r"roots is empty"),
        ("subproblem", ([0, 2],), r"roots\[1\] is 2; expected a root, from 0 to 1"),
        ("subproblem", ([1, 1],), r"roots\[0\] is 1; expected each root once"),
    ],
)
def test_bad_arguments(method, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(EpisodicMDP(**GRAPH), method)(*arguments)


@pytest.mark.parametrize(
    ("starts", "rng", "message"),
    [
        ([0, 5], np.random.default_rng(0), r"starts\[1\] is 5; expected a state, from 0 to 4"),
        ([0.5], np.random.default_rng(0), r"starts has shape \(1,\) and type float64"),
        ([0], 3, r"rng is 3; expected a numpy Generator"),
    ],
)
def test_bad_rollouts(starts, rng, message):
    with pytest.raises(ValueError, match=message):
        sample_trajectories(EpisodicMDP(**GRAPH), GOOD, starts, rng)
