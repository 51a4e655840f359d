"""What is shared by theorems, and what is compiled of them, changes no verdict."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tabular_pg import NaturalPG, ProjectedPG, SoftmaxPG, check, instances, optimize
from tabular_pg.numerics.recurrences import discounted_step, huber_step, iterated
from tabular_pg.theorem import theorems_about, verdict
from tabular_pg.verdicts.once import computed_once, once
from tabular_pg.verdicts.visits import (
    discounted_sum,
    discounted_sums,
    visitation,
    visitations,
)


@pytest.mark.parametrize(
    "rule, tau",
    [(NaturalPG(1.0), 0.0), (SoftmaxPG(0.1), 0.0), (SoftmaxPG(0.1), 0.1), (ProjectedPG(0.1), 0.0)],
    ids=str,
)
def test_together_and_one_by_one(rule, tau):
    run = optimize(instances.garnet(5, 3, 2, 0.9, seed=3), rule, 60, tau=tau)
    for found, theorem in zip(check(run), theorems_about(rule), strict=True):
        alone = verdict(theorem, run)
        assert str(found) == str(alone) and found.slack == pytest.approx(alone.slack, nan_ok=True)


def test_only_within_and_for_each_run():
    calls = []

    @once
    def measured(run):
        calls.append(run)
        return np.ones(2), 3.0

    runs = [object(), object()]
    for _ in range(2):
        measured(runs[0])
    assert len(calls) == 2
    for _ in range(2):
        with computed_once():
            for run in runs * 3:
                array, _ = measured(run)
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 2.0
    assert calls[2:] == runs * 2


def test_recurrences_are_what_is_written():
    terms = np.random.default_rng(0).random(30)
    for step, arguments in (
        (huber_step, (0.9, 0.3)), (huber_step, (0.9, 30.0)), (discounted_step, (0.9, terms)),
    ):  # fmt: skip
        floats = iterated(step, 7.0, arguments, 30)
        written = iterated(step, Fraction(7), arguments, 30)
        np.testing.assert_allclose(floats, written.astype(float), rtol=1e-14)


@pytest.mark.parametrize("S", [1, 5, 48, 49, 60])
def test_visits_of_several_policies(S):
    mdp, rng = instances.random_dense(S, 3, 0.9, seed=S), np.random.default_rng(S)
    policies, b = rng.dirichlet(np.ones(3), size=(4, S)), rng.normal(size=(4, S))
    found = visitations(mdp, policies, mdp.mu)
    expected = [visitation(mdp, pi, mdp.mu) for pi in policies]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    sums = discounted_sums(mdp, policies[0], b)
    expected = [discounted_sum(mdp, policies[0], row) for row in b]
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)
