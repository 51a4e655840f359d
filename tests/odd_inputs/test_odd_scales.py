"""Numbers of odd sizes: what a critic, a fit or a message makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from tabular_pg import MDP
from tabular_pg.preference import TemperatureBT, fit
from tabular_pg.reasoning.dapo import LinearCritic, outcomes, respond
from tabular_pg.reasoning.puzzles import modular_chain

CHAIN = modular_chain(2, modulus=5)
FOUND = respond(CHAIN, CHAIN.uniform_policy(), 20, np.random.default_rng(0))
DATA = outcomes(CHAIN, CHAIN.uniform_policy(), FOUND)
FEATURES = np.column_stack([np.ones(CHAIN.n_states), np.arange(CHAIN.n_states) % 3])


@pytest.mark.parametrize("scale", [1e-100, 1e-12, 1e6, 1e100])
def test_the_scale_of_features_is_no_matter(scale):
    expected = LinearCritic(FEATURES, ridge=0.5).fit(CHAIN, DATA)
    found = LinearCritic(scale * FEATURES, ridge=0.5 * scale**2).fit(CHAIN, DATA)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_a_critic_that_is_not_at_its_minimum_warns(monkeypatch):
    monkeypatch.setattr("tabular_pg.reasoning.dapo.critic.CLOSE", 1e-30)
    with pytest.warns(RuntimeWarning, match="not at its minimum: log-odds may be .* from it"):
        LinearCritic(FEATURES).fit(CHAIN, DATA)


@pytest.mark.parametrize("ridge", [1e143, 1e150])
def test_scores_that_underflow_are_as_far_off_as_said(ridge):
    found = fit([[0, 1], [1, 0], [0, 1]], 2, loss=TemperatureBT(1e88), ridge=ridge)
    right = 0.5e-88 / ridge  # where the loss is linear
    assert 0 < abs(found.scores[0] - right) <= found.distance


@pytest.mark.parametrize(
    ("P", "r", "message"),
    [
        ([[[1.0, 0.0]], [[1.0]]], [[0.0], [0.0]], r"P\[1\]\[0\] has length 1; expected 2, as P"),
        ([[[1.0]]], [[0.0], [0.0, 1.0]], r"r\[1\] has length 2; expected 1, as r\[0\] has"),
        ([[[1.0]], 1.0], [[0.0]], r"P\[1\] has length none; expected 1, as P\[0\] has"),
    ],
)
def test_ragged_tables_name_the_row(P, r, message):
    with pytest.raises(ValueError, match=message):
        MDP(P, r, 0.5)
