"""Policy gradient under the softmax parametrization.

    theta^{k+1} = theta^k + eta grad V_tau^k(mu),
    pi^{k+1}(a|s)  proportional to  pi^k(a|s) exp(eta_s pi^k(a|s) A_tau^k(s, a)),
    eta_s = eta d_mu^k(s) / (1 - gamma).

Its theorems are in ``theorems.softmax_pg`` for tau = 0 and in ``theorems.entropy`` for tau > 0.
"""

from __future__ import annotations

from typing import NamedTuple

from tabular_pg._jit import njit_inlined
from tabular_pg.engine.method import Regularization, Space, method
from tabular_pg.numerics.simplex import argmax
from tabular_pg.references import cited


@cited("agarwal2021", regularized=["mei2020"])
class SoftmaxPG(NamedTuple):
    """Softmax policy gradient with step size ``eta``, a number or one of ``steps``."""

    eta: float


@method(
    SoftmaxPG,
    space=Space.SOFTMAX,
    regularization=Regularization.ANY,
    visitation=True,
    statewise=True,
)
def softmax_pg(rule, k, problem, point):
    """theta <- theta + eta grad V(mu), in logarithms of probabilities or in offsets."""
    climb(problem, point, rule.eta, point.x)


@njit_inlined
def climb(problem, point, eta, logits):
    """Add eta grad V(mu) to ``logits`` (S, A), less what all actions of a state have in common.

    What is added is pi A, less its value at one of the likeliest actions: with ``b = A - A_likely``
    that is ``pi b - (sum pi b) (pi - pi_likely)``, in which a large loss of an action that is no
    less likely swamps nothing.
    """
    pi, d = point.pi, point.d
    for s in range(pi.shape[0]):
        likely = best_of_likeliest(problem, point, s)
        top = gain(problem, point, s, likely)
        mean = 0.0
        for a in range(pi.shape[1]):
            if pi[s, a] > 0.0:
                mean += pi[s, a] * (gain(problem, point, s, a) - top)
        step, share = eta * d[s] / problem.unit, pi[s, likely]
        for a in range(pi.shape[1]):
            if exists(problem, point, s, a):
                b = gain(problem, point, s, a) - top
                logits[s, a] += step * (pi[s, a] * b - mean * (pi[s, a] - share))


@njit_inlined
def best_of_likeliest(problem, point, s):
    """Of the actions that are at least half as likely as any, the one with the largest gain."""
    pi, likely = point.pi, argmax(point.pi, s)
    bar, top = 0.5 * pi[s, likely], gain(problem, point, s, likely)
    for a in range(pi.shape[1]):
        if pi[s, a] >= bar and gain(problem, point, s, a) > top:
            likely, top = a, gain(problem, point, s, a)
    return likely


@njit_inlined
def exists(problem, point, s, a):
    """Whether the action is one of the state's; one that is not is never taken."""
    return point.pi[s, a] > 0.0 or problem.A_star[s, a] >= -problem.largest


@njit_inlined
def gain(problem, point, s, a):
    """The advantage of one action, before the mean is subtracted."""
    gap = problem.A_star[s, a] - point.q[s, a]
    return gap - problem.tau * point.x[s, a] if problem.tau > 0.0 else gap
