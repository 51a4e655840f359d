"""What the filter by agreement keeps, in expectation over labels: its purity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.arrays import real_numbers, real_vector


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

    rule, tau, rounded, obstacle = AgreementFilter(), 0.0, True, ""  # what theorems ask for
    k = np.zeros(1, dtype=np.int64)

    @property
    def purity(self) -> float:
        """Expected number of right labels kept by that of pairs kept."""
        right = self.label @ self.reward
        return right / (right + (1 - self.label) @ (1 - self.reward))


def expected_agreement(label, reward) -> Agreement:
    """Check and freeze the probabilities; ValueError names what is not in [0, 1]."""
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
