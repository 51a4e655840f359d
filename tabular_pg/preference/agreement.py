"""What the filter by agreement keeps, in expectation over labels: its purity, and theorem R7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg.checks.arrays import real_numbers, real_vector
from tabular_pg.preference.curation import agreement_purity
from tabular_pg.theorem import Kind, theorem

ROUNDING = 1e-12  # of sums over pairs, relative


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


def unrelated(run) -> str:
    """Labels that are easier to get right are not those that the reward gets right."""
    p, a = run.label, run.reward
    agreed = p @ a + (1 - p) @ (1 - a)
    related = abs((p - p.mean()) @ (a - a.mean())) > ROUNDING * agreed
    return "the errors of labels and rewards are related over the pairs" if related else ""


@theorem(
    "R7",
    "purity = p a / (p a + (1 - p)(1 - a))",
    rules=(AgreementFilter,),
    kind=Kind.EQUAL,
    regularized=None,
    assumes=(unrelated,),
)
def purity_law(run):
    """With p the mean accuracy of the labels and a that of the reward, the share of right labels
    among those kept is p a / (p a + (1 - p)(1 - a)), in expectations, if the two accuracies are
    uncorrelated over the pairs, and not otherwise. Proof: the mean of a product is that of the
    means, for the pairs where both are right and for those where both are wrong."""
    law = agreement_purity(run.label.mean(), run.reward.mean())
    return [run.purity], [float(law)], [8 * ROUNDING]
