"""Damped Newton steps to the minimum of a convex loss of features, and how far it can be.

Features are counted from a value within their range, component by component, where that changes no
margin, and in units of their own sizes, so that neither an offset nor a unit costs digits. Weights
and curvatures are kept as logarithms, counted at every point from the largest there: what is far
below another at the start may be all that counts at the minimum. How far that can be, and which way
it is, ``linear_bounds`` finds.

A ridge is on the coefficients as they are given: whoever measures a feature in another unit asks
for another minimum. Scale the columns alike before, or they are not shrunk alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tabular_pg.preference.fitting.convex import DOUBLINGS, NEAR, PATIENCE, SHORT
from tabular_pg.preference.fitting.linear_bounds import Point, few_rows, measured
from tabular_pg.preference.fitting.terms import EPS, is_square

LARGEST_LOG = 600.0  # of a slope, counted from the largest curvature
CLOSE = 1e-8  # a bound on the distance to the minimum, relative to the spread of the scores
GROWTH, STEPS_EACH = 1.25, 50  # of the power of weights from one start to the next
LARGEST_UNIT = 690.0  # log of a unit of coefficients: about 1e300


class Coefficients(NamedTuple):
    """Where the steps ended; how far any margin can be from the minimum, and theta by ``apart``.

    ``apart`` is in units of the features' sizes: what a coefficient's error does to scores.
    ``spread`` is the largest margin, ``gradient`` the largest entry of the gradient, ``scores``
    features @ theta, but for an offset of dense features where there is no anchor.
    """

    theta: np.ndarray
    distance: float
    apart: float
    iterations: int
    spread: float = 0.0
    gradient: float = np.inf
    scores: np.ndarray | None = None


class Columns(NamedTuple):
    """Features less an offset, over their sizes."""

    Z: object
    size: np.ndarray


def columns(features, comparisons) -> Columns:
    """``features`` less what shifts no margin, dense, or as they are, sparse; over their sizes."""
    if sparse.issparse(features):
        size = np.abs(features).max(axis=0).toarray().ravel()
        size = np.where(size > 0, size, 1.0)
        return Columns(sparse.csr_array(features / size), size)
    Z = features
    if not comparisons.anchored:
        with np.errstate(over="ignore"):
            Z = centred_features(features, comparisons.components)
    size = np.abs(Z).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    return Columns(Z / size, size)


def centred_features(features, components) -> np.ndarray:
    """Each row less the mean over its component, but for rounding: no margin changes."""
    counts = np.bincount(components)
    order = np.argsort(components, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    means = np.add.reduceat(features[order] / counts[components[order], None], starts, axis=0)
    return features - means[components]


class Problem(NamedTuple):
    """log_ridge (F,): of the ridge per column of Z, in units of the loss; size (F,): of a column of
    Z, 1 but where the ridge asks for a larger unit of the coefficient."""

    comparisons: object
    square: bool
    log_weight: np.ndarray
    log_ridge: np.ndarray
    Z: object
    size: np.ndarray


def minimize_coefficients(comparisons, loss, log_ridge, features, iterations) -> Coefficients:
    """The minimum over theta, in units of the loss; from 0, or else by way of tempered weights."""
    problem, unit = _problem(comparisons, loss, log_ridge, features)
    few = few_rows(comparisons, problem.Z)
    best = _descended(problem, np.zeros(unit.size), iterations - few * (iterations // 2))
    if few and not _sure(problem, best):
        best = _by_rows(problem, best, iterations)
    at = _point(problem, best.theta)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        norm = float(np.exp(at.shift + np.log(np.abs(at.gradient)) + np.log(unit)).max())
        theta = best.theta / unit
    scores = problem.Z @ best.theta
    spread = float(np.abs(comparisons.margins(scores)).max())
    return best._replace(theta=theta, spread=spread, gradient=norm, scores=scores)


def _sure(problem, found) -> bool:
    """Whether the bound on the distance is as small as that of a minimum is to be."""
    D = problem.comparisons.margins(problem.Z @ found.theta)
    return found.distance <= CLOSE * (1 + np.abs(D).max())


def _descended(problem, theta, iterations, by_rows=False) -> Coefficients:
    """Where at most so many steps from theta lead."""
    best, since = Coefficients(theta, np.inf, np.inf, 0), 0
    for k in range(iterations + 1):
        found = measured(_point(problem, theta), problem.size, not problem.square, by_rows)
        since = since + 1 if NEAR > found.far > 0.9 * best.distance else 0
        if found.far < best.distance or best.distance == np.inf:
            best = Coefficients(theta, found.far, found.apart, k)
        if k == iterations or found.rounding or since >= PATIENCE or found.move is None:
            break
        theta = theta + _size(problem, theta, found.move) * found.move
    return best._replace(iterations=k)


def _by_rows(problem, first, iterations) -> Coefficients:
    """The nearest of ``first`` and of what more steps reach, with the Hessian never formed."""
    known = np.isfinite(first.distance)
    start = first.theta if known else np.zeros(first.theta.size)
    left = iterations - first.iterations
    again = _descended(problem, start, left if known or problem.square else left // 2, True)
    left, best = left - again.iterations, min(first, again, key=_distance)
    if best.distance == np.inf and not problem.square:
        start, steps = _tempered_start(problem, left)
        again = _descended(problem, start, left - steps, True)
        left, best = left - steps - again.iterations, min(again, best, key=_distance)
    return best._replace(iterations=iterations - left)


def _distance(found) -> float:
    return found.distance


def _tempered_start(problem, iterations):
    """Theta near the minimum if that is where weights are far apart, and the steps that it took.

    Of weights to the power t the minimum is nearly proportional to t once margins are differences
    of logarithms of weights. From the t at which weights are alike that leads, by few steps each,
    to 1.
    """
    top = max(problem.log_weight.max(), problem.log_ridge.max())
    logs, ridge = problem.log_weight - top, problem.log_ridge - top
    t, theta, k = min(1.0, 1 / max(-logs.min(), 1.0)), np.zeros(problem.size.size), 0
    while t < 1:
        tempered = problem._replace(log_weight=t * logs, log_ridge=t * ridge)
        found = _descended(tempered, theta, min(STEPS_EACH, iterations - k), True)
        after = min(1.0, GROWTH * t)
        theta, t, k = found.theta * (after / t), after, k + found.iterations
    return theta, k


def _problem(comparisons, loss, log_ridge, features):
    """The problem and the units of coefficients: in these neither a feature nor the curvature of
    the ridge is above 1."""
    Z, size = columns(features, comparisons)
    log_weight = comparisons.log_weight + (np.log(2.0) if is_square(loss) else 0.0)
    log_unit = np.maximum(np.log(size), min((log_ridge - log_weight.max()) / 2, LARGEST_UNIT))
    unit = np.where(log_unit > np.log(size), np.exp(log_unit), size)
    with np.errstate(under="ignore"):
        shrunk = size / unit
        Z = sparse.csr_array(Z * shrunk) if sparse.issparse(Z) else Z * shrunk
    logs = log_ridge - 2 * np.log(unit)
    return Problem(comparisons, is_square(loss), log_weight, logs, Z, shrunk), unit


def _slopes(problem, D):
    """A factor, the log of what it is times, and of the curvature: of every comparison."""
    if problem.square:
        return D - 1.0, problem.log_weight, problem.log_weight
    log_slope = problem.log_weight - np.logaddexp(0.0, D)
    return np.full(D.shape, -1.0), log_slope, log_slope - np.logaddexp(0.0, -D)


def _point(problem, theta) -> Point:
    """Gradient, a bound on its rounding, and the Hessian."""
    c, Z = problem.comparisons, problem.Z
    scores, sizes = Z @ theta, abs(Z) @ np.abs(theta)
    D = c.margins(scores)
    factor, log_slope, log_bend = _slopes(problem, D)
    shift = max(log_bend.max(), log_slope.max() - LARGEST_LOG, problem.log_ridge.max())
    with np.errstate(under="ignore"):
        slope, bend = factor * np.exp(log_slope - shift), np.exp(log_bend - shift)
        ridge = np.exp(problem.log_ridge - shift)
        errors = EPS * (theta.size + 2) * c.sums(sizes)
        digits = 8 + np.abs(D) + np.abs(log_slope - shift)
        rounded = np.abs(slope) * EPS * digits + bend * errors
        net, size = c.collect(slope), c.gather(np.abs(slope))
        g = Z.T @ net + ridge * theta
        of_net = c.gather(rounded) + EPS * size * (c.gather(np.ones(D.size)) + c.n_items)
        noise = abs(Z).T @ of_net + 4 * EPS * ridge * np.abs(theta)
        product = Z.T @ (c.laplacian(bend) @ Z)
        diagonal = sparse.diags_array if sparse.issparse(product) else np.diag
        H = product + diagonal(ridge)
    return Point(c, Z, theta, factor, log_slope, log_bend, problem.log_ridge, shift, g, noise, H)


def _size(problem, theta, move):
    """How much of a Newton step to take."""
    c = problem.comparisons
    along = c.margins(problem.Z @ move)
    b = float(np.abs(along).max(initial=0.0))
    if problem.square or b <= SHORT:
        return 1.0
    size, D = np.log1p(b) / b, c.margins(problem.Z @ theta)
    for trial in (1.0, *(2.0**i for i in range(1, DOUBLINGS))):
        if trial > size:
            if _rises(problem, theta + trial * move, D + trial * along, move, along):
                break
            size = trial
    return size


def _rises(problem, theta, D, move, along) -> bool:
    """Whether the loss rises at theta, of margins D, in the direction of the move."""
    factor, log_slope, _ = _slopes(problem, D)
    top = max(log_slope.max(), problem.log_ridge.max())
    with np.errstate(under="ignore"):
        pull = (factor * np.exp(log_slope - top)) @ along
        return bool(pull + np.exp(problem.log_ridge - top) * theta @ move > 0)
