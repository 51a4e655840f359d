"""Softmax policy gradient with momentum (heavy ball).

    theta^{k+1} = theta^k + eta grad V^k(mu) + beta (theta^k - theta^{k-1}),   theta^{-1} = theta^0.

Its theorems are in ``theorems.softmax_pg.momentum``.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.gaps.point import copy_table
from tabular_pg.methods.softmax_pg import climb, exists
from tabular_pg.references import cited


@cited("polyak1964")
class HeavyBallPG(NamedTuple):
    """Softmax policy gradient with step size ``eta`` (a number or one of ``steps``) and momentum
    ``beta`` in (0, 1)."""

    eta: float
    beta: float

    def refuse(self):
        """ValueError unless ``beta`` < 1."""
        if self.beta >= 1:
            raise ValueError(f"beta is {self.beta}; expected a number in (0, 1)")


def at_rest(rule, problem, point):
    """The logits before the first are those."""
    copy_table(point.x, point.memory[:, 0])


@method(HeavyBallPG, space=Space.SOFTMAX, visitation=True, memory=1, start=at_rest)
def heavy_ball_pg(rule, k, problem, point):
    """The update above, in logarithms of probabilities: what all actions of a state have in common
    moves no policy."""
    x, memory = point.x, point.memory
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if exists(problem, point, s, a):
                before, now = memory[s, 0, a], x[s, a]
                memory[s, 0, a] = now
                x[s, a] = now + rule.beta * (now - before)
    climb(problem, point, rule.eta, x)
