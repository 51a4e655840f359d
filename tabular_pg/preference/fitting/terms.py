"""Convex losses of comparisons as forces on a graph, in logarithms.

A comparison that is lost against the odds pulls with nearly all its weight, sigma(-D) being nearly
1. That is kept in two parts, weight - weight sigma(D): where such forces balance, the weights do so
exactly, and what is left is as accurate as sigma(D).

The terms are weight_m l(x_head - x_tail), with l(D) = log(1 + exp(-D)) or (D - target)^2 / 2; what
is summed over the terms between two nodes is a force that pulls them apart and a curvature. Both
are numbers times the exponential of a logarithm, because weights and curvatures may span more
decades than floats do. A ridge is a term too: a spring between every item and one more node, whose
score is held at 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from tabular_pg._floats import RESOLVED

EPS = np.finfo(float).eps
SMALLEST = np.finfo(float).smallest_subnormal
UPSET = -1.0  # a margin below which a force is kept in two parts


def rounding(spread) -> float:
    """How far off scores of this spread may be by their rounding, also where they underflow."""
    return 4 * max(EPS * float(spread), SMALLEST)


class Terms(NamedTuple):
    """The sum of weight_m l(x_head - x_tail).

    Attributes
    ----------
    head, tail : (M,) nodes.
    weight : (M,) in units of exp(``log_unit``); 0 for the ridge, whose logarithm is enough.
    log_weight : (M,)
    target : (M,) of a square; NaN for log(1 + exp(-D)).
    pair, sign : (M,) the number of the two nodes without an order, and 1 where the head is ``low``.
    low, high : (P,) the two nodes of every pair.
    n_nodes : int
    anchored : bool
        Whether the last node is held at 0.
    """

    head: np.ndarray
    tail: np.ndarray
    weight: np.ndarray
    log_weight: np.ndarray
    target: np.ndarray
    pair: np.ndarray
    sign: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_nodes: int
    anchored: bool
    log_unit: float

    @property
    def logistic(self) -> bool:
        """Whether curvatures depend on x."""
        return bool(np.isnan(self.target).any())


class Forces(NamedTuple):
    """Of every pair: what pulls ``low`` up and ``high`` down, whole + force * exp(log_force).

    ``whole`` are weights, in the unit of ``Terms.log_unit``; ``error`` bounds the rounding of
    ``force``, ``size`` is that of its terms, ``log_curvature`` the logarithm of the second
    derivative.
    """

    whole: np.ndarray
    force: np.ndarray
    error: np.ndarray
    size: np.ndarray
    log_force: np.ndarray
    log_curvature: np.ndarray


def joined(head, tail, weight, log_weight, target, n_nodes, anchored, log_unit) -> Terms:
    """The terms with their pairs of nodes."""
    low, high = np.minimum(head, tail), np.maximum(head, tail)
    keys, pair = np.unique(low * np.int64(n_nodes) + high, return_inverse=True)
    low, high = np.divmod(keys, n_nodes)
    sign = np.where(head < tail, 1.0, -1.0)
    return Terms(
        head, tail, weight, log_weight, target, pair, sign, low, high, n_nodes, anchored, log_unit
    )


def terms_of(comparisons, loss, log_ridge) -> Terms:
    """Those of a convex loss in its own unit, see :func:`unit_of`, and of the ridge, if finite."""
    n = comparisons.n_items
    size, squares = comparisons.winner.size, is_square(loss)
    head, tail, weight = comparisons.winner, comparisons.loser, comparisons.weight
    log_weight = comparisons.log_weight + (np.log(2.0) if squares else 0.0)
    target = np.full(size, 1.0 if squares else np.nan)
    if np.isfinite(log_ridge):
        items = np.arange(n)
        head, tail = np.concatenate([head, items]), np.concatenate([tail, np.full(n, n)])
        weight = np.concatenate([weight, np.zeros(n)])
        log_weight = np.concatenate([log_weight, np.full(n, log_ridge)])
        target = np.concatenate([target, np.zeros(n)])
    anchored = bool(np.isfinite(log_ridge) or comparisons.anchored)
    unit = float(np.log(comparisons.unit))
    return joined(head, tail, weight, log_weight, target, n + anchored, anchored, unit)


def is_square(loss) -> bool:
    """Whether the loss is a square of margins, or else of the logistic kind."""
    return not loss.decreases


def unit_of(loss) -> float:
    """Of scores: the temperature, or the margin of squares."""
    return float(loss.margin if is_square(loss) else getattr(loss, "temperature", 1.0))


def log_ridge_of(loss, ridge) -> float:
    """log of the ridge in units of the loss, -inf for none: log(1 + e^-D) or (D - 1)^2."""
    if ridge == 0:
        return -np.inf
    return np.log(ridge) + (0.0 if is_square(loss) else 2 * np.log(unit_of(loss)))


class Pulls(NamedTuple):
    """Of every term: its force on D is whole + factor exp(log_factor)."""

    whole: np.ndarray
    factor: np.ndarray
    log_factor: np.ndarray
    log_curvature: np.ndarray
    error: np.ndarray


def pulls(terms, D) -> Pulls:
    """What every term does to its margin; ``error`` bounds the rounding of ``factor``."""
    squares, far = ~np.isnan(terms.target), np.abs(D)
    upset = ~squares & (D < UPSET) & (terms.weight > RESOLVED)
    factor = np.where(squares, terms.target - D, np.where(upset, -1.0, 1.0))
    log_sigma = -np.logaddexp(0.0, np.where(upset, -D, D))
    scale = terms.log_weight + np.where(squares, 0.0, log_sigma)
    bent = -far - 2 * np.log1p(np.exp(-far))
    curvature = terms.log_weight + np.where(squares, 0.0, bent)
    relative = 4 + 2 * np.abs(terms.log_weight) + np.abs(scale)
    moved = far * np.where(squares | upset, 1.0, expit(D))  # what the rounding of D does
    error = EPS * (np.abs(factor) * relative + moved)
    return Pulls(np.where(upset, terms.weight, 0.0), factor, scale, curvature, error)


def forces(terms, x) -> Forces:
    """What pulls at every pair of nodes."""
    with np.errstate(under="ignore"):
        each = pulls(terms, x[terms.head] - x[terms.tail])
        top, most = np.full((2, terms.low.size), -np.inf)
        np.maximum.at(top, terms.pair, each.log_factor)
        np.maximum.at(most, terms.pair, each.log_curvature)
        share = np.exp(each.log_factor - top[terms.pair])
        curvature = _sums(terms, np.exp(each.log_curvature - most[terms.pair]))
        return Forces(
            _sums(terms, terms.sign * each.whole),
            _sums(terms, terms.sign * each.factor * share),
            _sums(terms, each.error * share),
            _sums(terms, np.abs(each.factor) * share),
            top,
            most + np.log(curvature),
        )


def _sums(terms, values):
    return np.bincount(terms.pair, values, terms.low.size)
