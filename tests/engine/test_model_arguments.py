"""Messages name the remedy, bits are kept, and nobody else can change an MDP."""

from __future__ import annotations

import ast
import contextlib
import itertools
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from support.odd_inputs import MODEL, P, gaps, parts, policy, r
from tabular_pg import MDP, NaturalPG, Solver, check, instances, optimize, optimize_many, optimum

# ---- what is refused, and what a message says of it --------------------------------------------

SPARSE = sparse.csr_array(P.reshape(6, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([SPARSE[:3], SPARSE[3:]], r, 0.9), ValueError, r"P is a list of sparse .*s \* A \+ a"),
        ((SPARSE, sparse.csr_array(r), 0.9), ValueError, r"r is sparse.*r\.toarray\(\)"),
        ((SPARSE, P, 0.9), ValueError, r"r has shape \(3, 2, 3\).*P\.multiply\(R\)"),
        ((P.transpose(1, 0, 2), r, 0.9), ValueError, r"\(A, S, S\): .*P\.transpose\(1, 0, 2\)"),
        ((P.transpose(0, 2, 1), r, 0.9), ValueError, r"\(S, S, A\): .*P\.transpose\(0, 2, 1\)"),
        ((P.reshape(6, 3), r, 0.9), ValueError, r"P\.reshape\(S, A, S\)"),
        ((P[:, 0], r[:, :1], 0.9), ValueError, r"P\[:, None\]"),
        ((P, r.T, 0.9), ValueError, r"r has shape \(2, 3\).*r\.T"),
        ((P, r[:, 0], 0.9), ValueError, r"r has shape \(3,\).*np\.repeat"),
        (({0: {}}, r, 0.9), ValueError, r"P is not an array of real numbers: got \{0: "),
        ((P, r * 1j, 0.9), ValueError, "r is not an array of real numbers: entries are complex"),
        ((P, [[10**400, 0], [0, 0], [0, 0]], 0.9), ValueError, r"r\[0, 0\] is beyond the range"),
    ],
)
def test_messages_name_the_remedy(arguments, error, message):
    with pytest.raises(error, match=message):
        MDP(*arguments)


def test_a_cube_in_another_order_is_recognized_where_it_can_be():
    cube = np.concatenate([P, P[:, ::-1][:, :1]], axis=1)
    with pytest.raises(ValueError, match=r"np\.moveaxis\(P, 1, 2\)"):
        MDP(cube.transpose(0, 2, 1), np.zeros((3, 3)), 0.9)
    mask = np.ones((3, 3), dtype=bool)
    mask[0, 2] = False
    cube[0, 2] = 0
    assert MDP(cube, np.zeros((3, 3)), 0.9, actions=mask).actions is not None
    with pytest.raises(ValueError, match=r"P\.transpose\(1, 0, 2\)"):
        MDP(cube.transpose(1, 0, 2), np.zeros((3, 3)), 0.9, actions=mask)
    with pytest.warns(UserWarning, match=r"one per action.*np\.stack\(P, axis=1\)"):
        MDP([np.eye(2), np.eye(2)], np.zeros((2, 2)), 0.9)
    MDP(np.array([np.eye(2), np.eye(2)]), np.zeros((2, 2)), 0.9)


def test_the_ways_from_matrices_per_action_that_the_docstring_names():
    matrices, shape = [P[:, a] for a in range(2)], (2, 3)
    assert np.array_equal(MDP(np.stack(matrices, axis=1), r, 0.9).P, P)
    A, S = shape
    stacked = sparse.vstack([sparse.csr_array(m) for m in matrices], format="csr")
    mdp = MDP(stacked[np.arange(A * S).reshape(A, S).T.ravel()], r, 0.9)
    assert np.array_equal(mdp.P.toarray().reshape(3, 2, 3), P)


@pytest.mark.parametrize("value", ["False", 0, None, 1.0, np.array([True])])
def test_options_are_booleans(value):
    with pytest.raises(TypeError, match="renormalize is .*; expected True or False"):
        MDP(P, r, 0.9, renormalize=value)
    with pytest.raises(TypeError, match="sparse is "):
        instances.garnet(3, 2, 2, 0.9, sparse=value)


def test_solvers_are_members_of_their_enum():
    with pytest.raises(TypeError, match="solver is 'GMRES'; expected None or one of Solver"):
        optimize(MODEL, NaturalPG(1.0), 2, solver="GMRES")
    assert optimize(MODEL, NaturalPG(1.0), 2, solver=Solver.ELIMINATION).gap.size == 3


def test_many_runs_from_arrays_and_generators():
    rule, taus = NaturalPG(1.0), [0.25, 0.5]
    expected = gaps(optimize_many(MODEL, rule, 2, tau=taus))
    for given in (np.array(taus), tuple(taus), iter(taus), (tau for tau in taus)):
        assert str(gaps(optimize_many(MODEL, rule, 2, tau=given))) == str(expected)
    runs = optimize_many(MODEL, (NaturalPG(eta) for eta in (1.0, 2.0)), 2)
    assert [run.rule.eta for run in runs] == [1.0, 2.0]
    starts = np.stack([policy, policy[::-1]])
    assert len(optimize_many(MODEL, rule, 2, policy=starts)) == 2
    with pytest.raises(ValueError, match="lists have lengths .*expected at most 100000"):
        optimize_many(MODEL, rule, 2, tau=itertools.count())


# ---- bits are kept -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 7, 100, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_an_mdp_made_of_the_parts_of_another_has_its_bits(size, seed):
    rng = np.random.default_rng(seed)
    rows, (one, other) = rng.dirichlet(np.ones(size), (size, 1)), rng.dirichlet(np.ones(size), 2)
    rows = rows * (1 + 1e-13 * rng.standard_normal((size, 1, 1)))
    for table in (rows, sparse.csr_array(rows[:, 0])):
        mdp = MDP(table, np.zeros((size, 1)), 0.9, rho=one, mu=other * (1 + 1e-13))
        again = MDP(mdp.P, mdp.r, mdp.gamma, rho=mdp.rho, mu=mdp.mu)
        assert all(map(np.array_equal, parts(mdp), parts(again)))
        assert abs(mdp.P.sum(axis=-1) - 1).max() < 1e-14
    default = MDP(rows, np.zeros((size, 1)), 0.9)
    assert np.array_equal(MDP(rows, default.r, 0.9, rho=default.rho).rho, default.rho)


def test_what_sums_to_1_within_rounding_is_left_alone():
    for row in ([0.06, 0.94], [0.1] * 10, [1 / 3] * 3, [0.7, 0.2, 0.1], [0.8, 0.2 - 2.0**-53]):
        size = len(row)
        mdp = MDP(np.tile(row, (size, 1, 1)), np.zeros((size, 1)), 0.9, rho=row, mu=row)
        assert mdp.P[0, 0].tolist() == mdp.rho.tolist() == mdp.mu.tolist() == row
        assert (
            MDP(sparse.csr_array(np.tile(row, (size, 1))), mdp.r, 0.9).P.data.tolist() == row * size
        )


def test_many_equal_entries_of_a_sparse_row_are_not_touched():
    size = 200_000
    row = sparse.csr_array((np.full(size, 1 / size), (np.zeros(size, int), np.arange(size))))
    stay = sparse.eye_array(size, format="csr")[1:]
    mdp = MDP(sparse.vstack([row, stay], format="csr"), np.zeros((size, 1)), 0.9)
    assert (mdp.P.data[:size] == 1 / size).all()


def test_what_is_negative_by_rounding_is_waived_on_request():
    left = 1 - 0.8 - 0.2
    assert left < 0
    row = [0.8, 0.2, left]
    for table in (np.tile(row, (3, 1, 1)), sparse.csr_array(np.tile(row, (3, 1)))):
        with pytest.raises(ValueError, match=r"P\[0, 0, 2\] is -5.*pass renormalize=True"):
            MDP(table, np.zeros((3, 1)), 0.9)
        mdp = MDP(table, np.zeros((3, 1)), 0.9, renormalize=True)
        assert mdp.P.min() == 0
        assert (table if sparse.issparse(table) else table).min() == left
    with pytest.raises(ValueError, match=r"P\[0, 0, 1\] is -0.5; expected a probability >= 0$"):
        MDP([[[1.5, -0.5]], [[1, 0]]], np.zeros((2, 1)), 0.9, renormalize=True)


def test_sums_beyond_floats_cannot_be_renormalized():
    with pytest.raises(ValueError, match=r"P\[0, 0\] sums to inf"):
        MDP([[[1e308, 1e308]], [[1, 0]]], np.zeros((2, 1)), 0.9, renormalize=True)


# ---- nobody else can change an MDP -------------------------------------------------------------


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_sparse_matrices_cannot_be_changed_afterwards(form):
    given = SPARSE.asformat(form).copy()
    mdp = MDP(given, r, 0.9)
    before = mdp.P.toarray()
    with contextlib.suppress(ValueError, TypeError, NotImplementedError):
        given[0, 0] = 0.75
    for name in ("data", "row", "col", "indices", "indptr"):
        with contextlib.suppress(ValueError, AttributeError, TypeError):
            getattr(given, name)[...] = 0
    assert np.array_equal(mdp.P.toarray(), before)


def view_of_array():
    whole = np.concatenate([SPARSE.data, [0.0]])
    return whole, whole[:-1]


def locked_view_of_array():
    whole, view = view_of_array()
    view.setflags(write=False)
    return whole, view


def view_of_bytes():
    memory = bytearray(SPARSE.data.tobytes())
    return np.frombuffer(memory), np.frombuffer(memory)


@pytest.mark.parametrize("make", [view_of_array, locked_view_of_array, view_of_bytes])
def test_what_data_are_a_view_of_cannot_change_them(make):
    whole, view = make()
    given = sparse.csr_array((view, SPARSE.indices.copy(), SPARSE.indptr.copy()), (6, 3))
    mdp = MDP(given, r, 0.9)
    whole[:] = 0
    assert np.array_equal(mdp.P.data, SPARSE.data) and not mdp.P.data.flags.writeable


# ---- what is used as it should be --------------------------------------------------------------


def test_models_runs_and_verdicts_are_pickled():
    for mdp in (MODEL, MDP(SPARSE, r, 0.9)):
        again = pickle.loads(pickle.dumps(mdp))
        assert all(map(np.array_equal, parts(mdp), parts(again))) and again.sparse == mdp.sparse
        with pytest.raises(ValueError, match="read-only"):
            (again.P.data if again.sparse else again.P)[...] = 0
    run = optimize(MODEL, NaturalPG(1.0), 3)
    assert np.array_equal(pickle.loads(pickle.dumps(run)).gap, run.gap)
    for verdict in check(run):
        again = pickle.loads(pickle.dumps(verdict))
        assert (again.holds, str(again)) == (verdict.holds, str(verdict))


def test_zero_and_constant_rewards_have_no_gap():
    for value in (0.0, 1.0, -3.5):
        run = optimize(MDP(P, np.full((3, 2), value), 0.9), NaturalPG(1.0), 3)
        assert (run.gap == 0).all() and (run.optimum.V == value / (1 - 0.9)).all() or value != 0
        assert np.abs(run.gap).max() <= 1e-14


def test_runs_in_threads_are_those_of_one_thread():
    runs = [optimize(MODEL, NaturalPG(eta), 5).gap for eta in (0.5, 1.0, 2.0)]
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(lambda eta: optimize(MODEL, NaturalPG(eta), 5).gap, (0.5, 1.0, 2.0)))
    assert all(map(np.array_equal, runs, again))


def gap_of(eta):
    return optimize(MODEL, NaturalPG(eta), 3).gap


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forks beside threads
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_runs_in_other_processes_are_those_of_this_one(way):
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip("not on this system")
    context = multiprocessing.get_context(way)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert np.array_equal(pool.submit(gap_of, 1.0).result(timeout=300), gap_of(1.0))


def test_runs_without_a_compiler_are_those_with_it():
    code = (
        "from tabular_pg import NaturalPG, instances, optimize\n"
        "print(optimize(instances.chain(4, 0.9), NaturalPG(1.0), 4).gap.tolist())"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    compiled = optimize(instances.chain(4, 0.9), NaturalPG(1.0), 4).gap
    np.testing.assert_allclose(ast.literal_eval(done.stdout), compiled, rtol=1e-13)


def test_ties_by_symmetry_are_ties_at_long_horizons():
    mdp = instances.gridworld(6, 6, 1 - 1e-5)
    best, diagonal = optimum(mdp), np.arange(0, 35, 7)
    assert best.optimal[diagonal][:, [1, 2]].all()
    V = best.V.reshape(6, 6)
    np.testing.assert_allclose(V, V.T, rtol=1e-13)
