"""Generalized policy mirror descent: its optimum, starts, storage, and what it refuses."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.reference import Model, gaps
from support.strategies import mdps, starts
from support.twins.rounding import lost_in_rounding
from tabular_pg import (
    GPMD,
    MDP,
    NaturalPG,
    PolicyMirrorDescent,
    Run,
    Solver,
    Status,
    check,
    instances,
    mirrors,
    optimize,
    optimum,
    steps,
)
from tabular_pg.mdps.random import garnet
from tabular_pg.plotting.quantities import measured
from tabular_pg.report.reproduction import code_for

MDP_ = instances.garnet(4, 3, 2, 0.6, seed=1)
MAPS = [
    mirrors.Tsallis(0.5),
    mirrors.Tsallis(1.5),
    mirrors.Euclidean(),
    mirrors.LogBarrier(),
    mirrors.Tsallis(0.999),
    mirrors.Tsallis(1.001),
    mirrors.Tsallis(1 - 1.1e-6),
    mirrors.Tsallis(1 + 1.1e-6),
]
every_map = pytest.mark.parametrize("mirror", MAPS, ids=str)
taus = pytest.mark.parametrize("tau", [1e-3, 0.1, 10.0])


@every_map
@taus
def test_the_optimum_is_that_of_many_digit_arithmetic(mirror, tau):
    for mdp in (MDP_, instances.garnet(5, 4, 3, 0.99, seed=3), instances.bandit([0.9, 0.5, 0.1])):
        best = optimum(mdp, tau, regularizer=mirror)
        with mp.workdps(60):
            V = Model(mdp, tau, mirror).optimal_value()
            Q = Model(mdp, tau, mirror).q(V)
            np.testing.assert_allclose(best.V, np.array(V, dtype=float), rtol=1e-13)
            scale = np.abs(best.Q).max()
            np.testing.assert_allclose(best.Q, np.array(Q, dtype=float), atol=1e-13 * scale)
        np.testing.assert_allclose(best.pi.sum(axis=1), 1, atol=1e-14)
        assert best.optimal.all() and (best.A == 0).all() and best.Delta == np.inf


@pytest.mark.filterwarnings("ignore:dual variables are large where tau is")  # gaps are right, too
@pytest.mark.filterwarnings("ignore:steps depend on differences of which rounding")
@settings(max_examples=60)
@given(
    st.data(),
    mdps(gammas=(0.0, 0.5, 0.9, 0.99), shapes=((1, 2), (1, 4), (2, 3), (5, 2), (3, 1))),
    st.sampled_from(MAPS),
    st.sampled_from((1e-3, 0.03, 1.0, 100.0)),
    st.sampled_from((1e-2, 1.0, 1e3)),
)
def test_gaps_on_random_problems(data, mdp, mirror, tau, eta):
    policy = data.draw(starts(mdp, vertices=mirror.regularizer.q > 1))
    run = optimize(mdp, GPMD(mirror, eta), 6, tau=tau, policy=policy)
    exact = gaps(mdp, GPMD(mirror, eta), 6, tau, policy, digits=200)
    for k, row in enumerate(exact):
        noise = lost_in_rounding(run, k)
        for found, gap in zip(run.log_value_gap[k], row, strict=True):
            if gap > max(noise, mp.mpf(10) ** -150):
                assert abs(float(mp.expm1(found - mp.log(gap)))) < 1e-9, (k, found, gap)


@every_map
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e-12])
def test_a_start_next_to_the_optimum(mirror, scale):
    """Rewards far below tau: the uniform policy is nearly optimal, and is known to all digits."""
    rule = GPMD(mirror, 0.01)
    mdp = MDP(MDP_.P, scale * MDP_.r, MDP_.gamma)
    run, exact = optimize(mdp, rule, 2, tau=100.0), gaps(mdp, rule, 2, 100.0, None, digits=100)
    for found, row in zip(run.log_value_gap, exact, strict=True):
        np.testing.assert_allclose(found, [float(mp.log(x)) for x in row], atol=1e-10)


def test_the_root_of_a_policy_next_to_a_vertex_is_found():
    """The likeliest action lacks 1e-120, in a bracket of the size of its dual variables."""
    mdp, rule = instances.garnet(5, 2, 2, 0.5, seed=326029), GPMD(mirrors.Tsallis(0.999), 1000.0)
    run, exact = optimize(mdp, rule, 6, tau=1e-3), gaps(mdp, rule, 6, 1e-3, None, digits=300)
    for found, row in zip(run.log_value_gap, exact, strict=True):
        np.testing.assert_allclose(found, [float(mp.log(x)) for x in row], atol=1e-10)


@pytest.mark.parametrize("d", [1.1e-6, -1.1e-6, -1e-5])
def test_a_reference_below_the_range_of_floats_next_to_the_entropy(d):
    """Probabilities of actions that pi* takes with 1e-330 are known by the logarithm of that."""
    P = [[[0.25, 0.75], [1.0, 0.0], [0.1, 0.9]], [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]]
    mdp, start = MDP(P, [[0.1, 0.6, 0.2], [0.8, 0.6, 0.9]], 0.9), [[0.1, 0.6, 0.3], [0.2, 0.3, 0.5]]
    rule, options = GPMD(mirrors.Tsallis(1 + d), 1e3), {"tau": 1e-3, "policy": np.array(start)}
    run, exact = optimize(mdp, rule, 6, **options), gaps(mdp, rule, 6, *options.values(), 400)
    assert np.exp(run.optimum.log_pi.min()) == 0.0
    for found, row in zip(run.log_value_gap, exact, strict=True):
        np.testing.assert_allclose(found, [float(mp.log(x)) for x in row], atol=5e-10)


def test_with_the_entropy_it_is_natural_policy_gradient():
    run, same = (
        optimize(MDP_, rule, 30, tau=0.3) for rule in (GPMD(mirrors.Entropy(), 2.0), NaturalPG(2.0))
    )
    assert np.array_equal(run.iterates, same.iterates) and np.array_equal(run.gap, same.gap)
    ids = {v.theorem.id for v in check(run) if v.applies}
    assert {"G1", "G2", "M6", "M7"} <= ids


def test_near_the_entropy_it_is_nearly_that():
    near = [
        optimize(MDP_, GPMD(mirrors.Tsallis(1 + d), 2.0), 20, tau=0.3).policies
        for d in (-1.1e-6, 1.1e-6)
    ]
    same = optimize(MDP_, NaturalPG(2.0), 20, tau=0.3).policies
    for policies in near:
        np.testing.assert_allclose(policies, same, atol=1e-5)


def test_a_euclidean_map_and_tsallis_of_order_two_are_one():
    one, other = (
        optimize(MDP_, GPMD(m, 2.0), 20, tau=0.3)
        for m in (mirrors.Euclidean(), mirrors.Tsallis(2.0))
    )
    np.testing.assert_allclose(one.value_gap, other.value_gap, rtol=1e-12)
    lost = one.optimum.V - other.optimum.V  # h differs by 1/2
    np.testing.assert_allclose(lost, -0.3 / 2 / (1 - MDP_.gamma), rtol=1e-12)


@every_map
def test_advantages_are_slopes_of_the_regularized_objective(mirror):
    """Where pi > 0 they are Q - tau phi'(pi), less the mean."""
    run = optimize(MDP_, GPMD(mirror, 1.0), 5, tau=0.2)
    q, best = best_q(run), run.optimum
    pi, Q = run.policies, best.Q - MDP_.gamma * np.einsum("sat,kt->ksa", MDP_.P, run.value_gap)
    with np.errstate(divide="ignore"):
        slope = Q - 0.2 * np.expm1((q - 1) * np.log(pi)) / (q - 1)
    slope = np.where(pi > 0, slope, 0.0)
    expected = slope - (pi * slope).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(run.A[pi > 0], expected[pi > 0], atol=1e-12)


def best_q(run):
    return run.optimum.regularizer.q


@every_map
def test_a_run_is_saved_and_goes_on(mirror, tmp_path):
    run = optimize(MDP_, GPMD(mirror, 2.0), 30, tau=0.3)
    again = Run.load(run.save(tmp_path / "run.npz"))
    assert again.rule == run.rule and np.array_equal(again.log_policies, run.log_policies)
    assert again.optimum.regularizer == run.optimum.regularizer
    assert np.array_equal(again.optimum.Q, run.optimum.Q)
    assert list(map(str, check(again))) == list(map(str, check(run)))
    rest = optimize(MDP_, GPMD(mirror, 2.0), 20, tau=0.3, log_policy=run.log_policies[10])
    assert np.array_equal(rest.value_gap, run.value_gap[10:])


def test_iterates_are_no_policies_of_other_rules():
    """A start that another kind of run has given out is taken for what it is."""
    made = [
        optimize(MDP_, GPMD(mirrors.Tsallis(0.5), 2.0), 3, tau=0.3),
        optimize(MDP_, GPMD(mirrors.LogBarrier(), 2.0), 3, tau=0.3),
        optimize(MDP_, GPMD(mirrors.Tsallis(0.5), 2.0), 3, tau=0.2),
        optimize(MDP_, NaturalPG(2.0), 3, tau=0.3),
        optimize(MDP_, PolicyMirrorDescent(mirrors.Tsallis(0.5), 1.0), 3),
        optimize(MDP_, GPMD(mirrors.Euclidean(), 0.1), 3, tau=0.3),
        optimize(MDP_, PolicyMirrorDescent(mirrors.Euclidean(), 0.1), 3),
    ]
    for source in made:
        for target in made:
            if np.isfinite(source.log_policies[-1]).all():
                start = optimize(
                    MDP_, target.rule, 0, tau=target.tau, log_policy=source.log_policies[-1]
                )
                np.testing.assert_allclose(start.policies[0], source.policies[-1], atol=1e-13)


@pytest.mark.parametrize("solver", [Solver.REUSE, Solver.GMRES, Solver.SPARSE_LU])
@pytest.mark.parametrize("mirror", MAPS[:3], ids=str)
def test_solvers_agree(mirror, solver):
    mdp = garnet(40, 3, 5, 0.9, seed=2)
    anew = optimize(mdp, GPMD(mirror, 2.0), 20, tau=0.3, solver=Solver.ELIMINATION)
    run = optimize(mdp, GPMD(mirror, 2.0), 20, tau=0.3, solver=solver)
    np.testing.assert_allclose(run.value_gap, anew.value_gap, rtol=1e-10)


def test_what_a_run_ends_in():
    interior = optimize(MDP_, GPMD(mirrors.Euclidean(), 20.0), 400, tau=0.3)
    assert interior.status is Status.UNDERFLOW
    corner = optimize(MDP_, GPMD(mirrors.Euclidean(), 20.0), 400, tau=1e-3)
    assert corner.status is Status.OPTIMAL and (corner.optimum.pi.max(axis=1) == 1).all()
    edge = optimize(MDP([[[1.0], [1.0]]], [[0.0, 1.0]], 0.0), GPMD(mirrors.Euclidean(), 1.0), 1200,
                    tau=1.0)  # fmt: skip
    assert edge.status is Status.UNDERFLOW and edge.optimum.pi.tolist() == [[0.0, 1.0]]
    for mirror in (mirrors.Euclidean(), mirrors.Tsallis(1.5)):  # from the optimum itself
        two = MDP([[[1.0]] * 2], [[-1.04804409, -2.69817764]], 0.0)
        there = optimize(two, GPMD(mirror, 0.001), 9, tau=0.1, policy=[[1.0, 0.0]])
        assert there.status is Status.OPTIMAL and (there.gap == 0).all()
    settled = optimize(MDP_, GPMD(mirrors.Euclidean(), 2.0), 400, tau=0.3, until=1e-6)
    assert settled.status is Status.SETTLED and settled.sup_gap[-1] <= 1e-6
    still = optimize(instances.bandit([0.5, 0.5]), GPMD(mirrors.LogBarrier(), 1.0), 3, tau=1.0)
    assert still.status is Status.OPTIMAL


def test_actions_that_are_missing_change_nothing():
    mdp = instances.garnet(4, 2, 2, 0.9, seed=1)
    P, r = (np.concatenate([np.zeros_like(x[:, :1]), x], axis=1) for x in (mdp.P, mdp.r))
    masked = MDP(P, r, 0.9, actions=np.array([[False, True, True]] * 4))
    for mirror in MAPS:
        run, more = (optimize(x, GPMD(mirror, 1.0), 20, tau=0.1) for x in (mdp, masked))
        np.testing.assert_allclose(more.gap, run.gap, rtol=1e-11)
        assert (more.policies[:, :, 0] == 0).all() and np.isneginf(more.optimum.Q[:, 0]).all()


def test_what_is_drawn():
    run = optimize(MDP_, GPMD(mirrors.Tsallis(0.5), 2.0), 20, tau=0.3)
    pi, best = run.policies, run.optimum.pi
    kl = (best * np.log(best / pi)).sum(axis=2).max(axis=1)
    np.testing.assert_allclose(measured(run, "kl")[:5], np.log10(kl[:5]), rtol=1e-10)
    error = np.abs(np.log(pi / best)).max(axis=(1, 2))
    np.testing.assert_allclose(
        measured(run, "log_policy_error")[:5], np.log10(error[:5]), rtol=1e-10
    )


ENDING = MDP([[[0.5], [0.2]]], [[-1.0, -1.0]], 1.0)


@pytest.mark.parametrize(
    ("mdp", "rule", "options", "error", "text"),
    [
        (MDP_, GPMD(mirrors.Tsallis(0.5), 1.0), {}, ValueError, "defined for tau > 0 only"),
        (MDP_, GPMD(mirrors.AlphaDivergence(0.5), 1.0), {"tau": 1.0}, TypeError, "a sum of powers"),
        (MDP_, GPMD(mirrors.Tsallis(3.0), 1.0), {"tau": 1.0}, ValueError, "in \\(0, 2\\]: beyond"),
        (MDP_, GPMD(mirrors.Tsallis(1e-11), 1.0), {"tau": 1.0}, ValueError, "or LogBarrier\\(\\),"),
        (MDP_, GPMD(mirrors.Tsallis(1 + 1e-7), 1.0), {"tau": 1.0}, ValueError, "or Entropy\\(\\),"),
        (MDP_, GPMD(mirrors.Tsallis(0.5), -1.0), {"tau": 1.0}, ValueError, "eta is -1"),
        (MDP_, GPMD(mirrors.Tsallis(0.5), steps.Armijo()), {"tau": 1.0}, ValueError, "tries steps"),
        (MDP_, GPMD(0.5, 1.0), {"tau": 1.0}, TypeError, "mirror is 0.5; expected an instance of"),
        (ENDING, GPMD(mirrors.Euclidean(), 1.0), {"tau": 0.1}, ValueError, "gamma is 1 beside"),
        (
            MDP_,
            GPMD(mirrors.Tsallis(0.5), 1.0),
            {"tau": 1.0, "policy": [[1, 0, 0]] * 4},
            ValueError,
            "expected a probability > 0",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(mdp, rule, options, error, text):
    with pytest.raises(error, match=text):
        optimize(mdp, rule, 3, **options)


def test_an_optimum_that_is_none_is_refused():
    with pytest.raises(ValueError, match="tau is 0 beside the regularizer"):
        optimum(MDP_, regularizer=mirrors.Tsallis(0.5))
    with pytest.raises(TypeError, match="regularizer is 'entropy'; expected a map"):
        optimum(MDP_, 0.1, regularizer="entropy")
    with pytest.raises(ValueError, match=r"1e-13 to 1e\+16 times the value scale"):
        optimum(instances.bandit([1.0, 0.0]), 1e17, regularizer=mirrors.LogBarrier())
    stay = MDP([[[1.0], [1.0], [0.9]]], [[-0.1, -0.1, -0.1]], 1.0)
    with pytest.raises(ValueError, match="regularized values are infinite"):
        optimum(stay, 1.0, regularizer=mirrors.Tsallis(0.5))
    assert optimum(stay, 0.01, regularizer=mirrors.Tsallis(0.5)).V[0] < 0


@pytest.mark.parametrize("q", [0.05, 0.1])
def test_values_that_grow_beyond_the_floats_are_refused_without_a_warning(q):
    rng, refused = np.random.default_rng(560), 0
    for _ in range(60):
        ends = (rng.random((2, 2)) < 0.3) * rng.random((2, 2))
        P = rng.dirichlet(np.ones(2), (2, 2)) * (1.0 - ends)[:, :, None]
        if ends.sum() > 0:
            try:
                optimum(MDP(P, -rng.random((2, 2)), 1.0), 1.0, regularizer=mirrors.Tsallis(q))
            except ValueError as error:
                refused += "regularized values are infinite" in str(error)
    assert refused > 10


def test_zeros_come_back_once_their_dual_variables_do():
    """pi* takes both actions; the start takes one, and the other is at the edge."""
    mdp = instances.bandit([0.9, 0.5])
    run = optimize(mdp, GPMD(mirrors.Euclidean(), 0.1), 400, tau=1.0, policy=[[0.0, 1.0]])
    assert run.policies[0, 0, 0] == 0 and run.policies[-1, 0, 0] > 0.5
    np.testing.assert_allclose(run.policies[-1], run.optimum.pi, atol=1e-9)


def test_its_code_makes_it_again(capsys):
    run = optimize(MDP_, GPMD(mirrors.Tsallis(0.5), 2.0), 20, tau=0.3)
    exec(code_for(run, ["M6"]), {})
    (expected,) = (str(v) for v in check(run) if v.theorem.id == "M6")
    assert capsys.readouterr().out.strip() == expected
