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

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import class_numbers, plain_array, refuse_where
from tabular_pg.checks.numbers import check_number
from tabular_pg.preference.data.pairs import checked_data
from tabular_pg.preference.data.tokens import Tokens

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

    __repr__ = compact

    @property
    def n_prompts(self) -> int:
        """How many prompts there are, with those held out."""
        return self.category.size

    @property
    def n_items(self) -> int:
        """How many responses there are to all prompts."""
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
