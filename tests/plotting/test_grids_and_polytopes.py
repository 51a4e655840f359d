"""Policies on grids, and the values of all policies of an MDP with two states."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.path import Path
from matplotlib.quiver import Quiver

from tabular_pg import MDP, NaturalPG, instances, optimize, optimum
from tabular_pg.plotting import draw_policy, draw_value_polytope
from tabular_pg.plotting.polytopes import values_of

GRID = instances.gridworld(3, 4, 0.9)


def arrows(figure):
    """{(column, row): [(right, down), ...]} of the arrows that are drawn."""
    (quiver,) = (c for c in figure.axes[0].collections if isinstance(c, Quiver))
    found = {}
    for place, *arrow in zip(map(tuple, quiver.XY), quiver.U, quiver.V, strict=True):
        found.setdefault(tuple(map(int, place)), []).append(tuple(np.round(arrow, 6)))
    return found


@pytest.mark.parametrize("sparse", [False, True])
def test_arrows_are_as_long_as_probabilities_and_point_where_actions_lead(sparse):
    mdp = instances.gridworld(3, 4, 0.9, sparse=sparse)
    policy = np.tile([0.5, 0.25, 0.25, 0.0], (12, 1))  # up, right, down, left
    found = arrows(draw_policy(mdp, policy, shape=(3, 4)))
    assert len(found) == 11 and (3, 2) not in found  # the last cell is never left
    assert set(found[1, 1]) == {(0.0, -0.23), (0.115, 0.0), (0.0, 0.115)}


def test_the_optimal_policy_and_its_values_are_drawn_by_default():
    figure = draw_policy(GRID, shape=(3, 4), width=4.0)
    shades = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shades.ravel(), optimum(GRID).V, rtol=1e-9, atol=1e-15)
    assert all(len(here) == 1 for here in arrows(figure).values())
    assert figure.get_size_inches()[0] == 4


def test_environments_of_gymnasium_are_grids_with_one_state_more():
    pytest.importorskip("gymnasium")
    lake = instances.frozen_lake(4)
    text = "SFFFFHFHFFFHHFFG"
    figure = draw_policy(lake, np.full((lake.n_states, 4), 0.25), texts=text)
    found = arrows(figure)
    assert {r * 4 + c for c, r in found} == {s for s, letter in enumerate(text) if letter in "SF"}
    left = draw_policy(lake, np.tile([1.0, 0, 0, 0], (lake.n_states, 1)))
    assert set(arrows(left)[0, 0]) == {(-0.46, 0.0)}  # action 0 of FrozenLake is left
    up = draw_policy(instances.cliff_walking(), np.tile([1.0, 0, 0, 0], (49, 1)), shape=(4, 12))
    assert set(arrows(up)[0, 0]) == {(0.0, -0.46)}  # action 0 of CliffWalking is up


SHUFFLED = MDP(np.full((4, 2, 4), 0.25), np.zeros((4, 2)), 0.5)


@pytest.mark.parametrize(
    ("mdp", "options", "message"),
    [
        (GRID, {}, "shape is None, and 12 states make no square"),
        (GRID, {"shape": (3, 3)}, r"shape is \(3, 3\) with 9 cells; expected 12"),
        (GRID, {"shape": (0, 3)}, r"shape\[0\] is 0; expected an integer in \[1, 64\]"),
        (GRID, {"shape": (3, 4), "moves": ["up"] * 3}, "moves has 3 entries; expected A = 4"),
        (GRID, {"shape": (3, 4), "moves": ["north"] * 4}, r"moves\[0\] is 'north'; expected one"),
        (GRID, {"shape": (3, 4), "texts": "SG"}, "texts has 2 entries; expected 12"),
        (GRID, {"shape": (3, 4), "policy": np.ones((12, 4))}, r"the sum of policy\[0\] is 4.0"),
        (GRID, {"shape": (3, 4), "policy": np.ones((12, 2))}, r"policy has shape \(12, 2\)"),
        (GRID, {"shape": (3, 4), "values": np.ones(3)}, r"values has shape \(3,\)"),
        (SHUFFLED, {}, "moves is None, and P does not tell where each action leads"),
    ],
)
def test_what_is_no_grid_is_refused(mdp, options, message):
    with pytest.raises(ValueError, match=message):
        draw_policy(mdp, **options)


def test_actions_may_be_told_where_they_lead():
    policy = np.tile([0.75, 0.25], (4, 1))
    found = arrows(draw_policy(SHUFFLED, policy, moves=["left", "stay"]))
    assert found[0, 0] == [(-0.345, 0.0)]


def two_states(seed, A):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(2, 0.5), (2, A))
    return MDP(P, rng.normal(size=(2, A)), 0.9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), A=st.integers(2, 4))
def test_the_values_of_all_policies_are_in_the_set_and_nothing_else(seed, A):
    mdp = two_states(seed, A)
    (area,) = (
        c for c in draw_value_polytope(mdp).axes[0].collections if isinstance(c, PolyCollection)
    )
    quads = [Path(path.vertices[:4]) for path in area.get_paths()]
    values = values_of(mdp, np.random.default_rng(0).dirichlet(np.ones(A), (40, 2)))
    span = np.ptp(np.concatenate([quad.vertices for quad in quads]), axis=0).max()
    radius = 2e-3 * span  # slices are straight where the set is curved
    for value in values:
        assert any(quad.contains_point(value, radius=s * radius) for quad in quads for s in (1, -1))
    mixed = _mixed(mdp)
    for quad in quads[:: max(1, len(quads) // 20)]:  # corners are values of policies
        for corner in quad.vertices:
            assert np.abs(mixed - corner).max(axis=1).min() <= 0.02 * span


def _mixed(mdp):
    """The values of mixtures of two actions in each state, close together."""
    A, share = mdp.n_actions, np.linspace(0, 1, 95)
    edges = [np.outer(1 - share, np.eye(A)[i]) + np.outer(share, np.eye(A)[j])
             for i in range(A) for j in range(i)]  # fmt: skip
    sides = np.concatenate(edges)
    policies = np.empty((len(sides), len(sides), 2, A))
    policies[:, :, 0], policies[:, :, 1] = sides[:, None], sides[None]
    return values_of(mdp, policies).reshape(-1, 2)


def test_ways_of_runs_end_where_the_star_is():
    mdp = two_states(1, 3)
    run = optimize(mdp, NaturalPG(1.0), 200)
    soft = optimize(mdp, NaturalPG(1.0), 50, tau=0.1)
    axes = draw_value_polytope(mdp, {"plain": run, "soft": soft, "mine": run.policies[:3]}).axes[0]
    ways = {line.get_label(): line.get_xydata() for line in axes.lines}
    V = optimum(mdp).V
    np.testing.assert_allclose(ways["plain"], V - run.value_gap, rtol=1e-9)
    np.testing.assert_allclose(ways["mine"], ways["plain"][:3])
    np.testing.assert_allclose(axes.lines[1].get_xydata()[0], V)
    assert (ways["soft"] <= V + 1e-12).all() and not np.allclose(ways["soft"][-1], V)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((GRID,), "mdp has 12 states and 4 actions; expected 2 states"),
        ((two_states(0, 2), optimize(GRID, NaturalPG(1.0), 2)), r"has shape \(3, 12, 4\)"),
        ((two_states(0, 2), {"a": np.ones((2, 2))}), r"the sum of runs\['a'\]\[0\] is 2.0"),
        ((two_states(0, 2), {1: None}), "runs has the label 1"),
    ],
)
def test_what_has_no_picture_in_the_plane_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_value_polytope(*arguments)


def test_one_action_leaves_one_value():
    mdp = MDP(np.full((2, 1, 2), 0.5), [[1.0], [0.0]], 0.5)
    assert draw_value_polytope(mdp).axes[0].lines[1].get_xydata().shape == (1, 2)
