"""Alpha-divergences, between KL and its reverse: a proximal term that is no Bregman divergence."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Space
from tabular_pg.mirrors.registration import mirror_map, of_others
from tabular_pg.numerics.gains import exists, gain
from tabular_pg.numerics.roots import increasing_root


class AlphaDivergence(NamedTuple):
    """D(p, pi) = (sum_a p_a^alpha pi_a^(1-alpha) - 1) / (alpha (alpha - 1)) with ``alpha`` < 1; its
    limits are KL(p || pi) for alpha -> 1 and KL(pi || p) for alpha -> 0."""

    alpha: float

    def refuse(self):
        """ValueError unless alpha < 1: beyond, actions are lost for good."""
        if self.alpha >= 1:
            raise ValueError(
                f"mirror.alpha is {self.alpha}; expected a number < 1, or the map Entropy()"
            )

    @property
    def bounded(self):
        """Whether policies that take one action are at a finite distance."""
        return self.alpha > 0

    def to_actions(self, pi):
        """(..., A) D(e_a, pi) for every action, for policies in numbers of any kind."""
        alpha = self.alpha
        if alpha <= 0:
            return np.inf * (1 + pi)
        others = of_others(pi)
        log_pi = np.where(others < 0.5, np.log1p(-np.minimum(others, 0.5)), np.log(pi))
        return -np.expm1((1 - alpha) * log_pi) / (alpha * (1 - alpha))


def to_action(mirror, x, s, a):
    """(1 - pi(a|s)^(1-alpha)) / (alpha (1 - alpha)); infinite for alpha <= 0."""
    alpha = mirror.alpha
    if alpha <= 0.0:
        return math.inf
    return -math.expm1((1.0 - alpha) * x[s, a]) / (alpha * (1.0 - alpha))


@njit_inlined
def log_factor(mirror, t, eta, gains, s, a):
    """log(p_a / pi_a) if the constant is e^t: -log(e^t + (1 - alpha) eta |gain|) / (1 - alpha)."""
    power = 1.0 - mirror.alpha
    loss = -power * (eta * gain(gains, s, a))
    if loss <= 0.0:
        return -t / power
    if not exists(gains, s, a) or loss == math.inf:
        return -math.inf
    y = math.log(loss)
    return -(max(t, y) + math.log1p(math.exp(-abs(t - y)))) / power


@njit_inlined
def lack(t, arguments):
    """1 less the sum of probabilities, which increases with t."""
    mirror, eta, gains, x, s = arguments
    total = 1.0
    for a in range(x.shape[1]):
        if x[s, a] > -math.inf:
            total -= math.exp(x[s, a] + log_factor(mirror, t, eta, gains, s, a))
    return total


root = increasing_root(lack, njit_inlined)


@mirror_map(
    AlphaDivergence, space=Space.SOFTMAX, to_action=to_action, bregman=False, any_sign=("alpha",)
)
def alpha_divergence(mirror, eta, gains, x, s):
    """pi <- pi (z - (1 - alpha) eta A)^(-1 / (1 - alpha)), A less its maximum, with the z in (0, 1]
    at which that sums to 1. All terms are positive; z is known by its logarithm."""
    top = -math.inf
    for a in range(x.shape[1]):
        if gain(gains, s, a) == 0.0:
            top = max(top, x[s, a])
    t = root((1.0 - mirror.alpha) * min(top, 0.0), 0.0, (mirror, eta, gains, x, s))
    for a in range(x.shape[1]):
        if x[s, a] > -math.inf:
            x[s, a] += log_factor(mirror, t, eta, gains, s, a)
