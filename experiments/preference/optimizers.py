"""What policies gain in true reward that are optimized for a fitted one, by every way to do it."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from experiments.preference.curation import RIDGES, selections
from experiments.preference.fits import REGIMES, drawn, learned, world_of
from tabular_pg import MDP, NaturalPG, SoftmaxPG, optimize
from tabular_pg.preference import (
    DPO,
    best_of_n,
    beta_for_kl,
    expected_reward,
    fit,
    kl,
    optimize_directly,
    scorecard,
    tilted_policy,
)
from tabular_pg.preference.world.sources import CROWD
from tabular_pg.preference.world.world import CATEGORIES

DIVERGENCES = (0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.5, 0.75, 1.0, 1.4, 1.8, 2.2, 2.6)  # < log 16
NS = tuple(range(2, 17)) + (20, 24, 32, 48, 64, 96, 128)
TRUE = "true reward"
NAMES = ("crowd", "pool", "random subset", "all rules", "WildGuard whole")
SETS = {n: n for n in NAMES} | {"right labels only": "oracle: right labels only"}
COMPARED = ("crowd", "pool", "WildGuard whole")  # of which all ways to optimize are shown
ALL, WAYS = "all", ("natural policy gradient", "softmax policy gradient", "best of n")
SHORT, LONG = 0.1, 0.3  # step sizes in a state, of natural and softmax policy gradient
DIRECT, BETA, RIDGE = 100, 0.5, 1.0  # prompts, beta and ridge for DPO


def fits(prompts, scale, regime, seed):
    """The world, and by data set: (fitted rewards, pairs, share of right labels)."""
    world = world_of(prompts, seed)
    sets = selections(world, scale, *REGIMES[regime], seed)[0]
    found = {}
    for name, key in SETS.items():
        scores = learned(world, sets[key], RIDGES, seed).scores
        found[name] = scores, len(sets[key]), float(world.correct(sets[key]).mean())
    return world, found | {TRUE: (world.reward, 0, 1.0)}


def prompt_rewards(world, scores):
    """Fitted and true rewards of the prompts held out, the true ones less their prompt's mean."""
    gold = world.table(world.reward, world.benchmark)
    return world.table(scores, world.benchmark), gold - gold.mean(axis=1, keepdims=True)


def gains(world, policies, gold) -> dict:
    """The true reward gained by each of the policies in each category, and in all."""
    category = world.category[world.benchmark]
    each = np.array([expected_reward(policy, gold) for policy in policies])
    found = {name: each[:, category == c] for c, name in enumerate(CATEGORIES)} | {ALL: each}
    return {name: gained.mean(axis=1).tolist() for name, gained in found.items()}


def at_divergences(world, policies, gold):
    """Gains at ``DIVERGENCES`` along policies that go further and further, interpolated."""
    far = [kl(policy, np.full(gold.shape, 1 / world.n_responses)).mean() for policy in policies]
    inside = (far[0] <= np.array(DIVERGENCES)) & (np.array(DIVERGENCES) <= far[-1])
    return {
        name: np.where(inside, np.interp(DIVERGENCES, far, gained), None).tolist()
        for name, gained in gains(world, policies, gold).items()
    }


def measure(prompts, scale, regime, seed):
    """{data set: its pairs, right labels, accuracies, gains of the optima at ``DIVERGENCES``, and
    the share of prompts on which the last of them is worse than the uniform policy}."""
    world, found = fits(prompts, scale, regime, seed)
    results = {}
    for name, (scores, size, right) in found.items():
        fitted, gold = prompt_rewards(world, scores)
        card, uniform = scorecard(world, scores), np.full(gold.shape, 1 / world.n_responses)
        betas = [beta_for_kl(uniform, fitted, target) for target in DIVERGENCES]
        policies = [tilted_policy(uniform, fitted, beta) for beta in betas]
        results[name] = {
            "pairs": size,
            "right labels": right,
            "accuracy": card.accuracy | {ALL: card.average},
            "gains": gains(world, policies, gold),
            "worse": float((expected_reward(policies[-1], gold) < 0).mean()),
        }
    return results


def bandit(rewards):
    """The prompts as states that are left at once for good: discounting by 0."""
    S, A = rewards.shape
    at = np.arange(S * A), np.repeat(np.arange(S), A)
    return MDP(sparse.csr_array((np.ones(S * A), at), shape=(S * A, S)), rewards, 0.0)


def climb(prompts, scale, regime, iterations, seed):
    """{data set: gains of policy gradients and of best of n, and how far natural policy gradient is
    from the optima with beta = 1 / (eta k)}."""
    world, found = fits(prompts, scale, regime, seed)
    results = {}
    for name in COMPARED:
        fitted, gold = prompt_rewards(world, found[name][0])
        mdp, spread = bandit(fitted), fitted.std(axis=1).mean()
        eta, uniform = SHORT / spread, np.full(gold.shape, 1 / world.n_responses)
        at = np.unique(np.geomspace(1, iterations, 150).astype(int))
        natural = optimize(mdp, NaturalPG(eta), iterations, at=at)
        softmax = optimize(mdp, SoftmaxPG(LONG / spread * len(gold)), 8 * iterations, at=8 * at)
        exact = [tilted_policy(uniform, fitted, 1 / (eta * k)) for k in natural.k]
        ways = natural.policies, softmax.policies, [best_of_n(uniform, fitted, n) for n in NS]
        gained = [at_divergences(world, policies, gold) for policies in ways]
        apart = float(np.abs(natural.policies - exact).max())
        results[name] = dict(zip(WAYS, gained, strict=True)) | {"apart": apart}
    return results


def direct(prompts, scale, regime, seed):
    """The largest difference of a probability, of DPO from the formula, on some of the prompts."""
    world, rng = world_of(prompts, seed), np.random.default_rng(seed)
    crowd = drawn(world, scale, *REGIMES[regime], seed)[CROWD]
    some = rng.choice(world.n_training, DIRECT, replace=False)
    items = (some[:, None] * world.n_responses + np.arange(world.n_responses)).ravel()
    number = np.full(world.n_items, -1)
    number[items] = np.arange(items.size)
    pairs = number[crowd.select(np.isin(crowd.prompt, some)).pairs]
    reference = rng.dirichlet(np.ones(world.n_responses), DIRECT)
    of = np.repeat(np.arange(DIRECT), world.n_responses)
    run = optimize_directly(pairs, of, reference.ravel(), DPO(BETA, RIDGE))
    scores = fit(pairs, items.size, ridge=RIDGE).scores.reshape(reference.shape)
    return float(np.abs(run.policy - tilted_policy(reference, scores, BETA).ravel()).max())
