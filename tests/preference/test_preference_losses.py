"""The eight losses: derivatives, formulas as written, limits, invariance, extremes, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabular_pg.preference import (
    BradleyTerry,
    CrossEntropy,
    Focal,
    FocalPenalty,
    Hinge,
    MarginMSE,
    TemperatureBT,
    TemperedLog,
    fit,
    pair_loss,
)
from tabular_pg.preference.fitting.losses import LOSSES, checked_loss

margins = st.floats(-20, 20)
powers = st.floats(0, 4)
LOSS = {
    BradleyTerry: st.just(BradleyTerry()),
    Focal: powers.map(Focal),
    FocalPenalty: powers.map(FocalPenalty),
    Hinge: st.floats(0.1, 5).map(Hinge),
    MarginMSE: st.floats(0.1, 5).map(MarginMSE),
    TemperedLog: st.floats(0, 0.99).map(TemperedLog),
    TemperatureBT: st.floats(0.1, 5).map(TemperatureBT),
    CrossEntropy: st.just(CrossEntropy()),
}
losses = st.sampled_from(LOSSES).flatmap(LOSS.get)


def sigma(D):
    return 1 / (1 + math.exp(-D))


WRITTEN = {
    BradleyTerry: lambda loss, D: -math.log(sigma(D)),
    Focal: lambda loss, D: -((1 - sigma(D)) ** loss.gamma) * math.log(sigma(D)),
    FocalPenalty: lambda loss, D: (
        -((1 - 2 * max(sigma(D) - 0.5, 0)) ** loss.gamma) * math.log(sigma(D))
    ),
    Hinge: lambda loss, D: max(0.0, loss.margin - D),
    MarginMSE: lambda loss, D: (D - loss.margin) ** 2,
    TemperedLog: lambda loss, D: -(sigma(D) ** (1 - loss.t) - 1) / (1 - loss.t),
    TemperatureBT: lambda loss, D: -math.log(sigma(D / loss.temperature)),
    CrossEntropy: lambda loss, D: -math.log(sigma(D)),
}


def near_a_kink(loss, D):
    kink = {Hinge: getattr(loss, "margin", 0.0), FocalPenalty: 0.0}.get(type(loss), np.inf)
    return abs(D - kink) < 1e-3


@given(losses, st.floats(-15, 15))
def test_values_are_as_written(loss, D):
    expected = WRITTEN[type(loss)](loss, D)
    assert loss.value(D) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_cross_entropy_as_written():
    c, r = 0.7, -1.3
    expected = -(math.log(sigma(c)) + math.log(1 - sigma(r)))
    assert pair_loss(CrossEntropy(), c, r) == pytest.approx(expected, rel=1e-14)


@given(losses, margins)
def test_derivatives_are_those_of_finite_differences(loss, D):
    if near_a_kink(loss, D):
        return
    h = 1e-5
    slope = (loss.value(D + h) - loss.value(D - h)) / (2 * h)
    curvature = (loss.slope(D + h) - loss.slope(D - h)) / (2 * h)
    size = 1e-9 * (1 + abs(D))
    assert loss.slope(D) == pytest.approx(slope, rel=1e-5, abs=1e2 * size)
    assert loss.curvature(D) == pytest.approx(curvature, rel=1e-5, abs=1e2 * size)


@given(losses)
def test_extreme_margins_are_finite(loss):
    D = np.array([-1000.0, -745.0, 0.0, 745.0, 1000.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = [loss.value(D), loss.slope(D), loss.curvature(D)]
    assert all(np.isfinite(each).all() and each.shape == D.shape for each in found)
    assert (found[0] >= 0).all()
    if loss.decreases:
        assert found[1][0] <= 0
        assert abs(found[1][-1]) < 1e-40


@given(losses, margins, st.floats(-5, 5))
def test_pairwise_losses_do_not_mind_a_shift(loss, chosen, shift):
    rejected = 0.3
    before = pair_loss(loss, chosen, rejected)
    after = pair_loss(loss, chosen + shift, rejected + shift)
    if not loss.pointwise:
        assert after == pytest.approx(before, rel=1e-6, abs=1e-9)


def test_cross_entropy_minds_a_shift():
    assert pair_loss(CrossEntropy(), 1.0, 0.0) != pytest.approx(
        pair_loss(CrossEntropy(), 2.0, 1.0), rel=0.1
    )
    assert [loss.__name__ for loss in LOSSES if loss.pointwise] == ["CrossEntropy"]


@given(losses)
def test_convexity_is_what_it_says(loss):
    bent = loss.curvature(np.linspace(-600, 30, 6301)) < 0
    falls = loss.slope(1e-12) < loss.slope(0.0) - 1e-3
    if loss.convex:
        assert not bent.any()
        assert not falls
    elif getattr(loss, "gamma", 1.0) > 0.01:
        assert bent.any() or falls


@given(margins)
def test_limits(D):
    """R4: focal -> BT as gamma -> 0, tempered -> BT as t -> 1, and 1 - s at t = 0."""
    plain = BradleyTerry()
    for near in (Focal(1e-9), FocalPenalty(1e-9), TemperedLog(1 - 1e-9)):
        for name in ("value", "slope", "curvature"):
            expected = getattr(plain, name)(D)
            assert getattr(near, name)(D) == pytest.approx(expected, abs=1e-6)
    for zero in (Focal(0), FocalPenalty(0), TemperatureBT(1)):
        assert zero.value(D) == pytest.approx(plain.value(D), rel=1e-14)
    assert TemperedLog(0).value(D) == pytest.approx(1 - sigma(D), abs=1e-14)
    far = [abs(Focal(g).value(-1.0) - plain.value(-1.0)) for g in (1, 0.1, 0.01)]
    assert far[0] > 5 * far[1] > 25 * far[2] > 0


def test_limits_of_fits():
    rng = np.random.default_rng(3)
    pairs = rng.integers(0, 6, (120, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    plain = fit(pairs, 6, ridge=0.2).scores
    for family in (lambda e: Focal(e), lambda e: FocalPenalty(e), lambda e: TemperedLog(1 - e)):
        errors = [np.abs(fit(pairs, 6, ridge=0.2, loss=family(e)).scores - plain).max()
                  for e in (1e-2, 1e-4)]  # fmt: skip
        assert 1e-9 < errors[1] < 0.05 * errors[0] < 0.05 * np.abs(plain).max()


def test_the_kink_of_the_focal_loss_with_penalty():
    """The slope falls by gamma log(2) / 2 at D = 0, so that a draw is not best rated a draw."""
    loss = FocalPenalty(2.0)
    jump = loss.slope(1e-12) - loss.slope(0.0)
    assert jump == pytest.approx(-math.log(2), rel=1e-9)
    draw = [loss.value(D) + loss.value(-D) for D in (0.0, 0.1)]
    assert draw[1] < draw[0]
    assert BradleyTerry().value(0.1) + BradleyTerry().value(-0.1) > 2 * math.log(2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Focal(-0.1), r"gamma is -0.1; expected a finite number >= 0"),
        (lambda: FocalPenalty(float("nan")), "gamma is nan"),
        (lambda: Hinge(0), r"margin is 0; expected a finite number > 0"),
        (lambda: MarginMSE(-1.0), r"margin is -1.0; expected a finite number > 0"),
        (lambda: TemperedLog(1), r"t is 1.0; expected t < 1"),
        (lambda: TemperedLog(-0.5), r"t is -0.5; expected a finite number in \[0, 1\]"),
        (lambda: TemperedLog(1.5), r"t is 1.5"),
        (lambda: TemperatureBT(0), r"temperature is 0; expected a finite number > 0"),
        (lambda: TemperatureBT("2"), r"temperature is '2'"),
        (lambda: checked_loss("bt"), r"loss is 'bt'; expected one of BradleyTerry\(\), Focal\(\)"),
        (lambda: pair_loss("bt", 1.0, 0.0), "loss is 'bt'; expected one of"),
        (lambda: checked_loss(BradleyTerry), "loss is <class"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()
