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
from experiments.preference.fits import REGIMES, drawn, learned, world_of
from experiments.shared.estimates import curve, estimate, estimates, log_curve, mean, only, table
from experiments.shared.study import Study, over_seeds
from tabular_pg import MDP, NaturalPG, SoftmaxPG, optimize
from tabular_pg.plotting import Panel, log10
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

HARD = "Chat Hard"
DIVERGENCES = (0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.5, 0.75, 1.0, 1.4, 1.8, 2.2, 2.6)  # < log 16
SHOWN = (0.2, 1.0, 2.6)  # in the table
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


def at_all(gained) -> dict:
    """What is gained at each of ``DIVERGENCES`` in each category, over seeds."""
    return {
        name: list(map(estimate, zip(*(of_seed[name] for of_seed in gained), strict=True)))
        for name in gained[0]
    }


def results(run, prompts, scale, iterations, climbed, seeds):
    """A row for every data set, and for every way to optimize; ``climbed`` are the regimes in which
    these are compared."""
    jobs = {regime: (prompts, scale, regime) for regime in REGIMES}
    every = dict(zip(REGIMES, over_seeds(run, measure, list(jobs.values()), seeds), strict=True))
    of_ways = over_seeds(run, climb, [(*jobs[r], iterations) for r in climbed], seeds)
    of_dpo = over_seeds(run, direct, list(jobs.values()), seeds)
    rows, ways = [], []
    for regime, found in every.items():
        best = [each[TRUE]["gains"] for each in found]
        for name in (*SETS, TRUE):
            mine = [each[name] for each in found]
            gained = [each["gains"] for each in mine]
            lost = np.array([t[ALL] for t in best]) - np.array([own[ALL] for own in gained])
            rows.append({
                "labels": regime, "data": name, "pairs": mean(mine, "pairs"),
                "right labels": mean(mine, "right labels"),
                "accuracy": estimates([each["accuracy"] for each in mine]),
                "gained": at_all(gained),
                "lost": [None if name == TRUE else estimate(each) for each in lost.T],
                "worse": estimate([each["worse"] for each in mine]),
            })  # fmt: skip
    for regime, found in zip(climbed, of_ways, strict=True):
        for name in COMPARED:
            gained = {"optimum": [each[name]["gains"] for each in every[regime]]}
            gained |= {way: [each[name][way] for each in found] for way in WAYS}
            for way, mine in gained.items():
                about = {"labels": regime, "data": name, "policy": way}
                ways.append(about | {"gained": at_all(mine)})
    apart = {
        "natural": max(each[n]["apart"] for found in of_ways for each in found for n in COMPARED),
        "DPO": max(max(each) for each in of_dpo),
    }
    return {"data": rows, "ways": ways, "largest difference of a probability": apart}


def gain_panels(columns):
    """A row for all categories and one for Chat Hard, of rows by title and by label."""
    for which, where in ((ALL, "all categories"), (HARD, "Chat Hard")):
        for title, of in columns.items():
            x = log10(DIVERGENCES)
            curves = tuple(curve(name, x, row["gained"][which]) for name, row in of.items())
            labels = f"{title}: {where}", "KL from uniform", "true reward gained"
            yield Panel(*labels, curves, x_log=True, y_log=False)


def panels(found):
    """What is gained by data set, and what is lost by who does not optimize the true reward."""
    columns = {
        regime: {name: only(found["data"], labels=regime, data=name) for name in (*SETS, TRUE)}
        for regime in REGIMES
    }
    yield from gain_panels(columns)
    for title, of in columns.items():
        curves = [log_curve(n, log10(DIVERGENCES), row["lost"], 0.1) for n, row in of.items()]
        labels = f"{title}: loss", "KL from uniform", "true reward lost"
        yield Panel(*labels, tuple(curves), x_log=True)


def way_panels(found):
    """What every way to optimize gains where labels are biased."""
    about = {"labels": "biased"}
    return gain_panels({
        name: {way: only(found["ways"], **about, data=name, policy=way)
               for way in ("optimum", *WAYS)}
        for name in COMPARED
    })  # fmt: skip


def gained_at(digits) -> dict:
    """Columns of what is gained, in all categories and in Chat Hard."""
    return {
        f"{head}, KL {x:g}": f"{{gained[{which}][{DIVERGENCES.index(x)}]:.{digits}f}}"
        for head, which in (("gain", ALL), (HARD, HARD))
        for x in SHOWN
    }


OF_DATA = {
    "labels": "{labels}", "data": "{data}", "pairs": "{pairs:.0f}",
    "right labels": "{right labels:.1%}", "accuracy": "{accuracy[all]:p1}",
    **{c: f"{{accuracy[{c}]:p1}}" for c in CATEGORIES}, **gained_at(2),
    "prompts worse than uniform, KL 2.6": "{worse:p1}",
}  # fmt: skip
OF_WAYS = {"labels": "{labels}", "data": "{data}", "policy": "{policy}", **gained_at(3)}
APART = """Natural policy gradient is within {natural:.1e} of the optima, DPO within {DPO:.1e} \
of the formula, in every probability.
"""


def tables(found):
    """Every data set, every way to optimize, and how far two of them are from the formulas."""
    apart = found["largest difference of a probability"]
    return [table(OF_DATA, found["data"]), table(OF_WAYS, found["ways"]), APART.format(**apart)]


STUDY = Study(
    "reward_optimization",
    __doc__,
    full={"prompts": 4000, "scale": 0.1, "iterations": 800, "climbed": tuple(REGIMES),
          "seeds": range(5)},
    quick={"prompts": 1000, "scale": 0.02, "iterations": 100, "climbed": ("biased",),
           "seeds": range(2)},
    results=results,
    tables=tables,
    figures={"reward_optimization": panels, "reward_optimization_ways": way_panels},
    constants={"ridges": RIDGES, "divergences": DIVERGENCES},
    shared_legend=True,
)  # fmt: skip

if __name__ == "__main__":
    STUDY.main()
