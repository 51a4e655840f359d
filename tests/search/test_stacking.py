"""Runs in one stack are the runs alone; only formulas that treat them so are asked about one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tabular_pg import REGISTRY, NaturalPG, ProjectedQAscent, SoftmaxPG
from tabular_pg.engine.method import METHODS
from tabular_pg.engine.rules import COMPOSED
from tabular_pg.search import worst_case
from tabular_pg.search.arguments import usual_tau
from tabular_pg.search.candidates.evaluator import Evaluator
from tabular_pg.search.candidates.moves import random_instance, starts_around
from tabular_pg.search.candidates.stack import ROWS, size_of
from tabular_pg.search.problem import SearchProblem
from tabular_pg.search.scores import VIOLATED, score_of
from tabular_pg.search.stacking import runs_at_once

K = 20
RECORDED = (
    "k", "iterates", "scaled_gap", "log_scale", "A", "d", "least_policy", "least_optimal_mass",
    "gap_sum",
)  # fmt: skip


def problem_of(theorem, tau=None, rule=None):
    theorem = REGISTRY[theorem] if isinstance(theorem, str) else theorem
    rule = rule or next(rule for rule in theorem.rules if rule in METHODS)
    tau = usual_tau(theorem, rule) if tau is None else tau
    return SearchProblem(theorem, rule, 0.9, tau, K, "ratio", (1e-2, 1e2))


def statement(formula, rule=NaturalPG, assumes=()):
    return replace(REGISTRY["N1"], id="X1", formula=formula, rules=(rule,), assumes=assumes)


@pytest.mark.parametrize("id", ["N1", "P1", "S2", "E2", "G4", "H2"])
def test_a_stack_has_the_runs_alone(id):
    problem = problem_of(id)
    limits, rng = problem.limits(3, 2), np.random.default_rng(0)
    evaluator, at = problem.evaluator(3, 2), len(problem.at)
    for _ in range(5):
        instance = random_instance(rng, limits)
        starts = starts_around(rng, instance.log_policy, limits, 1.0, 6)
        rule = problem.cls(*instance.parameters)
        stack = evaluator.run(instance, rule, starts)
        for i, start in enumerate(stack.starts):
            rows = slice(i * at, (i + 1) * at)
            alone = evaluator.run(instance._replace(log_policy=starts[start]), rule)
            for name in RECORDED:
                found, expected = getattr(stack, name)[rows], getattr(alone, name)
                scale = np.abs(expected).max() if name == "A" else 0.0  # it is a difference
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * scale)
                if problem.cls is not NaturalPG:  # whose stacks are run in lanes
                    np.testing.assert_array_equal(found, expected)
            assert stack.start_of(rows.start) == stack.start_of(rows.stop - 1) == start
            assert set(stack.first[rows]) == {rows.start}
            assert set(stack.last[rows]) == {rows.stop - 1}


def test_runs_that_are_not_finite_are_left_out():
    evaluator = Evaluator(SoftmaxPG, 1, 2, 0.0, 0.5, np.array([0, 1]))
    problem = problem_of("E2")
    instance = random_instance(np.random.default_rng(0), problem.limits(1, 2))
    starts = np.log(np.array([[[0.5, 0.5]], [[0.3, 0.7]], [[0.9, 0.1]]]))
    starts[1] = np.nan
    stack = evaluator.run(instance, SoftmaxPG(1.0), starts)
    assert stack.starts.tolist() == [0, 2]
    assert np.isfinite(stack.scaled_gap).all()


@pytest.mark.parametrize("id", ["N1", "N1v", "N2b", "P1", "P2s", "S1b", "S2", "H2", "PI1"])
def test_statements_of_the_registry_are_asked_about_stacks(id):
    problem = problem_of(id)
    assert runs_at_once(problem, problem.limits(3, 2)) == size_of(K + 1) > 16


@pytest.mark.parametrize("id", ["G4", "E2", "E3", "G1", "G2"])
def test_so_are_those_about_entropy(id):
    problem = problem_of(id)
    assert runs_at_once(problem, problem.limits(3, 2)) == size_of(K + 1)


FORMULAS = {
    "takes the first row": lambda run: (run.sup_gap, run.sup_gap[0] + 0.0 * run.k),
    "takes the last row": lambda run: (run.sup_gap[-1], 1.0),
    "looks back": lambda run: (np.minimum.accumulate(run.sup_gap), np.full(len(run.k), 9.0)),
    "claims nothing if one run is far": lambda run: (
        run.sup_gap,
        np.full(len(run.k), 9.0 if run.sup_gap.max() < 1 else np.inf),
    ),
    "counts rows": lambda run: (run.sup_gap, 9.0 + np.arange(len(run.k))),
    "fails where k falls": lambda run: (run.sup_gap, 9.0 / (np.diff(run.k).min() > 0)),
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS.keys())
def test_other_formulas_are_asked_about_one_run_at_a_time(formula):
    problem = problem_of(statement(formula))
    assert runs_at_once(problem, problem.limits(2, 2)) == 1


def interior(run):
    """All probabilities so far are above 1e-3."""
    return "" if run.policies.min() > 1e-3 else "the policy is near a vertex"


def test_what_assumes_something_of_the_start_is_asked_about_one_run_at_a_time():
    about = statement(lambda run: (run.sup_gap, 9.0 + 0.0 * run.k), assumes=(interior,))
    problem = problem_of(about)
    assert runs_at_once(problem, problem.limits(1, 3)) == 1
    found = worst_case(about, NaturalPG, n_states=1, n_actions=2, gamma=0.9, iterations=5,
                       budget=400)  # fmt: skip
    assert found.counterexample.verdict.holds is False


def test_methods_with_a_memory_run_alone():
    for cls, method in METHODS.items():
        if method.start is not None and method.native and cls not in COMPOSED:
            about = statement(lambda run: (run.sup_gap, 9.0 + 0.0 * run.k), cls)
            problem = SearchProblem(about, cls, 0.9, 0.0, 5, "ratio")
            assert runs_at_once(problem, problem.limits(2, 2)) == 1


def test_what_is_found_is_judged_alone():
    found = worst_case(
        "P1", ProjectedQAscent, n_states=2, n_actions=2, gamma=0.9, iterations=K, budget=300
    )
    assert 0.999 < found.ratio < VIOLATED
    assert score_of(found.theorem, found.run(), "ratio").ratio == pytest.approx(
        found.ratio, rel=1e-9
    )


def test_sizes_are_bounded():
    assert size_of(2) == 64
    assert size_of(201) == ROWS // 201
    assert size_of(10**6) == 1
