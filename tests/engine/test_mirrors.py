"""Policy mirror descent is composed of mirror maps, step sizes and lookahead."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest

from support.grid import MIRRORS
from support.twins.mirror_steps import dual
from tabular_pg import (
    MDP,
    NaturalPG,
    PolicyMirrorDescent,
    ProjectedQAscent,
    Run,
    SoftmaxPG,
    Space,
    check,
    instances,
    mirrors,
    optimize,
    steps,
)
from tabular_pg.engine.rules import checked_rule, method_of
from tabular_pg.mirrors.registration import MIRRORS as REGISTERED
from tabular_pg.mirrors.registration import distances

GARNET = instances.garnet(5, 3, 2, 0.9, seed=1)
STEPS = [0.3, steps.Geometric(0.1, 1.3), steps.Armijo()]


def random_policies(n, S, A, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(A, 0.3), (n, S))


@pytest.mark.parametrize("eta", STEPS, ids=str)
@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_with_the_entropy_it_is_natural_pg_to_the_last_bit(eta, tau):
    named = optimize(GARNET, NaturalPG(eta), 30, tau=tau)
    run = optimize(GARNET, PolicyMirrorDescent(mirrors.Entropy(), eta), 30, tau=tau)
    assert np.array_equal(run.iterates, named.iterates) and np.array_equal(run.gap, named.gap)


@pytest.mark.parametrize("eta", STEPS, ids=str)
def test_in_the_euclidean_norm_it_is_projected_q_ascent_to_the_last_bit(eta):
    named = optimize(GARNET, ProjectedQAscent(eta), 30)
    run = optimize(GARNET, PolicyMirrorDescent(mirrors.Euclidean(), eta), 30)
    assert np.array_equal(run.iterates, named.iterates)


def test_verdicts_of_the_named_method_come_with_it():
    named = {v.theorem.id: v.holds for v in check(optimize(GARNET, NaturalPG(1.0), 30))}
    found = check(optimize(GARNET, PolicyMirrorDescent(mirrors.Entropy(), 1.0), 30))
    assert {v.theorem.id: v.holds for v in found} == named and "N4" in named


def test_tsallis_entropies_are_between_the_others():
    run = optimize(GARNET, PolicyMirrorDescent(mirrors.Euclidean(), 0.3), 20)
    same = optimize(GARNET, PolicyMirrorDescent(mirrors.Tsallis(2.0), 0.3), 20)
    np.testing.assert_allclose(same.policies, run.policies, atol=1e-13)
    entropy = optimize(GARNET, PolicyMirrorDescent(mirrors.Entropy(), 0.3), 20)
    for q in (1 - 1e-7, 1 + 1e-7):
        near = optimize(GARNET, PolicyMirrorDescent(mirrors.Tsallis(q), 0.3), 20)
        np.testing.assert_allclose(near.policies, entropy.policies, atol=1e-5)
    barrier = optimize(GARNET, PolicyMirrorDescent(mirrors.LogBarrier(), 0.3), 20)
    near = optimize(GARNET, PolicyMirrorDescent(mirrors.Tsallis(1e-9), 0.3), 20)
    np.testing.assert_allclose(near.policies, barrier.policies, atol=1e-7)


def potential(mirror, p):
    """h(p) in many-digit numbers."""
    if type(mirror) is mirrors.Entropy:
        return mp.fsum(x * mp.log(x) if x else mp.mpf(0) for x in p)
    if type(mirror) is mirrors.Euclidean:
        return mp.fsum(x * x for x in p) / 2
    q = mp.mpf(mirror.q)
    return (mp.fsum(x**q for x in p) - 1) / (q * (q - 1))


@pytest.mark.parametrize(
    "mirror",
    [mirrors.Entropy(), mirrors.Euclidean(), mirrors.Tsallis(0.3), mirrors.Tsallis(1.7)],
    ids=str,
)
@pytest.mark.parametrize("near", [0.3, 1e-2, 1e-5, 1e-20])
def test_distances_are_bregman_divergences(mirror, near):
    """h(e_a) - h(pi) - <h'(pi), e_a - pi>, however near the policy is to the action."""
    pi = np.array([1 - near, 0.75 * near, 0.25 * near])
    form = next(iter(REGISTERED[type(mirror)].forms)) if not hasattr(mirror, "space") else None
    x = pi if (form or mirror.space) is Space.SIMPLEX else np.log([*pi[1:]])
    if x is not pi:
        x = np.r_[np.log1p(-near), x]
    with mp.workdps(80):
        rest = [mp.mpf(p) for p in pi[1:]]
        exact = [1 - mp.fsum(rest), *rest]
        slope = [dual(mirror)[0](p) for p in exact]
        for a in range(3):
            e = [mp.mpf(int(b == a)) for b in range(3)]
            inner = mp.fsum(s * (v - p) for s, v, p in zip(slope, e, exact, strict=True))
            wanted = potential(mirror, e) - potential(mirror, exact) - inner
            found = distances(mirror, x[None, None], np.arange(3) == a)[0, 0]
            assert abs(found / wanted - 1) < 1e-6
            assert abs(mirror.to_actions(pi)[a] / wanted - 1) < 1e-6


@pytest.mark.parametrize("mirror", [mirrors.AlphaDivergence(0.5), mirrors.AlphaDivergence(0.9)])
def test_distances_are_alpha_divergences(mirror):
    pi, alpha = random_policies(4, 2, 3), mirror.alpha
    wanted = (pi ** (1 - alpha) - 1) / (alpha * (alpha - 1))  # of e_a: its power is 1 or 0
    for a in range(3):
        found = distances(mirror, np.log(pi), np.arange(3) == a)
        np.testing.assert_allclose(found, wanted[..., a], rtol=1e-12)
    np.testing.assert_allclose(mirror.to_actions(pi), wanted, rtol=1e-9)
    assert np.isinf(mirrors.AlphaDivergence(-1.0).to_actions(pi)).all()


@pytest.mark.parametrize("h", [1, 2, 3])
@pytest.mark.parametrize("mirror", [mirrors.Euclidean(), *MIRRORS], ids=str)
def test_a_long_step_is_greedy_in_what_lies_ahead(mirror, h):
    run = optimize(GARNET, PolicyMirrorDescent(mirror, 1e12, h), 1)
    pi = run.policies[0]
    V = np.linalg.solve(
        np.eye(5) - 0.9 * np.einsum("sa,sat->st", pi, GARNET.P), (pi * GARNET.r).sum(axis=1)
    )
    for _ in range(h):
        Q = GARNET.r + 0.9 * GARNET.P @ V
        V = Q.max(axis=1)
    assert (run.policies[1].argmax(axis=1) == Q.argmax(axis=1)).all()
    assert run.policies[1].max(axis=1).min() > 1 - 1e-5


def test_lookahead_is_worth_several_steps_of_policy_iteration():
    """On the chain information moves h states in a step."""
    chain = instances.gamma_chain(13, 0.9)
    start = np.tile([0.0, 1.0], (chain.n_states, 1))
    done = []
    for h in (1, 2, 4):
        run = optimize(chain, PolicyMirrorDescent(mirrors.Euclidean(), 1e9, h), 20, policy=start)
        done.append(int(np.argmax(run.sup_gap == 0)))
    assert done[0] > 8 and done[1] == -(-done[0] // 2) and done[2] == -(-done[0] // 4)


@pytest.mark.parametrize("h", [1, 3])
@pytest.mark.parametrize("mirror", [mirrors.Euclidean(), mirrors.Tsallis(0.5)], ids=str)
def test_adaptive_steps_are_the_distance_over_the_slack(mirror, h):
    """Of the very iterate, also from what lies ahead of it."""
    rule = PolicyMirrorDescent(mirror, steps.Adaptive(2.0, 0.81), h)
    run = optimize(GARNET, rule, 20)
    V = run.optimum.V - run.value_gap
    for _ in range(h):
        Q = GARNET.r + 0.9 * np.einsum("sat,kt->ksa", GARNET.P, V)
        V = Q.max(axis=2)
    far = distances(mirror, run.iterates, Q == Q.max(axis=2, keepdims=True)).max(axis=1)
    np.testing.assert_allclose(run.steps, (far / (2.0 * 0.81**run.k))[:-1], rtol=1e-12)
    found = {v.theorem.id: v.holds for v in check(run)}
    assert found["M3"] and found["M3c"]


def test_epochs_are_those_of_ju_and_lan():
    mdp = instances.garnet(4, 3, 2, 0.5, seed=0)
    N, T = 8, int(np.ceil(np.log(4**3 * 3 / (0.5**2 * np.log(2)))))
    run = optimize(mdp, PolicyMirrorDescent(mirrors.Euclidean(), steps.Epochs()), 2 * N * T + 3)
    phase, first = np.arange(2 * N * T + 3) // N % T, run.A.max(axis=(1, 2)) / 0.5
    start = np.arange(2 * N * T + 3) // (N * T) * N * T
    kept = first[start] > 0  # at the optimum any step will do
    np.testing.assert_allclose(
        run.steps[kept], (4.0 ** (1 + phase) / np.where(kept, first[start], 1.0))[kept], rtol=1e-9
    )
    arms = instances.bandit([0.9, 0.5])  # N = 4, T = 2
    run = optimize(arms, PolicyMirrorDescent(mirrors.Entropy(), steps.GrowingEpochs()), 12)
    largest = run.A[[0, 8]].max(axis=(1, 2))
    expected = [np.log(2) * 4 ** (k // 4 % 2) * 4 ** (k // 8) / largest[k // 8] for k in range(12)]
    np.testing.assert_allclose(run.steps, expected, rtol=1e-9)


def gradient_norms(run):
    g = run.d[:, :, None] * run.policies * run.A / (1 - run.mdp.gamma)
    return np.sqrt((g**2).sum(axis=(1, 2)))


def test_steps_in_units_of_the_gradient():
    run = optimize(GARNET, SoftmaxPG(steps.Normalized(0.3)), 20)
    np.testing.assert_allclose(run.steps, (0.3 / gradient_norms(run))[:-1], rtol=1e-12)
    run = optimize(GARNET, SoftmaxPG(steps.Polyak(0.5)), 20)
    gap = run.value_gap @ GARNET.mu
    np.testing.assert_allclose(run.steps, (0.5 * gap / gradient_norms(run) ** 2)[:-1], rtol=1e-12)
    run = optimize(GARNET, SoftmaxPG(steps.Backtracking()), 20)
    norm, gap = gradient_norms(run), run.value_gap @ GARNET.mu
    halvings = np.log2(10.0 / norm[:-1] / run.steps)
    np.testing.assert_allclose(halvings, halvings.round(), atol=1e-9)
    assert (gap[:-1] - gap[1:] >= 0.5 * run.steps * norm[:-1] ** 2 * (1 - 1e-12)).all()


class Hellinger(NamedTuple):
    """h(p) = -4 sum sqrt(p): Tsallis' entropy for q = 1/2, up to a constant."""

    weight: float = 1.0


def _slope(mirror, x):
    return -2.0 * mirror.weight * np.exp(-0.5 * x)


def _log_p(mirror, y):
    return -2.0 * np.log(-0.5 * y / mirror.weight)


mirrors.separable(Hellinger, space=Space.SOFTMAX, derivative=_slope, inverse=_log_p)


def test_a_map_of_ones_own():
    run = optimize(GARNET, PolicyMirrorDescent(Hellinger(2.0), 0.6, 2), 20)
    same = optimize(GARNET, PolicyMirrorDescent(mirrors.Tsallis(0.5), 0.3, 2), 20)
    np.testing.assert_allclose(run.policies, same.policies, rtol=1e-10)
    assert [v.holds for v in check(run) if v.theorem.id == "M0"] == [None]  # has lookahead


class Own(NamedTuple):
    """A map with a choice of functions."""


def _cubic(mirror, p):
    return 0.5 * p**2


def _cubic_inverse(mirror, y):
    return (2.0 * max(y, 0.0)) ** 0.5


def _shifted(mirror, p):
    return 0.5 * (p**2 - 1.0)


def _shifted_inverse(mirror, y):
    return max(1.0 + 2.0 * y, 0.0) ** 0.5


def _same(mirror, x):
    return x


def _log(mirror, p):
    return math.log(p) if p > 0.0 else -math.inf


def _exp(mirror, y):
    return math.exp(y)


@pytest.mark.parametrize(
    ("derivative", "inverse", "message"),
    [
        (_same, _same, "_same of Own() is -1.0 at y = -1; expected 0 below 0, which _same is at p"),
        (_log, _exp, "_log of Own() is -inf at p = 0; expected a finite number, or a map that is"),
        (_shifted, _shifted_inverse, "do not determine small probabilities"),
    ],
)
def test_maps_that_go_wrong_near_zero_are_refused(derivative, inverse, message):
    mirrors.separable(Own, space=Space.SIMPLEX, derivative=derivative, inverse=inverse)
    with pytest.raises(ValueError, match=re.escape(message)):
        optimize(GARNET, PolicyMirrorDescent(Own(), 0.1), 5)
    mirrors.separable(Own, space=Space.SIMPLEX, derivative=_cubic, inverse=_cubic_inverse)
    assert optimize(GARNET, PolicyMirrorDescent(Own(), 0.1), 5).gap[-1] > 0  # these are one


def _growing(mirror, x, s, a):
    return x[s, a]


def _negative(mirror, x, s, a):
    return -1.0


@pytest.mark.parametrize(
    ("to_action", "message"),
    [
        (_growing, "to_action of Own() is 0.02 for the first of two actions, of probability 0.02"),
        (_negative, "to_action of Own() is -1.0 for the first of two actions, of prob"),
    ],
)
def test_distances_that_are_none_are_refused(to_action, message):
    known = {"space": Space.SIMPLEX, "derivative": _cubic, "inverse": _cubic_inverse}
    mirrors.separable(Own, **known, to_action=to_action)
    with pytest.raises(ValueError, match=re.escape(message)):
        optimize(GARNET, PolicyMirrorDescent(Own(), steps.Adaptive(1.0, 0.5)), 5)
    with pytest.raises(TypeError, match="to_action"):
        mirrors.separable(Own, **known, to_action=lambda x: 1.0)


def test_orders_beyond_2_are_refused():
    with pytest.raises(ValueError, match=r"mirror.q is 2.5; expected a number in \(0, 2\]: beyond"):
        optimize(GARNET, PolicyMirrorDescent(mirrors.Tsallis(2.5), 0.1), 5)


def test_masks_keep_what_does_not_exist_at_zero():
    actions = np.ones((5, 3), dtype=bool)
    actions[1, 2] = actions[3, 0] = False
    P = np.where(actions[:, :, None], GARNET.P, 0.0)
    mdp = MDP(P, GARNET.r, 0.9, actions=actions)
    for mirror in [mirrors.Euclidean(), *MIRRORS]:
        run = optimize(mdp, PolicyMirrorDescent(mirror, steps.Geometric(0.1, 1.5)), 30)
        assert (run.policies[:, ~actions] == 0).all() and (np.diff(run.gap) <= 0).all()


def test_extreme_steps_and_rewards():
    rewards = MDP(GARNET.P, 1e8 + 1e3 * GARNET.r, 0.9)
    for mirror in MIRRORS:
        for eta in (1e-300, 1e-9, 1e200):
            run = optimize(rewards, PolicyMirrorDescent(mirror, eta), 5)
            rounding = 1e-15 * run.gap[0]
            assert np.isfinite(run.policies).all() and (np.diff(run.gap) <= rounding).all()


def test_saved_and_read_again(tmp_path):
    rule = PolicyMirrorDescent(mirrors.Tsallis(0.5), steps.Geometric(0.1, 2.0), lookahead=2)
    run = optimize(GARNET, rule, 5)
    again = Run.load(run.save(tmp_path / "run.npz"))
    assert again.rule == run.rule == rule and np.array_equal(again.gap, run.gap)
    assert again.rule.lookahead == 2 and type(again.rule.lookahead) is int


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (PolicyMirrorDescent(3.0, 0.1), "mirror is 3.0; expected an instance of one of: Alpha"),
        (PolicyMirrorDescent(mirrors.Tsallis, 0.1), "mirror is the class Tsallis; expected an in"),
        (PolicyMirrorDescent(mirrors.Tsallis(1.0), 0.1), "mirror.q is 1; expected another"),
        (PolicyMirrorDescent(mirrors.Tsallis(-1.0), 0.1), "mirror.q is -1.0; expected a finite"),
        (PolicyMirrorDescent(mirrors.AlphaDivergence(1.5), 1), "mirror.alpha is 1.5; expected"),
        (PolicyMirrorDescent(mirrors.Entropy(), 0.1, 0), "lookahead is 0; expected an integer"),
        (PolicyMirrorDescent(mirrors.Entropy(), 0.1, 1.5), "lookahead is 1.5; expected an integ"),
        (PolicyMirrorDescent(mirrors.Entropy(), -1.0), "eta is -1.0; expected a finite number"),
        (SoftmaxPG(steps.Adaptive(1.0, 0.9)), "SoftmaxPG has none"),
        (PolicyMirrorDescent(mirrors.LogBarrier(), steps.Adaptive(1.0, 0.9)), "has none"),
    ],
)
def test_what_is_refused(rule, message):
    with pytest.raises((TypeError, ValueError), match="^.*" + message.replace("(", r"\(")):
        optimize(GARNET, rule, 3)


def test_tau_is_refused_where_it_is_not_defined():
    rule = PolicyMirrorDescent(mirrors.Tsallis(0.5), 0.1)
    with pytest.raises(ValueError, match=r"tau is 0.1; PolicyMirrorDescent with Tsallis\(q=0.5\)"):
        optimize(GARNET, rule, 3, tau=0.1)
    with pytest.raises(ValueError, match="tau is 0.1; Adaptive"):
        optimize(GARNET, NaturalPG(steps.Adaptive(1.0, 0.9)), 3, tau=0.1)


def test_a_member_runs_by_its_own_kernel():
    rule = checked_rule(PolicyMirrorDescent(mirrors.Euclidean(), 0.1))
    assert method_of(rule).rule is ProjectedQAscent
    assert method_of(rule._replace(lookahead=2)).memory == 1
