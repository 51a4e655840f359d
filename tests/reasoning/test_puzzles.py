"""The enumerated tasks have the states, solutions and text they claim."""

from __future__ import annotations

import itertools
import pickle
from fractions import Fraction
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular_pg.reasoning.episodic import sample_trajectories
from tabular_pg.reasoning.puzzles import countdown, game_of_24, modular_chain, sequential_sat

FOUR = list(itertools.combinations_with_replacement(range(1, 14), 4))


@pytest.fixture(scope="module")
def all_puzzles():
    return game_of_24(solvable=False)


@pytest.fixture(scope="module")
def solvable_puzzles():
    return game_of_24()


def levels(mdp, values):
    return np.split(values, mdp.level_offsets[1:-1])


def expressions(a, b):
    """The results of every step on two numbers, by the words of the specification."""
    steps = {(a, "+", b): a + b, (a, "-", b): a - b, (b, "-", a): b - a, (a, "*", b): a * b}
    if b != 0:
        steps[a, "/", b] = a / b
    if a != 0:
        steps[b, "/", a] = b / a
    return list(steps.values())


def slow_success(numbers, target):
    """(success probability of the uniform policy, solutions, sequences of steps), exactly."""
    if len(numbers) == 1:
        return Fraction(numbers[0] == target), int(numbers[0] == target), 1
    rests = {}
    for i, j in itertools.combinations(range(len(numbers)), 2):
        rest = [n for k, n in enumerate(numbers) if k not in (i, j)]
        rests[tuple(sorted((numbers[i], numbers[j])))] = rest
    found = [
        slow_success([*rest, result], target)
        for (a, b), rest in rests.items()
        for result in expressions(a, b)
    ]
    success, solutions, sequences = map(sum, zip(*found, strict=True))
    return success / len(found), solutions, sequences


@settings(max_examples=12)
@given(
    st.lists(
        st.lists(st.integers(1, 13), min_size=3, max_size=3).map(sorted).map(tuple),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    st.sampled_from((24, 10, 1, 0, -3, Fraction(3, 2))),
)
def test_countdown_agrees_with_the_recursion(puzzles, target):
    mdp, tree = countdown(puzzles, target), countdown(puzzles, target, merge=False)
    success, solutions, sequences = zip(
        *(slow_success([Fraction(n) for n in puzzle], target) for puzzle in puzzles), strict=True
    )
    assert mdp.n_roots == tree.n_roots == len(puzzles)
    for graph in (mdp, tree):
        found = graph.value(graph.uniform_policy())[: graph.n_roots]
        np.testing.assert_allclose(found, np.array(success, dtype=float), rtol=1e-14)
        np.testing.assert_array_equal(graph.optimal_value()[: graph.n_roots], np.array(success) > 0)
    assert (np.diff(tree.action_ptr) == 0).sum() == sum(sequences)
    assert tree.terminal_reward.sum() == sum(solutions)


def test_four_and_two_numbers():
    success, solutions, sequences = slow_success([Fraction(n) for n in (2, 5, 7, 8)], 24)
    tree = countdown((2, 5, 7, 8), merge=False)
    assert (success, solutions, sequences) == (Fraction(1, 36 * 18 * 6), 1, 3739)
    assert tree.value(tree.uniform_policy())[0] == pytest.approx(1 / 3888, rel=1e-14)
    assert (np.diff(tree.action_ptr) == 0).sum() == 3739, "some pairs are equal or hold a 0"
    assert [countdown((a, b)).n_edges for a, b in ((2, 3), (3, 3))] == [6, 4]


def test_game_of_24_has_the_known_counts(all_puzzles):
    mdp = all_puzzles
    assert (mdp.n_states, mdp.n_edges, mdp.n_roots, mdp.horizon) == (116_876, 623_971, 1820, 3)
    assert np.diff(mdp.level_offsets).tolist() == [1820, 16_562, 49_852, 48_642]
    solvable = levels(mdp, mdp.optimal_value() > 0)
    assert [int(level.sum()) for level in solvable] == [1362, 1507, 195, 1]
    actions = levels(mdp, np.diff(mdp.action_ptr))[:3]
    assert [(a.min(), a.max()) for a in actions] == [(4, 36), (4, 18), (3, 6)]
    np.testing.assert_allclose([a.mean() for a in actions], [26.0, 16.8, 5.99], rtol=5e-4)
    assert mdp.state_label(0) == "1 1 1 1"
    assert mdp.state_label(1819) == "13 13 13 13"


def test_the_solvable_puzzles_have_the_known_success_rates(solvable_puzzles):
    mdp = solvable_puzzles
    assert (mdp.n_states, mdp.n_edges, mdp.n_roots) == (97_833, 512_073, 1362)
    assert np.diff(mdp.level_offsets).tolist() == [1362, 13_211, 42_055, 41_205]
    success = mdp.value(mdp.uniform_policy())[:1362]
    assert mdp.optimal_value()[:1362].min() == 1
    assert success.mean() == pytest.approx(0.00627, abs=5e-6)
    assert np.median(success) == pytest.approx(0.00328, abs=5e-6)
    quantiles = np.quantile(success, [0.01, 0.25, 0.75, 0.99])
    np.testing.assert_allclose(quantiles, [0.00036, 0.00168, 0.00738, 0.0435], rtol=1e-2)
    assert success.min() == pytest.approx(1 / 3888, rel=1e-14)
    rarest = {mdp.state_label(s) for s in np.flatnonzero(success < 1.001 / 3888)}
    assert {"2 5 7 8", "1 3 4 6"} <= rarest
    assert mdp.state_label(success.argmax()) == "12 12 12 12"
    assert success.max() == pytest.approx(0.102, abs=5e-4)


def test_trees_of_puzzles_have_the_known_counts(solvable_puzzles):
    mdp = solvable_puzzles
    ways = mdp.terminal_reward.copy()
    for e in range(mdp.n_edges - 1, -1, -1):  # solutions of every state, last states first
        ways[mdp.source[e]] += ways[mdp.successor[e]]
    assert ways[:1362].mean() == pytest.approx(14.4, abs=0.01)
    assert np.median(ways[:1362]) == 8
    part = mdp.subproblem(np.random.default_rng(0).choice(1362, 200, replace=False))
    tree = part.unfold()
    assert (part.n_states, part.n_edges, tree.n_states) == (40_545, 168_574, 653_601)
    success = part.value(part.uniform_policy())[:200]
    np.testing.assert_allclose(tree.value(tree.uniform_policy())[:200], success, rtol=1e-13)


@pytest.mark.parametrize(("target", "solvable"), [(24, 566), (10, 647)])
def test_puzzles_of_cards_up_to_10(target, solvable):
    mdp = countdown([puzzle for puzzle in FOUR if max(puzzle) <= 10], target)
    assert (mdp.n_roots, mdp.n_states) == (715, 38_946)
    assert mdp.optimal_value()[:715].sum() == solvable


def test_a_trajectory_reads_like_a_solution():
    for merge in (True, False):
        mdp = countdown([(1, 5, 5, 5), (3, 3, 8, 8)], merge=merge)
        policy = mdp.kl_optimal(mdp.uniform_policy(), 1e-6)[1]
        found = sample_trajectories(mdp, policy, [0, 1], np.random.default_rng(0))
        assert found.outcome.tolist() == [1, 1]
        assert mdp.render(found.edges[0]) == (
            "1 / 5 = 1/5 (left: 1/5 5 5)\n"
            "5 - (1/5) = 24/5 (left: 24/5 5)\n"
            "5 * (24/5) = 24 (left: 24)"
        )
        assert mdp.render(found.edges[1]) == (
            "8 / 3 = 8/3 (left: 8/3 3 8)\n3 - (8/3) = 1/3 (left: 1/3 8)\n8 / (1/3) = 24 (left: 24)"
        )


def test_every_step_of_a_text_is_true():
    mdp = countdown([(1, 2, 2, 7), (3, 3, 8, 8)])
    for e in range(mdp.n_edges):
        step, left = mdp.edge_label(e)[:-1].split(" (left: ")
        expression, result = step.split(" = ")
        a, symbol, b = expression.split(" ")
        a, b = (Fraction(x.strip("()")) for x in (a, b))
        before = sorted(map(Fraction, mdp.state_label(mdp.source[e]).split()))
        after = sorted(map(Fraction, left.split()))
        before.remove(a)
        before.remove(b)
        exact = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}[symbol]
        assert exact == Fraction(result)
        assert sorted([*before, exact]) == after
        assert left == mdp.state_label(mdp.successor[e])


def slow_chain(operations, modulus, value, steps, target):
    """The share of sequences of operations that end in the target."""
    if steps == 0:
        return Fraction(value == target)
    following = [(value + b if symbol == "+" else value * b) % modulus for symbol, b in operations]
    return sum(slow_chain(operations, modulus, v, steps - 1, target) for v in following) / len(
        operations
    )


@given(st.integers(1, 4), st.sampled_from((7, 12, 97)), st.integers(2, 5), st.integers(0, 99))
def test_modular_chains_agree_with_the_recursion(horizon, modulus, operations, seed):
    mdp = modular_chain(horizon, modulus, operations, seed)
    assert mdp.n_states == horizon * modulus + 1
    assert (mdp.horizon, mdp.n_roots) == (horizon, 1)
    assert mdp.n_edges == operations * (mdp.n_states - modulus)
    steps = [mdp.edge_label(e).split() for e in range(operations)]
    constants = [(symbol, int(b)) for _, symbol, b, *_ in steps]
    assert len(set(constants)) == operations
    start, target = int(mdp.state_label(0)), int(mdp.name.rstrip(")").split()[-1])
    success = slow_chain(constants, modulus, start, horizon, target)
    assert mdp.value(mdp.uniform_policy())[0] == pytest.approx(float(success), rel=1e-13)
    assert success > 0
    assert mdp.optimal_value()[0] == 1


def test_modular_chains_of_several_starts():
    mdp = modular_chain(20, starts=5, seed=3)
    assert (mdp.n_roots, mdp.n_states) == (5, 5 + 20 * 97)
    assert len({mdp.state_label(root) for root in range(5)}) == 5
    assert mdp.optimal_value()[:5].tolist() == [1] * 5
    success = mdp.value(mdp.uniform_policy())[:5]
    np.testing.assert_allclose(success, 1 / 97, rtol=0.2)
    assert (modular_chain(20, seed=3).successor != modular_chain(20, seed=4).successor).any()
    reached = mdp.subproblem(range(5))
    assert reached.n_states < mdp.n_states
    e = mdp.n_edges - 1
    value, symbol, b, _, result, *rest = mdp.edge_label(e).split()
    assert rest == ["(mod", "97)"]
    assert (int(value) * int(b) if symbol == "*" else int(value) + int(b)) % 97 == int(result)


def test_satisfiability_is_that_of_the_formula():
    mdp = sequential_sat(5, 14, seed=[3, 4])
    literals = mdp.edge_label.__self__.literals
    assert literals.shape == (2, 14, 3)
    assert all(len(set(clause)) == 3 for clause in np.abs(literals).reshape(-1, 3).tolist())
    for root, values in itertools.product(range(2), itertools.product((0, 1), repeat=5)):
        s = root
        for value in values:
            e = mdp.action_ptr[s] + value
            s = mdp.successor[e]
        true = [any((x > 0) == values[abs(x) - 1] for x in clause) for clause in literals[root]]
        assert mdp.terminal_reward[s] == all(true)
        assert mdp.edge_label(e) == f"x5 = {values[-1]} (left: {true.count(False)} of 14 clauses)"
        bits = "".join(map(str, values))
        left = f"(left: {true.count(False)} of 14 clauses)"
        assert mdp.state_label(s) == f"formula {root}: {bits} assigned {left}"
    assert mdp.state_label(1) == "formula 1: nothing assigned (left: 14 of 14 clauses)"


def test_formulas_have_the_known_size_and_difficulty():
    mdp = sequential_sat()
    assert (mdp.n_states, mdp.n_edges, mdp.n_roots, mdp.horizon) == (8191, 8190, 1, 12)
    many = sequential_sat(seed=range(100))
    np.testing.assert_array_equal(
        many.terminal_reward[-100 * 4096 :][:4096], mdp.terminal_reward[-4096:]
    )
    assert many.optimal_value()[:100].mean() == pytest.approx(0.82, abs=0.12)


@pytest.mark.parametrize(
    "mdp",
    [countdown((1, 2, 3)), countdown((1, 2, 3), merge=False), modular_chain(2), sequential_sat(3)],
    ids=lambda mdp: mdp.name,
)
def test_tasks_can_be_sent_to_other_processes(mdp):
    copy = pickle.loads(pickle.dumps(mdp))
    assert copy.edge_label(3) == mdp.edge_label(3)
    np.testing.assert_array_equal(copy.successor, mdp.successor)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1],), r"numbers has length 1; expected at least 2"),
        (([],), r"numbers has length 0; expected at least 2"),
        (([1] * 7,), r"numbers has length 7; expected at most 6: .* up to 2,645,395,200 seq"),
        (([1, 2.0],), r"numbers\[1\] is 2.0; expected an integer >= 1"),
        (([True, 2],), r"numbers\[0\] is True"),
        (([1, 0],), r"numbers\[1\] is 0"),
        (([(1, 2), (1, -2)],), r"numbers\[1\]\[1\] is -2"),
        (([(1, 2), (1, 2, 3)],), r"numbers\[1\] has length 3; expected 2, as in numbers\[0\]"),
        (([(1, 2), 3],), r"a sequence of integers, such as \[1, 1, 4, 6\], or of such sequences"),
        ((["1 1 4 6"],), r"numbers is \['1 1 4 6'\]; expected a sequence of integers, such as \["),
        (([(1, 2), (3, 4), (2, 1)],), r"numbers\[2\] is \(2, 1\), the same puzzle as numbers\[0\]"),
        ((24,), r"numbers is 24; expected a sequence"),
        (([1, 2], nan), r"target is nan; expected an integer or a Fraction"),
        (([1, 2], inf), r"target is inf"),
        (([1, 2], True), r"target is True"),
        (([1, 2], 24, "prefix"), "merge is 'prefix'; .*; merge=False is the tree of prefixes"),
        (([1, 2], 24, 0), "merge is 0; expected True or False; merge=False"),
    ],
)
def test_bad_puzzles(arguments, message):
    with pytest.raises(ValueError, match=message):
        countdown(*arguments)


def test_too_many_steps_are_refused(monkeypatch):
    monkeypatch.setattr("tabular_pg.reasoning.puzzles.sizes.MAX_EDGES", 1000)
    with pytest.raises(ValueError, match="numbers lead to over 1,000 steps; expected fewer"):
        game_of_24()
    assert sequential_sat(7, seed=[0, 1, 2]).n_edges == 762
    assert modular_chain(2, modulus=125).n_edges == 504
    with pytest.raises(ValueError, match="9 variables and 1 seeds lead to over 1,000 steps"):
        sequential_sat(9)


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        (modular_chain, {"horizon": 0}, "horizon is 0; expected an integer >= 1"),
        (modular_chain, {"horizon": 2, "modulus": 2}, "modulus is 2"),
        (modular_chain, {"horizon": 2, "operations": 1}, "operations is 1"),
        (modular_chain, {"horizon": 2, "modulus": 6, "operations": 4}, "at most 3, because there"),
        (modular_chain, {"horizon": 2, "seed": -1}, "seed is -1"),
        (modular_chain, {"horizon": 2, "starts": 98}, r"starts is 98; expected .* in \[1, 97\]"),
        (modular_chain, {"horizon": 1, "starts": 50}, "horizon is 1; expected more steps"),
        (
            modular_chain,
            {"horizon": 10**7},
            "horizon 10000000, modulus 97 and 4 operations lead to",
        ),
        (modular_chain, {"horizon": 1, "modulus": 10**9}, "lead to over 20,000,000 steps"),
        (
            sequential_sat,
            {"n_variables": 20, "seed": range(100)},
            "20 variables and 100 seeds lead",
        ),
        (game_of_24, {"merge": "prefix"}, "merge is 'prefix'; expected True or False; merge=False"),
        (game_of_24, {"solvable": None}, "solvable is None; expected True or False"),
        (sequential_sat, {"n_variables": 2}, r"n_variables is 2; expected an integer in \[3, 20\]"),
        (sequential_sat, {"n_variables": 21}, "n_variables is 21"),
        (sequential_sat, {"n_clauses": 0}, "n_clauses is 0"),
        (sequential_sat, {"seed": 0.5}, "seed is 0.5"),
        (sequential_sat, {"seed": [0, -1]}, r"seed\[1\] is -1"),
        (sequential_sat, {"seed": []}, "seed is empty"),
    ],
)
def test_bad_tasks(task, arguments, message):
    with pytest.raises(ValueError, match=message):
        task(**arguments)
