"""What a theorem says of several runs at once is what it says of each of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tabular_pg import MDP, HadamardPG, NaturalPG, ProjectedPG, SoftmaxPG, optimize
from tabular_pg.search import population
from tabular_pg.search.population import slacks
from tabular_pg.theorem import REGISTRY, theorems_about, verdict
from tabular_pg.verdicts.several import Divided, Several

CASES = [
    (NaturalPG(1.0), 0.0), (SoftmaxPG(0.1), 0.0), (ProjectedPG(0.1), 0.0), (HadamardPG(0.01), 0.0),
    (NaturalPG(0.1), 0.5), (SoftmaxPG(0.1), 0.5),
]  # fmt: skip
TOGETHER = ("N1", "N1v", "N2b", "N4", "S1b", "S2", "S3l", "P2s", "P4", "H1b", "G1p")


def runs(rule, tau, n=12, steps=15, K=None):
    """On dense MDPs and deterministic ones with ties, with rewards in and out of [0, 1]."""
    rng, found = np.random.default_rng(0), []
    for i in range(n):
        P, r = rng.dirichlet(np.ones(3), (3, 2)), rng.random((3, 2))
        if i % 3 == 2:
            P, r = np.eye(3)[rng.integers(3, size=(3, 2))], rng.integers(-1, 2, (3, 2))
        if tau == 0 and i % 4 == 3 and hasattr(rule, "eta"):
            rule = rule._replace(eta=1.5 * rule.eta)
        found.append(optimize(MDP(P, r, 0.9), rule, steps, tau=tau))
    return found


@pytest.mark.parametrize(("rule", "tau"), CASES, ids=lambda x: getattr(x, "_fields", x) and repr(x))
def test_slacks_are_those_of_verdicts(rule, tau):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        several = runs(rule, tau)
        for theorem in theorems_about(rule):
            expected = [verdict(theorem, run).slack for run in several]
            np.testing.assert_allclose(slacks(theorem, several), expected, rtol=1e-10)


@pytest.mark.parametrize("id", TOGETHER)
def test_formulas_are_evaluated_once(id, monkeypatch):
    """For runs on dense MDPs, where there is nothing to look at one by one."""
    theorem = REGISTRY[id]
    rule, tau = next(
        case for case in CASES
        if type(case[0]) in theorem.rules and theorem.regularized in (None, case[1] > 0)
    )  # fmt: skip
    several = [run for i, run in enumerate(runs(rule, tau, 24)) if i % 3 != 2]
    monkeypatch.setattr(population, "verdict", None)
    assert np.isfinite(slacks(theorem, several)).any()


def test_one_by_one_where_runs_differ_in_kind():
    several = [*runs(NaturalPG(1.0), 0.0, 5), *runs(NaturalPG(1.0), 0.0, 5, 7)]
    expected = [verdict(REGISTRY["N1"], run).slack for run in several]
    np.testing.assert_allclose(slacks(REGISTRY["N1"], several), expected, rtol=1e-10)
    assert slacks(REGISTRY["N1"], []).shape == (0,)


def test_a_decision_that_differs_divides():
    x = Several(np.array([1.0, 2.0, 3.0]))
    with pytest.raises(Divided) as decision:
        bool(x > 1.5)
    np.testing.assert_array_equal(decision.value.parts, [True, False, False])
    assert not (x > 5)
    assert (x > 0).all()


def test_functions_along_axes_are_those_of_one_run():
    data = np.random.default_rng(0).random((4, 3, 5, 2))
    plain = np.random.default_rng(1).random((5, 2))
    index = data.argsort(axis=3)
    for function in (
        lambda x: x.sum(axis=1) + plain[:, 0].sum(),
        lambda x: x * plain - x[:, :1],
        lambda x: np.where(x > 0.5, x, plain).max(axis=(1, 2)),
        lambda x: np.concatenate([x, x[:1]]).min(axis=0),
        lambda x: np.stack([row.sum() for row in x]),
        lambda x: np.logaddexp.reduce(x, axis=-1, keepdims=True),
        lambda x: np.maximum.accumulate(x, axis=0),
        lambda x: np.cumprod(x[:, 0, 0]),
        lambda x: x[0].T @ x[0],
        lambda x: x[0] @ x[0, 0],
        lambda x: np.broadcast_to(x[:, 0, 0], (2, 3)),
        lambda x: x.argmax(axis=2),
        lambda x: x[:, None, 0].mean(),
    ):
        found, expected = function(Several(data)), np.stack([function(x) for x in data])
        assert found.shape == expected.shape[1:]
        np.testing.assert_allclose(found.data, expected, rtol=1e-14)
    found = np.take_along_axis(Several(data), Several(index), axis=2)
    np.testing.assert_array_equal(found.data, np.take_along_axis(data, index, axis=3))


@pytest.mark.parametrize(
    "wrong", [lambda x: np.array(x), lambda x: x[x > 0], lambda x: np.median(x), lambda x: float(x)]
)
def test_what_is_not_for_several_is_refused(wrong):
    with pytest.raises(TypeError):
        wrong(Several(np.ones((2, 3))))
