"""Negative entropy, whose divergence is KL: natural policy gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.engine.method import Space
from tabular_pg.mirrors.registration import mirror_map, of_others
from tabular_pg.numerics.gains import gain
from tabular_pg.references import cited


@cited("xiao2022")
class Entropy(NamedTuple):
    """h(p) = sum_a p_a log p_a; D(p, pi) = KL(p || pi)."""

    @property
    def regularizer(self):
        """What it is in a regularized problem: None stands for it."""

    def to_actions(self, pi):
        """(..., A) D(e_a, pi) for every action, for policies in numbers of any kind."""
        others = of_others(pi)
        return np.where(others < 0.5, -np.log1p(-np.minimum(others, 0.5)), -np.log(pi))


def to_action(mirror, x, s, a):
    """-log pi(a|s)."""
    return -x[s, a]


@mirror_map(Entropy, space=Space.SOFTMAX, to_action=to_action)
def entropy(mirror, eta, gains, x, s):
    """log pi <- log pi + eta A + const."""
    for a in range(x.shape[1]):
        x[s, a] += eta * gain(gains, s, a)
