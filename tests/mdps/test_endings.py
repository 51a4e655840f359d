"""MDPs with gamma = 1: rows that sum to less than 1, what they mean and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from support.families.endings import ending_mdps, made
from tabular_pg import MDP, NaturalPG, certified, optimize, optimum
from tabular_pg.mdps.endings import Pairs

HALF = [[[0.0, 0.5], [0.0, 0.0]], [[0.25, 0.0], [0.0, 1.0 - 1e-9]]]


def test_what_is_missing_ends_the_episode():
    mdp = MDP(HALF, np.ones((2, 2)), 1.0)
    assert mdp.ends[0].tolist() == [0.5, 1.0] and mdp.ends[1, 0] == 0.75
    assert mdp.ends[1, 1] == float(1 - Fraction(1.0 - 1e-9))  # exactly what the float lacks
    assert mdp.gamma == 1.0 and mdp.unit == 1.0 and mdp.actions is None
    assert MDP(np.ones((1, 1, 1)), [[0.0]], 0.75).unit == 0.25


def test_rounding_of_a_row_is_no_end():
    P = np.full((3, 1, 3), 1 / 3)
    P[0] *= 1 - 5e-13
    P[2] = 0.0
    mdp = MDP(P, np.zeros((3, 1)), 1.0)
    assert mdp.ends.ravel().tolist() == [0.0, 0.0, 1.0]
    assert abs(mdp.P[0, 0].sum() - 1) < 1e-15


def test_ends_that_are_given_are_kept_to_the_last_digit():
    mdp = MDP([[[1.0]]], [[-1.0]], 1.0, ends=[[3e-20]])
    assert mdp.ends[0, 0] == 3e-20
    assert optimum(mdp).V[0] == pytest.approx(-1 / 3e-20, rel=1e-14)


def test_a_row_that_sums_to_less_is_still_an_error_below_1():
    with pytest.raises(ValueError, match=r"P\[0, 0\] sums to 0.5; expected 1 within"):
        MDP([[[0.5]]], [[1.0]], 0.9)


@pytest.mark.parametrize(
    ("P", "options", "message"),
    [
        (HALF, {"gamma": 1.5}, r"gamma is 1.5; expected a number in \[0, 1\]"),
        (HALF, {"gamma": 0.9, "ends": np.zeros((2, 2))}, "ends is given and gamma is 0.9"),
        (
            HALF,
            {"ends": np.zeros((2, 1))},
            r"ends has shape \(2, 1\); expected \(S, A\) = \(2, 2\)",
        ),
        (HALF, {"ends": np.full((2, 2), -0.5)}, r"ends\[0, 0\] is -0.5; expected a probability"),
        (
            HALF,
            {"ends": np.full((2, 2), 0.5)},
            r"P\[0, 1\] and ends\[0, 1\] sum to 0.5; expected 1 w",
        ),
        ([[[1.5]]], {}, r"P\[0, 0\] sums to 1.5; expected at most 1"),
        (
            HALF,
            {"actions": [[True, False]] * 2, "ends": np.full((2, 2), 0.5)},
            r"ends\[0, 1\] is 0.5; expected 0, because actions\[0, 1\] is False",
        ),
        (
            np.eye(2)[:, None],
            {},
            r"enters state 0 never ends; there nothing is earned: expected rows that sum to less",
        ),
        (
            sparse.csr_array(np.array(HALF).reshape(4, 2)),
            {},
            r"P\[0, 1\] is an all-zero row of a sparse P at gamma = 1, .* expected actions=mask",
        ),
    ],
)
def test_bad_endings(P, options, message):
    shape = (2, 2) if np.shape(P)[0] > 2 or np.shape(P)[1] == 2 else (len(P), 1)
    with pytest.raises(ValueError, match=message):
        MDP(P, np.zeros(shape), **{"gamma": 1.0, **options})


def test_a_class_that_never_ends_and_earns_is_named():
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[2, :, 3] = P[3, :, 2] = P[1, :, 2] = 1.0
    labels = (["a", "b", "c", "d"], None)
    r = np.zeros((4, 2))
    r[3, 1] = -2.0
    with pytest.raises(
        ValueError, match=r"enters states 2 \(state 'c'\), 3 \(state 'd'\) never .* r\[3, 1\] = -2 "
    ):
        MDP(P, r, 1.0, labels=labels)


def test_sparse_rows_say_what_an_all_zero_row_means():
    P, r = np.array(HALF), np.arange(4.0).reshape(2, 2)
    dense, rows = MDP(P, r, 1.0), sparse.csr_array(P.reshape(4, 2))
    for options in ({"actions": np.ones((2, 2), dtype=bool)}, {"ends": dense.ends}):
        mdp = MDP(rows, r, 1.0, **options)
        assert mdp.actions is None and np.array_equal(mdp.ends, dense.ends)
        np.testing.assert_allclose(optimum(mdp).V, optimum(dense).V)
    mask = np.array([[True, False], [True, True]])
    for options in ({"actions": mask}, {"ends": dense.ends * mask}):
        mdp = MDP(rows, r, 1.0, **options)
        assert np.array_equal(mdp.actions, mask) and mdp.ends[0, 1] == 0


@given(ending_mdps())
@settings(max_examples=50)
def test_an_mdp_is_made_of_what_it_has_bit_by_bit(mdp):
    again = MDP(mdp.P, mdp.r, mdp.gamma, actions=mdp.actions, ends=mdp.ends)
    for name in ("P", "r", "ends"):
        assert np.array_equal(getattr(again, name), getattr(mdp, name))
    assert (
        np.abs(mdp.P.sum(axis=2) + mdp.ends - (1 if mdp.actions is None else mdp.actions)).max()
        < 1e-14
    )


@given(ending_mdps())
@settings(max_examples=30)
def test_sparse_and_dense_are_the_same(mdp):
    rows = sparse.csr_array(mdp.P.reshape(-1, mdp.n_states))
    other = MDP(rows, mdp.r, 1.0, actions=mdp.actions, ends=mdp.ends)
    assert np.array_equal(other.ends, mdp.ends)
    np.testing.assert_allclose(optimum(other).V, optimum(mdp).V, rtol=1e-12, atol=1e-12)


def test_files_keep_ends(tmp_path):
    mdp = made("cycles", 3, (4, 3), masked=True)
    run = optimize(mdp, NaturalPG(1.0), 5)
    run.save(tmp_path / "run.npz")
    again = type(run).load(tmp_path / "run.npz")
    assert np.array_equal(again.mdp.ends, mdp.ends) and again.mdp.gamma == 1.0
    assert np.array_equal(again.value_gap, run.value_gap)


@pytest.mark.parametrize(
    "export", ["to_csv", "to_prism", "to_storm", "to_mdptoolbox", "to_quantecon"]
)
def test_exports_refuse(export, tmp_path):
    if export == "to_quantecon":
        pytest.importorskip("quantecon")
    mdp = MDP(HALF, np.ones((2, 2)), 1.0)
    with pytest.raises(ValueError, match="gamma is 1; .* has no form for rows that end an episode"):
        getattr(mdp, export)(*[tmp_path / "x"] * (export in ("to_csv", "to_prism", "to_storm")))


def test_certified_runs_refuse():
    with pytest.raises(ValueError, match="gamma is 1; certified runs are made for gamma < 1"):
        certified.RationalMDP.of(MDP(HALF, np.ones((2, 2)), 1.0))


# ---- graphs ----------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 3))
@settings(max_examples=200)
def test_components_and_distances_are_those_of_a_slow_search(seed, S, A):
    rng = np.random.default_rng(seed)
    P = (rng.random((S, A, S)) < 0.3).astype(float)
    kept, roots = rng.random((S, A)) < 0.8, rng.random(S) < 0.3
    pairs = Pairs(P, (S, A))
    expected = np.where(roots, 0, -1)
    for step in range(1, S + 1):
        for s in range(S):
            near = (P[s][kept[s]] > 0) & (expected == step - 1)
            if expected[s] < 0 and near.any():
                expected[s] = step
    assert pairs.distance(roots, kept).tolist() == expected.tolist()
    inside, found = kept & P.any(axis=2), pairs.component(kept & P.any(axis=2))
    best = set()
    for code in range(1, 2**S):  # a set is an end component if some of its actions stay in it ...
        states = np.array([code >> s & 1 == 1 for s in range(S)])
        stay = inside & ~(P[:, :, ~states] > 0).any(axis=2)
        graph = np.einsum("sa,sat->st", stay[states], P[states])[:, states] > 0
        power = np.linalg.matrix_power(np.eye(states.sum()) + graph, S)
        if stay[states].any(axis=1).all() and (power > 0).all():  # ... and lead everywhere in it
            best |= set(np.flatnonzero(states).tolist())
    assert set(found.tolist()) == best
