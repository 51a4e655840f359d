"""Newton's method for smooth losses of comparisons: theta where the gradient of

    sum_m weight_m loss(D_m) + ridge / 2 |theta|^2

vanishes to rounding. D are the margins of the scores, which are theta itself or features @ theta.
In the scores the Hessian is the Laplacian of the graph of comparisons with weights loss''(D): no
matrix with a row per comparison is ever made. Systems of up to ``DENSE`` unknowns are solved by
Cholesky's method, larger ones by conjugate gradients, or by sparse elimination where these stall
(as they do on long chains, where elimination is cheap).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh
from scipy.sparse.linalg import splu

from tabular_pg._floats import UNDERFLOW
from tabular_pg.preference.fitting.comparisons import Comparisons

DENSE = 600  # unknowns up to which a dense factorization takes well below a second
CLOSE = 1e-12  # a gradient of zero, relative to its terms and to what rounding theta does to them
STALLED = 1e-9  # the same where no step comes nearer
ENOUGH = 1e-4  # of the decrease that the slope promises (Armijo's rule)
HALVINGS = 50  # of a step
ROUNDING = 1e-14  # of a sum of losses, relative
TOLERANCE = 1e-6, 0.1  # of conjugate gradients: as far as the gradient is from 0, but between these
FAR = 5.0  # a change of margins beyond which the curvature of a loss that is not convex is another
BETTER = 0.9  # of the least gradient: a smaller one is progress
FLAT = 1e-10  # of the largest curvature: the least that a step is divided by
STALL = {True: 12, False: 60}  # steps without a better gradient, for convex losses and others
PRODUCTS = 1500  # of a matrix and a vector, in one system


class Found(NamedTuple):
    """Where the iteration ended."""

    theta: np.ndarray
    gradient: np.ndarray
    residual: float
    iterations: int
    lost: bool

    @property
    def converged(self) -> bool:
        """Whether the gradient vanishes, at a minimum that is not beyond all margins."""
        return self.residual <= CLOSE and not self.lost


@dataclass(frozen=True, eq=False)
class Objective:
    """The sum of the losses and of the ridge, as a function of theta."""

    comparisons: Comparisons
    loss: object
    ridge: float
    features: object = None

    @property
    def size(self) -> int:
        """The number of unknowns."""
        return self.comparisons.n_items if self.features is None else self.features.shape[1]

    @property
    def largest_row(self) -> float:
        """The largest norm of a row of features."""
        X = self.features
        squares = X.multiply(X) if sparse.issparse(X) else X**2
        return float(np.sqrt(squares.sum(axis=1).max()))

    def margins(self, theta) -> np.ndarray:
        """(M,) D at theta."""
        scores = theta if self.features is None else self.features @ theta
        return self.comparisons.margins(scores)

    def value(self, theta, D) -> float:
        total = self.comparisons.weight @ self.loss.value(D)
        return float(total + 0.5 * self.ridge * theta @ theta)

    def gradient(self, theta, D):
        """The gradient, and what it could be by size: its terms, and theta with the curvature."""
        weight, X = self.comparisons.weight, self.features
        slopes, bend = weight * self.loss.slope(D), weight * np.abs(self.loss.curvature(D))
        scores = np.abs(theta) if X is None else abs(X) @ np.abs(theta)
        found = self.comparisons.collect(slopes)
        terms = self.comparisons.gather(np.abs(slopes) + bend * self.comparisons.sums(scores))
        if X is not None:
            found, terms = X.T @ found, abs(X).T @ terms
        return found + self.ridge * theta, terms + self.ridge * np.abs(theta)

    def hessian(self, D):
        """(P, P) dense, or sparse without features or with sparse ones."""
        return self.quadratic(self.comparisons.weight * self.loss.curvature(D))

    def quadratic(self, values):
        """(P, P) the Hessian of sum_m values_m D_m^2 / 2 + ridge / 2 |theta|^2."""
        L = self.comparisons.laplacian(values)
        product = L if self.features is None else self.features.T @ (L @ self.features)
        eye = sparse.eye_array if sparse.issparse(product) else np.eye
        return product + self.ridge * eye(self.size)

    @property
    def free(self) -> np.ndarray:
        """One item per component if nothing else holds the shift of its scores."""
        if self.features is not None or self.ridge > 0 or self.comparisons.anchored:
            return np.array([], dtype=np.int64)
        return np.unique(self.comparisons.components, return_index=True)[1]

    def centred(self, theta) -> np.ndarray:
        """Scores with mean 0 in every component, where they may be shifted."""
        if self.features is not None or self.comparisons.anchored:
            return theta
        return centred(theta, self.comparisons.components)


def centred(scores, components) -> np.ndarray:
    """The scores less their mean over each component."""
    return scores - (np.bincount(components, scores) / np.bincount(components))[components]


@dataclass
class Progress:
    """How near to 0 the gradient has come, and for how many steps it has come no nearer."""

    patience: int
    least: float = np.inf
    idle: int = 0

    def add(self, residual):
        """Take note of the gradient at the next point."""
        if residual < BETTER * self.least:
            self.least, self.idle = residual, 0
        else:
            self.idle += 1

    @property
    def stalled(self) -> bool:
        """Whether no further step is worth its cost."""
        return self.idle > self.patience

    def give_up(self):
        """There is no step that decreases the value."""
        self.idle = self.patience + 1


def descend(objective, start, iterations) -> Found:
    """Where Newton steps lead from ``start``: to a gradient of 0, unless they run out or stall."""
    theta, convex = start, objective.loss.convex
    free, progress = objective.free, Progress(STALL[convex])
    for k in range(iterations + 1):
        D = objective.margins(theta)
        gradient, terms = objective.gradient(theta, D)
        residual = _relative(gradient, terms)
        progress.add(residual)
        lost = _lost(objective, D)
        if residual <= CLOSE or lost or progress.stalled or k == iterations:
            break
        step = newton_step(objective.hessian(D), gradient, residual, free, convex)
        if not convex:
            step = step * min(1.0, FAR / np.abs(objective.margins(step)).max(initial=UNDERFLOW))
        reached = _line_search(objective, theta, D, gradient, step)
        if reached is None:
            progress.give_up()
            k += 1
            break
        theta = reached
    if progress.stalled and residual <= STALLED:  # as good as rounding lets it be
        residual = CLOSE
    return Found(theta, gradient, residual, k, lost)


def _lost(objective, D) -> bool:
    """Whether margins are so large that a loss that is not convex only decreases beyond."""
    if objective.loss.convex or objective.ridge > 0:
        return False
    return bool(np.abs(D).max(initial=0.0) > objective.loss.farthest)


def _relative(gradient, terms) -> float:
    moved = terms > 0
    return float((np.abs(gradient[moved]) / terms[moved]).max(initial=0.0))


def _line_search(objective, theta, D, gradient, step):
    """After the first of 1, 1/2, 1/4, ... of the step that decreases the value enough, or None."""
    value, descent, size = objective.value(theta, D), gradient @ step, 1.0
    slack = ROUNDING * abs(value)
    for _ in range(HALVINGS):
        trial = objective.centred(theta + size * step)
        reached = objective.value(trial, objective.margins(trial))
        if reached <= value + ENOUGH * size * descent + slack:
            return trial
        size *= 0.5
    return None


def newton_step(H, gradient, residual=1e-9, free=(), convex=True):
    """A direction of descent: Newton's, where the Hessian is positive."""
    if H.shape[0] > DENSE:
        H = sparse.csr_array(H)
        step, solved = _conjugate_gradients(H, -gradient, np.clip(residual, *TOLERANCE), convex)
        return step if solved or not convex else _eliminate(H, -gradient, free)
    H = H.toarray() if sparse.issparse(H) else H
    free = np.asarray(free, dtype=np.int64)
    H[free, free] += np.abs(H[free, free]) + (H[free, free] == 0)
    try:
        return cho_solve(cho_factor(H), -gradient)
    except LinAlgError:
        values, vectors = eigh(H)
        sizes = np.maximum(np.abs(values), FLAT * np.abs(values).max(initial=UNDERFLOW))
        return -vectors @ ((vectors.T @ gradient) / sizes)


def _conjugate_gradients(H, b, tolerance, convex):
    """x with H x near b, and whether it is; of a negative curvature, what there was before."""
    diagonal = np.abs(H.diagonal())
    diagonal[diagonal == 0] = 1.0
    x, rest = np.zeros(b.size), b.copy()
    z = rest / diagonal
    p, product = z.copy(), rest @ z
    goal = tolerance * np.sqrt(product)
    for _ in range(PRODUCTS):
        Hp = H @ p
        bend = p @ Hp
        if bend <= 0:
            return (x if x.any() else z), not convex
        x += (product / bend) * p
        rest -= (product / bend) * Hp
        z = rest / diagonal
        before, product = product, rest @ z
        if np.sqrt(product) <= goal:
            return x, True
        p = z + (product / before) * p
    return x, False


def _eliminate(H, b, free):
    """The solution of a positive semidefinite system; ``free`` are its items to hold."""
    held = np.zeros(b.size)
    held[free] = np.abs(H.diagonal()[free]) + UNDERFLOW
    options = {"SymmetricMode": True}
    factors = splu(
        (H + sparse.diags_array(held)).tocsc(), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
        options=options,
    )  # fmt: skip
    return factors.solve(b)
