"""What is known of fitted rewards, as checkable theorems: R1 to R5, about a ``Fit``.

Two statements that belong to them are not here but in the code: that Bradley and Terry's likelihood
has a maximum if and only if the components are strongly connected is what ``fit`` refuses, and that
the focal and tempered losses tend to Bradley and Terry's concerns the losses alone.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvalsh
from scipy.special import expit

from tabular_pg._floats import UNDERFLOW
from tabular_pg.preference.fitting.convex import curvature_spectrum
from tabular_pg.preference.fitting.fit import fit
from tabular_pg.preference.fitting.losses import (
    BradleyTerry,
    CrossEntropy,
    Focal,
    FocalPenalty,
    MarginMSE,
    TemperatureBT,
    TemperedLog,
)
from tabular_pg.preference.fitting.terms import EPS
from tabular_pg.theorem import Kind, theorem

SMALL = 400  # items up to which a dense matrix is made
ROUNDING = 1e-9  # of scores and of sums over comparisons, relative
KINK = 1e-8  # a margin at which the slope of the focal loss with penalty is not known


def tabular(run) -> str:
    """Every item has a score of its own."""
    return "" if run.features is None else "stated for scores of items, without features"


def few_items(run) -> str:
    """A dense matrix of all items can be made."""
    n = run.comparisons.n_items
    return "" if n <= SMALL else f"there are {n} items; a dense matrix is made for up to {SMALL}"


def balanced(run) -> str:
    """Every two items were compared equally often."""
    c = run.comparisons
    games = np.zeros((c.n_items, c.n_items))
    np.add.at(games, (c.winner, c.loser), c.weight)
    games = (games + games.T)[np.triu_indices(c.n_items, 1)]
    return "" if np.ptp(games) == 0 else "not every two items were compared equally often"


def off_the_kink(run) -> str:
    """No margin is where the loss has a kink."""
    if isinstance(run.loss, FocalPenalty) and np.abs(run.margins).min() < KINK:
        return f"a margin is less than {KINK}, at the kink of the loss"
    return ""


EXACT = {"kind": Kind.EQUAL, "regularized": None}


@theorem(
    "R1", "wins = expected wins + ridge",
    rules=(BradleyTerry, TemperatureBT), source="bradley1952", **EXACT,
)  # fmt: skip
def score_equations(run):
    """For every item (or feature, whose share the sums are weighted by) the weight of the
    comparisons won is that expected under the fit, plus ridge temperature theta. Proof: the
    gradient of the negative log-likelihood vanishes."""
    c, T = run.comparisons, getattr(run.loss, "temperature", 1.0)
    s = expit(run.margins / T)
    expected = c.wins + c.collect(-c.weight * (1 - s))
    theta, wins, games = run.scores, c.wins, c.wins + c.losses
    near = 2 * (run.distance + 8 * EPS * np.abs(theta).max())
    moved = near * c.gather(c.weight * s * (1 - s)) / T
    if run.features is not None:
        X, theta = run.features, run.coefficients
        expected, wins, games = X.T @ expected, X.T @ wins, abs(X).T @ games
        moved, near = abs(X).T @ moved, ROUNDING * np.abs(theta)
    ridge = run.ridge / c.unit * T
    return [wins], [expected + ridge * theta], [ROUNDING * games + moved + ridge * near]


@theorem(
    "R1h", "rank of the Hessian = items - components",
    rules=(BradleyTerry, TemperatureBT, MarginMSE), assumes=(tabular, few_items),
    source="ford1957", **EXACT,
)  # fmt: skip
def hessian_rank(run):
    """The Hessian of the loss in the scores has rank n less the number of components of the graph
    of comparisons. Proof: it is the Laplacian of that graph with positive weights loss''(D)."""
    c = run.comparisons
    return [_rank(run)], [c.n_items - np.unique(c.components).size]


def _rank(run):
    """Eigenvalues of the Hessian that are not 0 to rounding.

    At a minimum it is scaled by the heaviest spanning tree's curvatures, so that neither weights
    nor margins hide an edge; elsewhere it is taken as it is.
    """
    c = run.comparisons
    scales = curvature_spectrum(c, run.loss, run.ridge, run.scores)
    if scales is not None:
        return (scales > 1e-12).sum()
    values = eigvalsh(c.laplacian(c.weight * run.loss.curvature(run.margins)).toarray())
    return (values > 1e-13 * c.n_items * values[-1]).sum()


@theorem(
    "R2", "balanced design: scores are ordered as wins are",
    rules=(BradleyTerry, TemperatureBT, MarginMSE, CrossEntropy),
    kind=Kind.LOWER, regularized=None, assumes=(tabular, few_items, balanced),
)  # fmt: skip
def borda_order(run):
    """If every two items were compared equally often, an item with as many wins or more has as
    high a score or higher, with any ridge. Proof, for m comparisons of every two: the gradient
    vanishes where Phi(theta_i) = wins_i + m / 2 with Phi(x) = m sum_j sigma(x - theta_j) + ridge x
    over all j, i among them, which increases. For squares Phi is linear; for cross-entropy the
    score is an increasing function of the wins, R5."""
    wins = run.comparisons.wins
    order = np.lexsort((run.scores, wins))
    steps = np.diff(run.scores[order])
    equal = np.diff(wins[order]) == 0
    size = ROUNDING * np.abs(run.scores).max() + 2 * run.distance
    return [np.where(equal, -np.abs(steps), steps)], [np.zeros(steps.size)], size


@theorem("R3", "theta_T(ridge) = T theta_BT(T^2 ridge)", rules=(TemperatureBT,), **EXACT)
def temperature_is_a_ridge(run):
    """The scores at the temperature T are T times those of Bradley-Terry with T^2 times the ridge:
    what a temperature changes is the regularization. Proof: substitute theta = T phi."""
    c, T = run.comparisons, run.loss.temperature
    most = np.log2(1e300) - np.log2(c.weight.max())
    scale = 2.0 ** min(-np.round(np.log2(T)), most)  # of both: their products are to be floats
    plain = fit(
        np.column_stack([c.winner, c.loser]),
        c.n_items,
        features=run.features,
        ridge=run.ridge * T * (T * scale) / c.unit,
        weights=c.weight * scale,
        per_component=True,
    )
    size = np.abs(plain.scores).max()
    if run.features is not None:
        size = (abs(run.features) @ np.abs(plain.coefficients)).max()
    return [run.scores], [T * plain.scores], ROUNDING * T * size + _distances(run, plain, T)


def _distances(run, other, unit=1.0):
    """How far two fits of the same scores may be apart; infinite if one is known to nothing."""
    return 2 * (run.distance + unit * other.distance)


@theorem(
    "R4", "squares: scores solve the Laplacian's normal equations",
    rules=(MarginMSE,), assumes=(tabular, few_items), source="jiang2011", **EXACT,
)  # fmt: skip
def laplacian_least_squares(run):
    """theta = margin (L + ridge / 2)^+ (wins - losses) with L the Laplacian of the graph of
    comparisons, its weights how often: least squares on a graph (HodgeRank). Proof: the gradient
    is linear; the pseudo-inverse has mean 0 over each component."""
    c, margin = run.comparisons, run.loss.margin
    L, same = c.laplacian(c.weight).toarray(), c.components[:, None] == c.components
    level = np.diagonal(L).max() / same.sum(axis=1)
    A = L + 0.5 * run.ridge / c.unit * np.eye(c.n_items) + level * same  # which changes no solution
    unit = np.sqrt(np.diagonal(A))
    values, vectors = np.linalg.eigh(A / np.outer(unit, unit))
    b = (c.wins - c.losses) / unit
    scores = margin * (vectors @ ((vectors.T @ b) / values)) / unit
    lost = 16 * c.n_items * EPS * values[-1] / np.maximum(values[0], UNDERFLOW)  # digits
    size = (ROUNDING + lost) * (margin + np.abs(scores).max())
    return [run.scores], [scores], size


@theorem(
    "R5", "cross-entropy: wins = games sigma(score) + ridge score",
    rules=(CrossEntropy,), assumes=(tabular,), **EXACT,
)  # fmt: skip
def no_opponents(run):
    """wins_i = (wins_i + losses_i) sigma(theta_i) + ridge theta_i: the score is a function of how
    often an item was compared and won, and not of the opponents. Proof: the loss is a sum over
    items."""
    c, theta = run.comparisons, run.scores
    games, ridge = c.wins + c.losses, run.ridge / c.unit
    near = 2 * (run.distance + 8 * EPS * np.abs(theta).max())
    size = ROUNDING * games + near * (games * expit(theta) * expit(-theta) + ridge)
    return [c.wins], [games * expit(theta) + ridge * theta], [size]


def _force(loss, D):
    """How hard a pair pulls its scores apart, written as a function of s = sigma(D)."""
    s, q, log_s = expit(D), expit(-D), -np.logaddexp(0.0, -D)
    if isinstance(loss, TemperedLog):
        return s ** (1 - loss.t) * q
    focal = q**loss.gamma * (q - loss.gamma * s * log_s)
    if isinstance(loss, Focal):
        return focal
    return np.where(D > 0, 2.0**loss.gamma * focal, q)


@theorem(
    "R1g", "losses that are not convex: ridge theta = sum of weighted forces",
    rules=(Focal, FocalPenalty, TemperedLog), assumes=(off_the_kink,), **EXACT,
)  # fmt: skip
def forces_balance(run):
    """ridge theta = sum_n weight_n f(D_n) x_n with x_n = 1 for the winner, -1 for the loser (or the
    difference of their features) and the force f = (1-s)^gamma (1 - s - gamma s log s) for the
    focal loss; 2^gamma times that for s > 1/2, else 1 - s, with the penalty; s^{1-t} (1-s) for the
    tempered one. Proof: f = -loss', and the gradient vanishes."""
    c, theta = run.comparisons, run.scores
    pull = c.weight * _force(run.loss, run.margins)
    found, size = c.collect(pull), c.gather(c.weight)
    if run.features is not None:
        X, theta = run.features, run.coefficients
        found, size = X.T @ found, abs(X).T @ size
    pulled = run.ridge / c.unit * theta
    return [pulled], [found], [ROUNDING * (size + np.abs(pulled))]
