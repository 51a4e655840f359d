"""Solutions that earlier policies have prepared, against exact arithmetic and elimination."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from support.exact import exact_solve, exact_system
from tabular_pg import (
    MDP,
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    Solver,
    instances,
    optimize,
)
from tabular_pg.numerics.systems.dense_solver import DenseSolver
from tabular_pg.numerics.systems.elimination import eliminate
from tabular_pg.numerics.systems.refinement import invert, price, product
from tabular_pg.steps import Geometric

SEEDS = st.integers(0, 2**32 - 1)


def policies(rng, S, A, count, change):
    """So many policies, each near the one before."""
    logits = rng.normal(size=(S, A))
    for _ in range(count):
        logits = logits + change * rng.normal(size=(S, A))
        pi = np.exp(logits)
        yield pi / pi.sum(axis=1, keepdims=True)


@given(SEEDS, st.sampled_from([1e-8, 1e-3, 0.1, 3.0]), st.booleans(), st.booleans())
def test_solutions_are_accurate_entry_by_entry(seed, change, graded, broken):
    """Also where an inverse is wrong: it is not believed."""
    rng, S, gamma = np.random.default_rng(seed), 8, 0.9
    P = rng.dirichlet(np.ones(S), size=(S, 2))
    systems = DenseSolver(P, gamma, Solver.REUSE)
    b = rng.random(S) * 10.0 ** -(rng.integers(0, 30, S) if graded else np.zeros(S))
    for i, pi in enumerate(policies(rng, S, 2, 8, change)):
        if broken and i == 4:
            systems._earlier.inverse[:] = rng.normal(size=(S, S))
        systems.update(pi)
        M = exact_system(systems.N, 1 - gamma)
        x, y = b.copy(), b.copy()
        systems.solve(x, alike=True)
        systems.solve_adjoint(y, alike=True)
        np.testing.assert_allclose(x, exact_solve(M, b), rtol=2e-13)
        transposed = [list(column) for column in zip(*M, strict=True)]
        np.testing.assert_allclose(y, exact_solve(transposed, b), rtol=2e-13)
    assert 0 < systems.backward_error < 1e-13
    if change == 1e-8 and not broken:
        assert systems.factorizations == 1


def test_what_cannot_serve_is_tried_ever_more_rarely():
    rng, S, count = np.random.default_rng(0), 40, 200
    systems = DenseSolver(np.empty((S, 1, S)), 0.99, Solver.REUSE)
    for _ in range(count):
        systems.N[:] = 0.99 * np.eye(S)[rng.permutation(S)]  # nothing in common
        systems.renew(np.ones((S, 1)))
        systems.solve(rng.random(S), alike=True)
    tried = 2 + int(np.log2(count))  # pauses double
    assert systems.refinements <= 2 * price(S) * tried
    assert count <= systems.factorizations <= count + tried


@pytest.mark.parametrize("n", [1, 2, 17, 48, 49, 64, 65, 130])
def test_inverse(n):
    rng = np.random.default_rng(n)
    N = 0.9 * rng.dirichlet(np.ones(n), size=n)
    factors, pivot, inverse = N.copy(), np.empty(n), np.empty((n, n), dtype=np.float32)
    eliminate(factors, pivot, np.full(n, 1 - 0.9))
    invert(factors, pivot, inverse)
    exact = np.linalg.inv(np.eye(n) - N)
    np.testing.assert_allclose(inverse, exact, rtol=1e-4)
    r, found = rng.normal(size=(2, n))
    for adjoint, matrix in ((False, inverse), (True, inverse.T)):
        product(inverse, adjoint, r, found)
        np.testing.assert_allclose(found, matrix.astype(float) @ r, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("S", [16, 31, 60])
@pytest.mark.parametrize(
    "rule, tau",
    [
        (NaturalPG(1.0), 0.0), (NaturalPG(1e-2), 0.0), (NaturalPG(1.0), 0.1),
        (NaturalPG(Geometric(1e-2, 1.05)), 0.0), (SoftmaxPG(5.0), 0.0), (SoftmaxPG(0.1), 0.1),
        (ProjectedPG(0.1), 0.0), (HadamardPG(0.1), 0.0), (SoftPolicyIteration(), 0.1),
    ],
    ids=str,
)  # fmt: skip
def test_runs_are_those_of_elimination(S, rule, tau):
    for mdp in (
        instances.random_dense(S, 3, 0.99, seed=S),
        instances.garnet(S, 3, 3, 0.9, seed=S),
        instances.gridworld(4, S // 4, 0.99),
    ):
        run = optimize(mdp, rule, 150, tau=tau)
        anew = optimize(mdp, rule, 150, tau=tau, solver=Solver.ELIMINATION)
        assert run.solver is Solver.REUSE and run.backward_error < 1e-12
        np.testing.assert_allclose(run.log_value_gap, anew.log_value_gap, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(run.d, anew.d, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("gamma", [0.99, 0.9999, 0.999999, 1 - 1e-8])
@pytest.mark.parametrize("S", [30, 300])
def test_the_horizon_costs_no_digits(gamma, S):
    """A backward error of rounding alone would be an error of 1e-15 / (1 - gamma)."""
    rng = np.random.default_rng(S)
    for P in (rng.dirichlet(np.ones(S), size=(S, 2)), instances.garnet(S, 2, 3, gamma).P):
        reuse, anew = (
            DenseSolver(P, gamma, solver) for solver in (Solver.REUSE, Solver.ELIMINATION)
        )
        b = rng.random(S)
        for pi in policies(rng, S, 2, 6, 1e-4):
            found = []
            for systems in (reuse, anew):
                systems.update(pi)
                x, y = b.copy(), b.copy()
                systems.solve(x, alike=True)
                systems.solve_adjoint(y, alike=True)
                found.append((x, y))
            np.testing.assert_allclose(*found, rtol=1e-12)
        assert reuse.refinements > 0


def test_a_sparse_mdp_of_few_states_is_as_a_dense_one():
    for S in (8, 60):
        dense = instances.garnet(S, 3, 3, 0.9, seed=1)
        sparse = MDP(csr_array(dense.P.reshape(-1, S)), dense.r, 0.9)
        runs = [optimize(mdp, NaturalPG(1.0), 50) for mdp in (dense, sparse)]
        assert sparse.sparse and runs[0].solver is runs[1].solver
        np.testing.assert_array_equal(runs[0].value_gap, runs[1].value_gap)
