"""Rewards fitted to pairs: the minimum over theta of

    sum_n weight_n loss(chosen_n, rejected_n) + ridge / 2 |theta|^2,

where theta are the scores of the items, or the coefficients of their features. The ridge is added
to the sum of the losses, not to their mean: it is a Gaussian prior of variance 1 / ridge, and a
pair moves the scores by as much however many other pairs there are.

What is guaranteed depends on the loss, and ``Fit.status`` says it. Convex losses are brought to
their minimum, unique where nothing was refused: Bradley-Terry at a temperature or not, squares and
cross-entropy by damped Newton steps, whatever the weights, the ridge and the offsets of features;
a fit is called the minimum only if a bound on the distance to it, ``Fit.distance``, says so. The
hinge is brought to a duality gap of 1e-8 (1e-7 beyond 600 unknowns) of the loss of theta = 0; with
a ridge the gap bounds the distance, too, without one it is any of its minima: where every pair can
be won by the margin, their set is unbounded, and the one returned may be far out, so that the sizes
of its scores mean nothing. The others (focal, with penalty or not, tempered) need not be convex:
they start at the Bradley-Terry fit, and go down to a point where the gradient vanishes, which may
not be the lowest. It is not at the kink of the penalty, which cannot be a minimum: from there they
go on to one of its sides.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from scipy import sparse

from tabular_pg._machine import ONE_BLAS_THREAD
from tabular_pg.checks.numbers import check_flag, check_number
from tabular_pg.preference.fitting.comparisons import checked_features, counted
from tabular_pg.preference.fitting.convex import minimize_scores
from tabular_pg.preference.fitting.hinge import minimize_hinge
from tabular_pg.preference.fitting.identifiability import (
    check_graph,
    check_rank,
    separating_direction,
)
from tabular_pg.preference.fitting.kinks import minimize
from tabular_pg.preference.fitting.linear import CLOSE, centred_features, minimize_coefficients
from tabular_pg.preference.fitting.losses import BradleyTerry, Hinge, checked_loss
from tabular_pg.preference.fitting.newton import Objective, centred
from tabular_pg.preference.fitting.result import CONVERGED, Fit, Status  # noqa: F401  (also found here)
from tabular_pg.preference.fitting.terms import log_ridge_of, rounding, terms_of, unit_of

STEPS, SWEEPS = 2000, 10_000  # the most by default, of Newton's method and for the hinge
CLOSE_HINGE = 1e-3  # the same of the hinge, of which the square is bounded by the gap


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
        At most so many steps of Newton's method (2,000 by default), or sweeps for the hinge
        (10,000).
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
    arguments = compared, loss, float(ridge), features
    with ONE_BLAS_THREAD:
        if isinstance(loss, Hinge):
            found = _hinge(*arguments, iterations or SWEEPS)
        elif loss.convex:
            found = _convex(*arguments, iterations or STEPS)
        else:
            found = _bent(*arguments, iterations or STEPS)
    theta, status, norm, k, distance = found
    if not np.isfinite(theta).all():
        f = int(np.isfinite(theta).argmin())
        raise ValueError(
            f"features are so small in column {f} that its coefficient at the minimum is beyond "
            "the range of floats; expected larger ones, or a ridge > 0"
        )
    scores = theta if features is None else features @ theta
    if features is None and not loss.pointwise:
        scores = centred(scores, comparisons.components)
    coefficients = None if features is None else theta
    for array in (scores, theta):
        array.setflags(write=False)
    return Fit(
        scores, coefficients, status, loss, float(ridge), norm, k, comparisons, features, distance
    )  # fmt: skip


def _convex(comparisons, loss, ridge, features, iterations):
    log_ridge, unit = log_ridge_of(loss, ridge), unit_of(loss)
    if features is None:
        terms = terms_of(comparisons, loss, log_ridge)
        found = minimize_scores(terms, iterations)
        theta, spread, apart = found.x[: comparisons.n_items], np.ptp(found.x), 0.0
    else:
        found = minimize_coefficients(comparisons, loss, log_ridge, features, iterations)
        theta, spread, apart = found.theta, found.spread, found.apart
        if ridge == 0 and loss.decreases and not np.isfinite(found.distance):
            _refuse_separable(comparisons, features, theta)
    close = found.distance <= CLOSE * (1 + spread) and apart <= CLOSE_HINGE * (1 + spread)
    status = Status.MINIMUM if close else Status.STOPPED
    with np.errstate(over="ignore"):
        distance = unit * (found.distance + rounding(spread))
        slope = unit if not loss.decreases else 1 / unit
        norm = float(slope * found.gradient)
    return unit * theta, status, norm, found.iterations, float(distance)


def _objective(comparisons, loss, ridge, features):
    """The objective over its largest weight, with features counted from their means."""
    top = comparisons.log_weight.max()
    logs = comparisons.log_weight - top
    with np.errstate(under="ignore", over="ignore", divide="ignore"):
        comparisons = replace(comparisons, weight=np.exp(logs), log_weight=logs, unit=1.0)
        scale, ridge = float(np.exp(top)), float(np.exp(np.log(ridge) - top))
    if features is not None and not sparse.issparse(features):
        features = centred_features(features, comparisons.components)
    return Objective(comparisons, loss, ridge, features), scale


def _hinge(comparisons, loss, ridge, features, iterations):
    objective, scale = _objective(comparisons, loss, ridge, features)
    with np.errstate(all="ignore"):  # of weights or ridges that are nothing beside others
        found = minimize_hinge(objective, iterations)
    if objective.ridge == 0:
        status = Status.ONE_OF_MINIMA if found.converged else Status.STOPPED
        return found.theta, status, scale * found.gap, found.iterations, np.nan
    D = np.abs(objective.margins(found.theta))
    rows = 1.0 if features is None else objective.largest_row
    with np.errstate(over="ignore"):
        distance = 2 * rows * np.sqrt(2 * found.gap / objective.ridge)
    if (objective.comparisons.weight == 0).any():
        distance = np.inf
    close = found.converged and distance <= CLOSE_HINGE * (loss.margin + D.max())
    status = Status.ONE_OF_MINIMA if found.converged else Status.STOPPED
    status = Status.MINIMUM if close else status
    return found.theta, status, scale * found.gap, found.iterations, float(distance)


def _bent(comparisons, loss, ridge, features, iterations):
    theta, _, _, k, _ = _convex(comparisons, BradleyTerry(), ridge, features, iterations)
    objective, scale = _objective(comparisons, loss, ridge, features)
    found = minimize(objective, theta, iterations)
    status = Status.STOPPED
    if found.lost:
        status = Status.UNBOUNDED
    elif found.converged:
        status = Status.STATIONARY
    norm = scale * float(np.abs(found.gradient).max())
    return found.theta, status, norm, k + found.iterations, np.nan


def _refuse_separable(comparisons, features, theta):
    """There is a minimum, which was not found, else ValueError: a linear program decides."""
    if not sparse.issparse(features) and not comparisons.anchored:
        features = centred_features(features, comparisons.components)
    D = comparisons.margins(features @ theta)
    direction = theta if D.min() >= 0 < D.max() else separating_direction(comparisons, features)
    if direction is not None:
        raise ValueError(
            "ridge is 0 and the features separate the pairs: no pair is ranked wrongly by "
            f"theta = {np.array2string(direction[:4], precision=3)}{'...' * (theta.size > 4)}, so "
            "that larger multiples are better and better. Expected ridge > 0"
        )
