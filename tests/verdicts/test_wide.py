"""Numbers of any size behave as floats where floats do, and as mpmath where floats end."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tabular_pg import MDP, NaturalPG, SoftmaxPG, SoftPolicyIteration, instances, optimize, steps
from tabular_pg.numerics.wide import Wide, log_size, plain, wide
from tabular_pg.theorem import REGISTRY, theorems_about, verdict, why_not_applicable
from tabular_pg.verdicts.wide_run import WideRun

RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal(200) * 10.0 ** RNG.uniform(-12, 2, 200)
OTHERS = RNG.standard_normal(200) * 10.0 ** RNG.uniform(-12, 2, 200)
POSITIVE = np.abs(NUMBERS)
UNARY = {
    "negative": NUMBERS, "absolute": NUMBERS, "square": NUMBERS, "sqrt": POSITIVE, "exp": NUMBERS,
    "expm1": NUMBERS, "log": POSITIVE, "log1p": POSITIVE, "sinh": NUMBERS, "ceil": NUMBERS,
    "isfinite": NUMBERS, "isnan": NUMBERS, "isinf": NUMBERS,
}  # fmt: skip
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "less", "less_equal",
          "greater", "greater_equal", "equal", "not_equal", "logaddexp")  # fmt: skip
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name):
    function, x = getattr(np, name), np.concatenate([UNARY[name].ravel(), SPECIAL])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(plain(function(wide(x))), function(x), rtol=2e-14)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("case", ["random", "special"])
def test_functions_of_two_numbers(name, case):
    function = getattr(np, name)
    x, y = (NUMBERS, OTHERS) if case == "random" else np.meshgrid(SPECIAL, SPECIAL)
    with np.errstate(all="ignore"):
        found = function(wide(x), y)
        np.testing.assert_allclose(plain(found), function(x, y), rtol=1e-14)


def test_powers():
    x, y = np.meshgrid([0.0, 0.3, 1.0, 7.0, -2.0], [-3.0, 0.0, 0.5, 1.0, 2.0, 5.0])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(plain(wide(x) ** y), x**y, rtol=1e-14)


def test_matrices_and_reductions():
    x, y = RNG.standard_normal((4, 5)), RNG.standard_normal(5)
    np.testing.assert_allclose(plain(wide(x) @ y), x @ y, rtol=1e-13)
    np.testing.assert_allclose(plain(y @ wide(x.T)), y @ x.T, rtol=1e-13)
    for axis in (None, 0, 1, (0, 1)):
        for name in ("sum", "max", "min"):
            found = getattr(wide(x), name)(axis=axis)
            np.testing.assert_allclose(plain(found), getattr(x, name)(axis=axis), rtol=1e-13)
    assert wide(x).argmax(axis=1).tolist() == x.argmax(axis=1).tolist()
    np.testing.assert_allclose(plain(np.cumprod(wide(y))), np.cumprod(y), rtol=1e-14)
    np.testing.assert_array_equal(plain(np.minimum.accumulate(wide(x))), np.minimum.accumulate(x))
    np.testing.assert_array_equal(plain(np.where(x > 0, wide(x), 0.0)), np.where(x > 0, x, 0.0))


def test_where_floats_end():
    mpmath.mp.dps = 30
    x = wide(np.array([-1000.0, -2000.5, -1e6]))
    for found, log in zip(np.exp(x), (-1000.0, -2000.5, -1e6), strict=True):
        true = mpmath.exp(mpmath.mpf(log))
        relative = mpmath.mpf(float(found.m)) * mpmath.mpf(2) ** int(found.e) / true - 1
        assert abs(relative) < 4e-16 * abs(log) + 1e-15
    tiny = np.exp(wide(-1000.0))
    assert log_size(tiny * tiny / tiny) == pytest.approx(-1000.0, rel=1e-15)
    assert (tiny + tiny > tiny) and (tiny * 0.999 < tiny) and tiny > 0 and -tiny < 0
    assert log_size(wide(0.5) ** np.array([10_000])) == pytest.approx(-10_000 * np.log(2))
    assert log_size(np.expm1(tiny)) == log_size(np.log1p(tiny)) == log_size(np.sinh(tiny))
    assert plain(np.sqrt(tiny) * 1e200) == pytest.approx(np.exp(-500.0) * 1e200, rel=1e-12)


@pytest.mark.parametrize(
    "formula",
    [np.cos, np.asarray, np.floor, np.median, lambda x: np.add.at(x, 0, 1), lambda x: x.prod()],
)
def test_what_is_not_listed_is_refused(formula):
    with pytest.raises((TypeError, AttributeError)):
        formula(Wide(np.ones(3)))


RUNS = {
    "natural": lambda: optimize(instances.garnet(4, 3, 2, 0.6, seed=1), NaturalPG(0.5), 60),
    "softmax": lambda: optimize(instances.garnet(4, 3, 2, 0.6, seed=1), SoftmaxPG(0.5), 60),
    "entropy": lambda: optimize(
        instances.garnet(4, 3, 2, 0.6, seed=1), NaturalPG(0.5), 60, tau=0.3
    ),
    "soft": lambda: optimize(
        instances.garnet(4, 3, 2, 0.6, seed=1), SoftPolicyIteration(), 6, tau=0.3
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_formulas_give_the_same_numbers(name):
    """Every formula of the rule is evaluated in both ways, where floats are accurate."""
    run, compared = RUNS[name](), 0
    for theorem in theorems_about(run.rule):
        if why_not_applicable(theorem, run) or theorem.id == "E4":
            continue
        with np.errstate(all="ignore"):
            in_floats, in_wide = theorem.formula(run), theorem.formula(WideRun(run))
        for x, y in zip(in_floats[:2], in_wide[:2], strict=True):
            x, y = np.broadcast_arrays(np.asarray(x, dtype=float), plain(wide(y)))
            certain = (np.abs(x) > 1e-200) & np.isfinite(x)
            np.testing.assert_allclose(y[certain], x[certain], rtol=1e-10, err_msg=theorem.id)
            compared += certain.sum()
    assert compared > 50


def test_a_logarithm_has_the_fewer_digits_the_more_steps_made_it():
    """Also below what a single rounding would leave of it."""
    for log_p, k, known in ((-1e13, 1, True), (-5e13, 1, False), (-1e13, 200_000, False)):
        run = optimize(instances.bandit([1.0, 0.5]), NaturalPG(-2 * log_p / k), k, at=[0, k])
        assert run.log_policies[-1, 0, 1] == pytest.approx(log_p)
        last = WideRun(run).policies[-1, 0, 1]
        assert np.isnan(last.m) != known


def test_a_lead_without_digits_is_no_lead_without_end():
    """Where probabilities have lost their digits a bound is not known; it is not 0."""
    mdp = MDP(np.ones((1, 3, 1)), [[0.01652764, 0.81327024, 0.91275558]], 0.0)
    run = optimize(mdp, NaturalPG(steps.Geometric(0.5, 1.1)), 301)
    found = verdict(REGISTRY["N3a"], run)
    assert found.holds and 200 < found.not_compared_from < 301


def test_the_advantage_of_an_action_that_is_all_but_certain_is_not_lost():
    """It is minus what the others lose, of probabilities of e^-4000; the gradient's norm is
    sqrt(2) times its largest entry."""
    mdp = MDP(np.ones((1, 5, 1)), [[2.8, -0.1, 0.8, -2.8, 2.3]], 0.0)
    start = [[0.02, 0.13, 0.31, 0.02, 0.52]]
    run = optimize(mdp, SoftmaxPG(steps.Geometric(1e4, 1.1)), 20, policy=start)
    assert (run.policies[1:] == np.eye(5)[4]).all() and (run.log_policies[1:, 0, 0] < -4000).all()
    found = verdict(REGISTRY["S3lt"], run)
    assert found.holds and found.last_slack == pytest.approx(np.sqrt(8 / 5), rel=1e-9)


def test_an_advantage_below_rounding_is_what_the_others_weigh():
    """As in exact numbers, where one action is all but certain."""
    arms = instances.two_armed_bandit(gap=0.5)
    A = WideRun(optimize(arms, NaturalPG(1.0), 3000)).A[-1, 0].max()
    with mpmath.workdps(20):
        odds = mpmath.exp(-1500)
        found = mpmath.mpf(float(A.m)) * mpmath.mpf(2) ** int(A.e)
        assert abs(found / (odds / (1 + odds) / 2) - 1) < 1e-12
