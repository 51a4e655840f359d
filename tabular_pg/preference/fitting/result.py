"""What a fit of rewards ends in: scores, a status that says what is known of them, and a bound."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.preference.fitting.comparisons import Comparisons
from tabular_pg.preference.fitting.storage import fit_content, fit_fields
from tabular_pg.saved.archive import reading, write_archive


class Status(enum.Enum):
    """How a fit ended; the value says it in words."""

    MINIMUM = "the minimum: Fit.distance bounds how far it is"
    ONE_OF_MINIMA = "the hinge loss is at its minimum; other scores, even far ones, may do as well"
    STATIONARY = "the gradient vanishes, downhill from the Bradley-Terry fit: not convex"
    UNBOUNDED = "a margin passed loss.farthest; no finite minimum found, and there may be none"
    STOPPED = (
        "not known to be at a minimum: the iterations ran out, no step improves the loss, or "
        "rounding hides how far it is: see Fit.distance"
    )


CONVERGED = (Status.MINIMUM, Status.ONE_OF_MINIMA, Status.STATIONARY)


@dataclass(frozen=True, eq=False)
class Fit:
    """Rewards that explain pairs.

    Attributes
    ----------
    scores : (n_items,) without features, centred: the mean over each component of the graph of
        comparisons is 0, except for cross-entropy, which minds a shift. With features they are
        features @ coefficients, whose zero is the features', also for items not compared.
    coefficients : (F,) or None without features.
    status : Status
    loss : the record of the loss.
    ridge : float
    gradient_norm : largest entry of the gradient in size. For the hinge loss it is the duality gap,
        by which the loss is above the minimum at most; without a ridge, above the least for any
        theta' with |theta'| <= |theta| in every entry.
    distance : how far any difference of scores within a component can be from that of the minimum,
        certified but for rounding in the bound itself; with a ridge, or for cross-entropy, any
        score. inf where nothing is known, NaN where the minimum need not be unique.
    iterations : steps of Newton's method, or steps or sweeps for the hinge loss.
    comparisons : Comparisons
        The pairs, equal ones together.
    features : the features, or None.
    """

    scores: np.ndarray
    coefficients: np.ndarray | None
    status: Status
    loss: object
    ridge: float
    gradient_norm: float
    iterations: int
    comparisons: Comparisons
    features: object = None
    distance: float = np.nan

    __repr__ = compact

    tau, rounded = 0.0, True  # what theorems ask any run for

    @property
    def rule(self):
        """What theorems are about: the loss."""
        return self.loss

    @property
    def k(self) -> np.ndarray:
        """(1,) the number of iterations."""
        return np.array([self.iterations])

    @property
    def obstacle(self) -> str:
        """'' or the reason why no theorem is about this fit."""
        return "" if self.status in CONVERGED else self.status.value

    def save(self, path) -> Path:
        """Write this fit, its pairs and its features to one file, completely or not at all.

        The format is that of :meth:`tabular_pg.MDP.save`.
        """
        return write_archive(path, "Fit", fit_content(self))

    @classmethod
    def load(cls, path) -> Fit:
        """The fit that ``fit.save(path)`` wrote, bit for bit.

        Errors are those of :meth:`tabular_pg.MDP.load`.
        """
        with reading(path, "Fit") as content:
            return cls(**fit_fields(content, Status))

    @cached_property
    def margins(self) -> np.ndarray:
        """(M,) scores of winners less those of losers, for each of ``comparisons``."""
        return self.comparisons.margins(self.scores)
