"""A theorem beside what it bounds: the curve is what was compared, in logarithms."""

from __future__ import annotations

import numpy as np
import pytest

from tabular_pg import NaturalPG, SoftPolicyIteration, Status, instances, optimize
from tabular_pg.plotting import Panel
from tabular_pg.plotting.panels import COLUMN, draw
from tabular_pg.report import bound_curve
from tabular_pg.theorem import REGISTRY, verdict

GARNET = instances.garnet(5, 3, 2, 0.9)


@pytest.mark.parametrize(
    ("id", "rule", "tau", "error"),
    [
        ("N1", NaturalPG(1.0), 0.0, "log_gap"),  # under rho
        ("N3a", NaturalPG(1.0), 0.0, "log_sup_gap"),
        ("G3", NaturalPG(1.0), 0.1, "log_sup_gap"),
    ],
)
def test_a_bound_is_drawn_beside_what_it_bounds(id, rule, tau, error):
    run = optimize(GARNET, rule, 60, tau=tau)
    curve = bound_curve(verdict(REGISTRY[id], run), "a", run=run)
    np.testing.assert_allclose(curve.measured, getattr(run, error) / np.log(10), rtol=1e-12)
    known = np.isfinite(curve.proved)
    assert (curve.measured[known] <= curve.proved[known] + 1e-9).all()


def test_the_verdict_alone_is_drawn_without_the_run():
    run = optimize(GARNET, NaturalPG(1.0), 60)
    found = verdict(REGISTRY["N1"], run)
    curve = bound_curve(found, "a")
    assert np.array_equal(curve.x, found.k) and not curve.optimal
    np.testing.assert_allclose(10**curve.measured, found.measured, rtol=1e-12)
    np.testing.assert_allclose(10**curve.proved, found.proved, rtol=1e-12)


def test_errors_go_on_below_floats_with_the_run():
    run = optimize(GARNET, NaturalPG(5.0), 12_000, at=range(12_001))
    found = verdict(REGISTRY["N3a"], run)
    assert (found.measured == 0).any()
    assert bound_curve(found, "a").measured.min() == -np.inf
    assert np.isfinite(curve := bound_curve(found, "a", run=run).measured).all()
    assert curve.min() < -308


def test_abscissas_are_a_function_of_iterations():
    run = optimize(GARNET, NaturalPG(1.0), 60)
    found = verdict(REGISTRY["N1"], run)
    curve = bound_curve(found, "a", x=lambda k: 10.0 * k, log_x=True)
    kept = found.k > 0
    np.testing.assert_allclose(curve.x, 1 + np.log10(found.k[kept]))
    assert len(curve.measured) == kept.sum()


@pytest.mark.parametrize("id", ["N1v", "N2a", "N5", "N6"])
def test_theorems_about_vectors_and_steps_are_drawn(id):
    run = optimize(GARNET, NaturalPG(1.0), 60)
    curve = bound_curve(verdict(REGISTRY[id], run), "a", run=run, x=lambda k: 2.0 * k, log_x=True)
    assert curve.limit is None and np.isfinite(curve.proved).any()
    assert draw([Panel("", "k", "e", (curve,), x_log=True)], COLUMN)


def test_laws_for_large_k_are_drawn_as_limits():
    run = optimize(GARNET, SoftPolicyIteration(), 6, tau=0.1)
    curve = bound_curve(verdict(REGISTRY["G4l"], run), "a", run=run)
    assert curve.proved is None and np.isfinite(curve.limit).any()


def test_what_cannot_be_drawn_is_refused():
    run = optimize(GARNET, NaturalPG(1.0), 200, tau=0.1)
    with pytest.raises(ValueError, match="verdict is about theorem G3r, about numbers below 0"):
        bound_curve(verdict(REGISTRY["G3r"], run), "a", run=run)
    silent = verdict(REGISTRY["N1"], run)
    with pytest.raises(ValueError, match="of a theorem that does not apply; expected one that"):
        bound_curve(silent, "a")
    alone = bound_curve(silent, "a", run=run)
    assert alone.proved is None and alone.limit is None and run.status is not Status.INTERRUPTED
    np.testing.assert_allclose(alone.measured, run.log_sup_gap / np.log(10), rtol=1e-12)
    with pytest.raises(TypeError, match="verdict is of type str; expected Verdict"):
        bound_curve("N1", "a")
