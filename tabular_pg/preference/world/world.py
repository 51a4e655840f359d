"""A world of prompts and responses in which the true reward of everything is known.

Every prompt has K candidate responses, the items. An item has attributes of quality, spurious
attributes (length and style), and maybe features that say nothing. Its true reward is linear in the
quality, plus an offset of the prompt that no feature shows:

    r*(x, y) = sum_j w_j q_j(x, y) + c(x).

Some attributes matter in every category, others exist in one only, where all else is 0. How the
spurious attributes go with quality depends on the category: in Chat Hard they oppose it. Rewards
are scaled so that within a prompt their standard deviation is 1.

References
----------
Lambert et al. (2024), RewardBench, arXiv 2403.13787: the four categories.
Liu et al. (2024), Skywork-Reward, arXiv 2410.18451: the tasks and their shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from tabular_pg.checks.arrays import class_numbers, plain_array, real_vector, refuse_where
from tabular_pg.checks.numbers import check_number
from tabular_pg.preference.data.pairs import Tokens, checked_data
from tabular_pg.preference.world.texts import make_texts

CATEGORIES = ("Chat", "Chat Hard", "Safety", "Reasoning")
SHARES = (0.35, 0.10, 0.15, 0.40)  # of the training prompts; held out are as many of each
GENERAL = ("helpful", "correct", "coherent")
SPECIFIC = (("engaging", "relevant"), ("harmless", "honest"), ("valid", "complete"))
GROUP = np.array([0, 0, 1, 2])  # the specific attributes that exist in each category
SPURIOUS = ("length", "style")

# Shares of the tasks in Magpie: in the selection of the paper math and code have 49.81 and 13.76 %,
# after 30 % of them were kept and 10 % of the others, so that in the pools they are 36.8 %.
TASKS = {
    "math": (3, 0.288),
    "coding": (3, 0.080),
    "reasoning": (3, 0.112),
    "information seeking": (0, 0.228),
    "advice": (0, 0.133),
    "planning": (0, 0.064),
    "other": (0, 0.095),
    "safety": (2, 1.0),
}
TASK_NAMES = tuple(TASKS)


@dataclass(frozen=True, eq=False)
class World:
    """Prompts and their responses; item k of prompt x has the number ``x * n_responses + k``.

    Attributes
    ----------
    n_responses : K
    n_training : how many prompts may be in data; those after them are held out.
    category, task : (n_prompts,) positions in ``CATEGORIES`` and ``TASK_NAMES``.
    features : (n_items, F) what a reward model sees: quality, spurious, nuisance.
    names : (F,) of the features.
    spurious : (n_items, 2) length and style.
    reward : (n_items,) the true one.
    tokens : of the training prompts.
    benchmark_tokens : of the prompts held out.
    contaminated : (n_training,) whether a part of a held-out prompt was copied into this one.
    """

    n_responses: int
    n_training: int
    category: np.ndarray
    task: np.ndarray
    features: np.ndarray
    names: tuple[str, ...]
    spurious: np.ndarray
    reward: np.ndarray
    tokens: Tokens
    benchmark_tokens: Tokens
    contaminated: np.ndarray

    @property
    def n_prompts(self) -> int:
        return self.category.size

    @property
    def n_items(self) -> int:
        return self.reward.size

    @property
    def benchmark(self) -> np.ndarray:
        """The prompts held out."""
        return np.arange(self.n_training, self.n_prompts)

    def table(self, values, prompts=None) -> np.ndarray:
        """(prompts, K) what is given for each item, a row per prompt (by default all)."""
        table = plain_array("values", values)
        if table.shape != (self.n_items,) or table.dtype.kind not in "biuf":
            raise ValueError(
                f"values has shape {table.shape} and type {table.dtype}; expected "
                f"({self.n_items},) numbers, one per item"
            )
        table = table.reshape(self.n_prompts, self.n_responses)
        if prompts is None:
            return table
        prompts = class_numbers("prompts", prompts)
        refuse_where(prompts >= self.n_prompts, "prompts", prompts, f"< {self.n_prompts}")
        return table[prompts]

    def training_prompts(self, category) -> np.ndarray:
        """The training prompts of a category, given by its position."""
        check_number("category", category, 0, len(CATEGORIES) - 1)
        return np.flatnonzero(self.category[: self.n_training] == category)

    def correct(self, data) -> np.ndarray:
        """(N,) whether the chosen item of a pair is truly the better one."""
        checked_data("data", data)
        items = data.pairs
        if items.size and items.max() >= self.n_items:
            raise ValueError(f"data has item {items.max()}; expected < {self.n_items}")
        return self.reward[data.chosen] > self.reward[data.rejected]


def make_world(
    prompts=4000,
    responses=16,
    *,
    seed,
    benchmark=400,
    nuisance=60,
    correlations=(0.3, -0.6, 0.0, 0.0),
    specific=0.5,
    level=1.0,
    offset=1.0,
    blur=0.0,
    contamination=0.05,
) -> World:
    """A world drawn from the seed.

    Parameters
    ----------
    prompts, benchmark : int
        How many to learn from, and how many held out, a quarter of them in each category.
    responses : int
        Candidates per prompt, at least 2.
    nuisance : int
        Features that have to do with nothing: the more, the more pairs a fit needs.
    correlations : four numbers in [-1, 1]
        Of each spurious attribute with the reward within a prompt, in each category.
    specific : float in [0, 1]
        Share of the reward's variance that is due to the attributes of the category alone.
    level : float >= 0
        Standard deviation over prompts of each general attribute's mean: some prompts are easy.
    offset : float >= 0
        Standard deviation of the prompts' offsets c(x).
    blur : float >= 0
        Standard deviation of what is added to the quality attributes in ``features``. If positive,
        no reward model is perfect, and spurious attributes are evidence.
    contamination : float in [0, 1]
        Share of the training prompts that have more than 7 tokens in a row of a held-out one.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected.
    """
    check_number("seed", seed, 0)
    correlations = _checked_correlations(correlations)
    check_number("responses", responses, 2)
    check_number("prompts", prompts, 10)  # or else there is a category without any
    check_number("benchmark", benchmark, 4)
    check_number("nuisance", nuisance, 0)
    level, offset, blur = (
        check_number(name, value, 0, kind=Real)
        for name, value in (("level", level), ("offset", offset), ("blur", blur))
    )
    specific = check_number("specific", specific, 0, 1, kind=Real)
    contamination = check_number("contamination", contamination, 0, 1, kind=Real)
    of_prompts, of_items, of_texts = np.random.default_rng(seed).spawn(3)
    category = np.concatenate([_spread(SHARES, prompts), _spread([0.25] * 4, benchmark)])
    quality, reward = _quality(of_items, category, responses, specific)
    rho = correlations[category].repeat(responses)[:, None]
    own = of_items.standard_normal((reward.size, len(SPURIOUS)))
    spurious = rho * reward[:, None] + np.sqrt(1 - rho**2) * own
    if level > 0:
        quality[:, : len(GENERAL)] += _levels(of_prompts, category.size, level, responses)
    reward = quality @ _weights(specific)
    reward += (offset * of_prompts.standard_normal(category.size)).repeat(responses)
    if blur > 0:
        quality += blur * of_items.standard_normal(quality.shape) * (quality != 0)
    rest = of_items.standard_normal((reward.size, nuisance))
    features = np.hstack([quality, spurious, rest])
    task = _tasks(of_prompts, category)
    texts = make_texts(of_texts, task, prompts, contamination)
    for array in (category, task, features, spurious, reward, texts.contaminated):
        array.setflags(write=False)
    names = (*GENERAL, *(n for group in SPECIFIC for n in group), *SPURIOUS)
    names += tuple(f"nuisance {i}" for i in range(nuisance))
    return World(
        int(responses), int(prompts), category, task, features, names, spurious, reward, *texts
    )


def training_sample(world, mixture, count, rng):
    """(count,) prompts of this mixture, all of a category equally often, in random order."""
    shares = np.asarray(mixture, dtype=float)
    counts = rng.multinomial(count, shares / shares.sum())
    drawn = []
    for category, n in enumerate(counts):
        mine = world.training_prompts(category)
        rounds = [rng.permutation(mine) for _ in range(-(-n // mine.size))]
        drawn += [each[: n - i * mine.size] for i, each in enumerate(rounds)]
    return rng.permutation(np.concatenate(drawn))


def _spread(shares, count):
    """(count,) positions in ``shares``, each as often as its share says."""
    return np.searchsorted(np.cumsum(shares)[:-1], (np.arange(count) + 0.5) / count)


def _weights(specific):
    groups = sum(len(group) for group in SPECIFIC)
    general = np.full(len(GENERAL), np.sqrt((1 - specific) / len(GENERAL)))
    return np.append(general, np.full(groups, np.sqrt(specific / len(SPECIFIC[0]))))


def _quality(rng, category, responses, specific):
    """The attributes of all items but for the prompts' levels, and what they contribute."""
    group = GROUP[category].repeat(responses)
    general = rng.standard_normal((group.size, len(GENERAL)))
    own = rng.standard_normal((group.size, len(SPECIFIC[0])))
    parts = [own * (group == g)[:, None] for g in range(len(SPECIFIC))]
    quality = np.hstack([general, *parts])
    return quality, quality @ _weights(specific)


def _levels(rng, prompts, level, responses):
    return (level * rng.standard_normal((prompts, len(GENERAL)))).repeat(responses, axis=0)


def _tasks(rng, category):
    """(n_prompts,) a task of the category's; Chat Hard has those of Chat."""
    where = np.where(category == 1, 0, category)
    task = np.empty(category.size, dtype=np.int64)
    of, shares = (np.array(column) for column in zip(*TASKS.values(), strict=True))
    for c in np.unique(where):
        mine, options = where == c, np.flatnonzero(of == c)
        p = shares[options] / shares[options].sum()
        task[mine] = rng.choice(options, mine.sum(), p=p)
    return task


def _checked_correlations(correlations) -> np.ndarray:
    values = real_vector("correlations", correlations, len(CATEGORIES), "category")
    refuse_where(abs(values) > 1, "correlations", values, "a number in [-1, 1]")
    return values
