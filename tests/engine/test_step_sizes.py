"""Step sizes that are no number: what is taken is recorded, what is searched passes its test."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from support.grid import CHANGING_STEPS, GRID
from tabular_pg import (
    SPMA,
    TDPMD,
    HadamardPG,
    HeavyBallPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
    SoftargmaxPG,
    SoftmaxPG,
    Solver,
    Space,
    Status,
    check,
    instances,
    method,
    optimize,
    optimize_many,
    steps,
)
from tabular_pg.gaps.point import ITERATE, copy_iterate, empty_point, second_point
from tabular_pg.testing import check_method, situation

MDP = instances.garnet(5, 3, 2, 0.9, seed=1)
RUNS = [(rule, tau, name) for rule, tau in CHANGING_STEPS for name in ("small", "medium", "tied")]


class Halving(NamedTuple):
    eta: float

    def at(self, k):
        return self.eta / 2 ** (k // 3)


@steps.step_size(Halving, schedule=True)
def halving(step, k, problem, point):
    return step.eta / 2.0 ** (k // 3)


class Never(NamedTuple):
    shrink: float = 0.5


def one(step, k, last):
    return 1.0


@steps.step_search(Never, propose=one)
def never(step, problem, point, trial):
    return False


class Odd(NamedTuple):
    value: float


@steps.step_size(Odd)
def odd(step, k, problem, point):
    return -step.value if k == 3 else step.value


def same(run, other):
    for name in ("k", "iterates", "scaled_gap", "A", "gap_sum"):
        np.testing.assert_array_equal(getattr(run, name), getattr(other, name))


@pytest.mark.parametrize("rule", [NaturalPG, SoftmaxPG, ProjectedPG, HadamardPG])
def test_a_constant_is_a_number(rule):
    constant = optimize(MDP, rule(steps.Constant(0.01)), 20)
    assert constant.rule == rule(0.01)
    assert constant.constant_step and constant.steps is None
    same(constant, optimize(MDP, rule(0.01), 20))
    same(optimize(MDP, rule(steps.Geometric(0.01, 1.0)), 20), constant)
    np.testing.assert_array_equal(constant.step_sizes, 0.01)


@pytest.mark.parametrize("rule", [ProjectedPG, ProjectedQAscent])
def test_growth_is_short_for_geometric_steps(rule):
    short, run = (optimize(MDP, r, 20) for r in (rule(0.1, 1.5), rule(steps.Geometric(0.1, 1.5))))
    same(short, run)
    np.testing.assert_array_equal(run.steps, 0.1 * 1.5 ** np.arange(20))
    np.testing.assert_array_equal(short.steps, run.steps)
    with pytest.raises(ValueError, match="growth is 1.5 beside eta = Geometric"):
        optimize(MDP, rule(steps.Geometric(0.1, 1.5), 1.5), 20)


def test_what_is_recorded():
    run = optimize(MDP, NaturalPG(steps.Geometric(1.0, 0.5)), 6, at=[0, 2, 3, 6])
    np.testing.assert_array_equal(run.steps, 0.5 ** np.arange(6))
    np.testing.assert_array_equal(run.all_steps, run.steps)
    np.testing.assert_array_equal(run.step_sizes, [1.0, 0.25, 0.125, np.nan])
    assert not run.steps.flags.writeable


def test_steps_from_the_advantages_are_what_they_say():
    run = optimize(MDP, NaturalPG(steps.AdvantageScaled(2.0)), 12)
    largest = run.A.max(axis=(1, 2))[:-1]
    assert 0 < largest[3] < largest[0] < 1
    np.testing.assert_array_equal(run.steps, 2.0 / np.maximum(largest, 2e-250))


def test_steps_are_cut_where_they_act_like_infinity():
    run = optimize(MDP, ProjectedQAscent(steps.Geometric(1.0, 1e10)), 60)
    assert run.status is Status.OPTIMAL
    assert run.steps.max() == 1e250 / max(1.0, -run.optimum.A.min())


@pytest.mark.parametrize(("rule", "tau", "name"), RUNS, ids=str)
def test_searched_steps_pass_their_test_and_larger_ones_do_not(rule, tau, name):
    """By values from numpy alone, as long as their differences have digits."""
    step, mdp = rule.eta, GRID[name]
    if not isinstance(step, steps.Armijo):
        pytest.skip("not searched")
    run = optimize(mdp, rule, 12, tau=tau)
    for k, eta in enumerate(run.steps):
        now = situation(mdp, run.policies[k], tau)
        if not (now.A * run.policies[k] > 1e-6).any():
            break
        tried = step.grow * run.steps[k - 1] if k else step.first
        shrunk = round(np.log(eta / tried) / np.log(step.shrink))
        assert eta == pytest.approx(tried * step.shrink**shrunk, rel=1e-12)
        assert margin(run, k, eta) > -1e-9
        if shrunk:
            assert margin(run, k, eta / step.shrink) < 1e-9


@pytest.mark.parametrize(
    ("name", "largest"), [("small", 1e9), ("medium", 1e9), ("medium", 20.0), ("patient", 0.2)]
)
def test_a_line_search_takes_the_best_step_nearby_and_none_worse_than_the_longest(name, largest):
    mdp, step = GRID[name], steps.ExactLineSearch(largest, first=0.3)
    run = optimize(mdp, ProjectedPG(step), 12)
    assert (np.diff(run.value_gap @ mdp.mu) <= 0).all()
    for k in np.flatnonzero(run.sup_gap[:-1]):
        taken, eta = run.value_gap[k + 1] @ mdp.mu, run.steps[k]
        assert gap_after(run, k, eta) == pytest.approx(taken, rel=1e-9)
        near = [eta * ratio for ratio in (0.95, 0.99, 1.01, 1.05) if eta * ratio < largest]
        others = (min(step.first, largest / 2), largest, *near)
        assert all(taken <= gap_after(run, k, x) * (1 + 1e-9) for x in others)


def gap_after(run, k, eta):
    """V* - V under mu after a projected step from iterate k."""
    after = optimize(run.mdp, ProjectedPG(float(eta)), 1, policy=run.policies[k])
    return after.value_gap[1] @ run.mdp.mu


def margin(run, k, eta):
    """By how much the condition of Armijo holds for a step from iterate k."""
    mdp, tau, rule = run.mdp, run.tau, run.rule._replace(eta=float(eta))
    log_policy = run.log_policies[k] - np.logaddexp.reduce(run.log_policies[k], axis=1)[:, None]
    if run.method.learn:  # the critic of iterate k is not that of its policy
        assert type(run.rule).__name__ == "TDPMD"
        if k > 0:
            return 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a step that overflows
        pi, after = optimize(mdp, rule, 1, tau=tau, log_policy=log_policy).policies
    if not np.isfinite(after).all():
        return -np.inf
    now, then = situation(mdp, pi, tau), situation(mdp, after, tau)
    first_order = (now.d[:, None] * (after - pi) * now.A).sum() / (1 - mdp.gamma)
    return mdp.mu @ (then.V - now.V) - run.rule.eta.slope * first_order


@pytest.mark.parametrize(("rule", "tau"), CHANGING_STEPS, ids=str)
def test_runs_side_by_side_take_the_same_steps(rule, tau):
    run = optimize(MDP, rule, 15, tau=tau, solver=Solver.REUSE)
    many = optimize_many(MDP, [rule, NaturalPG(0.5), rule], 15, tau=tau, solver=Solver.REUSE)
    for other in many[::2]:
        same(run, other)
        np.testing.assert_array_equal(run.steps, other.steps)


def test_every_theorem_that_applies_holds_and_those_about_constants_do_not_apply():
    for rule, tau in CHANGING_STEPS:
        verdicts = check(optimize(MDP, rule, 30, tau=tau))
        assert not any(v.holds is False for v in verdicts), [v for v in verdicts if not v.holds]
        about_constants = [v for v in verdicts if "stated for a constant step" in v.why_not]
        assert all(str(rule.eta) in v.why_not for v in about_constants)
        with_steps = type(rule) is SoftargmaxPG if tau > 0 else type(rule) is TDPMD
        assert about_constants or with_steps
        assert any(v.applies for v in verdicts) or type(rule) in (TDPMD, HeavyBallPG)


def test_a_step_size_of_ones_own():
    run = optimize(MDP, NaturalPG(Halving(1.0)), 9)
    np.testing.assert_array_equal(run.steps, [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25])
    twin = optimize(MDP, NaturalPG(0.5), 3, log_policy=run.log_policies[3])
    np.testing.assert_allclose(run.policies[3:7], twin.policies, rtol=1e-12)


def test_a_search_that_fails_ends_the_run_and_says_so():
    with pytest.warns(UserWarning, match=r"no step size passed the test of Never.* at k = 0"):
        run = optimize(MDP, NaturalPG(Never()), 10)
    assert run.status is Status.STALLED
    assert run.k.tolist() == [0] and len(run.steps) == 0


def test_a_search_that_would_take_hours_is_given_up():
    with pytest.warns(UserWarning, match=r"no step size passed .* of at most 100000 that are trie"):
        run = optimize(MDP, NaturalPG(Never(shrink=0.999999999)), 10)
    assert run.status is Status.STALLED and run.k.tolist() == [0]


def test_steps_that_are_not_positive_are_said():
    with pytest.warns(UserWarning, match=r"step size Odd\(value=1.0\) is -1.0 at k = 3"):
        optimize(MDP, NaturalPG(Odd(1.0)), 10)


def test_near_the_end_of_floats_the_last_step_is_kept():
    mdp = instances.bandit([1.0, 0.5])
    run = optimize(mdp, NaturalPG(steps.Armijo(first=100.0, grow=1.0)), 40)
    assert run.status is Status.COMPLETED and run.log_gap[-1] < -1900
    np.testing.assert_array_equal(run.steps, 100.0)


def test_a_search_leaves_a_plateau_on_which_every_step_passed():
    """Gradients of 1e-38 move nothing: steps grow to 1e62, and must shrink by 1e24 then."""
    mdp = instances.bandit([0.95, 0.3])
    rule = SoftmaxPG(steps.Armijo(first=0.5, slope=0.3))
    run = optimize(mdp, rule, 300, tau=0.1, policy=[[5e-5, 1 - 5e-5]])
    assert run.status is Status.COMPLETED and run.log_gap[-1] < -100
    assert run.steps.max() > 1e30 and run.steps[-1] < 1e6


@pytest.mark.parametrize(
    ("eta", "error", "message"),
    [
        (steps.Geometric(-1.0, 2.0), ValueError, "eta.eta is -1.0; expected a finite number > 0"),
        (steps.Geometric(1.0, "2"), TypeError, "eta.growth is '2'; expected a number > 0"),
        (steps.Armijo(slope=1.5), ValueError, "eta.slope is 1.5; expected a number in (0, 1)"),
        (steps.Backtracking(slope=2), ValueError, "eta.slope is 2.0; expected a number in (0, 1)"),
        (
            steps.ExactLineSearch(1e300),
            ValueError,
            "eta.largest is 1e+300; expected a number in (",
        ),
        (steps.ExactLineSearch(tolerance=1e-13), ValueError, "expected a number >= 1e-12"),
        (steps.Armijo(grow=0.5), ValueError, "eta.grow is 0.5; expected a number >= 1"),
        (steps.Armijo(shrink=1.0), ValueError, "eta.shrink is 1.0; expected a number in (0, 1)"),
        (steps.Geometric, TypeError, "eta is <class"),
        (steps.Armijo, TypeError, "expected a number > 0, or an instance of one of"),
        (
            NaturalPG(1.0),
            TypeError,
            "eta is NaturalPG(eta=1.0); expected a number > 0, or an instance",
        ),
    ],
    ids=str,
)
def test_bad_step_sizes(eta, error, message):
    with pytest.raises(error, match=re.escape(message)):
        optimize(MDP, NaturalPG(eta), 3)


@pytest.mark.parametrize(
    ("define", "error", "message"),
    [
        (lambda: steps.step_size(float), TypeError, "record is <class 'float'>; expected a Named"),
        (lambda: steps.step_size(Halving)(3), TypeError, "kernel is 3; expected a function (step"),
        (lambda: steps.step_size(Halving)(one), TypeError, "expected (step, k, problem, point)"),
        (
            lambda: steps.step_size(steps.Geometric)(lambda step, k, problem, point: 1.0),
            ValueError,
            "record is Geometric of this package",
        ),
        (
            lambda: steps.step_search(Halving, propose=one),
            ValueError,
            "record is Halving('eta',); expected a field shrink",
        ),
        (
            lambda: steps.step_search(Never, propose=never)(never),
            TypeError,
            "propose is never(step, problem, point, trial); expected (step, k, last)",
        ),
    ],
)
def test_bad_registrations(define, error, message):
    with pytest.raises(error, match=re.escape(message)):
        define()


def test_certificates_take_the_steps_that_were_taken():
    certified = pytest.importorskip("tabular_pg.certified", reason="needs python-flint")
    for rule, tau in CHANGING_STEPS:
        run = optimize(GRID["small"], rule, 6, tau=tau)
        assert certified.certify(run).relative_error < 1e-9, rule
    exact = certified.certified_run(
        GRID["small"], NaturalPG(steps.Geometric(Fraction(1, 3), Fraction(3, 2))), 6
    )
    run = optimize(GRID["small"], NaturalPG(steps.Geometric(1 / 3, 1.5)), 6)
    assert abs(float(exact.gap[-1].mid()) / run.gap[-1] - 1) < 1e-12
    assert certified.certified_run(GRID["small"], NaturalPG(Halving(1)), 6).digits >= 30
    with pytest.raises(TypeError, match="eta is AdvantageScaled.* depends on iterates"):
        certified.certified_run(GRID["small"], NaturalPG(steps.AdvantageScaled(1)), 6)
    with pytest.raises(ValueError, match=r"eta.growth is -1; expected a number > 0"):
        certified.certified_run(GRID["small"], NaturalPG(steps.Geometric(1, -1)), 6)


class Pulled(NamedTuple):
    eta: float
    pull: float


@method(Pulled, space=Space.SOFTMAX, statewise=True, any_sign=("pull",))
def pulled(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * point.A[s, a] + rule.pull * a


@pytest.mark.parametrize("pull", [-0.1, 0.0, 0.1])
def test_hyper_parameters_of_any_sign(pull):
    run = optimize(MDP, Pulled(1.0, pull), 1)
    moved = run.log_policies[1] - run.log_policies[0] - run.A[0] - pull * np.arange(3)
    np.testing.assert_allclose(moved, np.broadcast_to(moved[:, :1], moved.shape), atol=1e-13)


def test_hyper_parameters_of_any_sign_are_those_that_were_named():
    with pytest.raises(ValueError, match=r"eta is -1.0; expected a finite number > 0"):
        optimize(MDP, Pulled(-1.0, -1.0), 1)
    with pytest.raises(ValueError, match=r"pull is nan; expected a finite number$"):
        optimize(MDP, Pulled(1.0, np.nan), 1)
    with pytest.raises(ValueError, match=r"any_sign has 'push'; expected some of the fields"):
        method(Pulled, space=Space.SOFTMAX, any_sign=("push",))


@pytest.mark.parametrize("rule", [NaturalPG, SoftmaxPG, ProjectedPG, HadamardPG, SPMA])
@pytest.mark.parametrize("first", [0.1, 10.0])
def test_a_backtracking_run_never_falls(rule, first):
    for seed in range(3):
        mdp = instances.garnet(6, 3, 2, 0.9, seed=seed)
        value = optimize(mdp, rule(steps.Armijo(first)), 80).value_gap @ mdp.mu
        assert (np.diff(value) <= 1e-14 * value[:-1]).all()


class Warm(NamedTuple):
    eta: float


def warm(rule, problem, point):
    point.memory[:, 0] = rule.eta * point.A


@method(Warm, space=Space.SOFTMAX, memory=1, start=warm)
def warmed(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.memory[s, 0, a] = 0.5 * point.memory[s, 0, a] + rule.eta * point.A[s, a]
            point.x[s, a] += point.memory[s, 0, a]


def small(step, problem, point, trial):
    return trial.eta < 1


class Small(NamedTuple):
    first: float
    shrink: float = 0.5


def first(step, k, last):
    return step.first


steps.step_search(Small, propose=first)(small)


@pytest.mark.parametrize(
    "eta", [steps.AdvantageScaled(0.5), steps.Geometric(0.5, 1.1), Small(6.0)], ids=str
)
def test_what_is_remembered_at_first_knows_the_step_that_is_taken(eta):
    run = optimize(MDP, Warm(eta), 3)
    moved = run.log_policies[1] - run.log_policies[0] - 1.5 * run.steps[0] * run.A[0]
    np.testing.assert_allclose(moved - moved[:, :1], 0.0, atol=1e-12)
    certified = pytest.importorskip("tabular_pg.certified", reason="needs python-flint")

    def exact_start(rule, model, point):
        return rule.eta * point.A[:, None]

    @certified.update(Warm, start=exact_start)
    def exact(rule, k, model, point):
        memory = 0.5 * point.memory + rule.eta * point.A[:, None]
        return point.x + memory[:, 0], memory

    try:
        assert certified.certify(run).relative_error < 1e-12
    finally:
        from tabular_pg.certified.registration import UPDATES

        del UPDATES[Warm]


class Named(NamedTuple):
    eta: float
    step: float


@method(Named, space=Space.SOFTMAX, statewise=True)
def named(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * point.A[s, a]


def test_a_field_may_be_called_step():
    np.testing.assert_array_equal(optimize(MDP, Named(1.0, 2.0), 3).step_sizes, 1.0)
    run = optimize(MDP, Named(steps.Geometric(1.0, 2.0), 3.0), 3)
    np.testing.assert_array_equal(run.steps, [1.0, 2.0, 4.0])


def test_geometric_steps_from_far_below_one():
    run = optimize(MDP, NaturalPG(steps.Geometric(1e-300, 10.0)), 320)
    np.testing.assert_allclose(run.steps, 10.0 ** (np.arange(320) - 300.0), rtol=1e-11)


def test_no_theorem_is_about_steps_that_are_not_positive():
    with pytest.warns(UserWarning, match="step size"):
        run = optimize(MDP, NaturalPG(Odd(1.0)), 10)
    verdicts = check(run)
    assert not any(v.applies for v in verdicts)
    assert any("the step size is -1.0 at k = 3" in v.why_not for v in verdicts)
    with warnings.catch_warnings(), pytest.raises(AssertionError, match="k = 3: the step is -1.0"):
        warnings.simplefilter("ignore")
        check_method(NaturalPG(Odd(1.0)), tau=0.0)


class Wrong(NamedTuple):
    eta: float

    def at(self, k):
        return 2 * self.eta


@steps.step_size(Wrong, schedule=True)
def wrong(step, k, problem, point):
    return step.eta


def test_check_method_compares_a_schedule_with_its_kernel():
    with pytest.raises(AssertionError, match=r"step sizes: NaturalPG .* k = 0: .*Wrong.*at\(k\)"):
        check_method(NaturalPG(Wrong(1.0)), tau=0.0)
    assert "step sizes" in check_method(NaturalPG(Halving(1.0)), tau=0.0).passed


def test_rules_without_a_step_size_have_none():
    with pytest.raises(AttributeError, match="PolicyIteration has no step size eta"):
        _ = optimize(MDP, PolicyIteration(), 3).step_sizes


class Bad(NamedTuple):
    first: float
    shrink: float = 0.5


def propose_nothing(step, k, last):
    return step.first - 1.0


def always(step, problem, point, trial):
    return True


steps.step_search(Bad, propose=propose_nothing)(always)


def test_proposals_that_are_not_positive_are_named():
    with pytest.warns(UserWarning, match=r"Bad\(first=1.0, shrink=0.5\) proposes 0.0 at k = 0"):
        run = optimize(MDP, NaturalPG(Bad(1.0)), 3)
    assert run.status is Status.STALLED


def reads_visits_by_another_name(step, k, problem, point):
    d = point.d
    return d[0]


@pytest.mark.parametrize(
    ("define", "message"),
    [
        (
            lambda: steps.step_size(Halving, schedule=True)(
                lambda step, k, problem, point: point.pi[0, 0]
            ),
            "reads point, and schedule is True",
        ),
        (
            lambda: steps.step_size(Halving)(lambda step, k, problem, point: point.d[0]),
            "reads point.d, and visitation is False; expected visitation=True",
        ),
        (
            lambda: method(Named, space=Space.SOFTMAX)(
                lambda rule, k, problem, point: point.x.fill(point.d[0])
            ),
            "reads point.d, and visitation is False; expected visitation=True",
        ),
        (
            lambda: steps.step_size(Halving)(reads_visits_by_another_name),
            "reads point.d, and visitation is False; expected visitation=True",
        ),
        (
            lambda: steps.step_size(Halving, schedule=True)(lambda step, k, pr, pt: pt.pi[0, 0]),
            "reads point, and schedule is True",
        ),
    ],
)
def test_kernels_that_read_what_is_not_there(define, message):
    with pytest.raises(ValueError, match=message):
        define()


class Free(NamedTuple):
    eta: float
    offset: float


@steps.step_size(Free, schedule=True, any_sign=("offset",))
def free(step, k, problem, point):
    return step.eta + step.offset * k


def test_fields_of_step_sizes_of_any_sign():
    run = optimize(MDP, NaturalPG(Free(1.0, -0.1)), 5)
    np.testing.assert_allclose(run.steps, 1.0 - 0.1 * np.arange(5))
    np.testing.assert_allclose(
        optimize(MDP, NaturalPG(steps.Decaying(1.0, -1.0)), 3).steps, [1.0, 2.0, 3.0]
    )
    with pytest.raises(ValueError, match="eta.eta is -1.0"):
        optimize(MDP, NaturalPG(Free(-1.0, -0.1)), 5)


class Share(NamedTuple):
    eta: float
    d: float


@steps.step_size(Share, schedule=True)
def share(step, k, problem, point):
    return step.eta * step.d


def test_a_field_may_be_called_d():
    np.testing.assert_array_equal(optimize(MDP, NaturalPG(Share(2.0, 0.25)), 3).steps, 0.5)


def test_a_copied_iterate_is_whole():
    """A field that is neither of the iterate nor shared would be of another iterate in a trial."""
    point = empty_point(np.zeros((3, 2)), True, np.zeros((3, 2)), 1, 4)
    other, rng = second_point(point), np.random.default_rng(0)
    for name in ITERATE:
        getattr(other, name)[...] = rng.random(getattr(other, name).shape)
    copy_iterate(other, point)
    for name in ITERATE:
        np.testing.assert_array_equal(getattr(point, name), getattr(other, name), name)
    shared = {
        "least_policy", "least_optimal_mass", "N", "pivot", "slack", "blocks", "earlier", "deep",
        "steps",
    }  # fmt: skip
    assert set(ITERATE) | shared == set(point._fields) and not set(ITERATE) & shared
