"""What files of TD-PMD in the Euclidean norm claim: its iterates, and decimals around its gaps."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, fmpq  # noqa: E402

from support.coq.export import exported  # noqa: E402
from support.coq.models import all_optimal, of_the_docs, table_mdp, tied, two_arms  # noqa: E402
from support.coq.runs import EUCLIDEAN, TD_RUNS, critic  # noqa: E402
from tabular_pg import REGISTRY, mirrors, optimize, optimum, steps  # noqa: E402
from tabular_pg.certified import RationalMDP, certified_run, write_coq  # noqa: E402
from tabular_pg.certified.arithmetic.balls import precision  # noqa: E402
from tabular_pg.certified.arithmetic.exact import to_float  # noqa: E402
from tabular_pg.certified.coq.td import td_claim  # noqa: E402
from tabular_pg.certified.coq.td_iterates import (  # noqa: E402
    near,
    nearest_to_optimum,
    regularized_values,
)
from tabular_pg.certified.rerun import exact_rerun  # noqa: E402
from tabular_pg.methods import GPMD, WeightedTDPMD  # noqa: E402

HALF, TENTH = Fraction(1, 2), Fraction(1, 10)


def claimed(run, digits=6):
    return td_claim(run.method, lambda mean, worst: [], digits)


def floats(rows):
    return np.array([[to_float(x) for x in row] for row in rows])


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize("name", TD_RUNS)
@pytest.mark.parametrize("digits", [2, 6, 25])
def test_ends_lie_around_the_certified_gap_and_near_it(name, digits):
    run, _ = TD_RUNS[name]()
    with precision(run.bits):
        for ball, (low, high) in zip(run.gap, claimed(run, digits).ends, strict=True):
            assert arb(low.exact) <= ball or arb(low.exact).overlaps(ball)
            assert ball <= arb(high.exact) or arb(high.exact).overlaps(ball)
            assert high.exact - low.exact <= 3 * arb(low.exact) * arb(10) ** -digits


@pytest.mark.parametrize("name", TD_RUNS)
def test_exact_iterates_are_those_of_the_float_run(name):
    method = TD_RUNS[name]()[0].method
    claim, S = claimed(TD_RUNS[name]()[0]), method.mdp.n_states
    rule = method.rule
    eta = rule.eta if isinstance(rule.eta, tuple) else to_float(fmpq(rule.eta))
    if isinstance(eta, tuple):
        eta = type(eta)(*map(to_float, eta))
    tables = (floats(x) if isinstance(x, tuple) else to_float(fmpq(x)) for x in rule[1:3])
    run = optimize(
        method.mdp.rounded(), WeightedTDPMD(eta, *tables, EUCLIDEAN), int(method.k[-1]),
        tau=to_float(method.tau), policy=floats(method.policy),
    )  # fmt: skip
    exact = np.array([floats(x.pi) for x in claim.iterates])
    assert exact.shape[1] == S
    np.testing.assert_allclose(run.policies, exact, rtol=0, atol=1e-14)
    middles = [to_float((low.exact + high.exact) / 2) for low, high in claim.ends]
    np.testing.assert_allclose(run.gap, middles, rtol=1e-6)


def test_the_slower_critic_of_the_closed_form():
    """Chen, Li, Sun and Wei (2026), eq. 15: the gap is 16^-k / 16, by hand."""
    P = [[[0, 1], [0, 1]], [[1, 0], [1, 0]]]
    mdp = RationalMDP(P, [[HALF, 0], [HALF, 0]], HALF)
    rule = critic(1, ((Fraction(3, 4), Fraction(3, 4)), (1, 1)), ((Fraction(1, 4), 0), (HALF, 0)))
    claim = claimed(certified_run(mdp, rule, 6, tau=1))
    assert claim.optimum.off.exact == 0
    for k, (low, high) in list(enumerate(claim.ends))[1:]:
        assert low.exact <= fmpq(1, 16 ** (k + 1)) <= high.exact


def test_two_arms_by_hand():
    """Without a future, p of the better arm goes to the middle of (1 + 1/tau)/2 and where it is."""
    run = certified_run(two_arms(0), critic(HALF, 1), 5, tau=2, policy=[[0, 1]])
    claim = claimed(run)
    for k, (x, (low, high)) in enumerate(zip(claim.iterates, claim.ends, strict=True)):
        p = fmpq(3, 4) * (1 - fmpq(1, 2**k))
        assert x.pi[0, 0] == p
        assert low.exact <= 2 * (fmpq(3, 4) - p) ** 2 <= high.exact


def test_duals_are_remembered_where_a_probability_is_zero():
    """An action that lost by more comes back later: the policy alone does not tell when."""
    mdp = RationalMDP([[[1], [1]]], [[1, 0]], 0)
    claim = claimed(certified_run(mdp, critic(1, HALF, ((0, -6),)), 7, tau=2))
    chances = [x.pi[0, 1] for x in claim.iterates]
    back = next(k for k in range(2, 8) if chances[k] > 0)
    for x, y in zip(claim.iterates[1:back], claim.iterates[2:back], strict=False):
        assert x.pi[0, 1] == y.pi[0, 1] == 0 and x.y[0, 1] - x.y[0, 0] != y.y[0, 1] - y.y[0, 0]
    before = claim.iterates[back - 1]
    projected = before.pi[0] + before.Q[0]  # over 1 + eta tau = 3, from the policy
    assert (
        projected[1] - projected[0]
        != before.y[0, 1] + before.Q[0, 1] - before.y[0, 0] - (before.Q[0, 0])
    )


@pytest.mark.parametrize("tau", [fmpq(1, 20), fmpq(1, 2), fmpq(7)])
@pytest.mark.parametrize("mdp", [of_the_docs(), tied(), table_mdp(3, 3, 3), two_arms(0)], ids=str)
def test_values_near_the_optimum_are_as_near_as_they_say(mdp, tau):
    start = regularized_values(mdp, tau, np.full(mdp.r.shape, fmpq(1, mdp.n_actions)))
    found = nearest_to_optimum(mdp, tau, start, 128)
    assert found.off.exact < fmpq(1, 2**100)
    exact = optimum(mdp.rounded(), to_float(tau), regularizer=EUCLIDEAN).V
    np.testing.assert_allclose([to_float(x) for x in found.V], exact, rtol=1e-12, atol=1e-12)
    nearer = nearest_to_optimum(mdp, tau, start, 512)
    for shift in (fmpq(1, 100), fmpq(-1, 7)):
        moved = near(mdp, tau, found.V + shift)
        assert all(
            abs(x - y) <= moved.off.exact + nearer.off.exact
            for x, y in zip(moved.V, nearer.V, strict=True)
        )


def test_a_rational_optimum_is_exact(tmp_path):
    run = certified_run(of_the_docs(), critic(100), 3, tau=TENTH)
    text = write_coq(tmp_path / "x.v", run, alone=False).read_text()
    assert "off := 0.00" in text and text.count("loses_within := (0.0000000, 0.0000000)") == 3


def test_a_start_that_is_optimal_loses_nothing():
    method = exact_rerun(all_optimal(), critic(), 1, None, np.arange(3))
    claim = td_claim(method, lambda mean, worst: [], 6)
    assert claim.optimum.off.exact == 0
    assert all(low.exact == high.exact == 0 for low, high in claim.ends)


@pytest.mark.parametrize(
    ("name", "caps"), [("td", "worst_at_most 0 (1397 # 125)"), ("td_rate", "worst_at_most 1 (1")]
)
def test_what_theorems_say_of_gaps_is_claimed(name, caps, tmp_path):
    assert f"caps := [{caps}" in exported(name, tmp_path, alone=False).read_text()


# ---------------------------------------------------------------- bad input


def refused(tmp_path, match, subject, **options):
    with pytest.raises(ValueError, match=match) as said:
        write_coq(tmp_path / "x.v", subject, **options)
    assert not list(tmp_path.iterdir())
    return str(said.value)


def test_the_length_that_works_is_named(tmp_path):
    said = refused(
        tmp_path, "expected a run of at most", certified_run(of_the_docs(), critic(), 12, tau=HALF)
    )
    works = int(re.search(r"at most (\d+) iterations", said)[1])
    assert 6 <= works < 12
    write_coq(tmp_path / "x.v", certified_run(of_the_docs(), critic(), works, tau=HALF))


def test_other_maps_are_refused(tmp_path):
    tsallis = WeightedTDPMD(1, HALF, 0, mirrors.Tsallis(0.5))
    refused(tmp_path, "run of WeightedTDPMD, whose", certified_run(two_arms(), tsallis, 2, tau=1))
    gpmd = certified_run(two_arms(), GPMD(EUCLIDEAN, 1), 2, tau=1)
    refused(tmp_path, "run of GPMD, whose .* WeightedTDPMD with Euclidean", gpmd)


def test_runs_without_regularization_are_refused(tmp_path):
    rule = WeightedTDPMD(1, 1, mirror=mirrors.Euclidean())
    refused(tmp_path, "tau is 0; expected a number > 0", certified_run(two_arms(), rule, 2))


def test_steps_that_are_not_rational_are_refused(tmp_path):
    fading = critic(steps.Decaying(TENTH, HALF))
    run = certified_run(two_arms(), fading, 2, tau=1)
    refused(tmp_path, "step sizes Decaying.*; expected rational ones", run)


def test_a_theorem_about_another_mean_is_refused(tmp_path):
    run = certified_run(of_the_docs(), critic(), 2, tau=HALF)
    refused(tmp_path, "G6w compares something else", run, theorems=[REGISTRY["G6w"]])


def test_too_many_digits_are_refused(tmp_path):
    run = certified_run(of_the_docs(), critic(), 2, tau=3)
    assert claimed(run, 500).ends[2][0].places > 500
    refused(tmp_path, "digits is 5000, for which .* expected fewer", run, digits=5000)
