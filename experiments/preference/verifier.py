"""A fitted reward in the place of the verifier: DAPO on Games of 24, and how many it really solves.

Final steps have features: whether the result is 24, how close it is, whether it is an integer; the
length of the line and the size of its numbers, which are spurious; and some that say nothing.
Responses to the puzzles are compared by the annotators of the sources (biased, twice as biased,
flipping or clean), whose true reward is a mix of the first features; rewards are fitted to the
crowd, the pool, and what is selected from it, as in ``curation``. The logistic of the
standardized score is then what an answer earns. Shown is the share of puzzles that is solved,
exactly, against the KL divergence of responses from the uniform policy: of the optima with a KL
penalty, along exact steps of DAPO, and along DAPO with a critic fitted to responses; interpolated.
The verifier, and the annotators' own reward, show what is due to
fitting. Bands and tables have 95% intervals of the mean over seeds.
"""

from __future__ import annotations

if __name__ == "__main__":
    import clone  # noqa: F401  (finds what the script needs)

import re
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
from scipy.special import expit

from experiments.preference.curation import RIDGES, selections
from experiments.preference.fits import REGIMES, learned
from experiments.preference.optimizers import SETS
from experiments.reasoning.methods import ANCHOR, LEAST, PRIOR
from experiments.reasoning.problems import merged
from experiments.shared.estimates import curve, estimate, mean, only, table
from experiments.shared.study import Study, over_seeds
from tabular_pg.plotting import Panel
from tabular_pg.preference import World
from tabular_pg.preference.world.texts import make_texts
from tabular_pg.preference.world.world import SHARES
from tabular_pg.reasoning.dapo import TabularCritic, minimizer, train
from tabular_pg.reasoning.episodic import EpisodicMDP, sample_trajectories

RESPONSES, HELD_OUT, NUISANCE, BETTER = 16, 40, 20, 0.3
WEIGHTS = (3.0, 1.0, 1.0, 0.5)  # of the first features in the true reward
NAMES = ("right", "near", "not far", "integer", "length", "size")
TRUE, VERIFIER = "annotators' own reward", "verifier"
DIVERGENCES = tuple(np.arange(0.5, 6.6, 0.5).tolist())
SHOWN = (2.0, 4.0)  # in the table
PENALTIES = np.geomspace(2.0, 0.004, 40)
SLOW, EXACT = 0.2, 40  # beta and steps of exact DAPO
FAST, SAMPLED, EACH = 0.1, 20, 32  # beta, iterations and responses per puzzle with a critic
LABELS = REGIMES | {"twice as biased": (2.0, 0.0)}  # bias, flip
DRAWN = ("biased", "twice as biased", "flips")
WAYS = ("optimum", "DAPO, exact", "DAPO, critic")
CLAIMED, RIVALS = "all rules", ("crowd", "pool")  # in the table of claims


@cache
def problem(puzzles):
    """The puzzles, with a final state of its own for every last step, and what these steps are."""
    mdp = merged(puzzles)
    start = int(mdp.level_offsets[-2])
    last = np.flatnonzero(mdp.successor >= start)
    successor, ptr = mdp.successor.copy(), np.full(start + last.size + 1, mdp.n_edges)
    successor[last] = start + np.arange(last.size)
    ptr[: start + 1] = mdp.action_ptr[: start + 1]
    offsets = np.append(mdp.level_offsets[:-1], start + last.size)
    reward = np.append(np.zeros(start), mdp.terminal_reward[mdp.successor[last]])
    return EpisodicMDP(offsets, ptr, successor, reward), [mdp.edge_label(int(e)) for e in last]


@cache
def features(puzzles):
    """(final states, F) ``NAMES``, the first four of them quality, and those that say nothing."""
    steps = [re.sub(r" \(left.*", "", step) for step in problem(puzzles)[1]]
    values = [[Fraction(x) for x in re.findall(r"-?\d+(?:/\d+)?", step)] for step in steps]
    result = np.array([float(each[-1]) for each in values])
    size = [np.log1p(max(abs(x.numerator) for x in each)) for each in values]
    gap, length = np.abs(result - 24), [len(step) for step in steps]
    right, whole = gap == 0, [each[-1].denominator == 1 for each in values]
    nothing = np.random.default_rng(0).standard_normal((len(steps), NUISANCE))
    shown = [right, np.exp(-gap / 2), np.exp(-gap / 12), whole, length, size]
    return np.column_stack([*np.array(shown, dtype=float), nothing])


def world_of(puzzles, prompts, seed):
    """A world and the features of all final states: prompts are puzzles, items are responses, half
    of them from a policy that solves 8%; what were categories elsewhere are parts at random."""
    (mdp, _), rng = problem(puzzles), np.random.default_rng(seed)
    n, uniform = prompts + HELD_OUT, mdp.uniform_policy()
    roots = rng.integers(mdp.n_roots, size=n).repeat(RESPONSES // 2)
    policies = uniform, (1 - BETTER) * uniform + BETTER * _solving(mdp)
    ends = [sample_trajectories(mdp, policy, roots, rng).states[:, -1] for policy in policies]
    items = np.hstack([each.reshape(n, -1) for each in ends]).ravel() - mdp.level_offsets[-2]
    X = features(puzzles)
    reward = X[:, : len(WEIGHTS)] @ WEIGHTS / (X[items, : len(WEIGHTS)] @ WEIGHTS).std()
    X = (X - X[items].mean(axis=0)) / X[items].std(axis=0)
    category, task = rng.choice(len(SHARES), n, p=SHARES), np.zeros(n, dtype=np.int64)
    texts = make_texts(rng, task, prompts, 0.0)
    about = category, task, X[items], NAMES, X[items, 4:6], reward[items]
    return World(RESPONSES, prompts, *about, *texts), X, reward


def _solving(mdp):
    """The uniform policy over steps after which 24 is still possible; where there are none, all."""
    best = mdp.optimal_value()
    right = best[mdp.successor] * (best[mdp.source] > 0)
    counts = np.bincount(mdp.source, right, mdp.n_states)[mdp.source]
    return np.where(counts > 0, right / np.maximum(counts, 1), mdp.uniform_policy())


def squashed(mdp, scores) -> EpisodicMDP:
    """The same graph, where an answer earns the logistic of its score, standardized over the
    responses of the uniform policy."""
    start = int(mdp.level_offsets[-2])
    d = mdp.visitation(mdp.uniform_policy())[start:]
    mean = d @ scores
    spread = np.sqrt(d @ (scores - mean) ** 2)
    reward = np.append(np.zeros(start), expit((scores - mean) / spread))
    return EpisodicMDP(mdp.level_offsets, mdp.action_ptr, mdp.successor, reward)


def ranked(mdp, proxy) -> float:
    """How often a right final state earns more than a wrong response of the uniform policy."""
    start = int(mdp.level_offsets[-2])
    d, right = mdp.visitation(mdp.uniform_policy())[start:], mdp.terminal_reward[start:] > 0
    earned, wrong = proxy.terminal_reward[start:], np.where(right, 0.0, d) / d[~right].sum()
    return float(np.mean([wrong[earned < value].sum() for value in earned[right]]))


def along(mdp, policies) -> dict:
    """What policies, further and further away, solve: at ``DIVERGENCES``, at best, and at last."""
    far, solved, uniform = [], [], mdp.uniform_policy()
    for policy in policies:
        value = mdp.value(policy)
        apart = (value - mdp.kl_value(policy, uniform, 1.0))[: mdp.n_roots].mean()
        far.append(max(float(apart), *far[-1:], 0.0))
        solved.append(float(value[: mdp.n_roots].mean()))
    found = np.interp(DIVERGENCES, far, solved, right=np.nan)
    at = [None if np.isnan(x) else float(x) for x in found]
    return {"at": at, "best": max(solved), "last": solved[-1], "far": far[-1]}


def exact(proxy):
    """The uniform policy and those after each exact step of DAPO."""
    policy = proxy.uniform_policy()
    yield policy
    for _ in range(EXACT):
        policy = np.maximum(minimizer(proxy, policy, SLOW), LEAST)
        yield policy


def sampled(proxy, rng):
    """The same with a critic fitted to sampled responses."""
    policy = proxy.uniform_policy()
    yield policy
    for _ in range(SAMPLED):
        policy = train(
            proxy, policy, beta=FAST, iterations=1, critic=TabularCritic(PRIOR), responses=EACH,
            completions=None, gap=0.0, anchor=ANCHOR, every_action=True, rng=rng,
        ).policy  # fmt: skip
        yield policy


def measure(puzzles, prompts, scale, regime, seed):
    """{reward: pairs, right labels, how right answers rank, and every way: what ``along`` says}."""
    mdp, (world, X, own) = problem(puzzles)[0], world_of(puzzles, prompts, seed)
    sets = selections(world, scale, *LABELS[regime], seed)[0]
    proxies = {TRUE: (squashed(mdp, own), 0, 1.0), VERIFIER: (mdp, 0, 1.0)}
    for name, key in SETS.items():
        scores = learned(world, sets[key], RIDGES, seed).scores
        coefficients = np.linalg.lstsq(world.features, scores, rcond=None)[0]
        right = float(world.correct(sets[key]).mean())
        proxies[name] = squashed(mdp, X @ coefficients), len(sets[key]), right
    results, uniform = {}, mdp.uniform_policy()
    for name in (*SETS, TRUE, VERIFIER):
        proxy, size, right = proxies[name]
        rng = np.random.default_rng(seed)
        optima = (proxy.kl_optimal(uniform, penalty)[1] for penalty in PENALTIES)
        solved = [along(mdp, each) for each in (optima, exact(proxy), sampled(proxy, rng))]
        about = {"pairs": size, "right labels": right, "ranked": ranked(mdp, proxy)}
        results[name] = about | dict(zip(WAYS, solved, strict=True))
    return results


def results(run, puzzles, prompts, scale, seeds):
    """A row for every reward and way, and differences within seeds of what is solved at last."""
    jobs = [(puzzles, prompts, scale, regime) for regime in LABELS]
    rows, differences = [], []
    for regime, found in zip(LABELS, over_seeds(run, measure, jobs, seeds), strict=True):
        for name, way in product((*SETS, TRUE, VERIFIER), WAYS):
            mine = [each[name] for each in found]
            solved = [each[way] for each in mine]
            along = zip(*(each["at"] for each in solved), strict=True)
            rows.append({
                "labels": regime, "reward": name, "way": way, "pairs": mean(mine, "pairs"),
                **{key: estimate([m[key] for m in mine]) for key in ("right labels", "ranked")},
                "solved": [estimate(each) for each in along],
                **{key: estimate([s[key] for s in solved]) for key in ("best", "last", "far")},
            })  # fmt: skip
        for way, other in product(WAYS, RIVALS):
            last = [each[CLAIMED][way]["last"] - each[other][way]["last"] for each in found]
            about = {"labels": regime, "way": way, "reward": CLAIMED, "minus": other}
            differences.append(about | {"last": estimate(last)})
    return {"rewards": rows, "differences": differences}


def panels(found):
    """A row for every way, a column for every kind of labels but the clean ones; curves go as far
    as all seeds do."""
    for way, regime in product(WAYS, DRAWN):
        curves = []
        for name in (*SETS, TRUE, VERIFIER):
            row = only(found["rewards"], labels=regime, way=way, reward=name)
            curves.append(curve(name, DIVERGENCES, row["solved"], (0, 1)))
        labels = f"{regime}: {way}", "KL from uniform", "solved"
        yield Panel(*labels, tuple(curves), y_log=False, y_range=(0, 1.02))


COLUMNS = {
    "labels": "{labels}", "reward": "{reward}", "pairs": "{pairs:.0f}",
    "right labels": "{right labels:p1}", "right answers ranked higher": "{ranked:p2}",
    "way": "{way}",
    **{f"solved (%) at KL {x:g}": f"{{solved[{DIVERGENCES.index(x)}]:p1}}" for x in SHOWN},
    "at best": "{best:p1}", "at last": "{last:p1}", "KL at last": "{far:.2f}",
}  # fmt: skip
STUDY = Study(
    "reward_verifier",
    __doc__,
    full={"puzzles": 40, "prompts": 1000, "scale": 0.02, "seeds": range(5)},
    quick={"puzzles": 5, "prompts": 200, "scale": 0.005, "seeds": range(2)},
    results=results,
    tables=lambda found: [table(COLUMNS, found["rewards"])],
    figures={"reward_verifier": panels},
    constants={
        "ridges": RIDGES,
        "bias, flip": LABELS,
        "weights of the true reward": dict(zip(NAMES, WEIGHTS, strict=False)),
        "exact DAPO": {"beta": SLOW, "steps": EXACT},
        "DAPO with a critic": {"beta": FAST, "iterations": SAMPLED, "responses": EACH},
        "divergences": DIVERGENCES,
    },
    shared_legend=True,
)

if __name__ == "__main__":
    STUDY.main()
