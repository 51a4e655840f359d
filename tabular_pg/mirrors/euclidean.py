"""The squared Euclidean norm: projected Q-ascent."""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space
from tabular_pg.engine.step_size import LARGEST_STEP
from tabular_pg.mirrors.registration import mirror_map, of_others
from tabular_pg.numerics.duals import Regularizer
from tabular_pg.numerics.gains import exists, gain
from tabular_pg.numerics.simplex import EPS
from tabular_pg.references import cited


@cited("xiao2022")
class Euclidean(NamedTuple):
    """h(p) = |p|^2 / 2; D(p, pi) = |p - pi|^2 / 2."""

    @property
    def regularizer(self):
        """What it is in a regularized problem: its phi(p) is p^2/2."""
        return Regularizer(2.0, 0.5)

    def to_actions(self, pi):
        """(..., A) D(e_a, pi) for every action, for policies in numbers of any kind."""
        return (of_others(pi) ** 2 + of_others(pi**2)) / 2


def to_action(mirror, x, s, a):
    """((1 - pi(a|s))^2 + the sum of the other squares) / 2."""
    others, squares = 0.0, 0.0
    for b in range(x.shape[1]):
        if b != a:
            others += x[s, b]
            squares += x[s, b] * x[s, b]
    return 0.5 * (others * others + squares)


@mirror_map(Euclidean, space=Space.SIMPLEX, to_action=to_action)
def euclidean(mirror, eta, gains, x, s):
    """Replace row ``s`` of ``x`` by the projection of ``x + eta A`` onto the simplex.

    Actions are dropped until none lies below the threshold (Michelot, 1986). That is formed from
    the mass that is dropped, never as ``sum - 1``, and gains are relative to the largest one, so
    that huge steps keep the difference between ties. What is within rounding of 0 is 0.
    """
    least = 0.0
    for a in range(x.shape[1]):
        if exists(gains, s, a):
            least = min(least, gain(gains, s, a))
    eta = min(eta, LARGEST_STEP / max(-least, 1.0))
    threshold, kept, support = -math.inf, x.shape[1] + 2, x.shape[1] + 1
    while support < kept:
        kept, support, gained, dropped = support, 0, 0.0, 0.0
        for a in range(x.shape[1]):
            step = eta * gain(gains, s, a)
            if x[s, a] + step > threshold:
                support += 1
                gained += step
            else:
                dropped += x[s, a]
        threshold = (gained - dropped) / support
    for a in range(x.shape[1]):
        step = eta * gain(gains, s, a)
        rounding = EPS * (x[s, a] + abs(step) + abs(threshold))
        x[s, a] += step - threshold
        if x[s, a] <= rounding:
            x[s, a] = 0.0
