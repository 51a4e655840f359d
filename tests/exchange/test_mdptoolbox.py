"""pymdptoolbox's models come in and go out with every bit; its axes are never guessed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from support.models import models, same
from tabular_pg import MDP, instances, optimum


def toolbox():
    return pytest.importorskip("mdptoolbox.mdp", reason="needs pymdptoolbox")


@settings(max_examples=60)
@given(models(masks=False))
def test_there_and_back_is_the_same_mdp(mdp):
    found = MDP.from_mdptoolbox(*mdp.to_mdptoolbox(), rho=mdp.rho)
    assert same(mdp, found) and found.sparse == mdp.sparse
    assert np.array_equal(mdp.rho, found.rho)


@settings(max_examples=30)
@given(models(masks=False))
def test_its_policy_iteration_has_the_same_values(mdp):
    if mdp.n_actions == 1 or mdp.gamma == 0:
        return  # it takes neither
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scipy, about what it does with sparse matrices
        found = toolbox().PolicyIteration(*mdp.to_mdptoolbox())
        found.run()
    V = optimum(mdp).V
    np.testing.assert_allclose(found.V, V, atol=1e-9 * (1 + np.abs(V).max()))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(3, 2), (2, 2), (3, 3), (2, 3)]))
def test_rewards_of_transitions_are_read_as_it_reads_them(seed, shape):
    (S, A), rng = shape, np.random.default_rng(seed)
    P, R = rng.dirichlet(np.ones(S), (A, S)), rng.normal(size=(A, S, S))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = toolbox().MDP(P, R, 0.9, None, None)
    dense = MDP.from_mdptoolbox(P, R, 0.9)
    np.testing.assert_allclose(dense.r, np.stack(theirs.R, axis=1), rtol=1e-12)
    assert np.array_equal(dense.P[:, 0], P[0])
    lists = [sparse.csr_matrix(x) for x in P], [sparse.csr_matrix(x) for x in R]
    objects = np.empty(A, dtype=object)
    objects[:] = lists[0]
    for transitions in (*lists[:1], objects):
        found = MDP.from_mdptoolbox(transitions, lists[1], 0.9)
        assert found.sparse
        np.testing.assert_allclose(found.r, dense.r, rtol=1e-12)
        again = MDP.from_mdptoolbox(transitions, R, 0.9, sparse=False)
        assert np.array_equal(again.P, dense.P)
    of_pairs = rng.normal(size=(S, A))
    for reward in (of_pairs, R[0, 0])[: 1 if S == A else 2]:  # it takes no (S,) where S = A
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = toolbox().MDP(P, reward, 0.9, None, None)
        assert np.array_equal(MDP.from_mdptoolbox(P, reward, 0.9).r, np.stack(theirs.R, axis=1))


def test_the_forest_of_their_documentation():
    toolbox()
    from mdptoolbox.example import forest

    mdp = MDP.from_mdptoolbox(*forest(), 0.9)
    np.testing.assert_allclose(optimum(mdp).V, [26.244, 29.484, 33.484])


def test_as_many_actions_as_states_is_read_by_the_rule():
    P = np.array([[[0.5, 0.5], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]])  # the second one stays
    mdp = MDP.from_mdptoolbox(P, np.array([[0.0, 1.0], [2.0, 3.0]]), 0.5)
    assert mdp.P[0, 1].tolist() == [1, 0] and mdp.P[1, 1].tolist() == [0, 1]
    assert mdp.r.tolist() == [[0, 1], [2, 3]]
    vectors = [np.array([0.0, 2.0]), np.array([1.0, 3.0])]
    with pytest.raises(ValueError, match="list of 2 vectors, of which nothing says"):
        MDP.from_mdptoolbox(P, vectors, 0.5)


@pytest.mark.parametrize(
    ("P", "R", "match"),
    [
        (np.ones((3, 2, 3)), np.ones(3), r"matrices of shapes \[\(2, 3\)\]; expected \(S, S\)"),
        (np.ones((2, 2)), np.ones(2), r"transitions has shape \(2, 2\); expected \(A, S, S\)"),
        (sparse.eye_array(3), np.ones(3), "one sparse matrix; expected a list"),
        (np.stack([np.eye(3)] * 2), np.ones((2, 3)), r"looks like \(A, S\): transpose it"),
        (np.stack([np.eye(3)] * 2), np.ones((3, 2, 3)), r"looks like \(S, A, S\): transpose"),
        (np.stack([np.eye(3)] * 2), np.ones(4), r"reward has shape \(4,\)"),
        (np.stack([np.eye(3) / 2] * 2), np.ones(3), r"P\[0, 0\] sums to 0.5"),
        ([np.eye(3), sparse.eye_array(2)], np.ones(3), r"2 matrices of shapes"),
    ],
)
def test_other_orders_are_refused(P, R, match):
    with pytest.raises(ValueError, match=match):
        MDP.from_mdptoolbox(P, R, 0.5)


def test_actions_that_are_not_available_have_no_form_there():
    actions = np.array([[True, False], [True, True]])
    P = np.eye(2)[:, None] * actions[:, :, None]
    mdp = MDP(P, np.zeros((2, 2)), 0.5, actions=actions)
    with pytest.raises(ValueError, match=r"actions\[0, 1\] is False"):
        mdp.to_mdptoolbox()
    assert instances.chain(3, 0.5).to_mdptoolbox().discount == 0.5
