"""Conservative policy iteration with a constant mixing weight.

    pi^{k+1}  =  (1 - alpha) pi^k + alpha g^k,   g^k greedy: all mass on one action of argmax Q^k

in every state. With alpha = 1 it would be policy iteration. Kept are logarithms, in which
(1 - alpha)^k cannot underflow. Its theorems are in ``theorems.policy_iteration``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg.engine.method import Space, method
from tabular_pg.methods.policy_iteration import greedy_action
from tabular_pg.references import cited


@cited("kakade2002")
class ConservativePolicyIteration(NamedTuple):
    """Conservative policy iteration with mixing weight ``alpha`` in (0, 1)."""

    alpha: float

    def refuse(self):
        """ValueError unless ``alpha`` < 1."""
        if self.alpha >= 1:
            raise ValueError(f"alpha is {self.alpha}; expected a number in (0, 1)")


@method(ConservativePolicyIteration, space=Space.SOFTMAX, statewise=True)
def conservative_policy_iteration(rule, k, problem, point):
    """log pi <- log pi + log(1 - alpha), and log((1 - alpha) pi + alpha) for the greedy action."""
    x, kept = point.x, math.log1p(-rule.alpha)
    for s in range(x.shape[0]):
        greedy = greedy_action(problem, point, s)
        raised = math.log((1.0 - rule.alpha) * point.pi[s, greedy] + rule.alpha)
        for a in range(x.shape[1]):
            x[s, a] = raised if a == greedy else x[s, a] + kept
