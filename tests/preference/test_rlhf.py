"""Policies optimized for a reward: identities, bounds, slow twins, and what is refused."""

from __future__ import annotations

from itertools import product
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from support.strategies import seeds
from tabular_pg.preference import (
    best_of_n,
    best_of_n_curve,
    beta_for_kl,
    expected_reward,
    kl,
    optimal_value,
    overoptimization,
    regret,
    tilted_policy,
)
from tabular_pg.preference.control.scorecard import pair_accuracy, regret_at_kl, scorecard
from tabular_pg.preference.world.making import make_world
from tabular_pg.preference.world.world import CATEGORIES

betas = st.sampled_from((0.05, 0.3, 1.0, 4.0, 100.0))
WORLD = make_world(40, 6, seed=1, benchmark=200, nuisance=3)


def problem(seed, ties=False):
    """Reference, rewards and another policy; sometimes the reference excludes a response."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 5), rng.integers(2, 7)
    reference, policy = (rng.dirichlet(np.ones(shape[1]), shape[0]) for _ in range(2))
    if seed % 2:
        gone = rng.integers(shape[1])
        for table in (reference, policy):
            table[:, gone] = 0
            table /= table.sum(axis=1, keepdims=True)
    rewards = rng.integers(0, 3, shape).astype(float) if ties else rng.standard_normal(shape)
    return reference, rewards, policy


@given(seeds, betas)
def test_the_regret_is_a_divergence_from_the_optimum(seed, beta):
    """J(pi*) - J(pi) = beta KL(pi | pi*), and J(pi*) = beta log Z."""
    reference, rewards, policy = problem(seed)

    def objective(pi):
        return expected_reward(pi, rewards) - beta * kl(pi, reference)

    best = tilted_policy(reference, rewards, beta)
    scale = 1e-13 * (1 + beta)
    assert objective(best) == pytest.approx(optimal_value(reference, rewards, beta), abs=scale)
    lost = regret(policy, reference, rewards, beta)
    assert lost == pytest.approx(objective(best) - objective(policy), abs=scale)
    assert lost == pytest.approx(beta * kl(policy, best), abs=scale)
    assert (regret(best, reference, rewards, beta) < scale).all()
    assert (best[reference == 0] == 0).all()


@given(seeds, betas)
def test_the_regret_of_a_fitted_reward_is_at_most_its_span(seed, beta):
    reference, rewards, _ = problem(seed)
    fitted = rewards + 0.3 * np.random.default_rng(seed).standard_normal(rewards.shape)
    lost = regret(tilted_policy(reference, fitted, beta), reference, rewards, beta)
    assert (lost <= np.ptp(rewards - fitted, axis=1)).all()
    assert (lost >= 0).all()


def test_the_tilted_policy_is_what_an_optimizer_finds():
    reference, rewards, _ = problem(2)

    def loss(logits):
        logits = logits.reshape(rewards.shape)
        policy = np.exp(logits - logits.max(axis=1, keepdims=True))
        policy /= policy.sum(axis=1, keepdims=True)
        return -(expected_reward(policy, rewards) - 0.5 * kl(policy, reference)).sum()

    found = minimize(loss, np.zeros(rewards.size), tol=1e-14)
    assert found.fun == pytest.approx(-optimal_value(reference, rewards, 0.5).sum(), abs=1e-9)


def test_small_divergences_are_relatively_accurate():
    reference, delta = np.array([[0.5, 0.5]]), 1e-9
    policy = np.array([[0.5 + delta, 0.5 - delta]])
    assert kl(policy, reference)[0] == pytest.approx(2 * delta**2, rel=1e-6, abs=0)
    assert kl(reference, np.array([[1.0, 0.0]]))[0] == inf
    best = tilted_policy(reference, [[0.0, 1.0]], 0.5)
    lost = regret(best + [[delta, -delta]], reference, [[0.0, 1.0]], 0.5)[0]
    assert lost == pytest.approx(0.5 * (delta**2 / 2 / best).sum(), rel=1e-5, abs=0)
    far = regret(reference, reference, [[0.0, 1.0]], 1e-4)  # where the optimum underflows
    assert far == pytest.approx(0.5, rel=1e-3)


@given(seeds, st.floats(0.001, 0.99))
def test_beta_for_kl_meets_its_target(seed, share):
    reference, rewards, _ = problem(seed)
    top = np.where(reference > 0, rewards, -inf).argmax(axis=1)
    target = share * -np.log(reference[np.arange(len(top)), top]).mean()
    if target > 1e-6:
        beta = beta_for_kl(reference, rewards, target)
        reached = kl(tilted_policy(reference, rewards, beta), reference).mean()
        assert reached == pytest.approx(target, rel=1e-9)
        shifted = rewards + np.arange(len(rewards))[:, None]
        assert beta_for_kl(reference, shifted, target) == pytest.approx(beta, rel=1e-9)


@pytest.mark.parametrize("ties", (False, True))
@given(seeds, st.integers(1, 4))
def test_best_of_n_against_enumeration(ties, seed, n):
    reference, rewards, _ = problem(seed, ties)
    expected = np.zeros_like(reference)
    for x, (p, r) in enumerate(zip(reference, rewards, strict=True)):
        for drawn in product(range(p.size), repeat=n):
            best = [a for a in drawn if r[a] == max(r[list(drawn)])]
            for a in best:  # a coin for each that was drawn: in proportion to p among the equal
                expected[x, a] += np.prod(p[list(drawn)]) / len(best)
    assert best_of_n(reference, rewards, n) == pytest.approx(expected, abs=1e-13)


@given(seeds, st.sampled_from((1, 2, 5, 30, 1000)), st.booleans())
def test_best_of_n_diverges_by_at_most_the_bound(seed, n, ties):
    """KL <= log n - (n - 1) / n, and the more responses the more reward."""
    reference, rewards, _ = problem(seed, ties)
    policy = best_of_n(reference, rewards, n)
    assert (kl(policy, reference) <= np.log(n) - (n - 1) / n + 1e-12).all()
    more = best_of_n(reference, rewards, n + 1)
    assert (expected_reward(more, rewards) >= expected_reward(policy, rewards) - 1e-13).all()


def test_the_bound_of_best_of_n_is_nearly_attained_by_many_responses():
    reference = np.full((1, 20_000), 1 / 20_000)
    policy = best_of_n(reference, np.arange(20_000.0)[None], 8)
    assert kl(policy, reference)[0] == pytest.approx(np.log(8) - 7 / 8, abs=1e-3)


def test_gold_reward_rises_with_itself_and_falls_with_a_bad_proxy():
    gold = WORLD.table(WORLD.reward, WORLD.benchmark)
    lean = WORLD.table(WORLD.spurious.sum(axis=1), WORLD.benchmark)
    uniform = np.full(gold.shape, 1 / 6)
    knobs = np.geomspace(30, 0.03, 12)
    itself = overoptimization(uniform, gold, gold, knobs)
    assert (np.diff(itself.kl) > 0).all()
    assert (np.diff(itself.gold) > 0).all()
    assert np.array_equal(itself.gold, itself.proxy)
    misled = overoptimization(uniform, gold + 1.5 * lean, gold, knobs)
    assert (np.diff(misled.proxy) > 0).all()
    equal = np.interp(misled.kl, itself.kl, itself.gold)
    assert (misled.gold[1:-1] < equal[1:-1]).all()
    hard = WORLD.category[WORLD.benchmark] == 1
    bad = overoptimization(uniform[hard], (gold + 1.5 * lean)[hard], gold[hard], knobs)
    assert bad.gold[-1] < gold[hard].mean()
    of_n = best_of_n_curve(uniform, gold, gold, (1, 2, 4))
    assert of_n.kl[0] == pytest.approx(0, abs=1e-15)
    assert (np.diff(of_n.gold) > 0).all()
    assert of_n.knob.tolist() == [1, 2, 4]


@given(seeds)
def test_pair_accuracy_against_a_slow_twin(seed):
    rng = np.random.default_rng(seed)
    rewards, fitted = rng.integers(0, 4, (2, 3, 5))
    for x, measured in enumerate(pair_accuracy(rewards, fitted)):
        points = []
        for i in range(5):
            for j in range(5):
                if rewards[x, i] > rewards[x, j]:
                    gain = fitted[x, i] - fitted[x, j]
                    points.append(0.5 if gain == 0 else float(gain > 0))
        expected = np.mean(points) if points else nan
        assert measured == pytest.approx(expected, nan_ok=True)


def test_scorecards():
    perfect = scorecard(WORLD, WORLD.reward)
    assert perfect.average == 1
    assert perfect.accuracy == dict.fromkeys(CATEGORIES, 1.0)
    assert scorecard(WORLD, -WORLD.reward).average == 0
    assert scorecard(WORLD, np.zeros(WORLD.n_items)).average == 0.5
    lean = scorecard(WORLD, WORLD.spurious.sum(axis=1))
    assert lean.accuracy["Chat Hard"] < 0.4 < 0.55 < lean.accuracy["Chat"]
    offsets = np.arange(WORLD.n_prompts).repeat(6)  # of a prompt change nothing
    assert scorecard(WORLD, WORLD.reward + offsets).average == 1
    train = WORLD.reward.copy()
    train[: 6 * WORLD.n_training] = 0  # what is held out counts, nothing else
    assert scorecard(WORLD, train).average == 1


def test_regret_at_equal_kl():
    assert regret_at_kl(WORLD, 3 * WORLD.reward) == pytest.approx(0, abs=1e-9)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(WORLD.n_items)
    lost = [regret_at_kl(WORLD, WORLD.reward + s * noise, 0.5) for s in (0.1, 0.5, 2.0)]
    assert 0 < lost[0] < lost[1] < lost[2]


@pytest.mark.parametrize("beta", (1.0, 1e-12, 1e-300))
@pytest.mark.parametrize("impossible", (0.0, 1e17))
def test_what_the_reference_excludes_does_not_matter(beta, impossible):
    reference, rewards = np.array([[0, 0.5, 0.5]]), np.array([[impossible, 1.0, 0.0]])
    policy = tilted_policy(reference, rewards, beta)
    assert policy[0] == pytest.approx([0, *tilted_policy([[0.5, 0.5]], [[1, 0]], beta)[0]])
    assert policy.sum() == pytest.approx(1)
    expected = 1 + beta * np.log(0.5 + 0.5 * np.exp(-1 / beta))
    assert optimal_value(reference, rewards, beta) == pytest.approx(expected, abs=1e-12)
    lost = regret(reference, reference, rewards * [[0, 1, 1]], beta)
    assert lost == pytest.approx(expected - 0.5, abs=1e-12)


@pytest.mark.parametrize("scale", (1e-170, 1e170))
def test_beta_for_kl_at_any_scale(scale):
    beta = beta_for_kl([[0.3, 0.7]], [[0.0, 1.0]], 0.1)
    found = beta_for_kl([[0.3, 0.7]], [[0.0, scale]], 0.1)
    assert found == pytest.approx(scale * beta, rel=1e-9, abs=0)


P, R = np.full((2, 2), 0.5), np.array([[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    "call, message",
    (
        (lambda: tilted_policy(P, R, 0), "beta is 0; expected a finite number > 0"),
        (lambda: tilted_policy(P, R, nan), "beta is nan"),
        (lambda: tilted_policy(P, R[:, :1], 1), r"rewards has shape \(2, 1\); expected \(2, 2\)"),
        (lambda: tilted_policy(P, R * nan, 1), r"rewards\[0, 0\] is nan"),
        (lambda: tilted_policy(P * 0.9, R, 1), r"reference\[0\] sums to 0.9; expected 1"),
        (lambda: tilted_policy(P[0], R[0], 1), r"expected \(prompts, responses\)"),
        (lambda: kl(P - R, P), "policy.* expected a probability >= 0"),
        (lambda: kl(P, P[:1]), r"policy has shape \(2, 2\); expected \(1, 2\)"),
        (lambda: beta_for_kl(P, R, 1.0), "target is 1.0; expected less than 0.69"),
        (lambda: beta_for_kl(P, R * 0, 0.1), "expected less than 0.0"),
        (lambda: beta_for_kl(P, R, 0.0), "target is 0.0; expected a finite number > 0"),
        (lambda: best_of_n(P, R, 0), r"n is 0; expected an integer in \[1, "),
        (lambda: best_of_n(P, R, 10**16), "n is 1000.*; expected an integer in"),
        (lambda: overoptimization(P, R, R[:1], [1.0]), r"gold has shape \(1, 2\)"),
        (lambda: overoptimization(P, R * nan, R, [1.0]), r"proxy\[0, 0\] is nan"),
        (lambda: pair_accuracy(R, R[:1]), r"fitted has shape \(1, 2\); expected \(2, 2\)"),
        (lambda: pair_accuracy(R[0], R[0]), r"rewards has shape \(2,\)"),
        (lambda: pair_accuracy(R, R * nan), r"fitted\[0, 0\] is nan"),
        (lambda: regret_at_kl(WORLD, WORLD.reward, -1.0), "kl is -1.0; expected a finite"),
        (lambda: regret_at_kl(WORLD, WORLD.reward, 99.0), "kl is 99.0; expected less than"),
        (lambda: overoptimization(P, R, R, [1.0, -1.0]), r"betas\[1\] is -1.0"),
        (lambda: scorecard(WORLD, [1.0]), r"scores has shape \(1,\)"),
        (lambda: scorecard(WORLD, WORLD.reward * nan), "scores.* is nan"),
    ),
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
