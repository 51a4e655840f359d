"""Every theorem holds on random and on chosen runs, and fails on spoiled ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from support.counterexample import second_opinion
from support.families.chosen import Chosen
from support.families.holding import (
    ABOUT_EVERY_POLICY,
    CORE,
    families,
    hold_on,
    violations,
)
from support.sabotage import CORRUPT, WRONG
from support.strategies import bandits, experiments, mdps
from support.suite import GARNET, SUITE, TWO_ARMS, honest
from tabular_pg import (
    MDP,
    REGISTRY,
    SPMA,
    ConservativePolicyIteration,
    NaturalPG,
    PolicyMirrorDescent,
    SoftmaxPG,
    check,
    instances,
    mirrors,
    optimize,
    steps,
)
from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.theorem import Kind, Violation, verdict


@families
def test_theorems_hold_on_random_runs(kind, tau):
    settings(max_examples=500)(given(experiments(kind, mdps(), tau == "tau > 0"))(hold_on))()


@families
def test_theorems_hold_on_random_bandits(kind, tau):
    """Many more iterations: asymptotic laws and statements about bandits come into force."""
    runs = experiments(kind, bandits(), tau == "tau > 0", iterations=(300, 3000))
    settings(max_examples=200)(given(runs)(hold_on))()


@pytest.mark.parametrize("name", SUITE)
def test_theorems_hold_on_chosen_runs(name):
    assert not violations(honest(name))


CHOSEN = Chosen(SUITE, honest)
applicable, violated = CHOSEN.applicable, CHOSEN.violated


@pytest.mark.parametrize("id", CORE)
def test_every_theorem_says_something_about_a_chosen_run(id):
    assert applicable(id)


@pytest.mark.parametrize("id", CORE)
def test_every_theorem_can_be_violated(id):
    sabotages = CORRUPT if id in ABOUT_EVERY_POLICY else WRONG
    assert any(violated(id, name, spoil) for spoil in sabotages for name in applicable(id))


@pytest.mark.parametrize("id", ABOUT_EVERY_POLICY)
def test_statements_about_every_policy_hold_for_wrong_methods(id):
    assert not any(violated(id, name, spoil) for spoil in WRONG for name in applicable(id))


LAWS = {id for id in CORE if REGISTRY[id].kind in (Kind.EQUAL, Kind.ASYMPTOTIC)}
WITHOUT_STEP = {"S3a", "G4l"}  # convergence as such, and a rule that has no step size


@pytest.mark.parametrize("id", sorted(LAWS - WITHOUT_STEP))
def test_a_law_notices_a_step_that_is_off_by_a_third(id):
    assert any(violated(id, name, "1.3 times the step") for name in applicable(id))


@pytest.mark.parametrize(("eta_tau", "monotone"), [(3.9, True), (4.1, False)])
def test_the_largest_stable_step_of_softmax_pg_is_sharp(eta_tau, monotone):
    mdp, policy = instances.bandit([0.5, 0.5]), [[0.51, 0.49]]
    run = optimize(mdp, SoftmaxPG(eta_tau / 0.5), 100, tau=0.5, policy=policy)
    found = verdict(REGISTRY["E2m"], replace(run, rule=SoftmaxPG(3.9 / 0.5)))
    assert found.applies
    assert found.holds == monotone


def test_first_violation_is_where_it_starts():
    run = honest("S garnet")
    gap = run.scaled_gap.copy()
    gap[17:, 2] *= 1.5
    found = verdict(REGISTRY["S1"], replace(run, scaled_gap=gap))
    assert found.applies and found.holds is False
    assert found.first_violation == Violation(16, gap[17, 2], gap[16, 2])
    assert f"VIOLATED at k = 16: measured {gap[17, 2]:.6g}" in str(found)


def test_a_verdict_that_holds():
    found = verdict(REGISTRY["N7"], honest("N bandit"))
    assert found.applies and found.holds and found.first_violation is None
    assert found.slack == pytest.approx(1.0, rel=1e-9)  # an equality is tight
    assert len(found.k) == len(found.measured) == len(found.proved) == 101
    assert str(found).startswith("N7 ") and str(found).endswith("holds, slack 1")


def test_a_verdict_that_does_not_apply_says_why():
    for name in SUITE:
        for found in check(honest(name)):
            if not found.applies:
                assert found.why_not and found.holds is None and found.first_violation is None
                assert str(found).endswith(f"n/a: {found.why_not}")


SHIFTED = type(GARNET)(GARNET.P, 3 * GARNET.r, GARNET.gamma)


@pytest.mark.parametrize(
    ("id", "run", "why_not"),
    [
        ("N1", optimize(GARNET, NaturalPG(1.0), 5, tau=0.1), "tau is 0.1; stated for tau = 0"),
        ("G1", optimize(GARNET, NaturalPG(1.0), 5), "tau is 0.0; stated for tau > 0"),
        ("N1", optimize(SHIFTED, NaturalPG(1.0), 5), "rewards span"),
        ("N1", optimize(GARNET, NaturalPG(1.0), 5, at=[2, 3]), "iterate 0 is not recorded"),
        ("N2a", optimize(GARNET, NaturalPG(1.0), 5, at=[0, 2]), "no two consecutive iterates"),
        ("N3a", optimize(GARNET, NaturalPG(1.0), 5, at=[0, 2]), "not every iterate is recorded"),
        ("N7", optimize(GARNET, NaturalPG(1.0), 5), "stated for S = 1, A = 2"),
        ("N4r", optimize(GARNET, NaturalPG(0.1), 5), "no recorded iterate is in the regime"),
        ("S4", optimize(TWO_ARMS, SoftmaxPG(1.0), 5), "eta = 1; stated for 2/5 = 0.4"),
        ("E2", optimize(TWO_ARMS, SoftmaxPG(9.0), 5, tau=1.0), "eta_s tau reaches 9"),
    ],
)
def test_why_a_theorem_does_not_apply(id, run, why_not):
    found = verdict(REGISTRY[id], run)
    assert not found.applies
    assert why_not in found.why_not


def test_theorems_are_silent_about_what_is_not_finite():
    with pytest.warns(UserWarning, match="the gap is nan at k = 5: a step overflowed"):
        run = optimize(GARNET, SPMA(50.0), 5)
    assert verdict(REGISTRY["H6"], run).why_not == "the run is not finite"


def test_nothing_is_claimed_after_a_step_that_was_cut():
    rule = PolicyMirrorDescent(mirrors.Tsallis(0.1), steps.Adaptive(1e-3, 0.01), lookahead=2)
    run = optimize(instances.bandit([0.04, 0.02]), rule, 300)
    assert run.gap[-1] > 1e-3 * 0.01**150  # where steps without end would have been at k = 150
    measured, proved = REGISTRY["M3c"].formula(run)
    first = np.flatnonzero(run.all_steps == LARGEST_STEP)[0]
    assert np.array_equal(np.isfinite(proved), run.k <= first) and not violations(run)


def test_a_violation_is_handed_to_ball_arithmetic():
    pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    run = honest("N bandit")
    halved = replace(REGISTRY["N7"], formula=lambda run: (run.sup_gap, run.optimum.Delta / 1e6))
    opinion = second_opinion(run, [halved])
    assert opinion.startswith("CERTIFIED COUNTEREXAMPLE: N7")
    rebuilt = {}
    exec(opinion.partition("\n")[2].rpartition("\n")[0], rebuilt)
    np.testing.assert_allclose([float(x.mid()) for x in rebuilt["run"].gap], run.gap, rtol=1e-9)
    lucky = replace(run, scaled_gap=1.01 * run.scaled_gap)
    (wrong,) = (v for v in violations(lucky) if v.theorem.id == "N7")
    assert second_opinion(lucky, [wrong.theorem]).startswith("ROUNDING ARTEFACT")


def test_bounds_with_ties_are_about_the_optimal_policy_that_is_chosen():
    """Two optimal actions lead to states that differ in how often they are visited: S2r is about
    the one whose probability stays high, whichever the optimum names first."""
    P = np.array([[[0, 0, 1.0], [0, 1.0, 0]], [[0, 1.0, 0]] * 2, [[0, 0, 1.0]] * 2])
    mdp = MDP(P, [[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]], 0.9, rho=[0.9, 0.001, 0.099])
    run = optimize(mdp, SoftmaxPG(0.1), 50, policy=[[0.01, 0.99], [0.5, 0.5], [0.5, 0.5]])
    assert run.optimum.pi[0].tolist() == [1.0, 0.0] and run.optimum.optimal[0].all()
    with np.errstate(divide="ignore"):
        _, bound = REGISTRY["S2r"].formula(run)
    visits = np.linalg.solve(np.eye(3) - 0.9 * P[[0, 1, 2], [1, 0, 0]].T, 0.1 * mdp.rho)
    c, gap = run.least_policy[-1, 1:, 0].min(), run.gap[0]
    constant = (0.1 * c * gap + 1 / (0.1 * mdp.mu.min())) / (0.1 * c) ** 2
    assert bound[-1] == pytest.approx((visits / mdp.rho).max() * constant / 50)


def test_a_greedy_action_is_the_best_one_up_to_ties():
    """Two optimal actions of the same reward lead to gaps that differ by 1e-13: the method takes
    the first one for the best, and the equality PC1 is about that."""
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[0, 1, 2] = P[1, :, 3] = P[2, :, 3] = P[3, :, 3] = 1.0
    mdp = MDP(P, [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]], 0.9)
    p = 0.5 * (1 + 1e-13)
    start = [[0.999, 0.001], [0.5, 0.5], [p, 1 - p], [0.5, 0.5]]
    run = optimize(mdp, ConservativePolicyIteration(0.3), 3, policy=start)
    gained, best = REGISTRY["PC1"].formula(run)[:2]
    assert gained[0, 0] < 0 < 1e-14 < best[0, 0] and not violations(run)
