"""The four ways in which policies are written down in balls, as ``gaps.coordinates`` has them.

Each is made for a model, and knows how a policy starts in it, how coordinates become a policy,
what a policy loses in one step, and its advantages.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from tabular_pg.certified.arithmetic.balls import (
    balls,
    kl_terms,
    likeliest,
    logarithm,
    relative,
    softmax,
    zeros,
)
from tabular_pg.certified.regularized.powers import shift

NEAR = 0.5  # up to this, 1 + excess is formed without cancellation


class Probabilities:
    """``x = pi``, perhaps in rational numbers."""

    def __init__(self, model):
        self.model = model

    def start(self, policy):
        """(S, A) what stands for the policy, an object array of fmpq."""
        return policy

    def normalized(self, x):
        """The coordinates ``x`` made those of a policy, and the policy."""
        return x, balls(x)

    def policy_error(self, x, pi):
        """(S,) kappa, what the policy loses in one step."""
        return -(pi * self.model.A_star).sum(axis=1)

    def shared(self, A):
        """(S, A) where actions that are alike at ``x`` share one ball."""
        return self.model.as_twins(A)

    def advantages(self, x, q):
        """(S, A) advantages, up to a constant in every state."""
        return self.model.A_star - q


class Logits(Probabilities):
    """``x = log pi``, for tau = 0."""

    def start(self, policy):
        return logarithm(balls(policy))

    def normalized(self, x):
        return tuple(map(self.model.as_alike, softmax(x)))


class Offsets(Probabilities):
    """``x = log pi - log pi*_tau``, for tau > 0."""

    def start(self, policy):
        return logarithm(balls(policy)) - self.model.log_reference

    def normalized(self, x):
        model = self.model
        log_pi, pi = softmax(x + model.log_reference)
        x = relative(x, likeliest(log_pi))
        x[model.uniform] = arb(0)
        excess = (model.reference * np.expm1(x)).sum(axis=1)
        for s, total in enumerate(excess):
            if abs(total) < NEAR:
                x[s] = x[s] - total.log1p()
                pi[s] = model.reference[s] * np.exp(x[s])
            else:  # 1 + total would cancel
                x[s] = log_pi[s] - model.log_reference[s]
        return model.as_alike(x), model.as_alike(pi)

    def policy_error(self, x, pi):
        return self.model.tau * (self.model.reference * kl_terms(x)).sum(axis=1)

    def shared(self, A):
        return self.model.as_alike(A)

    def advantages(self, x, q):
        return self.model.A_star - q - self.model.tau * x


class Duals(Offsets):
    """``x = y - y*``, the distance of dual variables, for tau > 0 and another regularizer."""

    def start(self, policy):
        """That of a probability p is that of its level p^m."""
        model, level = self.model, np.frompyfunc(self.model.powers.level, 1, 1)
        return (level(balls(policy)) - model.levels) / model.powers.m

    def normalized(self, x):
        model, pi = self.model, zeros(*x.shape)
        x = relative(model.as_alike(x), likeliest(model.levels / model.powers.m + x))
        x[model.uniform] = arb(0)
        for s, row in enumerate(x):
            known = model.levels[s], model.reference[s]
            common = shift(model.powers, row, *known, arb(0))
            if not common.is_zero():  # a sum would be another number than those that are alike
                x[s] = row + common
            pi[s] = [model.powers.moved(*entry) for entry in zip(x[s], *known, strict=True)]
        return model.as_alike(x), model.as_alike(pi)

    def policy_error(self, x, pi):
        model, divergence = self.model, np.frompyfunc(self.model.powers.divergence, 4, 1)
        return model.tau * divergence(x, pi, model.levels, model.reference).sum(axis=1)


def coordinates_of(model, simplex):
    """The coordinates of a method on ``model``, whose iterates are probabilities or not."""
    if model.powers is not None:
        return Duals(model)
    if simplex:
        return Probabilities(model)
    return Offsets(model) if model.tau > 0 else Logits(model)
