"""How far the minimum of a convex loss of features can be from a point, and the Newton step there.

The bound on the distance (derived here) is that of ``trees`` with another norm. From theta let
d theta / ds = -H^-1 g with g constant, which arrives at the minimum at s = 1. By Cauchy and Schwarz
a score z . theta changes at most by sqrt(z H^-1 z) sqrt(g H^-1 g), and if no margin has changed by
more than d then H has fallen by no more than e^-d, so that d <= -log(1 - S), S the largest of these
products, doubled because a margin is a difference of scores.

H is factored by Cholesky's method. Where its entries are of too many sizes for that, H = B^T B is
not formed: the rows of B, a root of a curvature times a difference of features each, are sorted by
size and factored by Householder's method with pivoting of columns, which is stable row by row (Cox
and Higham 1998): light comparisons keep their digits beside heavy ones. With B = Q R and
y = R^-T g, R H(s)^-1 R^T is entry by entry at most K = (I - (e^d - 1) |Q|^T |Q|)^-1 in size, where
that is a sum of positive terms; so d is at most any D for which 2 |R^-T z| K |y| <= D, K that of D,
for all z: there the large entries of the one meet the small ones of the other.

References
----------
Cox and Higham (1998), Stability of Householder QR factorization for weighted least squares
problems, in Numerical Analysis 1997, Longman.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cholesky, qr, solve_triangular

from tabular_pg.preference.fitting import newton
from tabular_pg.preference.fitting.comparisons import log_sums
from tabular_pg.preference.fitting.convex import bound
from tabular_pg.preference.fitting.terms import EPS

LARGEST = 2000  # features of which a dense matrix is made for a bound
MOST_ENTRIES = 2e7  # of the rows of B, to be factored themselves
LARGEST_EXPONENT = 700.0  # of a float
SHAKEN = 0.5  # relative change of H by rounding beyond which nothing is known
CHUNK = 4096  # rows of features at a time


class Point(NamedTuple):
    """theta with its gradient, a bound on its rounding, and the Hessian, over exp(``shift``).

    A comparison pulls with factor exp(log_slope), and bends by exp(log_bend).
    """

    comparisons: object
    Z: object
    theta: np.ndarray
    factor: np.ndarray
    log_slope: np.ndarray
    log_bend: np.ndarray
    log_ridge: np.ndarray
    shift: float
    gradient: np.ndarray
    noise: np.ndarray
    hessian: object


class Measured(NamedTuple):
    """far: how far any margin, apart: how far coefficients, counted in scores, can be from the
    minimum; move: a Newton step or None; rounding: whether what is left of g is rounding."""

    far: float
    apart: float
    move: np.ndarray | None
    rounding: bool


class Factors(NamedTuple):
    """H = R^T R, where R^-T z is inverse @ (z / unit)[order] / height.

    ``drop`` is R^-T g, ``noise`` bounds its rounding, in norm or entry by entry, ``shaken`` what
    that of H does to both. ``overlap`` is |Q|^T |Q| of the factor Q of B = Q R, where it is known.
    """

    inverse: np.ndarray
    height: np.ndarray
    order: np.ndarray
    unit: np.ndarray
    drop: np.ndarray
    noise: np.ndarray
    shaken: float
    overlap: np.ndarray | None = None


def measured(at: Point, size, logistic, by_rows=False) -> Measured:
    """The bounds at a point and the step from there; ``size`` (F,) are those of the columns."""
    rounding = bool((np.abs(at.gradient) <= at.noise).all())
    if at.gradient.size > LARGEST:
        return _of_many(at, rounding)
    H = at.hessian.toarray() if sparse.issparse(at.hessian) else at.hessian
    found = None if by_rows else _by_cholesky(at, H)
    if (found is None or found.shaken >= SHAKEN) and few_rows(at.comparisons, at.Z):
        other = _by_rows(at)
        if other is not None:
            still = bool((np.abs(other.drop) <= other.noise).all())
            return _bounded(at, other, size, logistic, still)
    if found is not None:
        return _bounded(at, found, size, logistic, rounding)
    move = newton.newton_step(H, at.gradient)
    return Measured(np.inf, np.inf, move if np.isfinite(move).all() else None, rounding)


def few_rows(comparisons, Z) -> bool:
    """Whether B is small enough to be factored itself."""
    return Z.shape[1] <= LARGEST and comparisons.winner.size * Z.shape[1] <= MOST_ENTRIES


def _of_many(at, rounding) -> Measured:
    """With the ridge for all that is known of the Hessian."""
    largest = np.sqrt(abs(at.Z).power(2).sum(axis=1).max())
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        least = np.exp(at.log_ridge.min() - at.shift)
        length = np.linalg.norm(np.abs(at.gradient) + at.noise) / least
    move = newton.newton_step(at.hessian, at.gradient)
    return Measured(bound(2 * largest * length, True), length, move, rounding)


def _by_cholesky(at, H) -> Factors | None:
    """Where the Hessian is positive beyond rounding."""
    unit = np.sqrt(np.where(np.diagonal(H) > 0, np.diagonal(H), 1.0))
    try:
        L = cholesky(H / np.outer(unit, unit), lower=True)
    except LinAlgError:
        return None
    inverse = solve_triangular(L, np.eye(unit.size), lower=True)
    each = np.sqrt((inverse**2).sum(axis=0))  # sqrt of the diagonal of the inverse
    shaken = 20 * EPS * unit.size**2 * each.max() ** 2 * unit.size  # H is known up to rounding
    noise, drop = np.array([each @ (at.noise / unit)]), inverse @ (at.gradient / unit)
    return Factors(inverse, np.ones(unit.size), np.arange(unit.size), unit, drop, noise, shaken)


def _by_rows(at) -> Factors | None:
    """Where B has full rank."""
    B, c, height, error = _sorted_rows(at)
    n = B.shape[1]
    if len(B) < n:
        return None
    (reflectors, tau), R, order = qr(B, mode="raw", pivoting=True)
    steepness = np.abs(np.diagonal(R))
    if not (steepness > 0).all():
        return None
    digits = 8 * EPS * (n + 8)
    left = np.empty(n)  # what a rounding of B does by way of c to the part of a column
    for j in range(n):  # c becomes Q^T c
        left[j] = n * digits * (height[j:] @ np.abs(c[j:])) / steepness[j]
        v = np.append(1.0, reflectors[j + 1 :, j])
        error[j:] += digits * (np.abs(c[j:]) + tau[j] * np.abs(v) * (np.abs(v) @ np.abs(c[j:])))
        c[j:] -= tau[j] * (v @ c[j:]) * v
    inverse = solve_triangular((np.triu(R[:n]) / np.diagonal(R)[:, None]).T, np.eye(n), lower=True)
    below = np.sqrt(np.cumsum(height[::-1] ** 2)[::-1])[:n]
    with np.errstate(over="ignore"):
        shaken = n * (inverse**2).sum() * (digits * below / steepness).max()
    drop = np.sign(np.diagonal(R)) * c[:n]
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        # a row far above R_jj has next to no part in column j of Q, where rounding has
        most = np.abs(inverse).sum() * steepness / height[:, None]
        Q = np.minimum(np.abs((B[:, order] @ inverse.T) / steepness), np.minimum(most, 1.0))
    return Factors(
        inverse, steepness, order, np.ones(n), drop, left + Q.T @ error, float(shaken), Q.T @ Q
    )


def _sorted_rows(at):
    """B, c with g = B^T c, and of every row the size and what rounding may do to c; by size.

    Comparisons of the same two items, also with the other as the winner, are one row.
    """
    c = at.comparisons
    low, high = np.minimum(c.winner, c.loser), np.maximum(c.winner, c.loser)
    keys, pair = np.unique(low * np.int64(c.n_nodes) + high, return_inverse=True)
    low, high = np.divmod(keys, c.n_nodes)
    top = np.full(keys.size, -np.inf)
    np.maximum.at(top, pair, at.log_slope)
    with np.errstate(under="ignore"):
        share = at.factor * np.exp(at.log_slope - top[pair])
        bend = log_sums(pair, at.log_bend, keys.size)
        slope = np.bincount(pair, np.where(c.winner == low[pair], share, -share), keys.size)
        root = np.exp((bend - at.shift) / 2)
        pull = np.exp(np.minimum(top - (bend + at.shift) / 2, LARGEST_EXPONENT))
        Z = at.Z.toarray() if sparse.issparse(at.Z) else at.Z
        Z = np.concatenate([Z, np.zeros((int(c.anchored), Z.shape[1]))])
        held = np.exp((at.log_ridge - at.shift) / 2)
        held = held[at.log_ridge > -np.inf]
        B = np.concatenate(
            [root[:, None] * (Z[low] - Z[high]), np.diag(held).reshape(-1, Z.shape[1])]
        )
        sizes = np.abs(Z[low]) + np.abs(Z[high])
        digits = 8 + np.abs(sizes @ at.theta) + np.bincount(pair, np.abs(at.log_slope - at.shift))
        error = EPS * digits * np.bincount(pair, np.abs(share), keys.size) * pull
        error += EPS * (len(at.theta) + 2) * root * (sizes @ np.abs(at.theta))
        c = np.concatenate([slope * pull, held * at.theta[: held.size]])
        error = np.concatenate([error, 4 * EPS * np.abs(held * at.theta[: held.size])])
        height = np.concatenate([root * sizes.max(axis=1), held])
    order = np.argsort(-height, kind="stable")
    return B[order], c[order], height[order], error[order]


def _bounded(at, found, size, logistic, rounding) -> Measured:
    step = np.empty(found.drop.size)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        step[found.order] = -(found.inverse.T @ (found.drop / found.height))
        step /= found.unit
        if not np.isfinite(step).all():
            step = None
        if found.shaken >= SHAKEN:
            return Measured(np.inf, np.inf, step, rounding)
        drop = np.abs(found.drop)
        length = (np.linalg.norm(drop) + np.linalg.norm(found.noise)) / (1 - found.shaken)
        each = found.inverse / found.height[:, None]  # columns are R^-T of the unit vectors
        apart = np.sqrt((each**2).sum(axis=0)) * length
        far = bound(
            2 * np.sqrt(_largest(at.Z, found, lambda z: (z**2).sum(axis=0))) * length, logistic
        )
        if found.overlap is not None:
            drop = (drop + found.noise) / (1 - found.shaken)
            first = 2 * _largest(at.Z, found, lambda z: drop @ np.abs(z))
            grown = _grown(found.overlap, drop, 2 * first if logistic else 0.0)
            if grown is not None and (
                not logistic or 2 * _largest(at.Z, found, lambda z: grown @ np.abs(z)) <= 2 * first
            ):
                far, apart = min(far, 2 * first), np.minimum(apart, grown @ np.abs(each))
        apart = float((apart * (size / found.unit)[found.order]).max())
    return Measured(far, apart, step, rounding)


def _largest(Z, found, measure) -> float:
    """The largest measure of R^-T z over all rows z of Z; it takes some columns of R^-T Z^T."""
    largest = 0.0
    for first in range(0, Z.shape[0], CHUNK):
        rows = Z[first : first + CHUNK]
        rows = rows.toarray() if sparse.issparse(rows) else rows
        z = found.inverse @ (rows / found.unit).T[found.order] / found.height[:, None]
        largest = max(largest, measure(z).max())
    return float(largest)


def _grown(overlap, drop, d):
    """(I - (e^d - 1) overlap)^-1 drop, or None where that is no sum of positive terms."""
    grown = np.linalg.solve(np.eye(drop.size) - np.expm1(d) * overlap, drop)
    return grown if (grown >= drop).all() else None
