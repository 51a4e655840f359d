"""Minima of losses with concave kinks: from where the gradient vanishes, past the kinks nearby."""

from __future__ import annotations

import numpy as np

from tabular_pg._floats import UNDERFLOW
from tabular_pg.preference.fitting.newton import ENOUGH, Found, descend

NEAR = 1e-3  # margins of this size are taken to be at a concave kink, and tried on its other side
AT_KINK = 1e-9  # of these it is certain
TURNS = 20  # towards the steepest way down from a kink
HALVINGS = 60  # of a step away from it


def minimize(objective, start, iterations) -> Found:
    """Damped Newton steps from ``start`` until the gradient vanishes, and not at a concave kink."""
    found = descend(objective, start, iterations)
    while found.converged and getattr(objective.loss, "jump", 0.0) > 0:
        theta, certain = _past_kinks(objective, found.theta)
        k = found.iterations + 1
        if theta is None or k > iterations:
            return found._replace(residual=np.inf) if certain else found
        again = descend(objective, theta, iterations - k)
        found = again._replace(iterations=k + again.iterations)
    return found


def _past_kinks(objective, theta):
    """A better theta, or None; and whether theta is at a concave kink for certain.

    At margins D_m = 0 the slope falls by ``jump``, and the derivative in the direction d is the
    least of (g - sum_m s_m weight_m jump x_m) . d over s in {0, 1}. Of d and -d one leads down
    unless every x_m . d is 0; from there on d is the best for the s that is best for d, in turns.
    """
    D = objective.margins(theta)
    downhill, kinks = _downhill(objective, theta, D)
    if downhill is None:
        return None, False
    d = _steepest(objective, downhill, theta.size)
    return _first_better(objective, theta, D, d, downhill(d) @ d), bool(
        (np.abs(D[kinks]) < AT_KINK).any()
    )


def _downhill(objective, theta, D):
    """The function from a direction to minus the gradient that holds in it, and where kinks are;
    None without any."""
    anywhere = np.random.default_rng(0).standard_normal(theta.size)
    kinks = (np.abs(D) < NEAR) & (objective.margins(anywhere) != 0)
    if not kinks.any():
        return None, kinks
    jumps = np.where(kinks, objective.comparisons.weight * objective.loss.jump, 0.0)
    slopes = objective.comparisons.weight * objective.loss.slope(np.where(kinks, 0.0, D))

    def downhill(direction):
        s = objective.margins(direction) > 0
        pull = objective.comparisons.collect(slopes - jumps * s)
        if objective.features is not None:
            pull = objective.features.T @ pull
        return -(pull + objective.ridge * theta)

    return downhill, kinks


def _steepest(objective, downhill, size):
    """A direction of descent, that changes no margin by more than 1."""
    start = np.random.default_rng(0).standard_normal(size)
    d = max((start, -start), key=lambda d: downhill(d) @ d)
    for _ in range(TURNS):
        d = downhill(d)
    return objective.centred(d / max(np.abs(objective.margins(d)).max(), UNDERFLOW))


def _first_better(objective, theta, D, d, descent):
    """The first of 1, 1/2, 1/4, ... of the direction that decreases the value enough, or None."""
    value, size = objective.value(theta, D), 1.0
    for _ in range(HALVINGS):
        trial = objective.centred(theta + size * d)
        if objective.value(trial, objective.margins(trial)) < value - ENOUGH * size * descent:
            return trial
        size *= 0.5
    return None
