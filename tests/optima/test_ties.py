"""Which actions are optimal is decided by the data that are compared, and by nothing else."""

from __future__ import annotations

import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tabular_pg import MDP, NaturalPG, instances, optimize, optimum

P = [[[1, 0], [0.8, 0.2], [1, 0]], [[0, 1], [0.6, 0.4], [1, 0]]]
TWO = np.full((1, 2, 1), 1.0)


def exact_advantages(mdp):
    """(A* as Fractions of the floats as they are, its policy), by Howard's method."""
    S, A = mdp.r.shape
    P = [[[Fraction(float(p)) for p in row] for row in rows] for rows in mdp.P]
    P = [[[p / sum(row) for p in row] for row in rows] for rows in P]
    r = [[Fraction(float(x)) for x in row] for row in mdp.r]
    gamma, chosen = Fraction(mdp.gamma), [0] * S
    while True:
        V = solved(
            [[(s == t) - gamma * P[s][chosen[s]][t] for t in range(S)] for s in range(S)],
            [r[s][chosen[s]] for s in range(S)],
        )
        gain = [
            [r[s][a] + gamma * sum(p * v for p, v in zip(P[s][a], V, strict=True)) - V[s]
             for a in range(A)] for s in range(S)
        ]  # fmt: skip
        best = [max(range(A), key=row.__getitem__) for row in gain]
        if all(row[a] == 0 for row, a in zip(gain, best, strict=True)):
            return gain
        chosen = [a if row[a] > 0 else c for row, a, c in zip(gain, best, chosen, strict=True)]


def solved(M, b):
    """Gauss and Jordan on Fractions."""
    n = len(b)
    rows = [[*row, x] for row, x in zip(M, b, strict=True)]
    for i in range(n):
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(n):
            if j != i:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[n] for row in rows]


@pytest.mark.parametrize("sparse_P", [False, True])
def test_a_penalty_elsewhere_makes_no_ties(sparse_P):
    r = [[1, 5, -float(sys.maxsize)], [1, 0.2, 0]]
    model = sparse.csr_array(np.reshape(P, (6, 2))) if sparse_P else P
    mdp = MDP(model, r, 0.9)
    np.testing.assert_allclose(optimum(mdp).V, [42.37288136, 38.13559322], rtol=1e-9)
    assert optimum(mdp).optimal.sum() == 2
    assert optimize(mdp, NaturalPG(1.0), 200).gap[-1] == pytest.approx(23.11138015, rel=1e-9)


def test_a_long_horizon_makes_no_ties():
    run = optimize(MDP(TWO, [[1.0, 1 - 1e-9]], 0.999999), NaturalPG(1.0), 3)
    assert run.gap[0] == pytest.approx(4.99999986e-4, rel=1e-8)


def test_a_huge_value_that_both_actions_lead_to_makes_no_ties():
    model = np.zeros((2, 2, 2))
    model[:, :, 1] = 1.0
    best = optimum(MDP(model, [[1.0, 1.5], [1e18, 1e18]], 0.9))
    assert best.optimal.tolist() == [[False, True], [True, True]]
    assert best.A[0, 0] == -0.5


@given(st.integers(0, 2**32 - 1), st.integers(-18, 15), st.sampled_from([0.0, 0.5, 0.99]))
@settings(max_examples=40, deadline=None)
def test_the_data_as_they_are_decide(seed, exponent, gamma):
    rng = np.random.default_rng(seed)
    model, r = rng.dirichlet(np.ones(3), (3, 3)), rng.integers(3, size=(3, 3)).astype(float)
    r[0, 0] -= 10.0**exponent
    model[2, 2] = model[2, 1]
    r[2, 2] = r[2, 1] + 10.0**-16 * rng.integers(2)
    mdp = MDP(model, r, gamma)
    exact = exact_advantages(mdp)
    best = optimum(mdp, tie_tolerance=0)
    for s, a in np.ndindex(3, 3):
        assert best.optimal[s, a] == (exact[s][a] == 0), (s, a, float(exact[s][a]))
        assert best.A[s, a] == pytest.approx(float(exact[s][a]), rel=1e-9)


def test_what_is_snapped_against_the_data_is_warned_about_and_can_be_refused():
    mdp = MDP(TWO, [[1.0, 1 - 3e-16]], 0.9)
    with pytest.warns(UserWarning, match=r"A\*\(0, 1\) = -3.3.e-16 is taken for 0, although"):
        assert optimum(mdp).optimal.all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not optimum(mdp, tie_tolerance=0).optimal[0, 1]
        assert optimum(mdp, tie_tolerance=1e-15).optimal.all()
        run = optimize(mdp, NaturalPG(1.0), 2, tie_tolerance=0)
    assert run.gap[0] == pytest.approx((1 - mdp.r[0, 1]) / 2 * 10, rel=1e-9)


@pytest.mark.parametrize("tolerance", [-1.0, np.nan, np.inf, "0", True])
def test_bad_tie_tolerances(tolerance):
    with pytest.raises(ValueError, match="tie_tolerance is"):
        optimum(MDP(TWO, [[1.0, 0.0]], 0.9), tie_tolerance=tolerance)


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.999, 0.999999])
@pytest.mark.parametrize("size", [3, 4, 7])
def test_symmetric_grids_tie(size, gamma):
    """Right and down are alike on the diagonal, whatever the slip, as in exact arithmetic."""
    for slip in (0.0, 0.1, 1 / 3):
        best = optimum(instances.gridworld(size, size, gamma, slip))
        diagonal = np.arange(size) * (size + 1)
        assert (best.optimal[diagonal].sum(axis=1) >= 2).all()


def test_frozen_lakes_thirds_tie():
    gymnasium = pytest.importorskip("gymnasium")
    for gamma in (0.9, 0.99, 0.9999):
        for name in ("4x4", "8x8"):
            lake = instances.from_gymnasium(gymnasium.make("FrozenLake-v1", map_name=name), gamma)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                best = optimum(lake)
            assert best.optimal.all(axis=1).sum() >= 5  # holes and the goal
            assert best.Delta > 1e-9


@pytest.mark.parametrize(("left", "difference"), [(1e-9, 1e-12), (1e-10, 1e-12), (1e-12, 1e-9)])
def test_horizons_of_a_billion_steps_make_no_ties(left, difference):
    mdp = MDP(TWO, [[1.0, 1 - difference]], 1 - left)
    run = optimize(mdp, NaturalPG(1.0), 0, tie_tolerance=0)
    assert run.gap[0] == pytest.approx((1 - mdp.r[0, 1]) / 2 / (1 - mdp.gamma), rel=1e-9)


def corridor(n, gamma):
    """A reward at the end of n states, which action 0 goes towards."""
    j, P = np.arange(n), np.zeros((n, 2, n))
    P[j, 0, np.minimum(j + 1, n - 1)] = 1
    P[j, 1, np.maximum(j - 1, 0)] = 1
    r = np.zeros((n, 2))
    r[-1, 0] = 1
    return MDP(P, r, gamma)


@pytest.mark.parametrize(("n", "gamma"), [(400, 0.1), (330, 0.1), (320, 0.08)])
@pytest.mark.parametrize("tie_tolerance", [None, 0.0])
def test_values_below_the_range_of_floats_are_warned_about(n, gamma, tie_tolerance):
    with pytest.warns(UserWarning, match="below the range of floats"):
        best = optimum(corridor(n, gamma), tie_tolerance=tie_tolerance)
    near = np.arange(n - 250, n)
    np.testing.assert_allclose(best.V[near], gamma ** (n - 1.0 - near) / (1 - gamma), rtol=1e-12)
    assert (best.optimal[near] == [True, False]).all()


def test_values_just_within_the_range_of_floats():
    best = optimum(corridor(280, 0.1))
    assert best.V[0] == pytest.approx(1e-279 / 0.9, rel=1e-12) and not best.optimal[:, 1].any()
