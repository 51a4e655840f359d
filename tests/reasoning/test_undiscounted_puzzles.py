"""Puzzles as MDPs with gamma = 1: the methods of the core against dynamic programming."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from support.problems import CHAIN, PUZZLES, problems
from tabular_pg import HadamardPG, NaturalPG, PolicyIteration, ProjectedPG, SoftmaxPG, optimize
from tabular_pg.reasoning.puzzles import game_of_24, sequential_sat

RULES = [NaturalPG(2.0), SoftmaxPG(1.0), HadamardPG(0.1), ProjectedPG(1.0), PolicyIteration()]


def largest_error(problem, rule, iterations=8, tau=0.0):
    """How far the values of any iterate are from those of its policy by dynamic programming."""
    mdp = problem.to_undiscounted()
    run = optimize(mdp, rule, iterations, tau=tau)
    worst = np.abs(run.optimum.V - problem.optimal_value()).max() if tau == 0 else 0.0
    place = problem.source, np.arange(problem.n_edges) - problem.action_ptr[problem.source]
    for pi, gap in zip(run.policies, run.value_gap, strict=True):
        V = run.optimum.V - gap
        if tau == 0:
            worst = max(worst, np.abs(V - problem.value(pi[place])).max())
        else:  # the entropy is what a divergence from the uniform policy leaves of log A
            uniform = problem.uniform_policy()
            counts = np.maximum(np.diff(problem.action_ptr), 1)
            visits = [
                problem.visitation(pi[place], root) @ np.log(counts)
                for root in range(problem.n_roots)
            ]
            exact = problem.kl_value(pi[place], uniform, tau)[: problem.n_roots]
            worst = max(worst, np.abs(V[: problem.n_roots] - exact - tau * np.array(visits)).max())
    return worst


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("problem", [CHAIN, PUZZLES, sequential_sat(4, 6)], ids=lambda p: p.name)
def test_values_are_those_of_dynamic_programming(problem, rule):
    assert largest_error(problem, rule) < 1e-12


@pytest.mark.parametrize("problem", [CHAIN, PUZZLES], ids=lambda p: p.name)
def test_regularized_values_are_those_of_dynamic_programming(problem):
    assert largest_error(problem, NaturalPG(2.0), tau=0.1) < 1e-12


@given(problems())
@settings(max_examples=60)
def test_values_on_random_graphs(case):
    problem, _, _ = case
    assert largest_error(problem, NaturalPG(2.0)) < 1e-12


def test_visits_are_those_of_the_problem():
    mdp = CHAIN.to_undiscounted()
    run = optimize(mdp, SoftmaxPG(1.0), 3)
    place = CHAIN.source, np.arange(CHAIN.n_edges) - CHAIN.action_ptr[CHAIN.source]
    start = type(mdp)(mdp.P, mdp.r, 1.0, mu=mdp.rho, actions=mdp.actions)
    assert np.array_equal(start.P.data, mdp.P.data)
    from tabular_pg.verdicts.visits import visitation

    d = visitation(mdp, run.policies[-1], mdp.rho)
    np.testing.assert_allclose(d, CHAIN.visitation(run.policies[-1][place]), rtol=1e-13)


def test_a_sample_of_the_game_of_24():
    game = game_of_24()
    roots = np.random.default_rng(0).choice(game.n_roots, 12, replace=False)
    for root in roots.tolist():
        assert largest_error(game.subproblem([root]), NaturalPG(2.0), 3) < 1e-12
