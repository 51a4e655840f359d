"""jaxdp's models come in: its columns are distributions, its rewards are of transitions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings

from support.models import models, table
from tabular_pg import MDP, optimum


def model_of(mdp, dtype=np.float64):
    """As jaxdp keeps this MDP, whose rewards do not depend on where it moves."""
    S, A = mdp.r.shape
    return SimpleNamespace(
        transition=table(mdp).transpose(1, 2, 0).astype(dtype),
        reward=np.repeat(mdp.r.T[:, :, None], S, axis=2).astype(dtype),
        initial=np.asarray(mdp.rho, dtype),
        terminal=np.zeros(S, dtype),
    )


@settings(max_examples=30)
@given(models(masks=False))
def test_a_model_comes_in(mdp):
    found = MDP.from_jaxdp(model_of(mdp), mdp.gamma)
    np.testing.assert_allclose(table(found), table(mdp), rtol=1e-15)
    np.testing.assert_allclose(found.r, mdp.r, rtol=1e-14)
    np.testing.assert_allclose(found.rho, mdp.rho, rtol=1e-15)


@given(models(masks=False))
@settings(max_examples=20)
def test_float32_is_taken_and_said(mdp):
    found = MDP.from_jaxdp(model_of(mdp, np.float32), mdp.gamma)
    assert found.correction < 1e-5
    np.testing.assert_allclose(table(found).sum(axis=2), 1, rtol=1e-15)
    np.testing.assert_allclose(found.r, mdp.r, rtol=1e-5, atol=1e-30)


def small(**changes):
    fields = {
        "transition": [[[0, 0], [1, 1]], [[0.5, 0], [0.5, 1]]],
        "reward": [[[9, 1], [0, 0]], [[3, 1], [0, 0]]],
        "initial": [1, 0],
        "terminal": [0, 1],
    }
    return SimpleNamespace(**fields | changes)


def test_by_hand():
    mdp = MDP.from_jaxdp(small(), 0.5, name="two")
    assert mdp.P.tolist() == [[[0, 1], [0.5, 0.5]], [[0, 1], [0, 1]]]
    assert mdp.r.tolist() == [[1, 2], [0, 0]] and mdp.name == "two"
    assert mdp.rho.tolist() == mdp.rho.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (3, "model is of type int, which has no transition; expected a jaxdp.MDP"),
        (small(transition=np.ones((2, 2))), r"model.transition has shape \(2, 2\)"),
        (small(reward=[[1, 2]]), r"model.reward has shape \(1, 2\); expected \(2, 2, 2\)"),
        (small(initial=[0.5, 0.4]), "model.initial sums to 0.9; expected 1"),
        (small(initial=[1]), r"shapes \(1,\) and \(2,\); expected \(2,\)"),
        (
            small(transition=[[[0, 1], [0, 1]], [[0.5, 0.5], [0, 1]]]),  # rows are distributions
            r"model.transition\[0, :, 0\] sums to 0; expected 1",
        ),
        (small(terminal=[1, 1]), r"terminal\[0\] is 1, but state 0 is left or rewarded"),
        (small(reward=[[[9, 1], [0, 5]]] * 2), r"terminal\[1\] is 1, but state 1 is left or"),
        (small(reward=[[[np.nan, 1], [0, 0]]] * 2), "model.reward"),
    ],
)
def test_what_is_refused(model, match):
    with pytest.raises((TypeError, ValueError), match=match):
        MDP.from_jaxdp(model, 0.5)


@pytest.mark.parametrize("name", ["garnet", "cliff-walking", "grid-world-slippery", "tree"])
def test_the_models_of_jaxdp(name):
    jaxdp = pytest.importorskip("jaxdp", reason="needs jaxdp")
    model = jaxdp.make(name)
    best = optimum(MDP.from_jaxdp(model, 0.9))
    greedy = np.eye(best.Q.shape[1], dtype=np.float32)[best.Q.argmax(axis=1)]
    q = np.asarray(jaxdp.policy_eval.q(model, greedy.T, 0.9)).T  # in float32
    np.testing.assert_allclose(q, best.Q, atol=1e-4 * np.abs(best.Q).max())
