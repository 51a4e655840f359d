"""What the filter by agreement keeps, in expectation over labels: its purity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import first, real_array, real_numbers, real_vector


def agreement_purity(label_accuracy, reward_accuracy):
    """Share of right labels among those with which a reward agrees: p a / (p a + (1-p) (1-a)).

    It holds for labels that are right with probability p and a reward with probability a, if the
    errors are independent.

    Parameters
    ----------
    label_accuracy, reward_accuracy : numbers or array_like in [0, 1]
        Where one is 1 and the other 0 they never agree: this is refused.
    """
    p = _shares("label_accuracy", label_accuracy)
    a = _shares("reward_accuracy", reward_accuracy)
    if p.ndim and a.ndim and a.shape != p.shape:
        raise ValueError(f"reward_accuracy has shape {a.shape}; expected {p.shape}, as the labels'")
    right = p * a
    agreed = right + (1 - p) * (1 - a)
    if (agreed == 0).any():
        raise ValueError(
            "label_accuracy and reward_accuracy are 0 and 1, or 1 and 0; expected accuracies with "
            "which they may agree"
        )
    return right / agreed


class AgreementFilter(NamedTuple):
    """Keeps the pairs with whose labels a reward agrees."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """Pairs whose labels and rewards are right with known probabilities.

    Attributes
    ----------
    label : (N,) how probable it is that the label of each pair is right.
    reward : (N,) the same of the reward, independent of it given the pair; 0 or 1 for one reward.
    """

    label: np.ndarray
    reward: np.ndarray

    __repr__ = compact

    rule, tau, rounded, obstacle = AgreementFilter(), 0.0, True, ""  # what theorems ask for
    k = np.zeros(1, dtype=np.int64)

    @property
    def purity(self) -> float:
        """Expected number of right labels kept by that of pairs kept."""
        right = self.label @ self.reward
        return right / (right + (1 - self.label) @ (1 - self.reward))


def expected_agreement(label, reward) -> Agreement:
    """Pairs whose labels and rewards are right with these probabilities (N,), checked."""
    label = real_numbers("label", label)
    arrays = [
        real_vector(name, values, label.size, "pair")
        for name, values in (("label", label), ("reward", reward))
    ]
    for name, values in zip(("label", "reward"), arrays, strict=True):
        wrong = (values < 0) | (values > 1)
        if wrong.any():
            i = int(wrong.argmax())
            raise ValueError(f"{name}[{i}] is {values[i]}; expected a probability")
        values.setflags(write=False)
    return Agreement(*arrays)


def _shares(name, values):
    values = real_array(name, values)
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        at = first(wrong)
        raise ValueError(f"{name}{at or ''} is {values[tuple(at)]}; expected a number in [0, 1]")
    return values
