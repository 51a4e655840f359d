"""Arguments of the offline half that are refused by name, whatever kind of thing they are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tabular_pg import instances
from tabular_pg.methods.softmax_flow import softmax_flow
from tabular_pg.preference import (
    Annotator,
    choose,
    deduplicate,
    expected_reward,
    fit,
    label_accuracy,
    make_world,
    optimal_value,
    preference_data,
    skywork_rules,
)
from tabular_pg.reasoning.baselines import dro, outcome_dpo, rft, step_dpo
from tabular_pg.reasoning.dapo import (
    bce_loss,
    iterate,
    loss,
    outcomes,
    respond,
    signal,
    step,
    train,
)
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.reasoning.puzzles import countdown, modular_chain

CHAIN = modular_chain(2, modulus=5)
UNIFORM = CHAIN.uniform_policy()
FOUND = respond(CHAIN, UNIFORM, 20, np.random.default_rng(0))
PAIRS = [[0, 1], [1, 0]]
HUGE = 10**400

ODD = [
    (np.ma.array([1.0, 2.0], mask=[True, False]), "is a masked array"),
    ([1.0, 2j], "not an array of real numbers"),
    (["1", "2"], "not an array of real numbers"),
    (np.array([1, 2], dtype="m8[s]"), "not an array of real numbers"),
    ([1.0, object()], r"not an array of real numbers: \w+\[.*1\] is <object"),
    ([1.0, None], r"not an array of real numbers: \w+\[.*1\] is None"),
    ([1.0, HUGE], r"\w+\[.*1\] is beyond the range of floats"),
    ([1.0, [2.0]], "not an array of real numbers"),
    (None, "not an array of real numbers|has shape"),
]


@pytest.mark.parametrize(("values", "message"), ODD, ids=[str(i) for i in range(len(ODD))])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: fit(PAIRS, 2, weights=x) if x is not None else fit(PAIRS, 2, weights=[None] * 2),
        lambda x: expected_reward([[0.5, 0.5]], [x] if x is not None else x),
        lambda x: optimal_value([[0.5, 0.5]], [x] if x is not None else x, 1.0),
        lambda x: EpisodicMDP([0, 1, 2], [0, 1, 1], [1], x),
        lambda x: CHAIN.value(x),
    ],
)
def test_what_is_no_number(call, values, message):
    with pytest.raises(ValueError, match=message):
        call(values)


def test_other_numbers_are_accepted():
    exact = fit(PAIRS, 2, weights=[Fraction(1, 2), 1])
    np.testing.assert_array_equal(exact.scores, fit(PAIRS, 2, weights=[0.5, 1.0]).scores)
    plain = np.ma.array([0.5, 1.0], mask=False)
    np.testing.assert_array_equal(exact.scores, fit(PAIRS, 2, weights=plain).scores)


@pytest.mark.parametrize(
    "call",
    [
        lambda: step(None, UNIFORM, 1.0),
        lambda: loss(None, UNIFORM, UNIFORM, 1.0),
        lambda: iterate(None, UNIFORM, 1.0, 1),
        lambda: respond(None, UNIFORM, 1, np.random.default_rng(0)),
        lambda: train(None, UNIFORM, beta=1.0, iterations=1, critic=None, responses=1,
                      completions=None, rng=None),
        lambda: signal(None, UNIFORM, [0.0], [True]),
        lambda: outcomes(None, UNIFORM, FOUND),
        lambda: outcome_dpo(None, UNIFORM, FOUND, 1.0),
        lambda: step_dpo(None, UNIFORM, FOUND, 1.0),
        lambda: dro(None, UNIFORM, FOUND, 1.0),
        lambda: rft(None, UNIFORM, FOUND),
    ],
)  # fmt: skip
def test_a_problem_that_is_none(call):
    with pytest.raises(TypeError, match="mdp is of type NoneType; expected an EpisodicMDP"):
        call()


def test_data_that_are_none():
    with pytest.raises(TypeError, match="data is of type NoneType; expected PreferenceData"):
        deduplicate(None)
    with pytest.raises(TypeError, match="data is of type NoneType; expected PreferenceData"):
        skywork_rules().run(None)
    with pytest.raises(TypeError, match="pairs is of type NoneType; expected Pairs"):
        preference_data(None)


def test_rules_of_skywork():
    with pytest.raises(ValueError, match="rewards is 'nonsense'; expected a Fit"):
        skywork_rules(rewards="nonsense")
    with pytest.raises(ValueError, match="adversarial is 'False'; expected True or False"):
        skywork_rules(adversarial="False")
    with pytest.raises(TypeError, match="benchmark is of type list; expected Tokens"):
        skywork_rules(benchmark=[1, 2])


def test_choices_of_items_that_do_not_match():
    world, rng = make_world(40, 6, seed=1, benchmark=200, nuisance=3), np.random.default_rng(0)
    for call in (lambda *pair: choose(Annotator(), world, *pair, rng),
                 lambda *pair: label_accuracy(Annotator(), world, *pair)):  # fmt: skip
        with pytest.raises(ValueError, match=r"second has shape \(1,\); expected \(3,\)"):
            call([0, 1, 2], [3])
        with pytest.raises(ValueError, match=r"second has shape \(2,\); expected \(3,\)"):
            call([0, 1, 2], [3, 4])
    with pytest.raises(TypeError, match="annotator is of type NoneType; expected an Annotator"):
        choose(None, world, [0], [1], rng)


def test_values_and_weights_of_states():
    data = outcomes(CHAIN, UNIFORM, FOUND)
    values = np.full(CHAIN.n_states, 0.5)
    assert bce_loss(data, values) == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match=f"values has length {values.size + 1}; expected"):
        bce_loss(data, np.append(values, 0.5))
    weights = np.ones(CHAIN.n_states)
    weights[3] = -1.0
    with pytest.raises(ValueError, match=r"states\[3\] is -1.0; expected a weight >= 0"):
        loss(CHAIN, UNIFORM, UNIFORM, 1.0, states=weights)


@pytest.mark.parametrize("numbers", (["1 1 4 6"], "1 1 4 6", [b"1146"], ["1", "2"]))
def test_puzzles_as_text(numbers):
    with pytest.raises(ValueError, match="numbers is .*; expected a sequence of integers"):
        countdown(numbers)


def test_the_few_that_stand_out_are_named():
    everyone = [[i, (i + 1) % 99] for i in range(99)]
    with pytest.raises(ValueError, match=r"the items \[99\] never won against any other"):
        fit([*everyone, [0, 99]], 100)
    with pytest.raises(ValueError, match=r"the items \[99\] never lost to any other"):
        fit([*everyone, [99, 0]], 100)


def test_an_underflow_is_due_to_beta():
    mdp = EpisodicMDP([0, 1, 3], [0, 2, 2, 2], [1, 2], [0, 0.0, 1.0])
    with pytest.raises(ValueError, match=r"beta is 0.0001: after \d steps the probability of edge"):
        iterate(mdp, [0.5, 0.5], 1e-4, 10)


def test_numbers_of_hundreds_of_digits():
    with pytest.raises(ValueError, match=r"beta is 1000.*expected a finite number > 0"):
        iterate(CHAIN, UNIFORM, HUGE, 1)
    with pytest.raises(ValueError, match=r"ridge is 1000.*expected a finite number"):
        fit(PAIRS, 2, ridge=HUGE)
    with pytest.raises(ValueError, match=r"ridge is an integer of \d\d,\d+ bits; expected"):
        fit(PAIRS, 2, ridge=10**6000)
    with pytest.raises(ValueError, match="n_items is 1000.*expected an integer in"):
        fit(PAIRS, HUGE)


def test_copies_are_finite():
    mdp = instances.garnet(2, 2, 1, 0.9)
    with pytest.raises(ValueError, match=r"copies\[0\] is inf; expected a finite number"):
        softmax_flow(mdp, [1.0], copies=[np.inf, 1.0])
