"""QuantEcon's models come in and go out with every bit, and with the same optimal values."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse

from support.models import models, same
from tabular_pg import MDP, instances, optimum

markov = pytest.importorskip("quantecon.markov")


@settings(max_examples=60)
@given(models())
def test_there_and_back_is_the_same_mdp(mdp):
    ddp = mdp.to_quantecon()
    found = MDP.from_quantecon(ddp, rho=mdp.rho)
    assert same(mdp, found) and found.sparse == mdp.sparse
    assert np.array_equal(mdp.rho, found.rho)
    V = ddp.solve(method="policy_iteration").v
    np.testing.assert_allclose(V, optimum(found).V, atol=1e-9 * (1 + np.abs(V).max()))


@settings(max_examples=40)
@given(models())
def test_both_forms_are_the_same_mdp(mdp):
    ddp = mdp.to_quantecon()
    other = ddp.to_product_form() if mdp.sparse else ddp.to_sa_pair_form(sparse=False)
    assert same(mdp, MDP.from_quantecon(other, sparse=mdp.sparse))


def test_the_example_of_their_documentation():
    R, Q = [[5, 10], [-1, -np.inf]], [[(0.5, 0.5), (0, 1)], [(0, 1), (0.5, 0.5)]]
    mdp = MDP.from_quantecon(markov.DiscreteDP(R, Q, 0.95))
    assert mdp.actions.tolist() == [[True, True], [True, False]]
    np.testing.assert_allclose(optimum(mdp).V, [-8.57142857, -20.0])


def test_pairs_in_any_order_and_pairs_of_minus_infinity():
    P, r = np.array([[0.5, 0.5], [0, 1.0], [1.0, 0], [0.5, 0.5]]), [-np.inf, 3.0, 2.0, 1.0]
    order = [2, 0, 3, 1]
    s, a = np.array([1, 0, 0, 1])[order], np.array([0, 1, 0, 1])[order]
    for Q in (P[order], sparse.csr_matrix(P[order])):
        mdp = MDP.from_quantecon(markov.DiscreteDP(np.array(r)[order], Q, 0.5, s, a))
        assert mdp.actions.tolist() == [[True, True], [False, True]]
        assert mdp.r.tolist() == [[2.0, 3.0], [0.0, 1.0]]


def test_what_quantecon_does_not_check_is_checked():
    R, Q = [[1.0, 0.0]], [[[0.9], [1.0]]]
    with pytest.raises(ValueError, match=r"P\[0, 0\] sums to 0.9"):
        MDP.from_quantecon(markov.DiscreteDP(R, Q, 0.5))
    with pytest.warns(UserWarning, match="beta=1"):
        endless = markov.DiscreteDP(R, [[[1.0], [1.0]]], 1)
    with pytest.raises(ValueError, match="gamma is 1"):
        MDP.from_quantecon(endless)


def test_what_is_no_model_of_theirs_is_named():
    with pytest.raises(TypeError, match="without Q; expected a DiscreteDP"):
        MDP.from_quantecon(SimpleNamespace(R=1))
    fake = SimpleNamespace(R=np.ones((2, 3)), Q=np.ones((3, 2, 2)), beta=0.5)
    with pytest.raises(ValueError, match=r"R has shape \(2, 3\) and Q \(3, 2, 2\)"):
        MDP.from_quantecon(fake)


def test_without_quantecon_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "quantecon.markov", None)
    with pytest.raises(ImportError, match="pip install quantecon"):
        instances.chain(3, 0.5).to_quantecon()
