"""What compiled loops record, whichever way it takes into the arrays of a run."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from tabular_pg import (
    MDP,
    NaturalPG,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    instances,
    optimize,
    steps,
)
from tabular_pg.engine import compiled_loop
from tabular_pg.engine.run import Run
from tabular_pg.gaps import records

RECORDED = [*records.Room._fields, "log_below"]
GARNET = instances.garnet(n_states=4, n_actions=3, branching=3, gamma=0.5, seed=0)
CASES = [
    (GARNET, NaturalPG(1.0), 0.0, {}),
    (GARNET, NaturalPG(1e3), 0.0, {}),  # with gaps far below others
    (GARNET, SoftPolicyIteration(), 0.1, {}),
    (GARNET, ProjectedPG(0.1), 0.0, {"at": [3, 4, 50, 90]}),
    (GARNET, SoftmaxPG(0.1), 0.0, {"until": 1e-2}),
    (GARNET, NaturalPG(steps.Armijo(first=1.0)), 0.0, {}),
]


def two_goals():
    """Two states that are worth the same whatever is done there, as far as others go."""
    P, r = np.full((4, 2, 4), 0.25), np.arange(8.0).reshape(4, 2)
    P[2:], r[2:] = np.eye(4)[[3, 2], None], 0.0
    return MDP(P, r, 0.9)


def same(run, other):
    for name in RECORDED:
        x, y = getattr(run, name), getattr(other, name)
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_array_equal(x, y, err_msg=name)


def test_these_are_all_fields_that_have_a_row_for_each_record():
    run = optimize(GARNET, NaturalPG(1.0), 5)
    rows = [x.name for x in fields(Run) if isinstance(getattr(run, x.name), np.ndarray)]
    assert set(rows) - {"start"} == set(RECORDED) - {"log_policies", "log_below"}


@pytest.mark.parametrize("rarely", [1, 1000])
@pytest.mark.parametrize("mdp, rule, tau, options", CASES)
def test_pages_of_any_size_hold_the_same(mdp, rule, tau, options, rarely, monkeypatch):
    monkeypatch.setattr(compiled_loop, "RARELY", rarely)
    run = optimize(mdp, rule, 130, tau=tau, **options)
    for numbers in (1, 300, 1000):  # one row, some, and as many as there are iterations to a look
        monkeypatch.setattr(records, "PAGE", numbers)
        same(optimize(mdp, rule, 130, tau=tau, **options), run)


@pytest.mark.parametrize("mdp, rule, tau, options", CASES[:3])
def test_what_is_recorded_of_an_iterate_does_not_depend_on_the_others(mdp, rule, tau, options):
    run, some = optimize(mdp, rule, 130, tau=tau), [0, 1, 63, 64, 65, 128, 130]
    found = optimize(mdp, rule, 130, tau=tau, at=some)
    for name in RECORDED:
        if name != "log_below" and getattr(run, name) is not None:
            np.testing.assert_array_equal(getattr(found, name), getattr(run, name)[some], name)
    np.testing.assert_array_equal(found.log_value_gap, run.log_value_gap[some])


@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_a_search_records_its_start_with_advantages(tau):
    """Also where gaps have to be resolved before they are known."""
    mdp = two_goals()
    start = optimize(mdp, NaturalPG(1.0), 1, tau=tau)
    searched = optimize(mdp, NaturalPG(steps.Armijo(first=1.0)), 1, tau=tau)
    np.testing.assert_array_equal(searched.A[0], start.A[0])
    np.testing.assert_array_equal(searched.value_gap[0], start.value_gap[0])
