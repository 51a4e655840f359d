"""A step of mirror descent in dual coordinates: phi'(p+) = phi'(p) + eta A + const.

The constant is found from the largest new probability, which lies between 1/A and 1, and from
differences of dual coordinates: no small probability is a difference of larger ones.
"""

from __future__ import annotations

import math

from tabular_pg.numerics.gains import exists, gain
from tabular_pg.numerics.roots import increasing_root
from tabular_pg.numerics.simplex import EPS


def dual_step(derivative, inverse, simplex, compiled):
    """``move(mirror, eta, gains, x, s)`` for a sum over actions, see ``registration.separable``."""

    def excess(top, arguments):
        """By how much the probabilities exceed 1, if the largest has the dual coordinate ``top``
        and each other one so much less as ``x`` says."""
        mirror, x, s = arguments
        total = -1.0
        for a in range(x.shape[1]):
            p = inverse(mirror, top + x[s, a])
            total += p if simplex else math.exp(p)
        return total

    root = increasing_root(compiled(excess), compiled)

    def move(mirror, eta, gains, x, s):
        A, top = x.shape[1], -math.inf
        floor = derivative(mirror, 0.0) if simplex else -math.inf
        for a in range(A):
            x[s, a] = derivative(mirror, x[s, a]) + eta * gain(gains, s, a)
            if not exists(gains, s, a):
                x[s, a] = -math.inf
            top = max(top, x[s, a])
        for a in range(A):
            x[s, a] -= top
        low = derivative(mirror, 1.0 / A if simplex else -math.log(A))
        top = root(low, derivative(mirror, 1.0 if simplex else 0.0), (mirror, x, s))
        for a in range(A):
            y = top + x[s, a]
            lost = y - floor <= 4.0 * EPS * (abs(top) + abs(x[s, a]))  # by rounding, or in fact
            x[s, a] = inverse(mirror, y) if not (simplex and lost) else 0.0

    return compiled(move)
