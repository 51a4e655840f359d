"""Runs as figures: what is drawn is what was measured and proved, and what cannot be is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tabular_pg import (
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    check,
    instances,
    optimize,
    steps,
)
from tabular_pg.plotting import plot
from tabular_pg.plotting.labels import labelled
from tabular_pg.plotting.quantities import QUANTITIES, measured
from tabular_pg.report import bound_curve
from tabular_pg.theorem import REGISTRY
from tabular_pg.verdicts.quantities import gradient_norm

GARNET = instances.garnet(5, 3, 2, 0.9)
TIED = instances.tied(4, 3, 0.5, seed=1)
RUN = optimize(GARNET, NaturalPG(1.0), 60)
SOFT = optimize(GARNET, NaturalPG(1.0), 60, tau=0.1)
PG = optimize(GARNET, SoftmaxPG(1.0), 60)


def test_a_bound_is_that_of_the_verdict():
    (panel,) = plot(RUN, "N1").panels
    (said,) = (v for v in check(RUN) if v.theorem.id == "N1")
    expected = bound_curve(said, "NaturalPG", run=RUN, log_x=True)
    (curve,) = panel.curves
    assert np.array_equal(curve.measured, expected.measured) and curve.label == "NaturalPG"
    assert np.array_equal(curve.proved, expected.proved) and np.array_equal(curve.x, expected.x)
    assert panel.x_log and panel.title.endswith(": N1") and "rho" in panel.y_label


def test_run_plot_is_plot():
    assert RUN.plot("N1", width=3.5).csv() == plot(RUN, "N1", width=3.5).csv()
    assert RUN.plot(REGISTRY["N1"]).width == 5.5


def test_theorems_about_one_quantity_share_a_panel_and_others_have_their_own():
    first, second = plot(RUN, ["N3a", "N1"]).panels
    assert ["infty" in first.y_label, "rho" in second.y_label] == [True, True]
    (shared,) = plot(PG, [id for id in ("S1", "S2", "S3", "S4") if applies(PG, id)]).panels[:1]
    assert all(curve.measured is None for curve in shared.curves[1:])


def applies(run, id):
    return any(v.theorem.id == id and v.applies for v in check(run))


def test_a_theorem_is_drawn_beside_the_runs_it_applies_to():
    (panel,) = plot({"natural": RUN, "softmax": PG}, "N1").panels
    natural, softmax = panel.curves
    assert natural.proved is not None and softmax.proved is None
    np.testing.assert_allclose(softmax.measured, PG.log_gap[1:] / np.log(10))


def test_a_run_looks_the_same_in_all_panels():
    first, second = plot({"softmax": PG, "natural": RUN}, ["N1", "N2a"]).panels
    assert [curve.look for curve in first.curves] == [0, 1]
    assert [(curve.label, curve.look) for curve in second.curves] == [("natural", 1)]
    colors = [
        {line.get_label(): line.get_color() for line in axes.lines}["natural"]
        for axes in plot({"softmax": PG, "natural": RUN}, ["N1", "N2a"]).figure().axes
    ]
    assert colors[0] == colors[1]


@pytest.mark.parametrize("y", QUANTITIES)
@pytest.mark.parametrize("run", [RUN, SOFT, PG, optimize(TIED, NaturalPG(0.5), 30)])
def test_quantities_are_what_their_names_say(y, run):
    try:
        logarithm = measured(run, y)
    except ValueError as error:
        assert f"y is {y!r}" in str(error)
        return
    pi, best = run.policies, run.optimum
    plain = {
        "gap": lambda: run.gap,
        "sup_gap": lambda: run.sup_gap,
        "kl": lambda: kl(run),
        "suboptimal_probability": lambda: np.where(run.plain_optimum.optimal, 0, pi).sum(2).max(1),
        "log_policy_error": lambda: np.abs(run.log_policies - best.log_pi).max((1, 2)),
        "advantage_gap": lambda: run.A.max((1, 2)),
        "gradient_norm": lambda: gradient_norm(run),
        "step_size": lambda: np.full(len(run.k), run.rule.eta),
    }[y]()
    known = plain > 1e-7
    assert known.sum() > 5
    np.testing.assert_allclose(10.0 ** logarithm[known], plain[known], rtol=1e-6)
    assert (logarithm[~known] < -6).all() or np.isnan(logarithm[~known]).any()


def kl(run):
    """max_s KL(pi* || pi^k), from the definition; among tied optimal actions as pi^k has them."""
    if run.tau > 0:
        best = run.optimum.pi
    else:
        kept = np.where(run.optimum.optimal, run.policies, 0)
        best = kept / kept.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(best > 0, best * (np.log(best) - run.log_policies), 0)
    return terms.sum(axis=2).max(axis=1)


@pytest.mark.parametrize("y", ["gap", "sup_gap", "kl", "suboptimal_probability", "advantage_gap"])
def test_quantities_go_on_far_below_floats(y):
    run = optimize(GARNET, NaturalPG(1e6), 3000)
    logarithm = measured(run, y)
    assert np.isfinite(logarithm).all() and logarithm[-1] < -1e6
    assert plot(run, y=y).svg().startswith("<svg")


def test_sums_of_steps_are_the_time_of_a_flow():
    growing = optimize(GARNET, NaturalPG(steps.Geometric(0.5, 1.1)), 30)
    (panel,) = plot([RUN, growing], x="step_sum").panels
    np.testing.assert_allclose(panel.curves[0].x, 1.0 * RUN.k)
    expected = 0.5 * (1.1**growing.k - 1) / 0.1
    np.testing.assert_allclose(panel.curves[1].x, expected, rtol=1e-12)
    (panel,) = plot(RUN, x="log_step_sum").panels
    assert panel.curves[0].x[0] == 0  # of iteration 1: iteration 0 has no logarithm


def test_labels_say_what_runs_differ_in():
    runs = [optimize(GARNET, NaturalPG(eta), 3) for eta in (0.1, 2e-5)]
    assert list(labelled(runs)) == [r"$\eta=0.1$", r"$\eta=2\times 10^{-5}$"]
    assert list(labelled([RUN, PG])) == ["NaturalPG", "SoftmaxPG"]
    assert list(labelled([RUN, RUN])) == ["NaturalPG (1)", "NaturalPG (2)"]
    assert list(labelled([RUN, SOFT])) == [r"$\tau=0$", r"$\tau=0.1$"]
    growing = [optimize(GARNET, NaturalPG(steps.Geometric(1.0, g)), 3) for g in (1.1, 2.0)]
    assert list(labelled(growing)) == ["Geometric(1, 1.1)", "Geometric(1, 2)"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "runs has 0 entries; expected from 1"),
        ((["a"],), r"runs\[0\] is 'a'; expected runs"),
        (({"a": 1},), r"runs\['a'\] is 1; expected a Run"),
        (({1: RUN},), "runs has the label 1; expected text"),
        ((RUN, "N99"), "theorem is 'N99'; expected one of .*N1"),
        ((RUN, ["N1", 3]), r"theorem\[1\] is 3; expected an id"),
        (
            (RUN, "S1"),
            r"theorem\[0\] is S1, .* none of the runs; .*; stated for SoftmaxPG",
        ),
        ((SOFT, "N1"), r"theorem\[0\] is N1, .*tau is 0.1; stated for tau = 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plot(*arguments)


@pytest.mark.parametrize(
    ("run", "options", "message"),
    [
        (RUN, {"y": "regret"}, "y is 'regret'; expected one of gap, sup_gap, kl"),
        (RUN, {"x": "seconds"}, "x is 'seconds'; expected one of iteration, log_iteration"),
        (RUN, {"width": "nips"}, r"width is 'nips'; expected 'neurips' \(5.5 in\)"),
        (RUN, {"width": 0.1}, "width is 0.1; expected a finite number in"),
        (RUN, {"y": "log_policy_error"}, "y is 'log_policy_error', which is there for tau > 0"),
        (SOFT, {"y": "advantage_gap"}, "y is 'advantage_gap', which is there for tau = 0"),
        (RUN, {"y": "gradient_norm"}, "y is 'gradient_norm', of which NaturalPG keeps nothing"),
        (RUN, {"theorem": "N1", "y": "sup_gap"}, "theorem N1 is about y='gap'; expected no y"),
        (RUN, {"theorem": "N2a", "y": "gap"}, "theorem N2a is about a quantity of its own"),
    ],
)
def test_options_without_meaning_are_refused(run, options, message):
    with pytest.raises(ValueError, match=message):
        plot(run, **options)


@pytest.mark.parametrize("rule", [PolicyIteration(), SoftPolicyIteration()])
def test_rules_without_a_step_size_have_no_sum_of_steps(rule):
    run = optimize(GARNET, rule, 5, tau=0.1 if isinstance(rule, SoftPolicyIteration) else 0.0)
    for options in ({"x": "step_sum"}, {"y": "step_size"}):
        with pytest.raises(ValueError, match="has no step size"):
            plot(run, **options)
    assert plot(run, x="iteration").panels[0].curves[0].x[0] == 0


def test_an_optimal_end_has_its_cross():
    run = optimize(GARNET, ProjectedPG(3.0), 300)
    assert plot(run).panels[0].curves[0].optimal and not plot(RUN).panels[0].curves[0].optimal
