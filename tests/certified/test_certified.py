"""Certified runs enclose what an independent implementation finds."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.grid import GRID, RULES
from support.reference import gaps, normalized
from support.strategies import mdps, starts

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, ctx, fmpq  # noqa: E402

from tabular_pg import (  # noqa: E402
    REGISTRY,
    SPMA,
    DualAveragedSPI,
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    ProjectedQAscent,
    SoftPolicyIteration,
    instances,
    optimize,
)
from tabular_pg.certified import (  # noqa: E402
    NotAPolicy,
    RationalMDP,
    certified_check,
    certified_run,
    certify,
    update,
)
from tabular_pg.certified.registration import UPDATES  # noqa: E402
from tabular_pg.engine.method import Space, method  # noqa: E402
from tabular_pg.engine.rules import MEMBERS, checked_rule, flat_rule, method_of  # noqa: E402

TWO_ARMS = RationalMDP([[[1], [1]]], [[1, 0]], 0)
THIRD, TINY = Fraction(1, 3), Fraction(1, 10**300)
rules = pytest.mark.parametrize(("rule", "tau"), RULES, ids=str)


@pytest.fixture(autouse=True)
def _precision_is_left_alone():
    before = ctx.prec
    yield
    assert ctx.prec == before


def lake():
    """With exact thirds: those of the floats are not all the same, and rounding breaks ties."""
    pytest.importorskip("gymnasium", reason="needs Gymnasium: tabular_pg[gymnasium]")
    mdp = instances.frozen_lake(size=4, gamma=0.9)
    P = [[[Fraction(p).limit_denominator(3) for p in row] for row in rows] for rows in mdp.P]
    r = [[Fraction(x).limit_denominator(3) for x in row] for row in mdp.r]
    return RationalMDP(P, r, 0.9).rounded()


def start(kind, mdp, rng):
    S, A = mdp.r.shape
    if kind == "random":
        return rng.dirichlet(np.ones(A), S)
    vertex = np.eye(A)[rng.integers(A, size=S)]
    return {"uniform": None, "sharp": 1e-8 / A + (1 - 1e-8) * vertex, "vertex": vertex}[kind]


def test_all_rules_are_here():
    kinds = {type(flat_rule(checked_rule(rule))) for rule, _ in RULES}
    assert kinds <= set(UPDATES) and set(UPDATES) - {Nudge} <= kinds | set(MEMBERS)


@rules
@pytest.mark.parametrize("name", [*GRID, "lake"])
def test_float_runs_are_enclosed(name, rule, tau):
    mdp = lake() if name == "lake" else GRID[name]
    simplex, rng = method_of(checked_rule(rule)).space is Space.SIMPLEX, np.random.default_rng(0)
    kinds = ["random"] if name == "lake" else ["uniform", "random", "sharp"]  # its balls take time
    for kind in kinds + ["vertex"] * simplex:
        iterations = 5 if type(rule) is SoftPolicyIteration or name == "lake" else 12
        run = optimize(mdp, rule, iterations, tau=tau, policy=start(kind, mdp, rng))
        assert certify(run).relative_error < 1e-9, kind


def reference_gaps(run, digits):
    """V*(rho) - V^k(rho) at every iteration, with rho and mu normalized exactly."""
    mdp = run.mdp
    with mp.workdps(digits):
        rho = normalized([mp.mpf(x) for x in mdp.rho])
        rows = gaps(mdp, run.rule, int(run.k[-1]), run.tau, run.start, digits, run.steps)
        return [mp.fsum(p * x for p, x in zip(rho, row, strict=True)) for row in rows]


def assert_encloses_reference(run, digits=250):
    certificate = certify(run)
    with ctx.workdps(digits):
        error = arb(10) ** (50 - digits)
        for k, x in enumerate(reference_gaps(run, digits)):
            value = arb(mp.nstr(x, digits))
            assert arb(value.mid(), error).overlaps(certificate.gap[k]), k
            assert certificate.lower[k] <= value + error and value - error <= certificate.upper[k]


@rules
@pytest.mark.parametrize("name", ["arms", "no future", "medium", "duplicate"])
def test_enclosures_contain_the_reference(name, rule, tau):
    iterations = 5 if type(rule) is SoftPolicyIteration else 8
    assert_encloses_reference(optimize(GRID[name], rule, iterations, tau=tau))


@settings(max_examples=40)
@given(
    st.data(),
    mdps(gammas=(0.0, 0.5, 0.99), shapes=((1, 2), (1, 4), (2, 3), (4, 2)), ties=False),
    st.sampled_from(RULES),
)
def test_enclosures_contain_the_reference_on_random_problems(data, mdp, rule_and_tau):
    rule, tau = rule_and_tau
    vertices = method_of(checked_rule(rule)).space is Space.SIMPLEX
    policy = data.draw(starts(mdp, vertices=vertices))
    try:
        assert_encloses_reference(optimize(mdp, rule, 4, tau=tau, policy=policy))
    except ValueError as error:  # mu has zeros
        assert "needs mu > 0" in str(error)


@rules
def test_width_honours_digits(rule, tau):
    run, narrower = optimize(GRID["medium"], rule, 4, tau=tau), None
    for digits in (100, 30, 5):
        found = certify(run, digits=digits)
        assert found.digits >= digits
        for ball, low, high in zip(found.gap, found.lower, found.upper, strict=True):
            assert high - low <= abs(ball) * arb(10) ** (1 - digits)
        for ball, inner in zip(found.gap, narrower or found.gap, strict=True):
            assert ball.contains(inner.mid())
        narrower = found.gap


@pytest.mark.parametrize(
    ("rule", "tau", "iterations", "depth"),
    [
        (SoftPolicyIteration(), Fraction(1, 10), 12, -1000),
        (NaturalPG(40), 0, 150, -300),
        (NaturalPG(100), Fraction(1, 10), 150, -300),
    ],
)
def test_deep_runs(rule, tau, iterations, depth):
    found = certified_run(GRID["medium"], rule, iterations, tau=tau, at=[iterations])
    assert found.digits >= 30
    assert 0 < found.lower[0] <= found.upper[0] < arb(10) ** depth


def test_the_record():
    found = certify(optimize(GRID["arms"], NaturalPG(1.0), 9, at=[2, 3, 9]))
    assert found.k.tolist() == [2, 3, 9]
    assert len(found.gap) == len(found.lower) == len(found.upper) == 3
    for low, ball, high in zip(found.lower, found.gap, found.upper, strict=True):
        assert type(low) is type(high) is arb
        assert low.is_exact() and high.is_exact() and low <= high
        assert low <= ball.mid() <= high and not (low > ball or high < ball)
    with pytest.raises(FrozenInstanceError):
        found.gap = ()
    assert "NaturalPG, k=2..9" in repr(found)
    alone = certified_run(GRID["arms"], NaturalPG(1), 9, at=[2, 3, 9])
    assert alone.gap[2].overlaps(found.gap[2]) and math.isnan(alone.relative_error)
    every = certified_run(GRID["arms"], NaturalPG(1), 9)
    assert every.gap[3].overlaps(found.gap[1])


def test_fractions_all_the_way():
    P = [[[THIRD, 1 - THIRD], [0, 1]], [[1, 0], [Fraction(1, 7), Fraction(6, 7)]]]
    mdp = RationalMDP(P, [[1, THIRD], [0, Fraction(1, 2)]], Fraction(9, 10))
    policy = [[THIRD, 1 - THIRD]] * 2
    found = certified_run(mdp, NaturalPG(THIRD), 6, tau=Fraction(1, 7), policy=policy)
    assert found.digits >= 30 and found.method.rule.eta == fmpq(1, 3)
    rounded = optimize(
        mdp.rounded(), NaturalPG(1 / 3), 6, tau=1 / 7, policy=np.array(policy, float)
    )
    close = [abs(float(ball) / gap - 1) for ball, gap in zip(found.gap, rounded.gap, strict=True)]
    assert 0 < max(close) < 1e-12


def test_corrupt_and_wrong_runs_are_noticed():
    run = optimize(GRID["medium"], NaturalPG(1.0), 8)
    corrupt = certify(replace(run, scaled_gap=(1 + 1e-6) * run.scaled_gap))
    assert corrupt.relative_error == pytest.approx(1e-6, rel=1e-5)
    assert certify(replace(run, rule=NaturalPG(1 + 1e-5))).relative_error > 1e-6
    once = run.scaled_gap.copy()
    once[5] *= 1 - 1e-6
    errors = certify(replace(run, scaled_gap=once)).relative_errors
    assert errors[5] > 9e-7 and np.delete(errors, 5).max() < 1e-12


def test_a_method_that_leaves_the_simplex():
    with pytest.raises(NotAPolicy, match="SPMA leaves the simplex at iteration 0"):
        certified_run(TWO_ARMS, SPMA(100), 3)
    at_the_edge = certified_run(TWO_ARMS, SPMA(2), 3)  # 1 + eta A = 0: the action is lost
    assert [float(x) for x in at_the_edge.gap] == [0.5, 0, 0, 0]
    with pytest.warns(UserWarning, match="the gap is nan at k = 3"):
        run = optimize(TWO_ARMS.rounded(), SPMA(5.0), 3)
    (found,) = certified_check(run, theorems=[REGISTRY["H6"]])
    assert not found.applies and "leaves the simplex" in found.why_not


@pytest.mark.parametrize("kind", [ProjectedPG, ProjectedQAscent])
def test_a_tiny_gap_is_told_from_zero(kind):
    """1e-300 takes 1000 bits, fewer than are tried by far."""
    assert certified_run(TWO_ARMS, kind(1), 1).upper[1] == 0
    found = certified_run(TWO_ARMS, kind(1 - 2 * TINY), 1)
    assert found.digits >= 30 and found.lower[1] > 0


@pytest.mark.parametrize("rule", [HadamardPG(3 + TINY), SPMA(6 - TINY)], ids=["Hadamard", "SPMA"])
def test_a_tiny_factor_is_told_from_zero(rule):
    found = certified_run(RationalMDP([[[1], [1]]], [[THIRD, 0]], 0), rule, 1)
    assert found.digits >= 30 and found.lower[1] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"digits": 0}, "digits is 0; expected an integer >= 1"),
        ({"digits": True}, "digits is True; expected an integer >= 1"),
        ({"digits": 2.5}, "digits is 2.5; expected an integer"),
        ({"rule": "npg"}, "rule is 'npg'; expected one with an exact update"),
        ({"rule": NaturalPG}, "rule is .*NaturalPG"),
        ({"rule": NaturalPG(0)}, "eta is 0; expected a number > 0"),
        ({"rule": NaturalPG(None)}, "eta is None; expected a finite number"),
        ({"rule": DualAveragedSPI(Fraction(3, 2))}, r"beta is 3/2; .*\(0, 1\)"),
        ({"tau": -THIRD}, "tau is -1/3; expected a number >= 0"),
        ({"tau": math.nan}, "tau is nan"),
        ({"rule": SoftPolicyIteration()}, "tau is 0; SoftPolicyIteration is defined for tau > 0"),
        ({"rule": ProjectedPG(1), "tau": 1}, "tau is 1; ProjectedPG is defined for tau = 0"),
        ({"mdp": None}, "mdp is of type NoneType; expected MDP or RationalMDP"),
        ({"iterations": -1}, "iterations is -1"),
        ({"iterations": 1.5}, "iterations is 1.5"),
        ({"at": [4]}, r"at\[0\] is 4; expected an integer in 0..3"),
        ({"policy": [[1, 0]]}, r"policy\[0, 1\] is 0; expected a probability > 0"),
        ({"policy": [[THIRD, THIRD]]}, r"policy\[0\] sums to 2/3"),
        ({"policy": [[None, 1]]}, r"policy\[0.*0\] is None"),
        ({"policy": [[1]]}, r"policy\[0\] has 1 entries; expected 2 \(policy has shape \(1, 2\)\)"),
        ({"policy": "uniform"}, "policy"),
        ({"policy": 3}, "policy is 3; expected"),
        ({"policy": [1, 2]}, "policy.* expected"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, message):
    given = {"mdp": TWO_ARMS, "rule": NaturalPG(1), "iterations": 3, **arguments}
    with pytest.raises((TypeError, ValueError), match=message):
        certified_run(given.pop("mdp"), given.pop("rule"), given.pop("iterations"), **given)


@pytest.mark.parametrize("wrong", [None, 3, "run", TWO_ARMS], ids=lambda x: type(x).__name__)
def test_what_is_no_run(wrong):
    for function in (certify, certified_check):
        with pytest.raises(TypeError, match=f"run is of type {type(wrong).__name__}; expected Run"):
            function(wrong)


class Nudge(NamedTuple):
    """log pi <- log pi + eta sign(A) + const, and eta more for the first action."""

    eta: float


@method(Nudge, space=Space.SOFTMAX)
def nudge(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        point.x[s, 0] += rule.eta
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * (1.0 if point.A[s, a] > 0.0 else -1.0)


@update(Nudge)
def exact_nudge(rule, k, model, point):
    first = np.arange(point.x.shape[1]) == 0
    return point.x + rule.eta * (first + np.where(point.A > 0, 1, -1))


def test_rules_of_ones_own():
    """Twins are not taken to stay twins, and comparisons are decided, whatever that takes."""
    run = optimize(instances.garnet(4, 3, 2, 0.9), Nudge(0.1), 20)
    assert certify(run).relative_error < 1e-9
    twins = RationalMDP([[[1], [1], [1]]], [[0, 0, 1]], 0)
    (value,) = certified_run(twins, Nudge(Fraction(1, 2)), 1, at=[1]).gap
    e = arb(1).exp()  # weights e^{1/2 - 1/2}, e^{-1/2}, e^{1/2}
    assert value.overlaps(1 - e.sqrt() / (1 + 1 / e.sqrt() + e.sqrt()))
    near = RationalMDP([[[1], [1], [1]]], [[1, Fraction(1, 2) + Fraction(1, 10**60), 0]], 0)
    few, many = (certified_run(near, Nudge(1), 1, digits=n).gap[-1] for n in (30, 100))
    assert few.overlaps(many)


def test_bad_updates():
    with pytest.raises(TypeError, match="rule is 3; expected a class registered"):
        update(3)
    wrong = {"None": lambda *_: None, "shape": lambda rule, k, model, point: point.e}
    try:
        for name, function in wrong.items():
            update(Nudge)(function)
            with pytest.raises(TypeError, match="the update of Nudge returned a .*expected a Ball"):
                certified_run(TWO_ARMS, Nudge(1), 1)
            assert name
    finally:
        update(Nudge)(exact_nudge)
