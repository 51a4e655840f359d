"""Theorems where states have different actions: one more that is missing everywhere changes
nothing, and random runs on random masks violate nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings

from support.families.chosen import finds_out, spoiled
from support.families.endings import masked_mdps
from support.families.holding import ABOUT_EVERY_POLICY, CORE, EXAMPLES, families, hold_on
from support.sabotage import CORRUPT, WRONG
from support.strategies import experiments
from support.suite import SUITE, honest
from tabular_pg import MDP, REGISTRY, NaturalPG, check, optimize
from tabular_pg.checks.tables import tables_of
from tabular_pg.theorem import theorems_about, verdict


@families
def test_theorems_hold_on_random_masked_runs(kind, tau):
    runs = experiments(kind, masked_mdps(), tau == "tau > 0")
    settings(max_examples=EXAMPLES)(given(runs)(hold_on))()


def padded(values, with_=0.0):
    """(S, A, ...) with another action, which comes first."""
    return np.concatenate([np.full_like(values[:, :1], with_), values], axis=1)


@cache
def with_missing(name):
    """A chosen run on an MDP that has another action, available nowhere."""
    run = honest(name)
    mdp, at = run.mdp, run.k
    actions = padded(np.ones(mdp.r.shape, dtype=bool), False)
    more = MDP(padded(mdp.P), padded(mdp.r), mdp.gamma, rho=mdp.rho, mu=mdp.mu, actions=actions)
    policy = run.policies[0] / run.policies[0].sum(axis=1, keepdims=True)
    tables = {x: getattr(run.rule, x) for x in tables_of(type(run.rule))}
    tables = {x: padded(np.array(y), 1.0) for x, y in tables.items() if isinstance(y, tuple)}
    rule = run.rule._replace(**tables)
    return optimize(more, rule, int(at[-1]), tau=run.tau, policy=padded(policy), at=at)


@pytest.mark.parametrize("name", SUITE)
def test_an_action_that_is_missing_everywhere_changes_no_verdict(name):
    for expected, found in zip(check(honest(name)), check(with_missing(name)), strict=True):
        if not expected.theorem.any_actions:
            assert not found.applies
            continue
        assert found.applies == expected.applies, f"{found} for {expected}"
        assert found.why_not == expected.why_not
        assert found.holds == expected.holds, str(found)
        if expected.applies:
            assert found.not_compared == expected.not_compared, str(found)
            np.testing.assert_allclose(found.slack, expected.slack, rtol=1e-4, err_msg=str(found))
            a, b = expected.proved, found.proved
            if a.shape == b.shape:  # else one entry for each action
                known = np.isfinite(a) & (np.abs(a) > 1e-250)
                assert np.array_equal(np.isfinite(a), np.isfinite(b)), str(found)
                np.testing.assert_allclose(b[known], a[known], rtol=1e-4, err_msg=str(found))


def about(id):
    return [name for name in SUITE if REGISTRY[id] in theorems_about(honest(name).rule)]


@pytest.mark.parametrize("id", [id for id in CORE if REGISTRY[id].any_actions])
def test_every_theorem_is_about_some_of_these_runs_and_can_be_violated(id):
    theorem = REGISTRY[id]
    runs = [run for run in map(with_missing, about(id)) if verdict(theorem, run).applies]
    assert runs
    sabotages = (CORRUPT if id in ABOUT_EVERY_POLICY else WRONG).values()
    assert any(finds_out(theorem, spoiled(spoil, run)) for spoil in sabotages for run in runs)


def test_a_theorem_of_users_has_to_say_that_it_is_about_these():
    theorem = replace(REGISTRY["N6"], any_actions=False)
    run = with_missing("N garnet")
    assert isinstance(run.rule, NaturalPG)
    assert verdict(theorem, run).why_not == (
        "not every action is available in every state; stated for all actions everywhere"
    )
