"""Every solver of sparse systems against dense and exact twins, and the choice among them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse as sp

from support.sparse_cases import (
    Case,
    cases,
    dense_P,
    dense_solutions,
    line,
    policy,
    prepared,
    random_rows,
    right_side,
    rows,
    seeds,
    solver_for,
    uniform,
)
from tabular_pg import MDP, instances
from tabular_pg.numerics.systems.compressed_rows import sparse_model, transitions
from tabular_pg.numerics.systems.fill_in import LUMPED, elimination_cost
from tabular_pg.numerics.systems.krylov import bicgstab, gmres
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.numerics.systems.sparse_solver import SPARSE, SparseSolver
from tabular_pg.numerics.systems.sparse_system import System


def true_backward_error(mdp, pi, b, x, adjoint):
    """Componentwise, in fractions."""
    _, _, M = prepared(mdp, pi)
    M = zip(*M, strict=True) if adjoint else M
    worst = Fraction(0)
    for row, c in zip(M, b, strict=True):
        terms = [m * Fraction(t) for m, t in zip(row, x, strict=True)]
        scale = Fraction(c) + sum(abs(t) for t in terms)
        if scale:
            worst = max(worst, abs(Fraction(c) - sum(terms)) / scale)
    return float(worst)


@pytest.mark.parametrize("solver", [None, *SPARSE])
@given(case=cases())
@example(case=Case(1, "goal", 0.9, "uniform", "unit"))
@settings(max_examples=25)
def test_solutions_are_accurate_entry_by_entry(solver, case):
    mdp, pi, b = case.build()
    if solver is Solver.SWEEPS and mdp.gamma > 0.99:
        mdp = MDP(mdp.P, mdp.r, 0.97)  # hundreds of thousands of sweeps are correct, but slow
    systems = SparseSolver(sparse_model(mdp), mdp.gamma, solver)
    systems.update(pi)
    try:
        found = b.copy(), b.copy()
        systems.solve(found[0])
        systems.solve_adjoint(found[1])
    except RuntimeError as error:
        assert solver in (Solver.GMRES, Solver.BICGSTAB) and solver.name in str(error)
        return
    assert systems.kind is solver if solver else systems.kind in SPARSE
    for x, exact in zip(found, dense_solutions(mdp, pi, b), strict=True):
        assert (x >= 0).all()
        if solver in (None, Solver.SPARSE_LU):
            assert systems.backward_error <= 1e-14
        if systems.backward_error <= 1e-14:
            np.testing.assert_allclose(x, exact, rtol=1e-13 / (1 - mdp.gamma), atol=1e-300)
        assert np.abs(x - exact).max() <= 1e-11 / (1 - mdp.gamma) * exact.max()


@given(case=cases(gammas=(0.9, 0.99)), solver=st.sampled_from((None, *SPARSE)))
@settings(max_examples=30)
def test_the_reported_backward_error_is_true(case, solver):
    mdp, pi, b = case.build()
    for adjoint in (False, True):
        systems = SparseSolver(sparse_model(mdp), mdp.gamma, solver)
        systems.update(pi)
        x = b.copy()
        try:
            (systems.solve_adjoint if adjoint else systems.solve)(x)
        except RuntimeError:
            continue
        error = true_backward_error(mdp, pi, b, x, adjoint)
        assert error <= systems.backward_error * (1 + 1e-9) + 1e-15
        assert systems.normwise_error <= 1e-12


def test_an_error_that_stays_is_reported():
    """Sweeps alone get the large entries right; the others are as small as 1e-40."""
    mdp = MDP(line(120, 0.1), np.zeros((120, 2)), 0.9)
    systems, b = solver_for(mdp, uniform(mdp), Solver.SWEEPS), np.eye(120)[60]
    x = b.copy()
    systems.solve(x)
    assert systems.normwise_error <= 1e-15
    error = true_backward_error(mdp, uniform(mdp), b, x, False)
    assert 1e-13 < error == pytest.approx(systems.backward_error, rel=1e-9)
    systems.solve(np.ones(120))
    assert systems.backward_error == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("gamma", [0.9, 0.9999])
def test_sweeps_are_chosen_where_the_chain_mixes(gamma):
    mdp = instances.garnet(5000, 4, 5, gamma, sparse=True)
    systems = solver_for(mdp, uniform(mdp))
    systems.solve(np.random.default_rng(0).random(5000))
    assert systems.kind is Solver.SWEEPS
    assert systems.refinements < 25
    systems.solve_adjoint(np.full(5000, 1 / 5000))
    assert systems.kind is Solver.SWEEPS
    assert systems.refinements < 55
    assert systems.factorizations == 0


def test_elimination_is_chosen_on_a_grid_and_done_once_per_policy():
    mdp = instances.gridworld(40, 50, 0.999, sparse=True)
    systems = solver_for(mdp, uniform(mdp))
    for _ in range(2):
        systems.solve(np.random.default_rng(0).random(2000))
        systems.solve_adjoint(np.full(2000, 1 / 2000))
    assert systems.kind is Solver.SPARSE_LU
    assert systems.factorizations == 1
    systems.update(uniform(mdp))
    systems.solve(np.ones(2000))
    assert systems.factorizations == 2
    assert systems.backward_error <= 1e-15


def test_a_krylov_method_is_chosen_where_nothing_else_is_possible():
    mdp = MDP(
        random_rows(np.random.default_rng(0), 6000, 2, 4, leak=1e-5), np.zeros((6000, 2)), 0.999
    )
    systems = solver_for(mdp, uniform(mdp))
    b = np.random.default_rng(1).random(6000)
    b[3000:] *= 1e-20
    systems.solve(b)
    assert systems.kind in (Solver.GMRES, Solver.BICGSTAB)
    assert systems.backward_error <= 1e-15
    assert systems.factorizations == 0


def test_on_a_large_grid_a_trial_says_whether_elimination_is_faster():
    mdp = instances.gridworld(280, 280, 0.97, sparse=True)  # with factors larger than P
    aimless = solver_for(mdp, uniform(mdp))
    aimless.solve(np.random.default_rng(0).random(280**2))
    assert aimless.kind is Solver.BICGSTAB
    assert aimless.factorizations == 0
    last_column = np.arange(280**2) % 280 == 279
    ahead = np.eye(4)[np.where(last_column, 2, 1)]  # right, then down
    straight = solver_for(mdp, ahead)
    straight.solve(mdp.r.max(axis=1))
    assert straight.kind is Solver.BICGSTAB
    order = np.random.default_rng(0).permutation(280**2)  # incomplete elimination drops more
    rows = mdp.P[(4 * order[:, None] + np.arange(4)).ravel()]
    shuffled = solver_for(MDP(rows[:, order], mdp.r[order], 0.97), ahead[order])
    shuffled.solve(mdp.r[order].max(axis=1))
    assert shuffled.kind is Solver.SPARSE_LU
    for systems in (aimless, straight, shuffled):
        assert systems.backward_error <= 1e-15


def test_another_solver_takes_over_when_the_chain_stops_mixing():
    S = 500
    far = np.random.default_rng(0).integers(0, S, (S, 1, 2))
    near = np.stack([np.maximum(np.arange(S) - 1, 0), np.minimum(np.arange(S) + 1, S - 1)], 1)
    P = rows(np.concatenate([far, near[:, None]], axis=1), np.full((S, 2, 2), 0.5))
    mdp = MDP(P, np.zeros((S, 2)), 0.999)
    systems = solver_for(mdp, np.eye(2)[np.zeros(S, dtype=int)])
    b = np.random.default_rng(1).random(S)
    systems.solve(b.copy())
    assert systems.kind is Solver.SWEEPS
    systems.update(np.eye(2)[np.ones(S, dtype=int)])
    x = b.copy()
    systems.solve(x)
    assert systems.kind is Solver.SPARSE_LU
    exact, _ = dense_solutions(mdp, np.eye(2)[np.ones(S, dtype=int)], b)
    np.testing.assert_allclose(x, exact, rtol=1e-12)


def test_extrapolation_saves_products():
    mdp = instances.garnet(1000, 4, 5, 0.99, sparse=True)
    rng = np.random.default_rng(0)
    logits, loss = rng.random((2, 1000, 4))
    systems, cold = solver_for(mdp, uniform(mdp)), []
    warm = []
    for k in range(12):
        pi = np.exp(k / 50 * logits)
        pi /= pi.sum(axis=1, keepdims=True)
        for solver, spent in ((systems, warm), (solver_for(mdp, pi), cold)):
            before = solver.refinements
            solver.update(pi)
            solver.solve((pi * loss).sum(axis=1))
            spent.append(solver.refinements - before)
    assert max(cold) < 25
    assert max(warm[-4:]) < 0.75 * min(cold)


def test_unrelated_systems_do_not_disturb_each_other():
    mdp = instances.garnet(300, 4, 5, 0.99, sparse=True)
    rng = np.random.default_rng(0)
    systems = solver_for(mdp, uniform(mdp))
    for k in range(8):
        pi = policy(rng, (300, 4), ("sharp", "random")[k % 2])
        b = right_side(rng, 300, ("range", "positive", "unit", "tiny")[k % 4])
        systems.update(pi)
        x, y = b.copy(), b.copy()
        systems.solve(x)
        systems.solve_adjoint(y)
        for found, exact in zip((x, y), dense_solutions(mdp, pi, b), strict=True):
            np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize("solver", [Solver.GMRES, Solver.BICGSTAB])
def test_krylov_methods_get_the_smallest_entries_right(solver):
    mdp, b = MDP(line(300, 0.1), np.zeros((300, 2)), 0.9), np.eye(300)[150]
    exact, _ = dense_solutions(mdp, uniform(mdp), b)
    assert exact.min() < 1e-28 * exact.max()
    systems = solver_for(mdp, uniform(mdp), solver)
    systems.solve(b)
    assert systems.kind is solver
    np.testing.assert_allclose(b, exact, rtol=1e-12)


@pytest.mark.parametrize("ending", [0.0, 1.0])
def test_an_end_without_cost_has_exactly_no_value(ending):
    rng = np.random.default_rng(0)
    P = random_rows(rng, 400, 2, 3).toarray()
    P[:, -1] = ending  # half of all steps end, or none
    P[-2:] = np.eye(400)[-1]
    mdp = MDP(sp.csr_array(P / P.sum(axis=1, keepdims=True)), np.zeros((400, 2)), 0.99)
    systems, b = solver_for(mdp, uniform(mdp)), np.append(rng.random(399), 0.0)
    exact, _ = dense_solutions(mdp, uniform(mdp), b)
    systems.solve(b)
    assert systems.kind is Solver.SWEEPS
    assert b[-1] == 0
    np.testing.assert_allclose(b, exact, rtol=1e-13)


def without_fill(M):
    """``(K1, K2, pivots)`` of a dense elimination that puts what it would fill in where it drops
    it: on the diagonal, but for the part that is left out."""
    K1, K2, pivots = np.tril(M), np.triu(M), np.diag(M).copy()
    for s in range(len(M)):
        fill = -(M[s, :s] / pivots[:s]) @ np.triu(M, 1)[:s]
        pivots[s] += LUMPED * fill.sum()
    np.fill_diagonal(K1, pivots)
    np.fill_diagonal(K2, pivots)
    return K1, K2, pivots


@pytest.mark.parametrize("adjoint", [False, True])
def test_incomplete_elimination_is_that_of_its_dense_twin(adjoint):
    mdp, rng = instances.gridworld(6, 7, 0.99, sparse=True), np.random.default_rng(0)
    model, pi = sparse_model(mdp), rng.dirichlet(np.ones(4), 42)
    values = np.empty(model.column.size)
    transitions(model, 0.99, pi, values)
    system = System(model, values, 0.99, np.full(model.n_states, 1 - 0.99), adjoint)
    M = np.eye(42) - 0.99 * np.einsum("sa,sat->st", pi, dense_P(mdp))
    K1, K2, D = without_fill(M)
    if adjoint:
        M, K1, K2 = M.T, K2.T, K1.T
    (b, x, unit, v), out = rng.random((4, 42)), np.empty(42)
    system.check(b, x)
    r, apply, correction = system.preconditioned(unit)
    np.testing.assert_allclose(r, np.linalg.solve(K1, b - M @ x) / unit, rtol=1e-12)
    exact = np.linalg.solve(K2, D * unit * v)
    np.testing.assert_allclose(correction(v), exact, rtol=1e-12)
    apply(v, out)
    np.testing.assert_allclose(out, np.linalg.solve(K1, M @ exact) / unit, rtol=1e-12, atol=1e-12)


def test_candidates_are_made_nonnegative():
    mdp = instances.garnet(50, 2, 3, 0.9, sparse=True)
    model, values, _ = prepared(mdp, uniform(mdp))
    for adjoint in (False, True):
        x, b = np.append(-1e-20, np.ones(49)), np.ones(50)
        found = System(model, values, 0.9, np.full(model.n_states, 1 - 0.9), adjoint).settle(b, x)
        assert x[0] == 0
        assert found.omega >= found.normwise > 0


@pytest.mark.parametrize("solver", [None, Solver.SPARSE_LU, Solver.BICGSTAB])
def test_zero_signs_and_scale_of_the_right_hand_side(solver):
    mdp = instances.gridworld(6, 7, 0.99, sparse=True)
    b = np.random.default_rng(0).random(42)

    def solution(b):
        x = b.copy()
        solver_for(mdp, uniform(mdp), solver).solve(x)
        return x

    x = solution(b)
    assert np.array_equal(solution(0 * b), 0 * b)
    assert np.array_equal(solution(b * 2.0**-800), x * 2.0**-800)
    assert np.array_equal(solution(b * 2.0**900), x * 2.0**900)
    signed = b * np.where(np.arange(42) % 3, 1, -1)
    np.testing.assert_allclose(
        solution(signed), solution(np.maximum(signed, 0)) - solution(np.maximum(-signed, 0))
    )
    assert np.isnan(solution(np.where(b > 0.5, np.nan, b))).all()


def test_a_policy_that_is_not_finite_gives_nans():
    mdp = instances.garnet(30, 2, 3, 0.9, sparse=True)
    systems, b = solver_for(mdp, np.full((30, 2), np.nan)), np.ones(30)
    systems.solve(b)
    assert np.isnan(b).all()
    systems.update(uniform(mdp))
    b = np.ones(30)
    systems.solve(b)
    np.testing.assert_allclose(b, 10.0)


def test_no_solution_rather_than_a_wrong_one():
    order = np.random.default_rng(0).permutation(300)
    P = line(300, 0.1)[(2 * order[:, None] + np.arange(2)).ravel()][:, order]
    systems = solver_for(MDP(P, np.zeros((300, 2)), 0.9999), np.full((300, 2), 0.5), Solver.GMRES)
    with pytest.raises(RuntimeError, match=r"backward error of 1e-12 at gamma = 0.9999: GMRES \d"):
        systems.solve(np.eye(300)[150])


def test_dense_solvers_are_refused():
    mdp = instances.garnet(30, 2, 3, 0.9, sparse=True)
    with pytest.raises(ValueError, match=r"solver is Solver.REUSE; expected None or, for sparse P"):
        SparseSolver(sparse_model(mdp), 0.9, Solver.REUSE)


def test_unavailable_actions_change_nothing():
    mdp = instances.garnet(40, 2, 3, 0.9, sparse=True)
    wider = np.zeros((40, 3, 40))
    wider[:, [0, 2]] = dense_P(mdp)
    masked = MDP(sp.csr_array(wider.reshape(120, 40)), np.zeros((40, 3)), 0.9)
    assert np.array_equal(masked.actions, np.tile([True, False, True], (40, 1)))
    pi, x, y = uniform(mdp), np.ones((40,)) * np.arange(40), np.arange(40.0)
    solver_for(mdp, pi).solve(x)
    solver_for(masked, np.insert(pi, 1, 0.0, axis=1)).solve(y)
    assert np.array_equal(x, y)


# ---- parts of solvers ------------------------------------------------------------------------


def product(M):
    def apply(v, out, *others):
        out[:] = M @ v
        return [out @ other for other in others]

    return apply


@given(seeds, st.integers(1, 12))
@settings(max_examples=30)
def test_krylov_methods_solve_small_systems(seed, n):
    rng = np.random.default_rng(seed)
    M, b = np.eye(n) + 0.4 * rng.random((n, n)) / n, rng.standard_normal(n)
    z, factor = gmres(product(M), b, np.empty((n + 1, n)), 1e-14)
    assert np.linalg.norm(b - M @ z) <= 1e-12 * np.linalg.norm(b)
    assert factor <= 1e-13
    short, factor = gmres(product(M), b, np.empty((3, n)), 0.0)
    least = np.linalg.lstsq(np.stack([M @ b, M @ M @ b], 1), b, rcond=None)[0]
    exact = b - np.stack([M @ b, M @ M @ b], 1) @ least
    assert np.linalg.norm(b - M @ short) <= np.linalg.norm(exact) + 1e-12
    assert factor * np.linalg.norm(b) == pytest.approx(np.linalg.norm(b - M @ short), abs=1e-12)
    z, factor = bicgstab(product(M), b.copy(), rng.standard_normal(n), np.empty((5, n)), 200, 1e-10)
    assert factor <= 1e-10
    assert np.linalg.norm(b - M @ z) <= 1e-9 * np.linalg.norm(b)


def test_the_basis_of_gmres_stays_orthogonal():
    basis, b = np.empty((13, 40)), np.random.default_rng(0).standard_normal(40)
    gmres(product(np.diag(np.logspace(0, -14, 40))), b, basis, 0.0)
    np.testing.assert_allclose(basis @ basis.T, np.eye(13), atol=1e-13)


def test_bicgstab_breaks_down_on_a_goal_unless_its_shadow_is_random():
    mdp = instances.gridworld(12, 12, 0.99, sparse=True)
    P = np.einsum("sa,sat->st", uniform(mdp), dense_P(mdp))
    M, b = np.eye(144) - 0.99 * P, np.eye(144)[-1]
    for shadow, low, high in (
        (b, 1e-3, np.inf),
        (np.random.default_rng(0).standard_normal(144), 0, 1e-9),
    ):
        z, factor = bicgstab(product(M), b.copy(), shadow, np.empty((5, 144)), 1000, 1e-9)
        assert low <= factor <= high and np.isfinite(z).all()
        assert np.linalg.norm(b - M @ z) == pytest.approx(factor, rel=1e-3, abs=1e-12)


def pattern(P):
    P = sp.csr_array(P)
    return P.indptr.astype(np.int64), P.indices.astype(np.uint32)


def test_cost_of_elimination_is_foreseen():
    grid = instances.gridworld(60, 50, 0.9, sparse=True)
    model = sparse_model(grid)
    systems = solver_for(grid, uniform(grid), Solver.SPARSE_LU)
    systems.solve(np.ones(3000))
    fill = systems._factors.nnz
    on_grid = elimination_cost(model.row, model.column)
    assert fill <= on_grid.entries <= 3 * fill
    end = sp.csr_array((np.ones(3000), (np.arange(3000), np.full(3000, 7))), shape=(3000, 3000))
    P = sp.csr_array((np.ones(model.column.size), model.column.astype(int), model.row))
    with_hub = elimination_cost(*pattern(P + end))
    assert on_grid.entries + 3000 <= with_hub.entries <= 1.1 * on_grid.entries + 2 * 3000
    random = elimination_cost(*pattern(random_rows(np.random.default_rng(0), 3000, 1, 5)))
    assert random.entries >= 3000**2 / 4
    assert random.work >= 3000**3 / 16
    apart = elimination_cost(*pattern(sp.block_diag([line(50, 0.1)[::2]] * 40)))
    assert apart.entries <= 40 * 50 * 20


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("solver", [None, *SPARSE])
def test_solutions_do_not_depend_on_whose_memory_they_are_made_in(solver, adjoint):
    mdp = instances.gridworld(8, 9, 0.9, sparse=True)
    found, tables = [], np.full((2, 72, 4), np.nan)
    for lent in ((), tables[:, :, :1].copy(), tables):
        systems, b = solver_for(mdp, uniform(mdp), solver), np.random.default_rng(0).random(72)
        systems.work_in(*lent)
        for _ in range(2):
            (systems.solve_adjoint if adjoint else systems.solve)(b)
        found.append(b)
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


@pytest.mark.parametrize("solver", SPARSE)
def test_a_step_of_refinement_is_right_to_some_digits(solver):
    mdp, rng = instances.gridworld(12, 13, 0.95, sparse=True), np.random.default_rng(0)
    systems, unit = solver_for(mdp, uniform(mdp), solver), rng.random(156)
    systems.solve(unit)  # as large as a solution
    b = rng.standard_normal(156) * 1e-20
    P = np.einsum("sa,sat->st", uniform(mdp), dense_P(mdp))
    exact, kept = np.linalg.solve(np.eye(156) - 0.95 * P, b), unit.copy()
    systems.correct(b, unit)
    assert (np.abs(b - exact) <= 1e-3 * np.abs(exact).max()).all() and np.array_equal(unit, kept)
    for b in (np.zeros(156), np.full(156, np.nan)):
        expected = b.copy()
        systems.correct(b, unit)
        assert np.array_equal(b, expected, equal_nan=True)
