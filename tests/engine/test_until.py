"""A run ends where the advantage gap guarantees what was asked for, and not before."""

from __future__ import annotations

import numpy as np
import pytest

from tabular_pg import (
    NaturalPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
    Solver,
    Status,
    check,
    instances,
    optimize,
    optimize_many,
    steps,
)

GARNET = instances.garnet(5, 3, 2, 0.9, seed=1)
CASES = [
    (NaturalPG(1.0), 0.0, None),
    (NaturalPG(steps.Geometric(0.1, 1.2)), 0.0, None),
    (NaturalPG(1.0), 0.1, None),
    (SoftPolicyIteration(), 0.1, None),
    (SoftmaxPG(steps.Armijo()), 0.0, None),
    (ProjectedQAscent(0.3), 0.0, None),
    (NaturalPG(1.0), 0.0, Solver.SWEEPS),
    (NaturalPG(1.0), 0.0, Solver.REUSE),
]


@pytest.mark.parametrize(("rule", "tau", "solver"), CASES, ids=str)
@pytest.mark.parametrize("until", [10.0, 0.3, 1e-2])
def test_it_is_the_first_iterate_that_is_good_enough(rule, tau, solver, until):
    whole = optimize(GARNET, rule, 3000, tau=tau, solver=solver, at=range(3001))
    first = int(np.argmax(whole.A.max(axis=(1, 2)) <= (1 - 0.9) * until))
    run = optimize(GARNET, rule, 3000, tau=tau, solver=solver, at=[0, 1000, 3000], until=until)
    assert run.status is Status.SETTLED and run.k[-1] == first
    assert np.array_equal(run.iterates[-1], whole.iterates[first])
    assert run.sup_gap[-1] <= until
    if first:
        assert whole.A[first - 1].max() > 0.1 * until
    assert all(v.holds for v in check(run) if v.theorem.id == "A2")


def test_it_ends_as_any_other_where_it_never_gets_there():
    run = optimize(GARNET, SoftmaxPG(0.1), 20, until=1e-9)
    assert run.status is Status.COMPLETED and run.k[-1] == 20


def test_many_runs_end_each_for_itself():
    etas = [0.1, 1.0, 10.0] * 100
    runs = optimize_many(GARNET, [NaturalPG(eta) for eta in etas], 2000, until=0.1, at=[0, 2000])
    alone = [optimize(GARNET, NaturalPG(eta), 2000, until=0.1, at=[0, 2000]) for eta in etas[:3]]
    assert [run.k[-1] for run in runs[:3]] == [run.k[-1] for run in alone]
    assert len({int(run.k[-1]) for run in runs}) == 3


@pytest.mark.parametrize("until", [0.0, -1.0, float("nan"), float("inf"), "small", [0.1]])
def test_what_is_no_error_is_refused(until):
    with pytest.raises(ValueError, match="^until is"):
        optimize(GARNET, NaturalPG(1.0), 5, until=until)
