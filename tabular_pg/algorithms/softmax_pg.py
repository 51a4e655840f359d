"""Softmax policy gradient."""
from __future__ import annotations
from typing import NamedTuple
from tabular_pg.evaluation import OFFSETS
from tabular_pg.method import Regularization, Space, method
from tabular_pg.simplex import log_normalize, offset_normalize


class SoftmaxPG(NamedTuple):
    eta: float


@method(SoftmaxPG, space=Space.SOFTMAX, regularization=Regularization.ANY, visitation=True)
def softmax_pg(rule, k, problem, point):
    x, A, pi = point.x, point.A, point.pi
    for s in range(x.shape[0]):
        eta = rule.eta * point.d[s] / (1.0 - problem.gamma)
        for a in range(x.shape[1]):
            x[s, a] += eta * pi[s, a] * A[s, a]
        if problem.coordinates == OFFSETS:
            offset_normalize(x[s], problem.log_reference[s])
        else:
            log_normalize(x[s])
