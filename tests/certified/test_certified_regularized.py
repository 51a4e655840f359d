"""Runs that other regularizers than the entropy are part of: optima, gaps and critics in balls."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.grid import GRID
from support.reference import Model as Twin
from support.reference import gaps, normalized
from support.strategies import mdps
from support.strategies import starts as random_starts

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, ctx, fmpq  # noqa: E402

from tabular_pg import (  # noqa: E402
    GPMD,
    SoftargmaxPG,
    WeightedTDPMD,
    check,
    instances,
    mirrors,
    optimize,
    steps,
)
from tabular_pg.certified import (  # noqa: E402
    Certificate,
    RationalMDP,
    certified_check,
    certified_run,
    certify,
)
from tabular_pg.certified.arithmetic.balls import precision  # noqa: E402
from tabular_pg.certified.evaluation import Model  # noqa: E402
from tabular_pg.certified.registration import UPDATES  # noqa: E402
from tabular_pg.engine.method import Space  # noqa: E402
from tabular_pg.engine.rules import flat_rule  # noqa: E402

THIRD = Fraction(1, 3)
TWO_ARMS = RationalMDP([[[1], [1]]], [[1, 0]], 0)
ONE_ACTION = instances.garnet(3, 1, 2, 0.8, seed=0)
MAPS = [
    mirrors.Euclidean(),
    mirrors.Tsallis(2.0),
    mirrors.Tsallis(1.5),
    mirrors.Tsallis(1.1),
    mirrors.Tsallis(0.5),
    mirrors.Tsallis(0.1),
    mirrors.LogBarrier(),
]
maps = pytest.mark.parametrize("mirror", MAPS, ids=str)
CLIPPING = MAPS[:4]


def rules_of(mirror):
    yield GPMD(mirror, 0.7)
    yield GPMD(mirror, steps.Geometric(0.5, 1.3))
    yield WeightedTDPMD(2.0, 1.0, mirror=mirror)
    yield WeightedTDPMD(3.0, 0.7, 0.2, mirror)
    if mirror not in CLIPPING:
        yield SoftargmaxPG(mirror, 0.1)


def starts(mdp, clipped):
    rng, (S, A) = np.random.default_rng(1), mdp.r.shape
    vertex = np.eye(A)[rng.integers(A, size=S)]
    yield None
    yield rng.dirichlet(np.ones(A), S)
    yield 1e-6 / A + (1 - 1e-6) * vertex
    if clipped:
        yield vertex


@maps
@pytest.mark.parametrize("tau", [0.05, 1.0])
@pytest.mark.parametrize("name", [*GRID, "one action"])
def test_float_runs_are_enclosed(name, tau, mirror):
    mdp = ONE_ACTION if name == "one action" else GRID[name]
    for rule in rules_of(mirror):
        for policy in starts(mdp, mirror in CLIPPING):
            run = optimize(mdp, rule, 8, tau=tau, policy=policy)
            assert certify(run).relative_error < 1e-9, (rule, policy)


def reference_gaps(run, digits):
    with mp.workdps(digits):
        rho = normalized([mp.mpf(x) for x in run.mdp.rho])
        rows = gaps(run.mdp, run.rule, int(run.k[-1]), run.tau, run.start, digits, run.steps)
        return [mp.fsum(p * x for p, x in zip(rho, row, strict=True)) for row in rows]


@maps
@pytest.mark.parametrize("name", ["arms", "no future", "medium", "duplicate"])
def test_enclosures_contain_the_reference(name, mirror, digits=120):
    for rule in rules_of(mirror):
        for policy in starts(GRID[name], mirror in CLIPPING):
            assert_encloses(optimize(GRID[name], rule, 5, tau=0.3, policy=policy), digits)


def assert_encloses(run, digits):
    certificate = certify(run)
    with ctx.workdps(digits):
        for k, x in enumerate(reference_gaps(run, digits)):
            near = arb(arb(mp.nstr(x, digits)).mid(), arb(10) ** (40 - digits))
            assert near.overlaps(certificate.gap[k]), (run.rule, k)
            assert certificate.lower[k] <= near.upper()
            assert near.lower() <= certificate.upper[k]


@settings(max_examples=30)
@given(
    st.data(),
    mdps(gammas=(0.0, 0.5, 0.99), shapes=((1, 4), (2, 3), (4, 2), (4, 1)), ties=False),
    st.sampled_from(MAPS),
    st.sampled_from([0.02, 0.3, 4.0]),
)
def test_random_problems(data, mdp, mirror, tau):
    rule = data.draw(st.sampled_from(list(rules_of(mirror))))
    policy = data.draw(random_starts(mdp, vertices=mirror in CLIPPING))
    assert_encloses(optimize(mdp, rule, 4, tau=tau, policy=policy), 120)


@maps
def test_the_optimum_is_that_of_the_twin(mirror, digits=60):
    mdp = GRID["patient"]
    with precision(int(3.4 * digits)), mp.workdps(digits + 10):
        regularizer = certified_run(mdp, GPMD(mirror, 1), 0, tau=0.2).method.regularizer
        model = Model(RationalMDP.of(mdp), Space.SIMPLEX, fmpq(1, 5), regularizer=regularizer)
        twin = Twin(mdp, mp.mpf(1) / 5, mirror)
        V = twin.optimal_value()
        for ball, value in zip(model.V, V, strict=True):
            near = arb(arb(mp.nstr(value, digits)).mid(), arb(10) ** (10 - digits))
            assert near.overlaps(ball) and ball.rad() < arb(10) ** (15 - digits)
        for row in model.reference:
            assert row.sum().overlaps(arb(1))


@maps
def test_width_honours_digits_and_deep_runs_keep_them(mirror):
    narrow = certified_run(GRID["medium"], GPMD(mirror, 1), 4, tau=THIRD, digits=100)
    wide = certified_run(GRID["medium"], GPMD(mirror, 1), 4, tau=THIRD, digits=20)
    for inner, outer in zip(narrow.gap, wide.gap, strict=True):
        assert outer.contains(inner.mid()) and inner.rad() < abs(inner) * arb(10) ** -98
    deep = certified_run(GRID["medium"], GPMD(mirror, 1000), 60, tau=1, at=[60])
    assert deep.digits >= 30 and deep.upper[0] < arb(10) ** -150


def test_closed_form_of_two_arms():
    """Rewards 1 and 0, tau = 2, Euclidean: pi* = (3/4, 1/4), from which the policy is alpha^k / 4
    away."""
    found = certified_run(TWO_ARMS, GPMD(mirrors.Euclidean(), THIRD), 6, tau=2)
    for k, ball in enumerate(found.gap):
        x = arb(3) ** k / arb(5) ** k / 4
        assert ball.overlaps(2 * x * x)  # tau |pi - pi*|^2 / 2


@pytest.mark.parametrize("mirror", CLIPPING, ids=str)
def test_what_is_optimal_has_a_gap_of_exactly_zero(mirror):
    """An optimum at a vertex, or shared by equal actions, is reached and known to be."""
    twins = RationalMDP([[[1], [1], [1]]], [[1, 1, 0]], Fraction(1, 2))
    for mdp in (TWO_ARMS, twins, RationalMDP.of(ONE_ACTION)):
        for rule in (GPMD(mirror, 20), WeightedTDPMD(20, 1, mirror=mirror)):
            found = certified_run(mdp, rule, 4, tau=Fraction(1, 20))
            assert found.gap[-1] == 0 and found.digits >= 30 and found.bits < 500
    vertex = certified_run(TWO_ARMS, GPMD(mirror, 1), 3, tau=Fraction(1, 20), policy=[[1, 0]])
    assert all(x == 0 for x in vertex.gap)
    wrong = certified_run(TWO_ARMS, GPMD(mirror, 1), 3, tau=Fraction(1, 20), policy=[[0, 1]])
    assert wrong.gap[0] > 0.9 and wrong.digits >= 30


def test_an_optimum_at_the_edge_of_its_support_is_enclosed():
    """tau = 1, rewards 1 and 0: the second action has the dual variable of the probability 0."""
    found = certified_run(TWO_ARMS, GPMD(mirrors.Euclidean(), 1), 20, tau=1)
    for k, ball in enumerate(found.gap):  # x halves
        assert ball.overlaps(arb(1) / 4 / 4**k)
    assert found.digits >= 30


def test_ties_that_are_no_twins_leave_only_a_gap_of_zero_open():
    """Equal values by a symmetry: that it is 0 is not known, that it is tiny is."""
    P = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
    mdp = RationalMDP(P, [[0, 0], [0, 0]], Fraction(1, 2))
    for mirror in MAPS:
        found = certified_run(mdp, GPMD(mirror, 1), 2, tau=1)
        assert all(x.contains(0) and abs(x) < arb(10) ** -1000 for x in found.gap)


@maps
def test_theorems_are_decided_as_in_floats(mirror):
    for rule in rules_of(mirror):
        run = optimize(GRID["medium"], rule, 15, tau=0.3)
        for found, in_floats in zip(certified_check(run), check(run), strict=True):
            assert not found.not_computable, str(found)
            expected = in_floats.applies, in_floats.holds
            assert (found.applies, found.holds) == expected, (str(found), str(in_floats))


def test_tables_of_weights_are_exact():
    weights, error = ((0.5, 1.0, 0.25),) * 3, ((0.5, -1.0, 0.0),) * 3
    for mirror in MAPS:
        rule = WeightedTDPMD(2.0, weights, error, mirror)
        run = optimize(GRID["medium"], rule, 12, tau=0.2)
        assert certify(run).relative_error < 1e-9, mirror
    same = [rule, rule._replace(weights=list(map(list, weights)), error=np.array(error))]
    first, second = (certified_run(GRID["medium"], x, 2, tau=0.2) for x in same)
    assert first.method.rule == second.method.rule


@maps
def test_a_wrong_update_is_seen(monkeypatch, mirror):
    run = optimize(GRID["medium"], GPMD(mirror, 1.0), 5, tau=0.3)
    assert certify(replace(run, rule=GPMD(mirror, 1 + 1e-5))).relative_error > 1e-7
    assert certify(replace(run, tau=0.3 * (1 + 1e-5))).relative_error > 1e-7
    assert certify(run).relative_error < 1e-11
    kind = type(flat_rule(run.rule))
    right = UPDATES[kind]

    def wrong(rule, k, model, point):
        return (1 + arb("1e-6")) * right.function(rule, k, model, point)

    monkeypatch.setitem(UPDATES, kind, right._replace(function=wrong))
    assert certify(run).relative_error > 1e-7


@pytest.mark.parametrize(
    ("rule", "tau", "error", "message"),
    [
        (GPMD(mirrors.Euclidean(), 1), 0, ValueError, "tau is 0; GPMD is defined for tau > 0 only"),
        (GPMD(mirrors.Euclidean(), 0), 1, ValueError, "eta is 0; expected a number > 0"),
        (GPMD(mirrors.AlphaDivergence(0.5), 1), 1, TypeError, "mirror is .*sum of powers"),
        (
            GPMD(mirrors.Tsallis(3), 1),
            1,
            ValueError,
            r"mirror.q is 3; expected a number in \(0, 2\]",
        ),
        (GPMD(mirrors.Tsallis(1), 1), 1, ValueError, "mirror.q is 1; expected another number"),
        (GPMD(mirrors.Tsallis(-1), 1), 1, ValueError, "mirror.q is -1; expected a number > 0"),
        (GPMD(mirrors.Tsallis, 1), 1, TypeError, "mirror is the class Tsallis"),
        (GPMD(0.5, 1), 1, TypeError, "mirror is 0.5; expected an instance of one of"),
        (GPMD(None, 1), 1, TypeError, "mirror is None; expected an instance of one of"),
        (WeightedTDPMD(1, 2, mirror=mirrors.Euclidean()), 1, ValueError, "weights is 2; expected"),
        (WeightedTDPMD(1, 0), 1, ValueError, "weights is 0; expected a number > 0"),
        (WeightedTDPMD(1, ((1,),)), 1, ValueError, r"weights has shape \(1, 1\); expected"),
        (
            WeightedTDPMD(1, [[1], [1, 1]]),
            1,
            ValueError,
            r"weights has shape \(2,\); expected a num",
        ),
        (WeightedTDPMD(1, [[1, 0]]), 1, ValueError, r"weights\[0, 1\] is 0; expected a number > 0"),
        (SoftargmaxPG(mirrors.Euclidean(), 1), 1, ValueError, "may be lost for good"),
    ],
)
def test_what_is_refused(rule, tau, error, message):
    with pytest.raises(error, match=message):
        certified_run(TWO_ARMS, rule, 3, tau=tau)


def test_a_certificate_of_it_is_saved(tmp_path):
    found = certified_run(TWO_ARMS, GPMD(mirrors.Tsallis(THIRD), THIRD), 4, tau=THIRD)
    again = Certificate.load(found.save(tmp_path / "certificate.npz"))
    assert again.method.rule == found.method.rule and again.method.rule.mirror.q == fmpq(1, 3)
    assert certified_run(TWO_ARMS, again.method.rule, 4, tau=THIRD).gap[4].overlaps(again.gap[4])


def test_zeros_of_a_start_are_for_maps_that_have_some():
    with pytest.raises(ValueError, match=r"policy\[0, 1\] is 0; expected a probability > 0"):
        certified_run(TWO_ARMS, GPMD(mirrors.LogBarrier(), 1), 3, tau=1, policy=[[1, 0]])
    masked = instances.garnet(2, 2, 2, 0.5, seed=0)
    actions = np.array([[True, True], [True, False]])
    masked = type(masked)(
        np.where(actions[:, :, None], masked.P, 0), masked.r, 0.5, actions=actions
    )
    with pytest.raises(ValueError, match=r"actions\[1, 1\] is False"):
        certified_run(masked, GPMD(mirrors.Euclidean(), 1), 3, tau=1)
