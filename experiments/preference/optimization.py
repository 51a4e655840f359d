"""What becomes of the true reward as a policy is optimized for a fitted one, further and further
from the uniform policy: for rewards fitted to the crowd, the pool, and what is selected from it.

True reward is what the policy gains over the uniform one on prompts held out, exactly, at a given
KL divergence, mean over these prompts: over all four categories, and in Chat Hard, where spurious
attributes oppose quality; what is lost is lost to the policy for the true reward. Policies are
ref exp(r / beta) / Z with beta for the divergence; best of n; and the iterates of natural and of
softmax policy gradient on the prompts as a contextual bandit, interpolated to the same divergences.
Natural policy gradient must be at ref exp(eta k r) / Z after k steps, and direct preference
optimization where Bradley and Terry's scores and that formula lead: how far they are from it is
printed. Labels are biased, flipped or clean; bands and tables have 95% intervals of the mean over
seeds; each seed has its own world.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import numpy as np
from scipy import sparse

from experiments.preference.curation import RIDGES, selections
from experiments.preference.fits import REGIMES, drawn, learned, text, world_of
from experiments.shared.claim import quick_options
from experiments.shared.jobs import resumed
from experiments.shared.statistics import interval
from experiments.shared.verdicts import markdown_table
from tabular_pg import MDP, NaturalPG, SoftmaxPG, optimize
from tabular_pg._files import write_whole
from tabular_pg.plotting import Curve, Panel, log10, save_figure
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

HARD = CATEGORIES.index("Chat Hard")
DIVERGENCES = (0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.5, 0.75, 1.0, 1.4, 1.8, 2.2, 2.6)  # < log 16
SHOWN = [DIVERGENCES.index(x) for x in (0.2, 1.0, 2.6)]  # in the table
NS = tuple(range(2, 17)) + (20, 24, 32, 48, 64, 96, 128)
TRUE = "true reward"
NAMES = ("crowd", "pool", "random subset", "all rules", "WildGuard whole")
SETS = {n: n for n in NAMES} | {"right labels only": "oracle: right labels only"}
COMPARED = ("crowd", "pool", "WildGuard whole")  # of which all ways to optimize are shown
WAYS = ("natural policy gradient", "softmax policy gradient", "best of n")
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


def tables(world, scores):
    """Fitted and true rewards of the prompts held out, the true ones less their prompt's mean."""
    gold = world.table(world.reward, world.benchmark)
    return world.table(scores, world.benchmark), gold - gold.mean(axis=1, keepdims=True)


def gains(world, policies, gold):
    """(n, 5) the true reward gained in each category, and in all, by each of the policies."""
    category = world.category[world.benchmark]
    each = np.array([expected_reward(policy, gold) for policy in policies])
    found = [each[:, category == c].mean(axis=1) for c in range(len(CATEGORIES))]
    return np.column_stack([*found, each.mean(axis=1)])


def at_divergences(world, policies, gold):
    """(DIVERGENCES, 5) gains along policies that go further and further, interpolated."""
    far = [kl(policy, np.full(gold.shape, 1 / world.n_responses)).mean() for policy in policies]
    found = gains(world, policies, gold)
    found = np.column_stack([np.interp(DIVERGENCES, far, values) for values in found.T])
    inside = (far[0] <= np.array(DIVERGENCES)) & (np.array(DIVERGENCES) <= far[-1])
    return np.where(inside[:, None], found, None)


def measure(prompts, scale, regime, seed):
    """{data set: its pairs, right labels, accuracies, (DIVERGENCES, 5) gains of the optima, and the
    share of prompts on which the last of them is worse than the uniform policy}."""
    world, found = fits(prompts, scale, regime, seed)
    results = {}
    for name, (scores, size, right) in found.items():
        fitted, gold = tables(world, scores)
        card, uniform = scorecard(world, scores), np.full(gold.shape, 1 / world.n_responses)
        betas = [beta_for_kl(uniform, fitted, target) for target in DIVERGENCES]
        policies = [tilted_policy(uniform, fitted, beta) for beta in betas]
        results[name] = {
            "pairs": size,
            "right": right,
            "accuracy": [*card.accuracy.values(), card.average],
            "gains": gains(world, policies, gold).tolist(),
            "worse": float((expected_reward(policies[-1], gold) < 0).mean()),
        }
    return results


def bandit(rewards):
    """The prompts as states that are left at once for good: discounting by 0."""
    S, A = rewards.shape
    at = np.arange(S * A), np.repeat(np.arange(S), A)
    return MDP(sparse.csr_array((np.ones(S * A), at), shape=(S * A, S)), rewards, 0.0)


def climb(prompts, scale, regime, seed, iterations):
    """{data set: gains of policy gradients and of best of n, and how far natural policy gradient is
    from the optima with beta = 1 / (eta k)}."""
    world, found = fits(prompts, scale, regime, seed)
    results = {}
    for name in COMPARED:
        fitted, gold = tables(world, found[name][0])
        mdp, spread = bandit(fitted), fitted.std(axis=1).mean()
        eta, uniform = SHORT / spread, np.full(gold.shape, 1 / world.n_responses)
        at = np.unique(np.geomspace(1, iterations, 150).astype(int))
        natural = optimize(mdp, NaturalPG(eta), iterations, at=at)
        softmax = optimize(mdp, SoftmaxPG(LONG / spread * len(gold)), 8 * iterations, at=8 * at)
        exact = [tilted_policy(uniform, fitted, 1 / (eta * k)) for k in natural.k]
        ways = natural.policies, softmax.policies, [best_of_n(uniform, fitted, n) for n in NS]
        gained = [at_divergences(world, policies, gold).tolist() for policies in ways]
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


def curve(label, values, which):
    """What is gained, ``values`` (seeds, DIVERGENCES, 5), in one of the categories or in all."""
    means, half = np.array([interval(each) for each in values[:, :, which].T]).T
    return Curve(label, log10(DIVERGENCES), means, band=(means - half, means + half))


def panels(values):
    """A row for all categories and one for Chat Hard, of values by title and by label."""
    for which, where in ((-1, "all categories"), (HARD, "Chat Hard")):
        for title, of in values.items():
            curves = tuple(curve(name, np.array(v, dtype=float), which) for name, v in of.items())
            labels = f"{title}: {where}", "KL from uniform", "true reward gained"
            yield Panel(*labels, curves, x_log=True, y_log=False)


def losses(values):
    """A row of what is lost, in all categories, by who does not optimize the true reward."""
    for title, of in values.items():
        best, curves = np.array(of[TRUE])[..., -1], []
        for name, gained in of.items():
            lost = (best - np.array(gained)[..., -1]).T
            means, half = np.array([interval(each) for each in lost]).T
            ends = means, np.maximum(means - half, means / 10), means + half
            y, *band = (log10(np.where(name == TRUE, np.nan, each)) for each in ends)
            curves.append(Curve(name, log10(DIVERGENCES), y, band=tuple(band)))
        labels = f"{title}: loss", "KL from uniform", "true reward lost"
        yield Panel(*labels, tuple(curves), x_log=True)


def rows(regime, found):
    """Of every data set: size, accuracies, gains at three divergences, prompts made worse."""
    for name in (*SETS, TRUE):
        mine = [each[name] for each in found]
        accuracy, gained = (np.array([m[key] for m in mine]) for key in ("accuracy", "gains"))
        yield [
            regime, name, f"{np.mean([m['pairs'] for m in mine]):.0f}",
            f"{np.mean([m['right'] for m in mine]):.1%}",
            *(text(accuracy[:, i]) for i in (-1, *range(len(CATEGORIES)))),
            *(text(gained[:, i, c], 2, 1.0) for c in (-1, HARD) for i in SHOWN),
            text([m["worse"] for m in mine]),
        ]  # fmt: skip


def by_way(name, found, climbed):
    """{way to optimize: what every seed gains}."""
    optimum = {"optimum": [each[name]["gains"] for each in found]}
    return optimum | {way: [each[name][way] for each in climbed] for way in WAYS}


def way_rows(regime, found, climbed):
    """What each way to optimize gains at the divergences of the table."""
    for name in COMPARED:
        for way, gained in by_way(name, found, climbed).items():
            gained = np.array(gained, dtype=float)
            shown = [text(gained[:, i, c], 3, 1.0) for c in (-1, HARD) for i in SHOWN]
            yield [regime, name, way, *shown]


def main(arguments=None):
    """Draw the figures and write the tables."""
    options = quick_options(__doc__, "smaller data, two seeds", arguments)
    out, quick = options.out, options.quick
    size = (1000, 0.02) if quick else (4000, 0.1)
    iterations, seeds = (100, range(2)) if quick else (800, range(5))
    with resumed(out / ".reward_optimization.partial.json") as run:
        jobs = {regime: [(*size, regime, seed) for seed in seeds] for regime in REGIMES}
        found = {regime: run(measure, each) for regime, each in jobs.items()}
        some = ("biased",) if quick else REGIMES
        climbed = {r: run(climb, [(*job, iterations) for job in jobs[r]]) for r in some}
        apart = max(one["apart"] for each in climbed.values() for of in each for one in of.values())
        of_dpo = max(max(run(direct, each)) for each in jobs.values())
        record = {
            "statement": " ".join(__doc__.split()),
            "quick": quick,
            "prompts, scale": size,
            "seeds": list(seeds),
            "ridges": list(RIDGES),
            "iterations": [iterations, 8 * iterations],
            "largest difference of a probability": {"natural": apart, "DPO": of_dpo},
            "divergences": list(DIVERGENCES),
        }
        names, style = (*SETS, TRUE), {"columns": False, "shared_legend": True}
        gained = {r: {n: [e[n]["gains"] for e in found[r]] for n in names} for r in REGIMES}
        drawn = [*panels(gained), *losses(gained)]
        save_figure("reward_optimization", drawn, out, record | {"results": found}, **style)
        ways = {name: by_way(name, found["biased"], climbed["biased"]) for name in COMPARED}
        drawn, record = list(panels(ways)), record | {"results": climbed}
        save_figure("reward_optimization_ways", drawn, out, record, **style)
        at = [f"{what}, KL {DIVERGENCES[i]:g}" for what in ("gain", "Chat Hard") for i in SHOWN]
        heads = ["labels", "data", "pairs", "right labels", "accuracy", *CATEGORIES, *at]
        heads.append("prompts worse than uniform, KL 2.6")
        table = markdown_table(heads, [row for r in REGIMES for row in rows(r, found[r])])
        lines = [row for r in climbed for row in way_rows(r, found[r], climbed[r])]
        table += "\n" + markdown_table(["labels", "data", "policy", *at], lines)
        table += f"\nNatural policy gradient is within {apart:.1e} of the optima, DPO within "
        table += f"{of_dpo:.1e} of the formula, in every probability.\n"
        write_whole(out / "reward_optimization.md", table)
    print(table)
    print(f"results are in {out}")


if __name__ == "__main__":
    main()
