"""The hinge loss, which has kinks where Newton's method wants a curvature.

Its minimum is that of sum_m weight_m xi_m + ridge / 2 |theta|^2 where xi >= 0, z >= 0 and

    D_m + xi_m - z_m = margin,    with multipliers 0 <= alpha_m <= weight_m:
    ridge theta = sum_m alpha_m x_m,    alpha_m z_m = 0,    (weight_m - alpha_m) xi_m = 0,

x_m the difference of the features of a winner and a loser. Both methods here go on until the
duality gap says that the loss is at its minimum. Up to ``DENSE`` unknowns, and without a ridge,
it is an interior-point method: Newton's, with the products not 0 but a number that tends to 0.
Larger problems with a ridge set one alpha after the other to its best value (Hsieh et al. 2008).

References
----------
Hsieh, Chang, Lin, Keerthi, Sundararajan (2008), A dual coordinate descent method for large-scale
linear SVM, ICML.
Wright (1997), Primal-dual interior-point methods, SIAM: the path-following method of chapter 5, and
in chapter 10, after Mehrotra, how far a step goes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError

from tabular_pg._jit import njit
from tabular_pg.preference.fitting.newton import DENSE, newton_step

GAP, COARSE = 1e-8, 1e-7  # at most, of the two methods, relative to the loss of theta = 0
GOAL = 1e-11  # what the interior-point method tries to reach
START = 0.5  # of its weight is each alpha at first, in the middle of its range
CENTRING = 0.1  # the products are to become so much of what they are, on average
TO_BOUNDARY = 0.99  # of the way to where the first number would be 0 is a step at most
SOLVED = 1e-10  # a residual for which newton_step solves as accurately as it does any system
EVERY = 10  # sweeps between two looks at the gap
PATIENCE = 8  # steps of the interior-point method that do not narrow the gap


class Fitted(NamedTuple):
    """theta, how far its loss is from the minimum at most, and what it took.

    Without a ridge ``gap`` is how far it is from the least for any theta' with |theta'| <= |theta|
    in every entry, at most.
    """

    theta: np.ndarray
    gap: float
    iterations: int
    converged: bool


def differences(comparisons, features=None) -> sparse.csr_array:
    """(M, P) sparse: rows that turn theta into margins."""
    rows = comparisons.incidence()
    return rows if features is None else sparse.csr_array(rows @ features)


def minimize_hinge(objective, iterations) -> Fitted:
    """The minimum of sum_m weight_m max(0, margin - D_m) + ridge / 2 |theta|^2."""
    if objective.ridge == 0 or objective.size <= DENSE:
        return _interior_point(objective, iterations)
    X = differences(objective.comparisons, objective.features)
    loss, weight = objective.loss, objective.comparisons.weight
    return _dual_descent(X, weight, loss.margin, objective.ridge, iterations)


def _interior_point(objective, iterations):
    """Newton's method for the equations above, eliminated down to theta.

    With d = xi / beta + z / alpha, and b what is missing in the margins and the products:
    (ridge + sum_m x_m x_m^T / d_m) d_theta = pull of alpha + b / d, less ridge theta.
    """
    w, margin, theta = objective.comparisons.weight, objective.loss.margin, np.zeros(objective.size)
    alpha, beta = START * w, (1 - START) * w  # beta is weight - alpha, without its rounding
    xi, z = np.full(w.size, margin), np.full(w.size, margin)
    free, zero = objective.free, margin * w.sum()
    best, narrowest, found = theta, np.inf, 0
    for k in range(1, iterations + 1):
        short = margin - objective.margins(theta) - xi + z
        unbalanced = _pull(objective, alpha) - objective.ridge * theta
        mu = CENTRING * (alpha @ z + beta @ xi) / (2 * w.size)
        d = xi / beta + z / alpha
        b = short - mu / beta + xi + mu / alpha - z
        H = objective.quadratic(1 / d)
        try:
            move = newton_step(H, -(unbalanced + _pull(objective, b / d)), SOLVED, free)
        except (LinAlgError, ValueError, RuntimeError):  # singular, or not finite
            break
        move = objective.centred(move)
        d_alpha = (b - objective.margins(move)) / d
        d_xi = (mu - beta * xi + xi * d_alpha) / beta
        d_z = (mu - alpha * z - z * d_alpha) / alpha
        pairs = (alpha, d_alpha), (beta, -d_alpha), (xi, d_xi), (z, d_z)
        size = min(1.0, TO_BOUNDARY * min(_room(*pair) for pair in pairs))
        theta, alpha, beta = theta + size * move, alpha + size * d_alpha, beta - size * d_alpha
        xi, z = xi + size * d_xi, z + size * d_z
        gap = _gap(objective, theta, alpha)
        if gap < narrowest:
            best, narrowest, found = theta, float(gap), k
        if narrowest <= GOAL * zero or k - found == PATIENCE:
            break
    return Fitted(best, narrowest, k, narrowest <= GAP * zero)


def _pull(objective, values):
    """sum_m values_m x_m"""
    found = objective.comparisons.collect(values)
    return found if objective.features is None else objective.features.T @ found


def _room(value, change):
    """How far along ``change`` the values stay positive."""
    falls = change < 0
    return float((value[falls] / -change[falls]).min(initial=np.inf))


def _gap(objective, theta, alpha):
    """How far the value at theta can be from the minimum; a sum of terms >= 0.

    Without a ridge alpha only counts if it is balanced: what it lacks counts as a gap.
    """
    w, short = objective.comparisons.weight, objective.loss.margin - objective.margins(theta)
    alpha = np.clip(alpha, 0.0, w)
    loose = (w - alpha) @ np.maximum(short, 0.0) + alpha @ np.maximum(-short, 0.0)
    pull = _pull(objective, alpha)
    if objective.ridge > 0:
        rest = pull - objective.ridge * theta
        return loose + rest @ rest / (2 * objective.ridge)
    return loose + (np.abs(pull * theta) - pull * theta).sum()


def _dual_descent(X, weight, margin, ridge, iterations):
    rng = np.random.default_rng(0)
    squares = X.multiply(X).sum(axis=1)
    alpha, theta = np.zeros(weight.size), np.zeros(X.shape[1])
    for k in range(1, iterations + 1):
        order = rng.permutation(weight.size)
        _sweep(order, X.indptr, X.indices, X.data, squares, weight, margin, ridge, alpha, theta)
        if k % EVERY == 0 or k == iterations:
            theta[:] = X.T @ alpha / ridge  # without the rounding of many small steps
            short = margin - X @ theta
            gap = (weight - alpha) @ np.maximum(short, 0) + alpha @ np.maximum(-short, 0)
            if gap <= COARSE * margin * weight.sum():
                return Fitted(theta, gap, k, True)
    return Fitted(theta, gap, iterations, False)


@njit
def _sweep(order, indptr, indices, data, squares, weight, margin, ridge, alpha, theta):
    """Every alpha in turn to its best value, given the others."""
    for m in order:
        D = 0.0
        for j in range(indptr[m], indptr[m + 1]):
            D += data[j] * theta[indices[j]]
        best = weight[m]  # also where the features are the same, and nothing can be done
        if squares[m] > 0.0:
            best = min(max(alpha[m] + ridge * (margin - D) / squares[m], 0.0), best)
        change = (best - alpha[m]) / ridge
        if change != 0.0:
            alpha[m] = best
            for j in range(indptr[m], indptr[m + 1]):
                theta[indices[j]] += change * data[j]
