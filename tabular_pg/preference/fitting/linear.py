"""Damped Newton steps to the minimum of a convex loss of features, and how far it can be.

Features are counted from a value within their range, component by component, where that changes no
margin, and in units of their own sizes, so that neither an offset nor a unit costs digits.

The bound on the distance (derived here) is that of ``trees`` with another norm. From theta let
d theta / ds = -H^-1 g with g constant, which arrives at the minimum at s = 1. By Cauchy and Schwarz
a score z . theta changes at most by sqrt(z H^-1 z) sqrt(g H^-1 g), and if no margin has changed by
more than d then H has fallen by no more than e^-d, so that d <= -log(1 - S), S the largest of these
products, doubled because a margin is a difference of scores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import expit

from tabular_pg.preference.fitting import newton
from tabular_pg.preference.fitting.convex import DOUBLINGS, NEAR, PATIENCE, SHORT, bound
from tabular_pg.preference.fitting.terms import EPS, is_square

LARGEST_LOG = 600.0  # of a ridge over the largest weight
LARGEST = 2000  # features of which a dense matrix is made for a bound


class Coefficients(NamedTuple):
    """Where the steps ended; how far any margin can be from the minimum, and theta by ``apart``.

    ``apart`` is in units of the features' sizes: what a coefficient's error does to scores.
    ``spread`` is the largest margin, ``gradient`` the largest entry of the gradient.
    """

    theta: np.ndarray
    distance: float
    apart: float
    iterations: int
    spread: float = 0.0
    gradient: float = np.inf


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
    """weight, ridge: over the largest weight, and the ridge per column, in units of the loss."""

    comparisons: object
    square: bool
    weight: np.ndarray
    ridge: np.ndarray
    Z: object


def minimize_coefficients(comparisons, loss, log_ridge, features, iterations) -> Coefficients:
    """The minimum over theta, in units of the loss; from 0."""
    Z, size = columns(features, comparisons)
    top = max(comparisons.log_weight.max(), (log_ridge - 2 * np.log(size)).max() - LARGEST_LOG)
    with np.errstate(under="ignore"):
        weight = np.exp(comparisons.log_weight - top) * (2.0 if is_square(loss) else 1.0)
        ridge = np.exp(log_ridge - top - 2 * np.log(size))
    problem = Problem(comparisons, is_square(loss), weight, ridge, Z)
    theta = np.zeros(size.size)
    best, since = Coefficients(theta, np.inf, np.inf, 0), 0
    for k in range(iterations + 1):
        g, noise, H = _derivatives(problem, theta)
        far, apart, move, rounding = _measured(problem, g, noise, H)
        since = since + 1 if NEAR > far > 0.9 * best.distance else 0
        if far < best.distance or best.distance == np.inf:
            best = Coefficients(theta, far, apart, k)
        if k == iterations or rounding or since >= PATIENCE or move is None:
            break
        theta = theta + _size(problem, theta, move) * move
    spread = np.abs(comparisons.margins(Z @ best.theta)).max()
    g = _derivatives(problem, best.theta)[0]
    with np.errstate(over="ignore", under="ignore"):
        norm = float((np.exp(top) * np.abs(g) * size).max())
        theta = best.theta / size
    return Coefficients(theta, best.distance, best.apart, k, float(spread), norm)


def _slopes(problem, D):
    """The first and second derivatives of the loss."""
    if problem.square:
        return D - 1.0, np.ones_like(D)
    return -expit(-D), expit(D) * expit(-D)


def _derivatives(problem, theta):
    """Gradient, a bound on its rounding, and the Hessian."""
    c, w, Z = problem.comparisons, problem.weight, problem.Z
    scores, sizes = Z @ theta, abs(Z) @ np.abs(theta)
    D = c.margins(scores)
    slope, bend = _slopes(problem, D)
    errors = EPS * (theta.size + 2) * c.sums(sizes)
    rounded = w * (np.abs(slope) * EPS * (8 + np.abs(D)) + bend * errors)
    net, size = c.collect(w * slope), c.gather(w * np.abs(slope))
    g = Z.T @ net + problem.ridge * theta
    of_net = c.gather(rounded) + EPS * size * (c.gather(np.ones(w.size)) + c.n_items)
    noise = abs(Z).T @ of_net + 4 * EPS * problem.ridge * np.abs(theta)
    product = Z.T @ (c.laplacian(w * bend) @ Z)
    diagonal = sparse.diags_array if sparse.issparse(product) else np.diag
    return g, noise, product + diagonal(problem.ridge)


def _measured(problem, g, noise, H):
    """The bounds, a Newton step or None, and whether what is left of g is rounding."""
    rounding = bool((np.abs(g) <= noise).all())
    if g.size > LARGEST:
        least, largest = problem.ridge.min(), np.sqrt(abs(problem.Z).power(2).sum(axis=1).max())
        length = np.linalg.norm(np.abs(g) + noise) / max(least, 1e-300)
        return bound(2 * largest * length, True), length, newton.newton_step(H, g), rounding
    H = H.toarray() if sparse.issparse(H) else H
    unit = np.sqrt(np.where(np.diagonal(H) > 0, np.diagonal(H), 1.0))
    try:
        L = cholesky(H / np.outer(unit, unit), lower=True)
    except LinAlgError:
        move = newton.newton_step(H, g)
        return np.inf, np.inf, move if np.isfinite(move).all() else None, rounding
    inverse = solve_triangular(L, np.eye(g.size), lower=True)
    each = np.sqrt((inverse**2).sum(axis=0))  # sqrt of the diagonal of the inverse
    shaken = 20 * EPS * g.size**2 * each.max() ** 2 * g.size  # H is known up to rounding
    if shaken >= 0.5:
        return np.inf, np.inf, -(inverse.T @ (inverse @ (g / unit))) / unit, rounding
    length = np.linalg.norm(inverse @ (g / unit)) + each @ (noise / unit)
    length /= 1 - shaken
    leverage = np.zeros(1)
    for first in range(0, problem.Z.shape[0], 4096):
        rows = problem.Z[first : first + 4096]
        rows = rows.toarray() if sparse.issparse(rows) else rows
        leverage = np.maximum(leverage, ((inverse @ (rows / unit).T) ** 2).sum(axis=0).max())
    far = bound(2 * np.sqrt(leverage[0]) * length, not problem.square)
    return far, (each / unit).max() * length, -(inverse.T @ (inverse @ (g / unit))) / unit, rounding


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
            slope = problem.weight * _slopes(problem, D + trial * along)[0]
            if slope @ along + problem.ridge * (theta + trial * move) @ move > 0:
                break
            size = trial
    return size
