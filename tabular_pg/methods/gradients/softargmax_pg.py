"""Policy gradient under a softargmax, pi = argmax_p <theta, p> - h(p), h the map of a mirror.

    theta^{k+1} = theta^k + eta grad V_tau^k(mu),  that is,
    phi'(pi^{k+1}) = phi'(pi^k) + eta_s w^k (A_tau^k - sum_b w_b^k A_tau^k(s, b) / sum_b w_b^k)
                     + const,
    w = 1 / phi''(pi),   h(p) = sum_a phi(p_a),   eta_s = eta d_mu^k(s) / (1 - gamma),

for values V_tau^pi = E sum_t gamma^t (r - tau h(pi(.|s_t))) and A_tau = Q_tau - tau phi'(pi), up to
a constant in each state. With the entropy, where w = pi, it is ``SoftmaxPG``, and runs as that. For
phi''(p) = p^(q-2) it is w = pi^(2-q): the f-softargmax of Labbi et al. (2026) with the uniform
reference, alpha being q, whose f is the regularizer as well.

For tau = 0 the step is taken from log pi by the changes of dual variables, of which a probability
takes what they are relative to its own: none is a difference of larger ones. For tau > 0 iterates
are dual variables, as those of ``GPMD``. The theorems are in ``theorems.softmax_pg.softargmax``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.checks.numbers import shown
from tabular_pg.engine.method import Method, Regularization, Space
from tabular_pg.engine.rules import MEMBERS, composed
from tabular_pg.methods.softmax_pg import SoftmaxPG, best_of_likeliest, exists, gain
from tabular_pg.mirrors import MIRRORS, Entropy, Tsallis
from tabular_pg.numerics.duals import OVERFLOWS, dual_normalize, log_ratio
from tabular_pg.optima.regularized import regularizer_of
from tabular_pg.references import cited

MOVED, POWERS, REACHED = range(3)  # what a step works with: dual variables and probabilities


@cited("labbi2026")
class SoftargmaxPG(NamedTuple):
    """Policy gradient in theta for policies argmax_p <theta, p> - h(p), with h the ``Entropy``,
    ``Tsallis(q)`` with q < 1 or ``LogBarrier`` of ``mirrors``, and a step size ``eta``, a number or
    one of ``steps``; for tau > 0, h is the regularizer."""

    mirror: tuple
    eta: float

    def refuse(self):
        """TypeError or ValueError for a map with which it is not defined, or gets stuck."""
        found = regularizer_of(self.mirror, "mirror")
        if found is not None and found.q > 1:
            raise ValueError(
                f"mirror is {shown(self.mirror)}, with which probabilities become 0: from there on "
                "the gradient in theta is 0, and an optimal action may be lost for good; expected "
                "Entropy(), LogBarrier() or Tsallis(q) with q < 1"
            )


class SoftargmaxPowers(NamedTuple):
    """The same for phi''(p) = p^(q-2) with 0 <= q < 1, as it is run."""

    q: float
    eta: float


@njit_inlined
def ascend(rule, problem, point, duals):
    """Add eta grad V(mu) to ``duals`` (S, A), less what all actions of a state have in common.

    What is added is w (A - mean), less its value at one of the likeliest actions, as in
    ``methods.softmax_pg.climb``.
    """
    pi, power = point.pi, 2.0 - rule.q
    for s in range(pi.shape[0]):
        likely = best_of_likeliest(problem, point, s)
        top = gain(problem, point, s, likely)
        total, mean, share = 0.0, 0.0, pi[s, likely] ** power
        for a in range(pi.shape[1]):
            if pi[s, a] > 0.0:
                total += pi[s, a] ** power
                mean += pi[s, a] ** power * (gain(problem, point, s, a) - top)
        step, mean = rule.eta * point.d[s] / problem.unit, mean / total
        for a in range(pi.shape[1]):
            if exists(problem, point, s, a):
                w = pi[s, a] ** power
                duals[s, a] += step * (w * (gain(problem, point, s, a) - top) - mean * (w - share))


@njit_inlined
def shift(q, point, moved, powers):
    """log pi <- log pi + log(1 + (q-1) (moved - c) / pi^(q-1)) / (q-1), with the c for which
    probabilities sum to 1; one whose power overflows stays."""
    x = point.x
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            exponent = (q - 1.0) * x[s, a]
            powers[s, a] = math.exp(exponent) if exponent < OVERFLOWS else math.inf
    dual_normalize(moved, x, point.pi, powers, q, point.memory[:, REACHED])
    for s in range(x.shape[0]):
        for a in range(x.shape[1]):
            if powers[s, a] < math.inf:
                x[s, a] += log_ratio(moved[s, a], powers[s, a], q)


@njit_inlined
def softargmax_pg(rule, k, problem, point):
    """phi'(pi) <- phi'(pi) + eta_s w (A - its mean under w) + const, in logarithms of probabilities
    or in dual variables."""
    if problem.tau > 0.0:
        ascend(rule, problem, point, point.x)
    else:
        moved, powers = point.memory[:, MOVED], point.memory[:, POWERS]
        moved[:] = 0.0
        ascend(rule, problem, point, moved)
        shift(rule.q, point, moved, powers)


MEMBERS[SoftargmaxPowers] = Method(
    SoftargmaxPowers, softargmax_pg, Space.SOFTMAX, Regularization.ANY, True, 3, True, False, True,
    None, None, ("q",), None, {}, True,
)  # fmt: skip


def flat(rule):
    """The rule of numbers that it is run as."""
    if isinstance(rule.mirror, Entropy):
        return SoftmaxPG(rule.eta)
    return SoftargmaxPowers(regularizer_of(rule.mirror).q, rule.eta)


composed(SoftargmaxPG(Tsallis(0.5), 1.0), {"mirror": MIRRORS}, flat)
