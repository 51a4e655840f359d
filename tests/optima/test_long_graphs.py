"""Optima at the far end of long corridors and mazes; no test of time, but it would take an hour."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from tabular_pg import MDP, instances, optimum
from tabular_pg.numerics.systems.sparse_solver import SparseSolver
from tabular_pg.optima import bellman


def deterministic(successors, r, gamma):
    S, A = successors.shape
    entries = (np.ones(S * A), (np.arange(S * A), successors.ravel()))
    return MDP(sparse.csr_array(entries, shape=(S * A, S)), r, gamma)


def corridor(n, gamma, cost):
    s = np.arange(n)
    successors = np.stack([np.maximum(s - 1, 0), np.minimum(s + 1, n - 1)], axis=1)
    r = np.full((n, 2), -1.0 if cost else 0.0)
    r[-1] = (0.0, 0.0) if cost else (0.0, 1.0)
    if cost:
        successors[-1] = n - 1
    return deterministic(successors, r, gamma)


@pytest.mark.parametrize("order", ["forward", "random"])
def test_a_corridor_of_twenty_thousand_states(order):
    n, gamma = 20_000, 0.9999
    mdp = corridor(n, gamma, cost=False)
    names = np.arange(n) if order == "forward" else np.random.default_rng(0).permutation(n)
    if order == "random":
        successors = np.asarray(mdp.P.indices).reshape(n, 2)
        moved, r = np.empty_like(successors), np.empty_like(mdp.r)
        moved[names], r[names] = names[successors], mdp.r
        mdp = deterministic(moved, r, gamma)
    best = optimum(mdp)
    expected = gamma ** np.arange(n - 1, -1, -1.0) / (1 - gamma)
    np.testing.assert_allclose(best.V[names], expected, rtol=1e-11)
    assert best.optimal[names, 1].all()


def test_costs_that_differ_by_less_than_rounding():
    """gamma^5000 = 1e-22: values agree to all their digits, and still one action is better."""
    best = optimum(corridor(5000, 0.99, cost=True))
    assert (best.optimal[1:-1] == [False, True]).all()


def maze(n):
    """A spanning tree of an n x n grid, by random walks that never close a loop."""
    rng, moves = np.random.default_rng(0), ((-1, 0), (1, 0), (0, -1), (0, 1))
    successors = np.tile(np.arange(n * n)[:, None], (1, 4))
    path, seen = [(0, 0)], {(0, 0)}
    while path:
        i, j = path[-1]
        steps = [d for d, (u, v) in enumerate(moves)
                 if 0 <= i + u < n and 0 <= j + v < n and (i + u, j + v) not in seen]  # fmt: skip
        if not steps:
            path.pop()
            continue
        d = steps[rng.integers(len(steps))]
        cell = (i + moves[d][0], j + moves[d][1])
        successors[i * n + j, d] = cell[0] * n + cell[1]
        successors[cell[0] * n + cell[1], d ^ 1] = i * n + j
        path.append(cell)
        seen.add(cell)
    return successors


@pytest.mark.parametrize("gamma", [0.99, 0.9999, 0.999999])
def test_mazes_of_sixty_thousand_states(gamma):
    n, goal = 250, 250**2 - 1
    successors = maze(n)
    successors[goal] = goal
    r = np.full((n * n, 4), -1.0)
    r[goal] = 0.0
    best = optimum(deterministic(successors, r, gamma), tie_tolerance=0)
    distance = sparse.csgraph.shortest_path(
        sparse.csr_array(
            (np.ones(4 * n * n), (successors.ravel(), np.repeat(np.arange(n * n), 4))),
            shape=(n * n, n * n),
        ),
        unweighted=True,
        indices=goal,
    )
    expected = np.expm1(distance * np.log(gamma)) / (1 - gamma)
    np.testing.assert_allclose(best.V, expected, rtol=1e-11)
    if gamma < 0.999:  # gamma^7000 is beyond twice the digits: far from the goal all actions tie
        return
    step = np.take_along_axis(successors, best.pi.argmax(axis=1)[:, None], axis=1)[:, 0]
    others = np.arange(n * n) != goal
    assert (distance[step[others]] == distance[others] - 1).all()


@pytest.fixture
def sweeps(monkeypatch):
    """Sweeps of value iteration so far, one entry each."""
    made, sweep = [], bellman.greedy_sweep

    def counted(*arguments):
        made.append(1)
        return sweep(*arguments)

    monkeypatch.setattr(bellman, "greedy_sweep", counted)
    return made


def slippery(successors, goal, gamma):
    """The same maze, in which one step in ten goes to a side."""
    successors[goal] = goal
    S, A = successors.shape
    rows = np.repeat(np.arange(S * A), 3)
    beside = np.repeat(successors.reshape(S, 2, 2)[:, ::-1], 2, axis=1)  # of up and down, left, ...
    sides = np.concatenate([successors[:, :, None], beside], axis=2)
    r = np.zeros((S, A))
    r[goal] = 1.0
    entries = np.tile([0.9, 0.05, 0.05], S * A), (rows, sides.ravel())
    return MDP(sparse.csr_array(entries, shape=(S * A, S)), r, gamma)


def test_a_slippery_maze_takes_few_sweeps(sweeps):
    mdp = slippery(maze(150), 150**2 - 1, 0.999)
    best = optimum(mdp)
    assert 0 < len(sweeps) < 200
    following = (mdp.P @ best.V).reshape(mdp.r.shape)
    np.testing.assert_allclose((mdp.r + mdp.gamma * following).max(axis=1), best.V, rtol=1e-12)


def test_states_that_hear_soon_of_all_others_take_none(sweeps):
    mdp = instances.garnet(5000, 4, 5, 0.9999, seed=1, sparse=True)
    best = optimum(mdp)
    assert not sweeps
    following = (mdp.P @ best.V).reshape(mdp.r.shape)
    np.testing.assert_allclose((mdp.r + mdp.gamma * following).max(axis=1), best.V, rtol=1e-12)


def test_refinement_gets_on_where_its_cheap_steps_are_wrong(monkeypatch):
    mdp = instances.gridworld(70, 70, 0.99, sparse=True)
    right = optimum(mdp, tie_tolerance=0)

    def correct(systems, b, unit):
        b *= -0.5

    monkeypatch.setattr(SparseSolver, "correct", correct)
    found = optimum(MDP(mdp.P, mdp.r, mdp.gamma), tie_tolerance=0)
    assert np.array_equal(found.V, right.V) and found.doubt == right.doubt
    np.testing.assert_allclose(found.A, right.A, rtol=1e-12, atol=1e-30)
