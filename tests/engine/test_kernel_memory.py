"""Kernels that remember, against many-digit arithmetic: offsets, small tau, large MDPs."""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest

from support.reference import Model, normalized
from tabular_pg import MDP, Solver, Space, instances, method, optimize
from tabular_pg.engine.method import Regularization

GARNET = instances.garnet(3, 3, 2, 0.8, seed=4)


class HeavyBall(NamedTuple):
    eta: float
    beta: float


def at_rest(rule, problem, point):
    point.memory[:, 0] = point.x


@method(HeavyBall, space=Space.SOFTMAX, regularization=Regularization.ANY, memory=1, start=at_rest)
def heavy_ball(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            x, before = point.x[s, a], point.memory[s, 0, a]
            point.x[s, a] = x + rule.eta * point.A[s, a] + rule.beta * (x - before)
            point.memory[s, 0, a] = x


def exact_log_gaps(mdp, rule, iterations, tau):
    model, found = Model(mdp, tau), []
    best = model.optimal_value()
    now = before = [[-mp.log(len(model.A))] * len(model.A) for _ in model.S]
    for _ in range(iterations + 1):
        V = model.value([[mp.exp(x) for x in row] for row in now])
        gap = (mp.mpf(p) * (b - v) for p, b, v in zip(mdp.rho, best, V, strict=True))
        found.append(float(mp.log(mp.fsum(gap))))
        Q, following = model.q(V), []
        for s in model.S:
            row = [
                x + rule.eta * (q - V[s] - mp.mpf(tau) * x) + rule.beta * (x - y)
                for x, y, q in zip(now[s], before[s], Q[s], strict=True)
            ]
            top = max(row)
            following.append([mp.log(p) for p in normalized([mp.exp(x - top) for x in row])])
        now, before = following, now
    return found


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize(("tau", "eta"), [(0.0, 5.0), (0.1, 3.0), (2e-4, 50.0)])
def test_momentum_is_that_of_many_digits(offset, tau, eta):
    """The smallest tau keeps policies in two forms, each with a memory of its own."""
    mdp, rule = MDP(GARNET.P, GARNET.r + offset, GARNET.gamma), HeavyBall(eta, 0.5)
    with mp.workdps(2000):
        exact = exact_log_gaps(mdp, rule, 25, tau)
    run = optimize(mdp, rule, 25, tau=tau, at=range(26))
    np.testing.assert_allclose(run.log_gap, exact, rtol=0, atol=1e-9)


@pytest.mark.parametrize("solver", [Solver.REUSE, Solver.SWEEPS])
@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_memory_in_the_loop_for_many_states(solver, tau):
    mdp = instances.garnet(30, 3, 3, 0.9, seed=2)
    runs = [optimize(mdp, HeavyBall(3.0, 0.5), 20, tau=tau, solver=way) for way in (None, solver)]
    np.testing.assert_allclose(*(run.log_gap for run in runs), rtol=1e-10)
