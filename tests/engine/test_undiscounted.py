"""gamma = 1: gaps against many-digit arithmetic, what ends and what never does."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.families.endings import KINDS, ending_mdps, made
from support.grid import CHANGING_STEPS, MILD_RULES
from support.reference import Model, gaps
from tabular_pg import (
    MDP,
    SPMA,
    HadamardPG,
    LookaheadPMD,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftmaxPG,
    Solver,
    Status,
    optimize,
    optimize_many,
    optimum,
)
from tabular_pg.engine.method import METHODS

TOLERANCE = 1e-9
SMALL = {SPMA: SPMA(1e-3), HadamardPG: HadamardPG(1e-3)}  # episodes may be long
MILD = [(SMALL.get(type(rule), rule), tau) for rule, tau in MILD_RULES]
RULES = [*MILD, *CHANGING_STEPS[:3], *CHANGING_STEPS[6:8]]


def largest_error(run, exact):
    """The largest relative error over iterates and states, until the gap is rounding."""
    worst, zero = 0.0, mp.mpf(10) ** -150
    for k, gap in enumerate(exact):
        if max(gap) < zero:
            return worst
        if run.status is Status.UNDERFLOW and run.sup_gap[k] < 1e-280:
            return worst
        for s, x in enumerate(gap):
            if x > 1e-290 * max(gap):
                worst = max(worst, abs(float(run.value_gap[k, s] / x - 1)))
    return worst


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("rule", "tau"), RULES)
def test_gaps_have_the_digits_of_many_digit_arithmetic(rule, tau, masked):
    for kind in KINDS:
        mdp = made(kind, 7, (4, 3), masked=masked)
        run = optimize(mdp, rule, 8, tau=tau)
        assert largest_error(run, gaps(mdp, rule, 8, tau, None, 200, run.steps)) < TOLERANCE


def test_no_method_is_left_out():
    assert {type(rule) for rule, _ in MILD_RULES} == {t for t, m in METHODS.items() if m.native}


@given(ending_mdps(), st.sampled_from(MILD))
@settings(max_examples=50)
def test_gaps_on_random_mdps(mdp, pair):
    rule, tau = pair
    run = optimize(mdp, rule, 5, tau=tau)
    assert largest_error(run, gaps(mdp, rule, 5, tau, None, 200, run.steps)) < TOLERANCE


def test_an_end_that_is_hardly_reached_costs_no_digit():
    """An episode of 1e13 steps: 1 - sum would be off by 1e-3."""
    P, ends = [[[1.0], [0.5]]], [[1e-13, 0.5]]
    mdp = MDP(P, [[-1.0, -3.0]], 1.0, ends=ends)
    run = optimize(mdp, NaturalPG(0.1), 5, policy=[[1 - 1e-12, 1e-12]])
    exact = gaps(mdp, NaturalPG(0.1), 5, policy=[[1 - 1e-12, 1e-12]])
    assert run.gap[0] > 1e11
    assert largest_error(run, exact) < TOLERANCE


@pytest.mark.parametrize("size", [20, 60, 300])
@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_large_systems_agree_with_eliminations(size, tau):
    """Corrections by what earlier iterates left, and blocks."""
    mdp = made("leaky", 3, (size, 3))
    rule = SoftmaxPG(1.0)
    run = optimize(mdp, rule, 12, tau=tau, solver=Solver.REUSE)
    anew = optimize(mdp, rule, 12, tau=tau, solver=Solver.ELIMINATION)
    assert run.solver is Solver.REUSE
    np.testing.assert_allclose(run.value_gap, anew.value_gap, rtol=1e-11)
    np.testing.assert_allclose(run.d, anew.d, rtol=1e-11)


@pytest.mark.parametrize("solver", [Solver.SWEEPS, Solver.GMRES, Solver.BICGSTAB, Solver.SPARSE_LU])
@pytest.mark.parametrize("kind", KINDS)
def test_sparse_solvers_agree_with_eliminations(kind, solver):
    mdp = made(kind, 3, (30, 3))
    dense = optimize(mdp, SoftmaxPG(0.5), 10)
    run = optimize(mdp, SoftmaxPG(0.5), 10, solver=solver)
    np.testing.assert_allclose(run.value_gap, dense.value_gap, rtol=1e-9)
    np.testing.assert_allclose(run.d, dense.d, rtol=1e-9)


def test_visits_are_expected_numbers():
    mdp = made("cycles", 5, (4, 3))
    run = optimize(mdp, SoftmaxPG(0.1), 3)
    with mp.workdps(40):
        model = Model(mdp)
        for pi, d in zip(run.policies, run.d, strict=True):
            exact = model.visitation([[mp.mpf(p) for p in row] for row in pi])
            np.testing.assert_allclose(d, np.array(exact, dtype=float), rtol=1e-12)
    assert (run.d >= mdp.mu).all() and run.d.sum() > 1


def test_many_runs_are_the_single_ones():
    mdps = [made("leaky", seed, (3, 2)) for seed in range(250)]
    runs = optimize_many(mdps, NaturalPG(1.0), 5)
    for mdp, run in zip(mdps[::50], runs[::50], strict=True):
        np.testing.assert_allclose(run.value_gap, optimize(mdp, NaturalPG(1.0), 5).value_gap)


# ---- what never ends -------------------------------------------------------------------------

ROUND = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])  # state 0 may stay for ever


def test_a_class_that_earns_again_and_again_is_named():
    mdp = MDP(ROUND, [[0.25, 0.0], [0.0, 0.0]], 1.0)
    with pytest.raises(ValueError, match=r"never leaves state 0 earns .* r\[0, 0\] = 0.25: values"):
        optimum(mdp)


def test_a_cycle_that_costs_is_left_by_every_method():
    mdp = MDP(ROUND, [[-0.25, -1.0], [0.0, 0.0]], 1.0)
    for rule in (NaturalPG(1.0), ProjectedPG(1.0), PolicyIteration()):
        run = optimize(mdp, rule, 60)
        assert run.optimum.V.tolist() == [-1.0, 0.0] and run.gap[-1] < 1e-6


def test_policies_with_zeros_are_refused_where_nothing_is_lost_by_staying():
    mdp = MDP(ROUND, [[0.0, -1.0], [0.0, 0.0]], 1.0)
    for rule in (PolicyIteration(), LookaheadPMD(1.0)):  # the proposals of the latter are greedy
        with pytest.raises(ValueError, match="optimal actions can stay in state 0 for ever"):
            optimize(mdp, rule, 5)
    run = optimize(mdp, NaturalPG(1.0), 5)  # never stays for ever: all policies are as good
    assert run.optimum.V.tolist() == [-1.0, 0.0] and run.status is Status.OPTIMAL


def test_a_start_that_never_ends_is_refused():
    mdp = MDP(ROUND, [[-0.25, -1.0], [0.0, 0.0]], 1.0)
    with pytest.raises(ValueError, match="policy never leaves state 0"):
        optimize(mdp, ProjectedPG(1.0), 5, policy=[[1.0, 0.0], [0.5, 0.5]])


def test_entropy_that_is_worth_a_cycle_is_refused():
    P = np.zeros((1, 3, 1))
    P[0, :2] = 1.0
    mdp = MDP(P, [[-1.0, -1.0, 0.0]], 1.0)
    assert optimize(mdp, NaturalPG(1.0), 50, tau=1.0).gap[-1] < 1e-12  # 2 e^{-1} < 1
    with pytest.raises(ValueError, match="the entropy of a cycle is worth more than it costs"):
        optimum(mdp, 2.0)  # 2 e^{-1/2} > 1
