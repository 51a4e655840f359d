"""Rewards fitted to pairs: the minimum over theta of

    sum_n weight_n loss(chosen_n, rejected_n) + ridge / 2 |theta|^2,

where theta are the scores of the items, or the coefficients of their features. The ridge is added
to the sum of the losses, not to their mean: it is a Gaussian prior of variance 1 / ridge, and a
pair moves the scores by as much however many other pairs there are.

What is guaranteed depends on the loss, and ``Fit.status`` says it. Convex losses are brought to
their minimum, unique where nothing was refused: Bradley-Terry at a temperature or not, squares and
cross-entropy by Newton's method, to a gradient of rounding size; the hinge to a duality gap of
1e-8 (1e-7 beyond 600 unknowns) of the loss of theta = 0, with a ridge unique, without one any of
its minima: where every pair can be won by the margin, their set is unbounded, and the one returned
may be far out, so that the sizes of its scores mean nothing. The others (focal, with penalty or
not, tempered) need not be convex: they start at the Bradley-Terry fit, and go down to a point where
the gradient vanishes, which may not be the lowest. It is not at the kink of the penalty, which
cannot be a minimum: from there they go on to one of its sides.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral, Real

import numpy as np

from tabular_pg._checks import check_number
from tabular_pg._threads import ONE_BLAS_THREAD
from tabular_pg.episodic.validation import check_flag
from tabular_pg.preference.comparisons import Comparisons, checked_features, counted
from tabular_pg.preference.hinge import minimize_hinge
from tabular_pg.preference.identifiability import check_graph, check_rank, separating_direction
from tabular_pg.preference.losses import BradleyTerry, Hinge, checked_loss
from tabular_pg.preference.newton import Objective, centred, minimize, newton_step

STEPS, SWEEPS = 100, 10_000  # the most by default, of Newton's method and for the hinge


class Status(enum.Enum):
    """How a fit ended; the value says it in words."""

    MINIMUM = "the minimum, to rounding"
    ONE_OF_MINIMA = "a minimum of the hinge loss; without a ridge there can be others, nearer 0"
    STATIONARY = "the gradient vanishes, downhill from the Bradley-Terry fit: not convex"
    UNBOUNDED = "a margin passed loss.farthest; no finite minimum found, and there may be none"
    STOPPED = "not at a minimum yet: the iterations ran out, or no step improves the loss"


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

    @cached_property
    def margins(self) -> np.ndarray:
        """(M,) scores of winners less those of losers, for each of ``comparisons``."""
        return self.comparisons.margins(self.scores)


def fit(
    pairs,
    n_items,
    *,
    loss=BradleyTerry(),  # noqa: B008  (frozen)
    features=None,
    ridge=0.0,
    weights=None,
    iterations=None,
    per_component=False,
) -> Fit:
    """Scores of items from pairs of a winner and a loser.

    Parameters
    ----------
    pairs : array_like of int (N, 2)
        Winner and loser; a pair may come often.
    n_items : int from 2 to 10^8
    loss : one of the eight records of ``losses``
    features : array_like or scipy sparse array (n_items, F), optional
        Rewards are linear in them. An intercept drops out of all losses but cross-entropy.
    ridge : float >= 0
        ``ridge / 2 * |theta|^2`` is added to the sum of the losses.
    weights : array_like (N,), optional
        Positive; how much each pair counts, 1 by default.
    iterations : int >= 1, optional
        At most so many steps of Newton's method (100 by default), or sweeps for the hinge (10,000).
    per_component : bool
        Without a ridge: accept several components, whose scores do not compare with each other.

    Raises
    ------
    ValueError
        Names the argument, its value and what was expected. Also where ridge is 0 and the minimum
        is not unique up to a shift or at infinity: see ``identifiability``.
    """
    checked_loss(loss)
    check_number("ridge", ridge, 0, kind=Real)
    check_flag("per_component", per_component)
    if iterations is not None:
        check_number("iterations", iterations, 1, kind=Integral)
    comparisons = counted(pairs, n_items, weights)
    features = None if features is None else checked_features(features, n_items)
    compared = comparisons.against_anchor() if loss.pointwise else comparisons
    if ridge == 0 and features is None:
        check_graph(compared, loss, per_component)
    elif ridge == 0:
        check_rank(compared, features)
    with ONE_BLAS_THREAD:
        if isinstance(loss, Hinge):
            found = _hinge(comparisons, loss, float(ridge), features, iterations or SWEEPS)
        else:
            found = _smooth(compared, loss, float(ridge), features, iterations or STEPS)
    theta, status, norm, k = found
    scores = theta if features is None else features @ theta
    if features is None and not loss.pointwise:
        scores = centred(scores, comparisons.components)
    coefficients = None if features is None else theta
    for array in (scores, theta):
        array.setflags(write=False)
    return Fit(
        scores, coefficients, status, loss, float(ridge), norm, k, comparisons, features
    )  # fmt: skip


def _hinge(comparisons, loss, ridge, features, iterations):
    found = minimize_hinge(Objective(comparisons, loss, ridge, features), iterations)
    status = Status.STOPPED
    if found.converged:
        status = Status.MINIMUM if ridge > 0 else Status.ONE_OF_MINIMA
    return found.theta, status, found.gap, found.iterations


def _smooth(comparisons, loss, ridge, features, iterations):
    convex = loss if loss.convex else BradleyTerry()
    objective = Objective(comparisons, convex, ridge, features)
    found = minimize(objective, np.zeros(objective.size), iterations)
    if ridge == 0 and features is not None and loss.decreases:
        _refuse_separable(objective, found.theta)
    if loss is not convex:
        first, objective = found, replace(objective, loss=loss)
        found = minimize(objective, first.theta, iterations)
        found = found._replace(iterations=first.iterations + found.iterations)
    status = Status.STOPPED
    if found.lost:
        status = Status.UNBOUNDED
    elif found.converged:
        status = Status.MINIMUM if loss.convex else Status.STATIONARY
    return found.theta, status, float(np.abs(found.gradient).max()), found.iterations


def _refuse_separable(objective, theta):
    """There is a minimum, else ValueError.

    There is one if positive multiples alpha of the rows of margins sum to 0 (Stiemke's lemma).
    At a minimum -weight slope(D) are such; nearby they are moved there by least squares, and if
    all stay positive nothing more is to be done. Otherwise a linear program decides.
    """
    comparisons, features = objective.comparisons, objective.features
    D = objective.margins(theta)
    slopes = -objective.loss.slope(D)
    if slopes.min() > 1e-7 * slopes.max():  # otherwise rounding could hide a direction
        alpha = comparisons.weight * slopes
        H = features.T @ (comparisons.laplacian(alpha) @ features)
        move = newton_step(H, features.T @ comparisons.collect(alpha))
        if np.abs(objective.margins(move)).max() < 0.5:
            return
    direction = theta if D.min() >= 0 else separating_direction(comparisons, features)
    if direction is not None:
        raise ValueError(
            "ridge is 0 and the features separate the pairs: no pair is ranked wrongly by "
            f"theta = {np.array2string(direction[:4], precision=3)}{'...' * (theta.size > 4)}, so "
            "that larger multiples are better and better. Expected ridge > 0"
        )
