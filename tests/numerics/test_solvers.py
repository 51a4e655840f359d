"""Every way to solve the systems of a run against the slow twin, and against each other."""

from __future__ import annotations

import os
import pickle
import signal
import threading

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from support.exact import exact_solve, exact_system
from support.reference import gaps
from tabular_pg import (
    MDP,
    TDPMD,
    HadamardPG,
    NaturalPG,
    ProjectedPG,
    ProjectedQAscent,
    SoftmaxPG,
    SoftPolicyIteration,
    Solver,
    Status,
    check,
    instances,
    optimize,
    optimize_many,
    optimum,
)
from tabular_pg.numerics.systems.dense_solver import DenseSolver
from tabular_pg.numerics.systems.elimination import eliminate, eliminate_blocks
from tabular_pg.numerics.systems.products import adjoint_residual, residual

SPARSE = (Solver.SWEEPS, Solver.GMRES, Solver.BICGSTAB, Solver.SPARSE_LU)
DENSE = (Solver.ELIMINATION, Solver.REUSE)
RULES = [
    (ProjectedPG(0.1), 0.0),
    (SoftmaxPG(0.5), 0.0),
    (SoftmaxPG(0.5), 0.1),
    (NaturalPG(1.0), 0.0),
    (NaturalPG(1.0), 0.1),
    (SoftPolicyIteration(), 0.1),
    (HadamardPG(0.1), 0.0),
    (ProjectedQAscent(0.3), 0.0),
    (TDPMD(1.0), 0.1),
]


def ids(value):
    return value.name if isinstance(value, Solver) else str(value)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 15, 16, 17, 33, 60]), st.booleans())
def test_blocks_change_nothing(seed, n, graded):
    rng = np.random.default_rng(seed)
    N = rng.random((n, n)) * (rng.random((n, n)) < 0.5)
    if graded:
        N *= 10.0 ** -rng.integers(0, 20, (n, n))
    pivots, slack = np.empty((2, n)), rng.random(n) * 10.0 ** -rng.integers(0, 9)
    whole, blocked = N.copy(), N.copy()
    eliminate(whole, pivots[0], slack.copy())
    eliminate_blocks(blocked, pivots[1], slack.copy())
    off = ~np.eye(n, dtype=bool)
    np.testing.assert_allclose(blocked[off], whole[off], rtol=1e-13)
    np.testing.assert_allclose(pivots[1], pivots[0], rtol=1e-13)


@pytest.mark.parametrize("solver", DENSE)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0.5, 0.99, 0.9999]))
def test_dense_solver_is_accurate_entry_by_entry(solver, seed, graded, gamma):
    rng = np.random.default_rng(seed)
    n = 6
    P = rng.dirichlet(np.ones(n), size=(n, 1))
    if graded:  # nearly reducible
        P[:, 0] *= 10.0 ** -rng.integers(0, 20, (n, n))
        P[:, 0, -1] = 1 - P[:, 0, :-1].sum(axis=1)
    systems = DenseSolver(P, gamma, solver)
    systems.update(np.ones((n, 1)))
    M = exact_system(systems.N, 1 - gamma)
    b = rng.random(n) * 10.0 ** -rng.integers(0, 30, n)
    x, y = b.copy(), b.copy()
    systems.solve(x)
    systems.solve_adjoint(y)
    tolerance = 1e-13 + 1e-14 / (1 - gamma)
    np.testing.assert_allclose(x, exact_solve(M, b), rtol=tolerance)
    transposed = [list(column) for column in zip(*M, strict=True)]
    np.testing.assert_allclose(y, exact_solve(transposed, b), rtol=tolerance)
    assert 0 <= systems.backward_error < 1e-13


@given(st.integers(0, 2**32 - 1))
def test_residuals(seed):
    """What the stopping rule sees: an error in one entry, however small that entry is."""
    rng = np.random.default_rng(seed)
    n, gamma = 7, 0.9
    N = gamma * rng.dirichlet(np.ones(n), size=n)
    M = np.eye(n) - N
    x = rng.random(n)
    for matrix, kernel in ((M, residual), (M.T, adjoint_residual)):
        b = rng.random(n)
        out, scale = np.empty(n), np.empty(n)
        worst = kernel(N, 1 - gamma, b, x, out, scale)
        np.testing.assert_allclose(out, b - matrix @ x, atol=1e-14)
        size = np.abs(matrix) @ x + b
        assert worst == pytest.approx((np.abs(b - matrix @ x) / size).max(), rel=1e-9)


GRID = instances.gridworld(3, 3, gamma=0.9)
SMALL = {
    "dense": instances.random_dense(6, 3, 0.9, seed=1),
    "garnet": instances.garnet(8, 3, 2, 0.95, seed=2),
    "grid": GRID,
    "ill-conditioned": instances.garnet(6, 2, 3, 0.9999, seed=3),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("solver", Solver, ids=ids)
def test_paths_agree_with_the_slow_twin(solver, name):
    mdp = SMALL[name]
    for rule, tau in ((NaturalPG(1.0), 0.0), (SoftmaxPG(0.5), 0.1)):
        run = optimize(mdp, rule, 6, tau=tau, solver=solver)
        exact = gaps(mdp, rule, 6, tau, digits=60)
        for measured, row in zip(run.value_gap, exact, strict=True):
            for x, y in zip(measured, row, strict=True):
                assert abs(mp.mpf(x) - y) <= 1e-9 * y
        assert run.backward_error <= 1e-12


@pytest.mark.parametrize("rule, tau", RULES, ids=str)
@pytest.mark.parametrize("name", ["dense", "garnet", "grid"])
def test_every_rule_on_every_path(name, rule, tau):
    """Beyond the sizes that the twin can do: 160 states, against the loop for few states."""
    mdp = {
        "dense": lambda: instances.random_dense(160, 3, 0.95, seed=4),
        "garnet": lambda: instances.garnet(160, 3, 4, 0.95, seed=4),
        "grid": lambda: instances.gridworld(12, 12, gamma=0.95),
    }[name]()
    expected = None
    for solver in (Solver.ELIMINATION, None, Solver.REUSE, Solver.SWEEPS):
        run = optimize(mdp, rule, 12, tau=tau, solver=solver)
        expected = run if expected is None else expected
        assert run.solver is not None
        np.testing.assert_allclose(run.value_gap, expected.value_gap, rtol=1e-9)
        np.testing.assert_allclose(run.least_policy, expected.least_policy, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(run.A, expected.A, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(run.d, expected.d, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(run.gap_sum, expected.gap_sum, rtol=1e-9)


def test_the_path_is_chosen_and_reported():
    dense, sparse = instances.random_dense(160, 3, 0.9), instances.garnet(360, 3, 4, 0.9)
    few = optimize(SMALL["dense"], NaturalPG(1.0), 5)
    assert (few.solver, few.factorizations, few.refinements) == (Solver.ELIMINATION, 6, 0)
    many = optimize(dense, NaturalPG(0.1), 30)
    assert many.solver is Solver.REUSE
    assert 1 <= many.factorizations < 31 < many.refinements
    assert 0 < many.backward_error < 1e-12
    assert optimize(sparse, NaturalPG(1.0), 5).solver is Solver.SWEEPS


def test_refinement_gives_way_where_it_does_not_converge():
    """Factors in float32 know nothing of entries below 1e-45 of the largest."""
    n = 200
    P = np.zeros((n, 2, n))
    P[np.arange(n), 0, np.minimum(np.arange(n) + 1, n - 1)] = 1
    P[np.arange(n), 1, np.arange(n)] = 1
    P[:, 1] = 0.5 * P[:, 1] + 0.5 / n
    r = np.zeros((n, 2))
    r[0, 0] = 1.0
    mdp = MDP(P, r, 0.5)
    run = optimize(mdp, NaturalPG(5.0), 8, solver=Solver.REUSE)
    again = optimize(mdp, NaturalPG(5.0), 8, solver=Solver.ELIMINATION)
    np.testing.assert_allclose(run.value_gap, again.value_gap, rtol=1e-9)


def compact_and_masked(seed):
    """The same MDP twice: with two actions, and with three of which one is unavailable."""
    rng = np.random.default_rng(seed)
    small = instances.random_dense(5, 2, 0.8, seed=seed)
    places = np.sort(np.argsort(rng.random((5, 3)), axis=1)[:, :2], axis=1)
    P, r, actions = np.zeros((5, 3, 5)), np.full((5, 3), np.nan), np.zeros((5, 3), dtype=bool)
    np.put_along_axis(P, places[:, :, None], small.P, axis=1)
    np.put_along_axis(r, places, small.r, axis=1)
    np.put_along_axis(actions, places, True, axis=1)
    return small, MDP(P, r, small.gamma, actions=actions), places


@pytest.mark.parametrize("rule, tau", RULES, ids=str)
@pytest.mark.parametrize("solver", [None, Solver.REUSE, Solver.SWEEPS], ids=ids)
def test_actions_that_are_not_available(rule, tau, solver):
    for seed in range(3):
        small, masked, places = compact_and_masked(seed)
        expected = optimize(small, rule, 20, tau=tau)
        run = optimize(masked, rule, 20, tau=tau, solver=solver)
        np.testing.assert_allclose(run.value_gap, expected.value_gap, rtol=1e-9, atol=1e-300)
        kept = np.take_along_axis(run.policies, places[None], axis=2)
        np.testing.assert_allclose(kept, expected.policies, rtol=1e-9, atol=1e-15)
        assert (run.policies[:, ~masked.actions] == 0).all()
        assert (run.A[:, ~masked.actions] == -np.inf).all()
        assert optimum(masked, tau).Delta == pytest.approx(optimum(small, tau).Delta)
        assert all(v.holds for v in check(run) if v.applies)


def test_many_runs_are_single_runs():
    etas = [0.1, 1.0, 3.0, 10.0, 30.0]
    for mdp in (
        SMALL["dense"],
        instances.random_dense(160, 3, 0.9),
        instances.garnet(160, 2, 3, 0.9),
    ):
        runs = optimize_many(mdp, [NaturalPG(eta) for eta in etas], 15)
        for eta, run in zip(etas, runs, strict=True):
            alone = optimize(mdp, NaturalPG(eta), 15)
            assert run.rule == alone.rule and run.status is alone.status
            np.testing.assert_allclose(run.value_gap, alone.value_gap, rtol=1e-12)


def test_many_takes_lists_of_anything():
    mdps = [SMALL["dense"], SMALL["garnet"]]
    policy = np.full((6, 3), 1 / 3)
    runs = optimize_many(mdps, SoftmaxPG(0.1), 4, tau=[0.0, 0.1], policy=[policy, None])
    assert [run.mdp for run in runs] == mdps and [run.tau for run in runs] == [0.0, 0.1]
    mixed = optimize_many(instances.random_dense(160, 3, 0.9), [NaturalPG(1.0), SoftmaxPG(0.1)], 4)
    assert [type(run.rule) for run in mixed] == [NaturalPG, SoftmaxPG]
    assert optimize_many([], NaturalPG(1.0), 4) == []
    assert len(optimize_many(SMALL["dense"], (NaturalPG(1.0), SoftmaxPG(0.1)), 4)) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"rule": [NaturalPG(1.0)], "tau": [0.0, 0.1]}, "lists have lengths .*'rule': 1, 'tau': 2"),
        ({"rule": [NaturalPG(1.0), 3]}, "rule is 3"),
        ({"rule": NaturalPG(1.0), "solver": "lu"}, "solver is 'lu'; expected None or one of"),
    ],
)
def test_many_refuses(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        optimize_many(SMALL["dense"], iterations=3, **arguments)


def test_a_dense_solver_is_refused_for_sparse_p():
    mdp = instances.garnet(30, 2, 3, 0.9, sparse=True)
    with pytest.raises(ValueError, match=r"solver is Solver\.REUSE, but P is sparse"):
        optimize(mdp, NaturalPG(1.0), 3, solver=Solver.REUSE)


@pytest.fixture
def interruptible():
    """A process started in the background ignores Ctrl-C; these tests would run for ever."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("n", [6, 160])
def test_ctrl_c_keeps_the_iterates(n):
    mdp = instances.random_dense(n, 3, 0.9)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    optimize(mdp, NaturalPG(1e-3), 1)  # compiled before the clock starts
    before = signal.getsignal(signal.SIGINT)
    timer.start()
    run = optimize(mdp, NaturalPG(1e-3), 10**9)
    assert run.status is Status.INTERRUPTED
    assert 0 < run.k[-1] < 10**9 and len(run.k) == len(run.gap) > 2
    assert (np.diff(run.k) > 0).all()
    same = optimize(mdp, NaturalPG(1e-3), int(run.k[5]), at=[int(run.k[5])])
    assert same.gap[0] == pytest.approx(run.gap[5], rel=1e-12)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_sweep():
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    optimize(SMALL["dense"], NaturalPG(1e-3), 1)
    timer.start()
    runs = optimize_many(SMALL["dense"], [NaturalPG(1e-3)] * 5, 10**9)
    assert all(run.status is Status.INTERRUPTED for run in runs)


def test_more_memory_than_there_is_is_refused_before_anything_is_allocated():
    mdp = instances.random_dense(100, 100, 0.9)
    with pytest.raises(MemoryError, match=r"1 run\(s\) of .* GB are needed and .* available"):
        optimize(mdp, NaturalPG(1.0), 10**9, at=np.arange(10**6))


@pytest.mark.parametrize("rule, tau", RULES, ids=str)
def test_theorems_are_checked_on_sparse_mdps(rule, tau):
    """All that do not need a dense P_pi hold, and are as many as on the same MDP stored densely."""
    sparse = instances.garnet(30, 3, 4, 0.9, sparse=True)
    dense = MDP(sparse.P.toarray().reshape(30, 3, 30), sparse.r, sparse.gamma)
    ours, theirs = (check(optimize(mdp, rule, 30, tau=tau)) for mdp in (sparse, dense))
    assert all(verdict.holds for verdict in ours if verdict.applies)
    for mine, same in zip(ours, theirs, strict=True):
        assert mine.applies == same.applies or "P is sparse" in mine.why_not


def test_blas_threads_are_given_back_after_runs_that_overlap():
    before = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    mdp, rule = SMALL["dense"], NaturalPG(1e-3)
    runs = [threading.Thread(target=optimize, args=(mdp, rule, n)) for n in (300_000, 900_000)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert after == before


def test_a_handler_of_the_program_is_left_alone():
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        assert optimize(SMALL["dense"], NaturalPG(1e-3), 500_000).status is Status.COMPLETED
    finally:
        timer.join()
        signal.signal(signal.SIGINT, previous)


def test_memory_is_that_of_all_runs_together():
    """One large MDP among small ones does not count for each of them."""
    mdps = [SMALL["dense"]] * 200 + [instances.garnet(10_000, 4, 3, 0.9, sparse=True)]
    runs = optimize_many(mdps, NaturalPG(1.0), 3, at=[0, 3])
    assert len(runs) == 201


def test_copies_of_an_mdp_are_read_only():
    for mdp in (SMALL["dense"], instances.garnet(30, 2, 3, 0.9, sparse=True)):
        again = pickle.loads(pickle.dumps(mdp))
        assert not again.r.flags.writeable and not again.rho.flags.writeable
        array = again.P.data if again.sparse else again.P
        assert not array.flags.writeable


def test_too_many_iterations_are_refused():
    with pytest.raises(ValueError, match=r"iterations is 100000000000000000000; expected at most"):
        optimize(SMALL["dense"], NaturalPG(1.0), 10**20)
