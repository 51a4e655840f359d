"""Instances need little more than their tables, and are refused where these do not fit."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from tabular_pg import MDP, NaturalPG, SoftmaxPG, Solver, instances, optimize, steps
from tabular_pg._machine import refuse_beyond_memory


@pytest.mark.parametrize(
    "build",
    [
        lambda: instances.garnet(300, 20, 4, 0.9),
        lambda: instances.random_dense(300, 20, 0.9),
        lambda: instances.tied(300, 20, 0.9),
        lambda: instances.chain(900, 0.9),
        lambda: instances.river_swim(900),
        lambda: instances.gridworld(20, 30, 0.9),
        lambda: instances.deep_sea(30),
        lambda: instances.gamma_chain(690, 0.9),
    ],
)
def test_dense_instances_need_little_more_than_their_table(build):
    tracemalloc.start()
    mdp = build()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.4 * mdp.P.nbytes + 30e6
    assert mdp.P.nbytes > 7e6


@pytest.mark.parametrize(
    "build",
    [
        lambda n: instances.garnet(n, 2, 1, 0.9),
        lambda n: instances.garnet(n, n, 1, 0.9, sparse=True),
        lambda n: instances.random_dense(n, 2, 0.9),
        lambda n: instances.tied(n, 3, 0.9),
        lambda n: instances.chain(n, 0.9),
        lambda n: instances.river_swim(n),
        lambda n: instances.gridworld(n, n, 0.9),
        lambda n: instances.gridworld(n, n, 0.9, sparse=True),
        lambda n: instances.deep_sea(n),
        lambda n: instances.gamma_chain(n, 0.9),
        lambda n: instances.li_wei_chi_chen(copies=n),
        lambda n: instances.li_wei_chi_chen(horizon=n),
    ],
)
@pytest.mark.parametrize("n", [10**9, 10**14, 10**200])
def test_what_does_not_fit_is_refused_before_it_is_built(build, n):
    with pytest.raises((MemoryError, ValueError), match="GB are needed|copies is"):
        build(n)


def test_the_need_is_named_however_large_it_is():
    with pytest.raises(MemoryError, match="it: about 1e\\+21 GB are needed and .* GB available"):
        refuse_beyond_memory(10**30, "it")
    with pytest.raises(MemoryError, match="more than 1e291 GB are needed"):
        refuse_beyond_memory(10**400, "it")


def test_the_table_of_a_user_is_not_kept():
    P = np.full((2, 2, 2), 0.5)
    mdp = MDP(P, np.zeros((2, 2)), 0.9)
    P[:] = 0
    assert (mdp.P == 0.5).all()


def test_a_run_on_many_states_needs_little_more_than_its_tables():
    """Four times P on a grid, which has few entries, the MDP itself included."""
    how = {"rule": NaturalPG(1.0), "iterations": 4, "at": [4], "tie_tolerance": 0}
    optimize(instances.gridworld(130, 130, 0.9, sparse=True), **how)  # compiles
    tracemalloc.start()
    mdp = instances.gridworld(260, 260, 0.9, sparse=True)
    tracemalloc.reset_peak()
    run = optimize(mdp, **how)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert run.solver is Solver.BICGSTAB
    assert peak < 4 * sum(x.nbytes for x in (mdp.P.data, mdp.P.indices, mdp.P.indptr))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("tau", [0.0, 0.1])
@pytest.mark.parametrize("rule", [NaturalPG(1.0), SoftmaxPG(0.1), SoftmaxPG(steps.Armijo(1.0))])
def test_the_last_iterate_alone_is_that_of_the_whole_run(rule, tau, sparse):
    mdp = instances.gridworld(20, 20, 0.9, sparse=True) if sparse else instances.river_swim(6)
    options = {"tau": tau, "tie_tolerance": 0}
    whole, alone = (optimize(mdp, rule, 5, at=at, **options) for at in (None, [5]))
    for name in ("iterates", "scaled_gap", "A", "d", "least_policy", "least_optimal_mass"):
        assert np.array_equal(getattr(alone, name)[0], getattr(whole, name)[-1])
        assert not getattr(alone, name).flags.writeable
