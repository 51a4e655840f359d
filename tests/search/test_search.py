"""A search depends on its seed alone, says what is wrong, and reports what can be run again."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from tabular_pg import REGISTRY, NaturalPG, ProjectedPG, SoftmaxPG
from tabular_pg.search import worst_case

HERE = {"n_states": 2, "n_actions": 2, "gamma": 0.9, "iterations": 20, "budget": 1000}


def search(theorem="N2c", rule=NaturalPG, **options):
    return worst_case(theorem, rule, **{**HERE, **options})


def same(found, other):
    assert (found.ratio, found.k, found.rule) == (other.ratio, other.k, other.rule)
    assert (found.history, found.evaluations) == (other.history, other.evaluations)
    np.testing.assert_array_equal(found.mdp.P, other.mdp.P)
    np.testing.assert_array_equal(found.mdp.r, other.mdp.r)
    np.testing.assert_array_equal(found.policy, other.policy)


def test_it_is_deterministic_for_a_seed():
    same(search(), search())
    assert search().history != search(seed=1).history


@pytest.mark.parametrize("theorem", ["N1", "N2c"])
def test_an_executor_changes_nothing(theorem):
    with ThreadPoolExecutor(2) as executor:
        same(search(theorem, executor=executor), search(theorem))


def test_ctrl_c_keeps_the_best():
    calls = []

    def stop(evaluations, ratio):
        calls.append((evaluations, ratio))
        if len(calls) == 2:
            raise KeyboardInterrupt

    found = search("N1", progress=stop)
    assert found.interrupted
    assert len(calls) == 2
    assert found.ratio == calls[-1][1]
    assert found.history == tuple(calls)
    assert found.evaluations == calls[-1][0]
    assert not search("N1").interrupted


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"theorem": "X9"}, "theorem is 'X9'"),
        ({"theorem": 3}, "theorem is 3"),
        ({"theorem": "P1"}, "rule is NaturalPG; P1 is about ProjectedPG"),
        ({"rule": int}, "rule is "),
        ({"tau": 0.5}, "tau is 0.5; N2c is stated for tau = 0"),
        ({"theorem": "G4", "rule": NaturalPG, "tau": 0.5}, "rule is NaturalPG; G4 is about"),
        ({"tau": -1}, "tau is -1"),
        ({"tau": "a"}, "tau is 'a'"),
        ({"n_states": 0}, "n_states is 0"),
        ({"n_actions": 1.5}, "n_actions is 1.5"),
        ({"gamma": 1}, "gamma is 1"),
        ({"gamma": 1.2}, "gamma is 1.2"),
        ({"iterations": 0}, "iterations is 0"),
        ({"budget": 0}, "budget is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"mode": "best"}, "mode is 'best'"),
        ({"parameters": (1.0, 0.1)}, "parameters is "),
        ({"parameters": (0.0, 1.0)}, "parameters is "),
        ({"parameters": 3}, "parameters is 3"),
        ({"climbing": 1}, "climbing is 1"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(options, named):
    with pytest.raises((TypeError, ValueError)) as caught:
        search(**options)
    assert named in str(caught.value)


def test_bandits_have_one_state():
    with pytest.raises(ValueError, match="expected n_states = 1 and gamma = 0"):
        search("S4", SoftmaxPG)


def impossible(run):
    return "nothing is good enough"


@pytest.mark.parametrize("threads", [0, 2])
def test_assumptions_that_nobody_meets(threads):
    theorem = replace(REGISTRY["N2c"], assumes=(impossible,))
    with pytest.raises(ValueError, match=r"no candidate .* N2c .*nothing is good enough"):
        if threads:
            with ThreadPoolExecutor(threads) as executor:
                search(theorem, budget=500, executor=executor)
        else:
            search(theorem, budget=500)


@pytest.mark.parametrize(
    ("theorem", "rule", "tau"),
    [("N1", NaturalPG, 0), ("P1", ProjectedPG, 0), ("S2", SoftmaxPG, 0), ("E2", SoftmaxPG, 0.5)],
)
def test_what_is_found_can_be_run_again(theorem, rule, tau):
    found = search(theorem, rule, tau=tau)
    run = found.run()
    assert run.rule == found.rule
    assert found.verdict.holds
    assert found.counterexample is None
    with np.errstate(all="ignore"):
        measured, proved, *_ = found.theorem.formula(run)
    if found.theorem.kind.name == "LOWER":
        measured, proved = proved, measured
    with np.errstate(all="ignore"):
        ratios = (measured / proved)[found.k]
    worst = np.nanmax(ratios) if ratios.ndim else ratios
    assert worst == pytest.approx(found.ratio, rel=1e-9)
    assert 0 < found.ratio <= 1 + 1e-9


def test_a_function_may_be_searched_instead():
    def conjecture(run):
        """The gap halves at least once in k steps."""
        return run.sup_gap, np.where(run.k == 3, 0.5, np.inf) * run.sup_gap[0]

    found = search("N1", mode=conjecture, budget=1500)
    assert found.ratio > 1
    assert found.counterexample.verdict.holds is False
    assert found.counterexample.k == 3
    assert "conjecture: The gap halves" in str(found.counterexample)


def test_evaluations_are_counted():
    halved = replace(REGISTRY["N2c"], formula=_doubled)
    assert search(halved).evaluations < 600  # it ends long before a leg does


def _doubled(run):
    measured, proved, rounding = REGISTRY["N2c"].formula(run)
    return measured, 2.0 * proved, rounding


def test_every_theorem_goes_to_another_process():
    for theorem in REGISTRY.values():
        assert pickle.loads(pickle.dumps(theorem)) is theorem


@pytest.mark.parametrize(
    ("name", "value"), [("executor", "x"), ("progress", 3), ("budget", 0), ("budget", 1.5)]
)
def test_what_cannot_be_used_is_refused_by_name(name, value):
    size = {"n_states": 1, "n_actions": 2, "gamma": 0.9, "iterations": 3, "budget": 10}
    with pytest.raises((TypeError, ValueError), match=f"^{name} is "):
        worst_case("N1", NaturalPG, **(size | {name: value}))


def test_a_formula_with_an_error_ends_the_search_at_once():
    broken = replace(REGISTRY["N1"], id="X1", formula=lambda run: run.no_such_thing)
    size = {"n_states": 1, "n_actions": 2, "gamma": 0.9, "iterations": 3, "budget": 10**6}
    with pytest.raises(ValueError, match="X1: its formula raised AttributeError.*no_such_thing"):
        worst_case(broken, NaturalPG, **size)
