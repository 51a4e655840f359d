"""Every kernel against a slow twin."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.exact import exact_solve, exact_system
from support.strategies import mdps
from tabular_pg import MDP, NaturalPG, SoftmaxPG, instances, optimize, optimum
from tabular_pg.methods.softmax_flow import softmax_flow
from tabular_pg.mirrors.euclidean import Euclidean, euclidean
from tabular_pg.numerics.double_double import add, advantages, divide, multiply
from tabular_pg.numerics.gains import Gains
from tabular_pg.numerics.offsets import offset_kl, offset_normalize
from tabular_pg.numerics.simplex import log_normalize
from tabular_pg.numerics.systems.elimination import (
    eliminate,
    eliminate_blocks,
    solve,
    solve_adjoint,
)
from tabular_pg.numerics.systems.products import next_values, transitions

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 7), st.sampled_from([0.5, 1e-3, 1e-12]), st.booleans())
def test_elimination_is_accurate_entry_by_entry(seed, n, slack, graded):
    rng = np.random.default_rng(seed)
    N = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    if graded:  # nearly reducible: entries of the solution differ by up to 1e100
        N *= 10.0 ** -rng.integers(0, 20, (n, n))
    b = rng.random(n) * 10.0 ** -rng.integers(0, 30, n)
    M = exact_system(N, slack)
    factored, pivot = N.copy(), np.empty(n)
    eliminate(factored, pivot, np.full(n, slack))
    x, y = b.copy(), b.copy()
    solve(factored, pivot, x)
    solve_adjoint(factored, pivot, y)
    np.testing.assert_allclose(x, exact_solve(M, b), rtol=1e-13)
    transposed = [list(column) for column in zip(*M, strict=True)]
    np.testing.assert_allclose(y, exact_solve(transposed, b), rtol=1e-13)


@given(mdps(), seeds)
def test_transitions_and_next_values(mdp, seed):
    rng = np.random.default_rng(seed)
    pi = rng.dirichlet(np.ones(mdp.n_actions), mdp.n_states)
    N, v, q = np.empty((mdp.n_states,) * 2), rng.random(mdp.n_states), np.empty(mdp.r.shape)
    transitions(mdp.P, mdp.gamma, pi, N)
    next_values(mdp.P, mdp.gamma, v, q)
    np.testing.assert_allclose(N, mdp.gamma * np.einsum("sa,sat->st", pi, mdp.P), atol=1e-15)
    np.testing.assert_allclose(q, mdp.gamma * mdp.P @ v, atol=1e-14)


def slow_projection(y):
    """The nearest point of the simplex, by quadratic programs on every face."""
    best, best_distance = None, np.inf
    for size in range(1, len(y) + 1):
        for face in itertools.combinations(range(len(y)), size):
            point = np.zeros(len(y))
            point[list(face)] = y[list(face)] - (y[list(face)].sum() - 1) / size
            distance = ((point - y) ** 2).sum()
            if point.min() >= 0 and distance < best_distance:
                best, best_distance = point, distance
    return best


def project(row, gain, eta):
    """Replace ``row`` by the projection of ``row + eta gain``."""
    gains = Gains(gain[None], np.zeros((1, gain.size)), gain.max(), 1e9)
    euclidean(Euclidean(), eta, gains, row[None], 0)


@given(seeds, st.integers(1, 6), st.sampled_from([1e-3, 1.0, 10.0]), st.booleans())
def test_projection(seed, n, size, vertex):
    rng = np.random.default_rng(seed)
    row = np.eye(n)[rng.integers(n)] if vertex else rng.dirichlet(np.ones(n))
    gain = size * rng.normal(size=n).round(2)  # rounded, so that ties occur
    expected = slow_projection(row + gain)
    project(row, gain, 1.0)
    np.testing.assert_allclose(row, expected, atol=1e-13)
    assert abs(row.sum() - 1) < 1e-14


def test_projection_keeps_ties_apart_under_huge_steps():
    row = np.array([0.3, 0.6, 0.1])
    project(row, np.array([1.0, 1.0, 0.0]), 1e300)
    np.testing.assert_allclose(row, [0.35, 0.65, 0.0], rtol=1e-15)


@given(seeds, st.integers(1, 6), st.sampled_from([1e-200, 1e-20, 1e-8, 1e-3, 0.3, 2.0, 50.0]))
def test_offset_coordinates(seed, n, size):
    rng = np.random.default_rng(seed)
    log_reference, reference, pi = rng.normal(size=n) * rng.choice([1.0, 30.0]), *np.empty((2, n))
    log_normalize(log_reference[None], reference[None])
    xi = size * rng.normal(size=n)
    with mp.workdps(500):
        exact = [mp.exp(mp.mpf(x)) for x in log_reference]
        total = mp.fsum(exact)
        weights = [p / total * mp.exp(mp.mpf(x)) for p, x in zip(exact, xi, strict=True)]
        shift = mp.log(mp.fsum(weights))
        expected = [mp.mpf(x) - shift for x in xi]
        divergence = mp.fsum(w / mp.exp(shift) * x for w, x in zip(weights, expected, strict=True))
        expected = np.array([float(x) for x in expected])
        divergence = float(divergence / mp.mpf(size) ** 2)
    offset_normalize(xi[None], log_reference[None], reference[None], pi[None])
    # The reference itself is only normalized to rounding, which a large xi sees as 1e-16. Rounding
    # of a xi that is nearly constant leaves a divergence of the square of that.
    np.testing.assert_allclose(xi, expected, rtol=1e-12, atol=3e-15 * min(size, 1) * n)
    np.testing.assert_allclose(pi, np.exp(log_reference + xi), rtol=1e-12, atol=1e-300)
    assert offset_kl(xi[None], reference[None], pi[None], 0, size) == pytest.approx(
        divergence, rel=1e-8, abs=1e-29
    )


@given(seeds, st.integers(1, 6), st.sampled_from([1e-3, 1.0, 40.0, 2000.0]))
def test_log_normalize(seed, n, size):
    row = size * np.random.default_rng(seed).normal(size=n)
    with mp.workdps(1500):
        total = mp.fsum(mp.exp(mp.mpf(x)) for x in row)
        expected = np.array([float(mp.mpf(x) - mp.log(total)) for x in row])
    pi = np.empty(n)
    log_normalize(row[None], pi[None])
    np.testing.assert_allclose(row, expected, rtol=1e-14, atol=1e-15 * size)
    np.testing.assert_allclose(pi, np.exp(expected), rtol=1e-12, atol=1e-300)
    top = row.argmax()
    assert row[top] == pytest.approx(expected[top], rel=1e-12)


@given(seeds)
def test_double_double(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=2)
    a_low, b_low = np.array([a, b]) * 1e-17 * rng.normal(size=2)
    exact_a, exact_b = Fraction(a) + Fraction(a_low), Fraction(b) + Fraction(b_low)
    for result, exact in (
        (add(a, a_low, b, b_low), exact_a + exact_b),
        (multiply(a, a_low, b, b_low), exact_a * exact_b),
        (divide(a, a_low, b, b_low), exact_a / exact_b),
    ):
        size = abs(exact_a) + abs(exact_b) + abs(exact)
        assert abs(Fraction(result[0]) + Fraction(result[1]) - exact) < size * Fraction(1, 2**100)


@given(mdps())
def test_double_double_advantages(mdp):
    V, V_low = np.linspace(-1, 1, mdp.n_states), np.full(mdp.n_states, 1e-18)
    high, low = np.empty((2, *mdp.r.shape))
    advantages(mdp.P, mdp.r, mdp.gamma, None, V, V_low, high, low)
    for s, a in np.ndindex(mdp.r.shape):
        row = [Fraction(p) for p in mdp.P[s, a]]
        mean = sum(p * (Fraction(v) + Fraction(1e-18)) for p, v in zip(row, V, strict=True))
        exact = Fraction(mdp.r[s, a]) + Fraction(mdp.gamma) * mean / sum(row)
        exact -= Fraction(V[s]) + Fraction(1e-18)
        assert abs(Fraction(high[s, a]) + Fraction(low[s, a]) - exact) < Fraction(1, 2**95)


@given(mdps(), st.sampled_from([0.0, 1e-3, 0.1, 10.0]))
def test_optimum_solves_the_bellman_equation(mdp, tau):
    best = optimum(mdp, tau)
    Q = mdp.r + mdp.gamma * mdp.P @ best.V
    if tau == 0:
        V = Q.max(axis=1)
        assert (best.A[best.optimal] == 0).all() and (best.A[~best.optimal] < 0).all()
        np.testing.assert_allclose(best.A, Q - best.V[:, None], atol=1e-11)
        assert best.optimal.any(axis=1).all()
    else:
        top = Q.max(axis=1)
        V = top + tau * np.log(np.exp((Q - top[:, None]) / tau).sum(axis=1))
        np.testing.assert_allclose(best.pi.sum(axis=1), 1, rtol=1e-14)
        np.testing.assert_allclose(best.log_pi, (Q - V[:, None]) / tau, atol=1e-11 / tau)
    np.testing.assert_allclose(best.V, V, rtol=1e-12, atol=1e-12)


@given(mdps(shapes=((2, 2), (3, 3), (5, 4))), st.sampled_from([0.0, 0.1]))
def test_run_agrees_with_plain_linear_algebra(mdp, tau):
    """Values, advantages, visitation of every iterate, recomputed with numpy."""
    for rule in (SoftmaxPG(eta=0.5), NaturalPG(eta=0.5)):
        run = optimize(mdp, rule, 5, tau=tau)
        for i, pi in enumerate(run.policies):
            M = np.eye(mdp.n_states) - mdp.gamma * np.einsum("sa,sat->st", pi, mdp.P)
            entropy = tau * (pi * np.log(pi)).sum(axis=1)
            V = np.linalg.solve(M, (pi * mdp.r).sum(axis=1) - entropy)
            A = mdp.r + mdp.gamma * mdp.P @ V - V[:, None] - (tau * np.log(pi) if tau else 0)
            np.testing.assert_allclose(run.value_gap[i], run.optimum.V - V, atol=1e-10)
            np.testing.assert_allclose(run.A[i], A, atol=1e-10)
            if run.method.visitation:
                d = np.linalg.solve(M.T, (1 - mdp.gamma) * mdp.mu)
                np.testing.assert_allclose(run.d[i], d, atol=1e-12)


def test_elimination_survives_a_nearly_reducible_chain():
    n = 12
    P = np.zeros((n, 1, n))
    for s in range(n - 1):
        P[s, 0, s], P[s, 0, s + 1] = 1 - 1e-9, 1e-9
    P[n - 1, 0, n - 1] = 1
    N, pivot = np.empty((n, n)), np.empty(n)
    mdp = MDP(P, np.zeros((n, 1)), 0.5)
    transitions(mdp.P, mdp.gamma, np.ones((n, 1)), N)
    M = exact_system(N, 0.5)
    eliminate_blocks(N, pivot, np.full(n, 0.5))
    b = np.zeros(n)
    b[-1] = 1.0
    expected = exact_solve(M, b)
    solve(N, pivot, b)
    assert expected[0] < 1e-95
    np.testing.assert_allclose(b, expected, rtol=1e-13)


def test_policies_stay_normalized_under_huge_steps():
    """Also the ratio of two tied actions, which no step changes."""
    mdp = instances.tied(2, 3, 0.6, seed=0)
    start = np.random.default_rng(1).dirichlet(np.ones(3), 2)
    for eta in (1.0, 1e8, 1e16, 1e200):
        run = optimize(mdp, NaturalPG(eta), 50, policy=start)
        np.testing.assert_allclose(run.policies.sum(axis=2), 1, rtol=1e-14)
        for s, optimal in enumerate(run.optimum.optimal):
            first, second = run.log_policies[:, s, optimal].T
            np.testing.assert_allclose(second - first, (second - first)[0], rtol=1e-12)


def test_flow_follows_small_steps():
    mdp = instances.garnet(4, 3, 2, 0.9, seed=0)
    flow = softmax_flow(mdp, [1.0, 10.0, 100.0])
    steps = optimize(mdp, SoftmaxPG(eta=1e-3), 100_000, at=[1_000, 10_000, 100_000])
    np.testing.assert_allclose(flow.value_gap, steps.value_gap, rtol=2e-3)
    np.testing.assert_allclose(flow.log_policies, steps.log_policies, atol=1e-2)
