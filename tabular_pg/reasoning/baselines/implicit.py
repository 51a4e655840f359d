"""Policies whose implicit rewards, beta log(pi / ref), minimize a loss of sums of them.

L-BFGS and then Newton's method lead to a point where the gradient vanishes, and the next Newton
step is of rounding size. What ends elsewhere warns.
"""

from __future__ import annotations

import math
import warnings
from numbers import Real

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import diags_array
from scipy.special import expit

from tabular_pg._machine import ONE_BLAS_THREAD
from tabular_pg.checks.numbers import check_number, checked_beta
from tabular_pg.preference.fitting.newton import DENSE
from tabular_pg.reasoning.baselines.tilting import STILL, hessian_of, polished, through_norm, tilt
from tabular_pg.reasoning.episodic import checked_policy
from tabular_pg.reasoning.episodic.segments import state_sums

GRADIENT, DECREASE = 1e-6, 1e-14  # L-BFGS ends at such a gradient, or relative gain of a step
POLISHING = 100  # Newton steps at most
MEMORY = 5  # steps that L-BFGS remembers: with a ridge more of them cost more than they save


def fitted(mdp, reference, terms, loss, beta, ridge, iterations):
    """The policy whose implicit rewards minimize ``loss(terms @ rewards)`` and the ridge.

    ``loss`` gives its value, its slopes, and A -> A^T (second derivatives) A.
    """
    checked = checked_arguments(mdp, reference, beta, ridge, iterations)
    reference, beta, ridge, iterations = checked
    terms.eliminate_zeros()  # steps that both of a pair took
    edges = np.unique(terms.indices)
    check_positive(reference, edges)
    free = Free(mdp, reference, edges)
    if edges.size == 0:
        return np.array(reference)
    objective = Objective(free, terms[:, edges], loss, beta, ridge)
    options = {"maxiter": iterations, "maxfun": 2 * iterations}
    options |= {"ftol": DECREASE, "gtol": GRADIENT * min(1.0, ridge), "maxcor": MEMORY}
    start = np.zeros(edges.size)
    with ONE_BLAS_THREAD:
        found = minimize(objective.value, start, jac=True, method="L-BFGS-B", options=options)
        if edges.size <= DENSE or loss is logistic:
            steps = min(iterations, POLISHING)
            x, moved = polished(objective.value, objective.hessian, found.x, steps)
        else:  # a Newton step would cost more than all of L-BFGS
            x, moved = found.x, 0.0 if found.success else math.inf
    if not moved <= STILL:
        size = np.abs(objective.value(x)[1]).max()
        warn(f"the gradient is {size:.3g}, the next Newton step {moved:.3g} of the rewards' size")
    return free.policy(mdp, reference, x, beta)


class Objective:
    """The loss of margins that are sums of implicit rewards, and the ridge, as functions of x."""

    def __init__(self, free, terms, loss, beta, ridge):
        self.free, self.terms, self.adjoint = free, terms, terms.T.tocsr()
        self.loss, self.beta, self.ridge = loss, beta, ridge

    def value(self, x):
        """The value and the gradient."""
        policy, rewards, _ = self.free.tilt(x, self.beta)
        value, slope, _ = self.loss(self.terms @ rewards)
        pull = self.adjoint @ slope
        gradient = through_norm(self.free.ptr, policy, pull, self.ridge * x)
        return value + 0.5 * self.ridge * x @ x, gradient

    def hessian(self, x):
        """(n, n) sparse."""
        policy, rewards, _ = self.free.tilt(x, self.beta)
        _, slope, bend = self.loss(self.terms @ rewards)
        pull = self.adjoint @ slope
        return hessian_of(self.free.ptr, policy, self.terms, pull, bend, self.ridge, self.beta)


class Free:
    """The edges on which a loss depends, by state."""

    def __init__(self, mdp, reference, edges):
        self.edges = edges
        self.states, first = np.unique(mdp.source[edges], return_index=True)
        self.ptr, self.base = np.append(first, edges.size), reference[edges]
        others = np.array(reference)
        others[edges] = 0.0
        self.rest = state_sums(mdp.action_ptr, others)[self.states]

    def tilt(self, x, beta):
        """See ``tilting.tilt``."""
        return tilt(self.ptr, self.base, self.rest, x, beta)

    def policy(self, mdp, reference, x, beta):
        """(E,) the reference with the free edges tilted by x."""
        fitted, _, scale = self.tilt(x, beta)
        scales = np.ones(mdp.n_states)
        scales[self.states] = scale
        policy = reference * scales[mdp.source]
        policy[self.edges] = fitted
        return policy


def logistic(margin):
    """The sum of -log sigma(margin), its derivatives, and A -> A^T (second derivatives) A."""
    bent = expit(margin) * expit(-margin)
    value = np.logaddexp(0.0, -margin).sum()
    return value, -expit(-margin), lambda A: A.T @ (diags_array(bent) @ A)


def checked_arguments(mdp, reference, beta, ridge, iterations):
    """What all fits take, else ValueError."""
    reference, beta = checked_policy(mdp, reference, "reference"), checked_beta(beta)
    ridge = check_number("ridge", ridge, 0, kind=Real, open_ends=True)
    return reference, beta, ridge, check_number("iterations", iterations, 1)


def check_positive(reference, edges):
    """No edge that was taken has probability 0, else ValueError."""
    wrong = reference[edges] == 0
    if wrong.any():
        e = int(edges[wrong.argmax()])
        raise ValueError(f"reference[{e}] is 0; expected a probability > 0, because it was taken")


def warn(what):
    """Of a fit that is called by the caller of the function that warns."""
    warnings.warn(f"the fit is not at its minimum: {what}", RuntimeWarning, stacklevel=4)
