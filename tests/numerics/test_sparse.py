"""Sparse P: what an MDP makes of it, the kernels against dense and exact twins, instances."""

from __future__ import annotations

import tracemalloc
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
    policy,
    prepared,
    random_rows,
    rows,
    seeds,
    slack,
    solver_for,
    uniform,
)
from tabular_pg import MDP, instances
from tabular_pg.numerics.double_double import advantages, sparse_advantages
from tabular_pg.numerics.systems import compressed_rows
from tabular_pg.numerics.systems.compressed_rows import (
    adjoint_residual,
    next_values,
    residual,
    sparse_model,
    transitions,
)
from tabular_pg.numerics.systems.sparse_sweeps import (
    adjoint_relax,
    diagonal,
    from_earlier,
    push,
    relax,
)


@pytest.mark.parametrize("form", [sp.coo_array, sp.csc_matrix, sp.csr_matrix, sp.lil_array])
def test_every_sparse_format_means_the_same(form):
    dense = np.array([[0.5, 0.5, 0], [0, 0, 1], [0.2, 0.3, 0.5], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    r = np.arange(6.0).reshape(3, 2)
    mdp = MDP(form(dense), r, 0.9)
    assert mdp.sparse and mdp.P.has_canonical_format
    assert isinstance(mdp.P, sp.csr_array) and mdp.P.indices.dtype == np.int32
    assert np.array_equal(mdp.P.toarray(), dense)
    assert not MDP(dense.reshape(3, 2, 3), r, 0.9).sparse
    assert mdp.actions is None and (mdp.n_states, mdp.n_actions) == (3, 2)


def test_canonical_rows_are_not_copied_and_become_read_only():
    P = random_rows(np.random.default_rng(0), 20, 2, 3)
    mdp = MDP(P, np.zeros((20, 2)), 0.9)
    assert np.shares_memory(mdp.P.data, P.data) and np.shares_memory(mdp.P.indices, P.indices)
    model = sparse_model(mdp)
    assert np.shares_memory(model.data, P.data) and np.shares_memory(model.column, P.indices)
    with pytest.raises(ValueError, match="read-only"):
        P.data[0] = 1.0


def test_unsorted_rows_with_repetitions_are_put_right_in_a_copy():
    data, indices = np.array([0.5, 0.25, 0.25, 1.0]), np.array([1, 0, 1, 0])
    P = sp.csr_matrix((data, indices, [0, 3, 4]), shape=(2, 2))
    mdp = MDP(P, np.zeros((2, 1)), 0.9)
    assert np.array_equal(mdp.P.toarray(), [[0.25, 0.75], [1, 0]])
    assert P.indices.tolist() == [1, 0, 1, 0] and P.data.flags.writeable


def test_rows_are_divided_by_their_sums():
    slightly = sp.csr_array(np.array([[0.5, 0.5 + 1e-12], [1.0, 0.0]]))
    for P in (slightly, slightly.toarray()[:, None]):
        mdp = MDP(P, np.zeros((2, 1)), 0.9)
        assert abs(mdp.P.sum(axis=-1) - 1).max() < 4e-16
        assert mdp.correction == 0
    repaired = MDP(sp.csr_array(slightly * 1.5), np.zeros((2, 1)), 0.9, renormalize=True)
    assert repaired.correction == pytest.approx(0.5)
    assert abs(repaired.P.sum(axis=1) - 1).max() < 4e-16


def test_missing_rows_are_unavailable_actions():
    P = np.array([[0.5, 0.5], [0, 0], [1, 0], [0, 1]])
    r = np.array([[1.0, np.nan], [2.0, 3.0]])
    mask = np.array([[True, False], [True, True]])
    derived = MDP(sp.csr_array(P), np.nan_to_num(r), 0.9)
    assert np.array_equal(derived.actions, mask) and derived.r[0, 1] == 0
    for matrix in (sp.csr_array(P), P.reshape(2, 2, 2)):
        given = MDP(matrix, r, 0.9, actions=mask)
        assert np.array_equal(given.actions, mask) and given.r[0, 1] == 0
        with pytest.raises(ValueError, match="read-only"):
            given.actions[0, 0] = False
    outcomes = np.where(mask[:, :, None], [1.0, 1.0], -np.inf)
    given = MDP(P.reshape(2, 2, 2), outcomes, 0.9, actions=mask)
    assert np.array_equal(given.r, [[1, 0], [1, 1]])
    all_of_them = np.ones((2, 2), dtype=bool)
    assert MDP(np.full((2, 2, 2), 0.5), np.zeros((2, 2)), 0.9, actions=all_of_them).actions is None


BASE = np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


def changed(index, value):
    array = BASE.copy()
    array[index] = value
    return sp.csr_array(array)


@pytest.mark.parametrize(
    ("P", "options", "message"),
    [
        (changed((2, 0), np.nan), {}, r"P\[1, 0, 0\] is nan; expected a finite number"),
        (changed((1, 1), np.inf), {}, r"P\[0, 1, 1\] is inf; expected a finite number"),
        (changed(0, [1.5, -0.5]), {}, r"P\[0, 0, 1\] is -0.5; expected a probability >= 0"),
        (changed((2, 0), 0.9), {}, r"P\[1, 0\] sums to 0.9; expected 1 within 2e-12 \(pass renorm"),
        (changed((2, 0), 0.0), {}, r"state 1 has no available action; expected at least one"),
        (sp.csr_array(BASE), {"actions": [[1, 1], [1, 0]]}, r"actions has shape .* type int64"),
        (sp.csr_array(BASE), {"actions": np.ones(2, bool)}, r"actions has shape \(2,\) .*\(2, 2\)"),
        (
            sp.csr_array(BASE),
            {"actions": np.ones((2, 2), bool)},
            r"P\[1, 1\] is all zero and cannot be renormalized; .* actions=",
        ),
        (
            sp.csr_array(BASE),
            {"actions": np.array([[True, True], [False, True]])},
            r"P\[1, 0\] sums to 1.0; expected an all-zero row, because actions\[1, 0\] is False",
        ),
        (
            BASE.reshape(2, 2, 2),
            {"actions": np.array([[True, True], [False, False]])},
            r"P\[1, 0\] sums to 1.0; expected an all-zero row",
        ),
        (BASE.reshape(2, 2, 2), {}, r"P\[1, 1\] is all zero .* actions=mask"),
        (sp.csr_array(BASE)[:3], {}, r"P is sparse of shape \(3, 2\) and r has shape \(2, 2\)"),
        (sp.csr_array(BASE * 1j), {}, r"P is not an array of real numbers"),
    ],
)
def test_bad_models(P, options, message):
    with pytest.raises(ValueError, match=message):
        MDP(P, np.zeros((2, 2)), 0.9, **options)


def test_bad_index():
    P = sp.csr_array(BASE)
    P.indices = P.indices + np.int32(1)
    with pytest.raises(ValueError, match="P is not a valid CSR matrix: .*indices"):
        MDP(P, np.zeros((2, 2)), 0.9)


# ---- kernels ---------------------------------------------------------------------------------


@given(cases())
@settings(max_examples=40)
def test_pattern_and_products(case):
    mdp, pi, b = case.build()
    model, P = sparse_model(mdp), dense_P(mdp)
    values, q = np.empty(model.column.size), np.empty(mdp.r.shape)
    transitions(model, mdp.gamma, pi, values)
    next_values(model, mdp.gamma, b, q)
    P_pi = sp.csr_array((values, model.column.astype(np.int32), model.row), (b.size, b.size))
    np.testing.assert_allclose(
        P_pi.toarray(), mdp.gamma * np.einsum("sa,sat->st", pi, P), rtol=1e-14, atol=0
    )
    np.testing.assert_allclose(q, mdp.gamma * P @ b, rtol=1e-14, atol=0)
    assert model.row[-1] == model.column.size <= mdp.P.nnz
    if model.slot.size > 0:
        assert 2 * model.column.size <= mdp.P.nnz
        assert P_pi.nnz == np.count_nonzero(P.sum(axis=1))
    same = sparse_model(MDP(P, mdp.r, mdp.gamma))
    assert all(np.array_equal(x, y) for x, y in zip(model, same, strict=True))


@given(cases(), st.booleans())
@settings(max_examples=20)
def test_residuals_are_exact_to_rounding(case, adjoint):
    mdp, pi, b = case.build()
    x = np.random.default_rng(0).random(b.size)
    model, values, M = prepared(mdp, pi)
    M = [list(column) for column in zip(*M, strict=True)] if adjoint else M
    r, scale = np.empty(b.size), np.empty(b.size)
    kernel = adjoint_residual if adjoint else residual
    rows = () if adjoint else (0, b.size)
    omega = kernel(model, values, slack(mdp), b, x, r, scale, *rows)
    exact = [
        Fraction(c) - sum(m * Fraction(t) for m, t in zip(row, x, strict=True))
        for row, c in zip(M, b, strict=True)
    ]
    size = [
        float(sum(abs(m) * Fraction(t) for m, t in zip(row, x, strict=True)) + Fraction(c))
        for row, c in zip(M, b, strict=True)
    ]
    np.testing.assert_allclose(scale, size, rtol=1e-13)
    assert (np.abs(r - np.array([float(e) for e in exact])) <= 4e-15 * scale).all()
    assert omega == pytest.approx(max(abs(float(e)) / c for e, c in zip(exact, size, strict=True)))


@given(case=cases(gammas=(0.9999,)))
@settings(max_examples=20)
def test_residual_loses_nothing_to_what_values_have_in_common(case):
    mdp, pi, b = case.build()
    model, values, M = prepared(mdp, pi)
    r, scale = np.empty(b.size), np.empty(b.size)
    residual(model, values, slack(mdp), b, np.full(b.size, 1e15), r, scale, 0, b.size)
    assert np.array_equal(r, b - (1 - mdp.gamma) * 1e15)
    x = 1 + 1e-6 * np.random.default_rng(0).random(b.size)
    residual(model, values, slack(mdp), 0 * b, x, r, scale, 0, b.size)
    exact = [-sum(m * Fraction(t) for m, t in zip(row, x, strict=True)) for row in M]
    error = max(abs(Fraction(found) - e) for found, e in zip(r, exact, strict=True))
    assert error <= 1e-15 * (1e-6 + 1 - mdp.gamma)


@given(cases())
@example(Case(57884, "halves", 0.9999, "sharp", "positive"))  # a residual shrinks to 1/40
@settings(max_examples=30)
def test_sweeps_have_the_solution_as_fixed_point_and_approach_it(case):
    mdp, pi, b = case.build()
    model, values, _ = prepared(mdp, pi)
    exact, adjoint = dense_solutions(mdp, pi, b)
    before, work, mass, r = (np.empty(b.size) for _ in range(4))
    from_earlier(model, values, work)
    diagonal(model, values, slack(mdp), mass)
    for start, backward in ((exact, False), (exact, True), (0.0 * b, False), (2.0 * exact, True)):
        x = start.copy()
        relax(model, values, slack(mdp), b, x, work, backward)
        assert (x >= 0).all()
        assert (np.abs(x - exact) <= np.abs(start - exact).max() + 1e-13 * exact).all()
    for start, backward in ((adjoint, False), (adjoint, True), (0.0 * b, False)):
        y = start.copy()
        adjoint_relax(model, values, slack(mdp), b, y, work, backward)
        assert (y >= b * (1 - 1e-14)).all()
        assert (
            np.abs(y - adjoint).sum()
            <= np.abs(start - adjoint).sum() * (1 + 1e-12) + 1e-13 * y.sum()
        )
    y = adjoint * np.random.default_rng(0).random(b.size)
    adjoint_residual(model, values, slack(mdp), b, y, r, before)
    push(model, values, mass, y, r)
    kept = r.copy()
    adjoint_residual(model, values, slack(mdp), b, y, r, work)
    # a move is rounded like what it is the difference of: y before the sweep, and y after it
    assert (np.abs(kept - r) <= 1e-14 * (before + work)).all()


def test_a_sweep_replaces_noise_by_what_is_true():
    """However much larger the noise is: the states of a path are exact after one sweep."""
    successors = np.maximum(np.arange(30) - 1, 0)[:, None, None]
    mdp = MDP(rows(successors, np.ones((30, 1, 1))), np.zeros((30, 1)), 0.9)
    pi, b = np.ones((30, 1)), 10.0 ** -np.arange(150, 0, -5)
    model, values, _ = prepared(mdp, pi)
    x, y = np.ones((2, 30))
    relax(model, values, slack(mdp), b, x, np.zeros(30), False)
    adjoint_relax(model, values, slack(mdp), b, y, np.empty(30), True)
    for found, exact in zip((x, y), dense_solutions(mdp, pi, b), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_drift_is_the_mean_residual_after_a_forward_sweep():
    rng = np.random.default_rng(0)
    mdp = MDP(random_rows(rng, 50, 3, 4), np.zeros((50, 3)), 0.95)
    model, values, _ = prepared(mdp, policy(rng, (50, 3), "random"))
    b, x = rng.random((2, 50))
    earlier, r, scale = (np.empty(50) for _ in range(3))
    from_earlier(model, values, earlier)
    _, _, drift = relax(model, values, slack(mdp), b, x, earlier, False)
    residual(model, values, slack(mdp), b, x, r, scale, 0, b.size)
    assert drift == pytest.approx(r.mean(), rel=1e-12)


@given(cases(), seeds)
@settings(max_examples=30)
def test_advantages_are_the_dense_ones(case, seed):
    mdp, _, _ = case.build()
    rng = np.random.default_rng(seed)
    V = rng.random(mdp.n_states)
    given, found = (mdp.r, mdp.gamma, None, V, 1e-18 * V), np.empty((2, 2, *mdp.r.shape))
    advantages(dense_P(mdp), *given, *found[0])
    sparse_advantages(sparse_model(mdp), *given, *found[1])
    assert np.array_equal(*found)


def test_advantages_of_missing_rows_are_0():
    mdp = MDP(sp.csr_array(BASE), np.zeros((2, 2)), 0.9)
    V = np.array([1.0, 2.0])
    for kernel, P in (
        (sparse_advantages, sparse_model(mdp)), (advantages, BASE.reshape(2, 2, 2)),
    ):  # fmt: skip
        high, low = np.empty((2, 2, 2))
        kernel(P, mdp.r, 0.9, None, V, 0 * V, high, low)
        assert high[1, 1] == low[1, 1] == 0
        assert high[1, 0] == pytest.approx(0.9 - 2)


# ---- instances -------------------------------------------------------------------------------


@given(st.data(), st.integers(1, 15), st.integers(1, 4), seeds)
@settings(max_examples=30)
def test_sparse_garnet_rows_reach_exactly_branching_states(data, n_states, n_actions, seed):
    branching = data.draw(st.integers(1, n_states))
    mdp = instances.garnet(n_states, n_actions, branching, 0.9, seed=seed, sparse=True)
    assert mdp.sparse and mdp.actions is None
    assert (np.diff(mdp.P.indptr) == branching).all()
    assert (np.diff(mdp.P.indices.reshape(-1, branching), axis=1) > 0).all()
    assert ((mdp.r >= 0) & (mdp.r <= 1)).all()
    again = instances.garnet(n_states, n_actions, branching, 0.9, seed=seed, sparse=True)
    assert np.array_equal(mdp.P.data, again.P.data)
    assert np.array_equal(mdp.P.indices, again.P.indices)


def test_sparse_garnet_is_uniform():
    P = instances.garnet(40, 1000, 3, 0.9, sparse=True).P
    assert P.data.mean() == pytest.approx(1 / 3)
    assert (P.data**2).mean() == pytest.approx(1 / 6, abs=2e-3)
    # every state is as likely as any other, and so is every pair
    counts = np.bincount(P.indices, minlength=40)
    assert counts == pytest.approx(np.full(40, 3000), abs=5 * np.sqrt(3000))
    sets = P.indices.reshape(-1, 3)
    pairs = np.concatenate([40 * sets[:, i] + sets[:, j] for i, j in ((0, 1), (0, 2), (1, 2))])
    seen = np.bincount(pairs, minlength=1600)[np.triu(np.ones((40, 40)), 1).ravel() > 0]
    expected = 3 * 40_000 / 780
    assert seen == pytest.approx(np.full(780, expected), abs=5.5 * np.sqrt(expected))


@pytest.mark.parametrize(
    ("shape", "slip"), [((3, 4), 0.1), ((1, 5), 0.3), ((5, 1), 0.0), ((1, 1), 0.1), ((6, 7), 1.0)]
)
def test_sparse_gridworld_is_the_dense_one(shape, slip):
    dense = instances.gridworld(*shape, 0.9, slip=slip)
    compressed = instances.gridworld(*shape, 0.9, slip=slip, sparse=True)
    assert compressed.P.indices.dtype == compressed.P.indptr.dtype == np.int32
    assert np.array_equal(dense_P(compressed), dense.P)
    assert np.array_equal(compressed.r, dense.r)
    assert compressed.P.nnz == np.count_nonzero(dense.P)


def test_memory_stays_within_four_times_the_matrix():
    small = instances.garnet(50, 4, 5, 0.99, sparse=True)
    solver_for(small, uniform(small)).solve(np.ones(50))  # compiles
    solver_for(small, uniform(small)).solve_adjoint(np.ones(50))
    tracemalloc.start()
    mdp = instances.garnet(50_000, 4, 5, 0.99, sparse=True)
    systems = solver_for(mdp, uniform(mdp))
    q = np.empty(mdp.r.shape)
    for k in range(5):
        b = 1.0 + 0.1 * k * np.arange(50_000)
        systems.solve(b)
        next_values(systems.model, 0.99, b, q)
        systems.solve_adjoint(np.full(50_000, 1 / 50_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * (mdp.P.data.nbytes + mdp.P.indices.nbytes + mdp.P.indptr.nbytes)


def test_rows_that_are_too_wide_are_not_merged(monkeypatch):
    mdp = instances.gridworld(5, 5, 0.9, sparse=True)
    pi, merged = np.random.default_rng(0).dirichlet(np.ones(4), 25), sparse_model(mdp)
    monkeypatch.setattr(compressed_rows, "WIDEST", 4)
    assert sparse_model(mdp).slot.size > 0
    monkeypatch.setattr(compressed_rows, "WIDEST", 3)
    whole, chains = sparse_model(mdp), []
    assert whole.slot.size == 0
    for model in (merged, whole):
        values = np.empty(model.column.size)
        transitions(model, 0.9, pi, values)
        P_pi = sp.csr_array((values, model.column.astype(np.int32), model.row), (25, 25))
        chains.append(P_pi.toarray())
    np.testing.assert_allclose(*chains, rtol=1e-14)
