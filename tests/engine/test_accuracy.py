"""The gap of every iterate against arithmetic with hundreds of digits.

Errors are relative, per state, and compared as logarithms, so that a gap of 1e-1000 counts as one
of 1e-3 does. Where the exact gap is 0, the computed one must be exactly 0.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.grid import GRID, RULES
from support.reference import Model, gaps, normalized
from support.strategies import mdps, starts
from support.twins.rounding import lost_in_rounding
from tabular_pg import (
    GPMD,
    SPMA,
    TDPMD,
    AcceleratedPG,
    ConservativePolicyIteration,
    DelightfulPG,
    DualAveragedSPI,
    EnlightenedPG,
    HadamardPG,
    HeavyBallPG,
    NaturalPG,
    NormalizedPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SimplexPolicyIteration,
    SoftargmaxPG,
    SoftmaxPG,
    SoftPolicyIteration,
    Status,
    ValueIteration,
    WeightedTDPMD,
    instances,
    mirrors,
    optimize,
    optimum,
)

TOLERANCE = 1e-9
# States are only followed while their gap is within the float64 range of the largest one.
RANGE = 1e-290
# Soft policy iteration squares the error, and forms the next policy from q = gamma P e as it is: an
# iterate whose predecessor has e < 1e-280 is not accurate (and soon exactly optimal: UNDERFLOW).
SMALLEST_SQUARED = 1e-280


def largest_error(mdp, rule, iterations, tau=0.0, policy=None, digits=200):
    """The largest relative error over iterates and states, and log10 of the last gap compared."""
    run = optimize(mdp, rule, iterations, tau=tau, policy=policy, at=range(iterations + 1))
    assert not np.isnan(run.scaled_gap).any()
    exact = gaps(mdp, rule, iterations, tau, policy, digits, run.steps)
    zero = mp.mpf(10) ** (30 - digits)  # as far as digits tell
    with np.errstate(divide="ignore"):
        measured = run.log_scale[:, None] + np.log(run.scaled_gap)
    worst, top, lost = 0.0, mp.inf, False
    for k in range(iterations + 1):
        if lost:  # what follows is the future of a rounding error
            break
        if k > 0 and type(rule) is PolicyIteration and nearly_tied(run, k - 1):
            break
        if k > 0 and type(rule) is SoftPolicyIteration and run.sup_gap[k - 1] < SMALLEST_SQUARED:
            break
        top = max(exact[k])
        least = max(zero, lost_in_rounding(run, k))
        rho = mp.fsum(mp.mpf(p) * x for p, x in zip(mdp.rho, exact[k], strict=True))
        for log_gap, gap in [*zip(measured[k], exact[k], strict=True), (run.log_gap[k], rho)]:
            if gap < least:
                assert log_gap < mp.log(least), f"k = {k}: {log_gap} for log 0"
                assert log_gap == -np.inf or least > zero
                lost = lost or log_gap > -np.inf
            elif gap > RANGE * top:
                worst = max(worst, relative_error(log_gap, gap))
    return worst, float(mp.log10(top)) if top > zero else -np.inf


def nearly_tied(run, k):
    """Policy iteration takes a lead below 1e-12 of the gap for a tie; its exact twin does not."""
    lead, gap = run.A[k].max(axis=1, keepdims=True) - run.A[k], run.sup_gap[k]
    return bool(((lead > 1e-15 * gap) & (lead < 1e-11 * gap)).any())


def relative_error(log_measured, exact):
    with mp.workdps(50):
        return abs(float(mp.expm1(mp.mpf(log_measured) - mp.log(exact))))


def near_optimal(mdp, eps):
    """A policy with probability eps on every action but one optimal one."""
    best = optimum(mdp).pi > 0
    return np.where(best, 1 - (mdp.n_actions - 1) * eps, eps)


@pytest.mark.parametrize("name", GRID)
@pytest.mark.parametrize(("rule", "tau"), RULES, ids=str)
def test_gap_at_every_iterate(name, rule, tau):
    iterations = 8 if tau > 0 and type(rule) is SoftPolicyIteration else 15
    error, _ = largest_error(GRID[name], rule, iterations, tau, digits=600)
    assert error < TOLERANCE


@settings(max_examples=150)
@given(
    st.data(),
    mdps(gammas=(0.0, 0.5, 0.9, 0.99), shapes=((1, 2), (1, 4), (2, 3), (5, 2))),
    st.sampled_from(RULES),
)
def test_gap_on_random_problems(data, mdp, rule_and_tau):
    policy = data.draw(starts(mdp))
    error, _ = largest_error(mdp, rule_and_tau[0], 5, rule_and_tau[1], policy, digits=500)
    assert error < TOLERANCE


two_arms = instances.two_armed_bandit(0.5)
garnet = GRID["small"]
TSALLIS, BARRIER = mirrors.Tsallis(0.5), mirrors.LogBarrier()
CONSERVATIVE = ConservativePolicyIteration(0.9)

DEEP = {  # name: (mdp, rule, iterations, tau, policy, digits, log10 of the gap that is reached)
    "softmax PG": (GRID["medium"], SoftmaxPG(1.0), 15, 0.0, 1e-120, 400, -118),
    "softmax PG, tiny": (GRID["patient"], SoftmaxPG(1.0), 15, 0.0, 1e-255, 700, -250),
    "softmax PG, duplicate": (GRID["duplicate"], SoftmaxPG(1.0), 15, 0.0, 1e-255, 700, -250),
    "entropy softmax PG": (garnet, SoftmaxPG(10.0), 600, 0.3, None, 400, -250),
    "natural PG": (GRID["medium"], NaturalPG(40.0), 120, 0.0, None, 450, -310),
    "natural PG, log": (GRID["medium"], NaturalPG(200.0), 80, 0.0, None, 1200, -1000),
    "natural PG, ties": (GRID["duplicate"], NaturalPG(150.0), 80, 0.0, None, 1200, -1000),
    "entropy natural PG": (garnet, NaturalPG(100.0), 245, 0.1, None, 600, -500),
    "entropy natural PG, slow": (garnet, NaturalPG(10.0), 420, 0.1, None, 400, -250),
    "soft policy iteration": (GRID["medium"], SoftPolicyIteration(), 10, 0.1, None, 700, -480),
    "soft policy iteration, cold": (
        GRID["patient"],
        SoftPolicyIteration(),
        9,
        0.05,
        None,
        700,
        -280,
    ),
    "Hadamard PG": (two_arms, HadamardPG(0.9), 130, 0.0, None, 400, -255),
    "Hadamard PG, MDP": (garnet, HadamardPG(0.8), 700, 0.0, 1e-120, 400, -250),
    "SPMA": (two_arms, SPMA(1.0), 840, 0.0, None, 400, -250),
    "SPMA, MDP": (garnet, SPMA(0.5), 400, 0.0, 1e-245, 400, -250),
    "GPMD": (garnet, GPMD(mirrors.Tsallis(0.5), 100.0), 245, 0.1, None, 600, -500),
    "GPMD, barrier": (garnet, GPMD(mirrors.LogBarrier(), 10.0), 420, 0.1, None, 400, -250),
    "softargmax PG": (GRID["medium"], SoftargmaxPG(TSALLIS, 1.0), 15, 0.0, 1e-120, 400, -118),
    "softargmax PG, tiny": (
        GRID["patient"],
        SoftargmaxPG(BARRIER, 1.0),
        15,
        0.0,
        1e-255,
        900,
        -250,
    ),
    "softargmax PG, ties": (GRID["tied"], SoftargmaxPG(TSALLIS, 9.0), 15, 0.0, 1e-255, 900, -250),
    "softargmax PG, soft": (garnet, SoftargmaxPG(TSALLIS, 10.0), 300, 0.3, None, 400, -250),
    "softargmax PG, soft barrier": (garnet, SoftargmaxPG(BARRIER, 3.0), 300, 1.0, None, 400, -200),
    "GPMD, edge": (GRID["medium"], GPMD(mirrors.Tsallis(1.5), 100.0), 60, 3.0, None, 500, -290),
    "TD-PMD": (GRID["no future"], TDPMD(50.0), 180, 0.1, None, 400, -250),
    "TD-PMD, critic": (garnet, TDPMD(50.0), 450, 0.1, None, 600, -250),
    "TD-PMD, plain": (GRID["medium"], TDPMD(40.0), 150, 0.0, None, 500, -390),
    "TD-PMD, plain, ties": (GRID["tied"], TDPMD(100.0), 100, 0.0, None, 1200, -950),
    "TD-PMD, weights": (
        GRID["medium"],
        WeightedTDPMD(100.0, 0.5, 2.0),
        150,
        0.0,
        None,
        1600,
        -990,
    ),
    "dual-averaged SPI": (GRID["arms"], DualAveragedSPI(0.3), 23, 0.0, None, 2000, -480),
    "dual-averaged SPI, MDP": (GRID["medium"], DualAveragedSPI(0.3), 26, 0.0, None, 1200, -310),
    "normalized PG": (GRID["medium"], NormalizedPG(2.0), 600, 0.0, None, 650, -350),
    "normalized PG, ties": (GRID["tied"], NormalizedPG(1.5), 900, 0.0, None, 650, -400),
    "conservative PI": (
        GRID["medium"],
        ConservativePolicyIteration(0.9),
        340,
        0.0,
        None,
        500,
        -330,
    ),
    "conservative PI, ties": (
        GRID["tied"],
        ConservativePolicyIteration(0.9),
        340,
        0.0,
        None,
        500,
        -330,
    ),
    "accelerated PG, tiny": (GRID["patient"], AcceleratedPG(1.0), 16, 0.0, 1e-255, 700, -250),
    "heavy-ball PG": (GRID["medium"], HeavyBallPG(1.0, 0.5), 15, 0.0, 1e-120, 500, -118),
    "enlightened PG": (GRID["medium"], EnlightenedPG(1.0), 15, 0.0, 1e-120, 500, -118),
    "delightful PG": (GRID["medium"], DelightfulPG(1.0, 0.5), 15, 0.0, 1e-120, 500, -118),
}


@pytest.mark.parametrize("name", DEEP)
def test_gaps_far_below_rounding(name):
    mdp, rule, iterations, tau, eps, digits, reached = DEEP[name]
    policy = None if eps is None else near_optimal(mdp, eps)
    error, depth = largest_error(mdp, rule, iterations, tau, policy, digits)
    assert error < TOLERANCE
    assert depth < reached


def test_gaps_where_the_reference_underflows():
    """pi* has a probability of e^-1000, so the gap has no float64 value from the start on."""
    mdp, rule = instances.two_armed_bandit(1.0), NaturalPG(1000.0)
    run = optimize(mdp, rule, 8, tau=1e-3)
    exact = [mp.log(gap) for (gap,) in gaps(mdp, rule, 8, 1e-3, digits=1500)]
    assert run.gap[-1] == 0 and run.log_gap[-1] < -900
    np.testing.assert_allclose(run.log_gap, [float(x) for x in exact], rtol=1e-9)


@pytest.mark.parametrize("name", GRID)
def test_advantages_near_the_optimum(name):
    """Relatively accurate too: that of the likeliest action is as small as the others are rare."""
    mdp = GRID[name]
    policy = near_optimal(mdp, 1e-60)
    computed = optimize(mdp, NaturalPG(1.0), 0, policy=policy).A[0]
    with mp.workdps(200):
        model = Model(mdp)
        pi = [normalized([mp.mpf(p) for p in row]) for row in policy]
        V = model.value(pi)
        for s, row in enumerate(model.q(V)):
            for a, q in enumerate(row):
                assert abs(computed[s, a] - (q - V[s])) <= TOLERANCE * abs(q - V[s]) + 1e-75, (s, a)


EXACT = [
    ProjectedPG(0.5),
    ProjectedQAscent(0.5),
    PolicyIteration(),
    SimplexPolicyIteration(),
    ValueIteration(),
]


@pytest.mark.parametrize("rule", EXACT, ids=str)
def test_projected_methods_end_in_an_exact_zero(rule):
    for name in ("arms", "medium", "duplicate", "tied"):
        error, depth = largest_error(GRID[name], rule, 60)
        assert error < TOLERANCE
        assert depth == -np.inf, name
        assert optimize(GRID[name], rule, 60).status is Status.OPTIMAL


def test_soft_policy_iteration_says_when_it_underflows():
    run = optimize(GRID["medium"], SoftPolicyIteration(), 12, tau=0.1)
    assert run.status is Status.UNDERFLOW
    assert 0 < run.sup_gap[run.sup_gap > 0].min() < 1e-240
    assert run.log_sup_gap[run.log_sup_gap > -np.inf].min() < -480 * np.log(10)


@pytest.mark.parametrize(
    ("rule", "tau"), [(NaturalPG(10.0), 0.0), (SoftPolicyIteration(), 0.01), (NaturalPG(1e3), 0.01)]
)
def test_frozen_lake(rule, tau):
    mdp = instances.frozen_lake(size=4, gamma=0.9)
    error, _ = largest_error(mdp, rule, 7, tau, digits=400)
    assert error < TOLERANCE
