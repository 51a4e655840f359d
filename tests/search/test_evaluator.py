"""Runs of candidates are those of ``optimize``, and their optima those of ``optimum``."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tabular_pg import ProjectedPG, optimize
from tabular_pg.engine.method import METHODS, Regularization, Space
from tabular_pg.engine.rules import COMPOSED, integers_of
from tabular_pg.optima.optimal import optimum
from tabular_pg.search.candidates.evaluator import Evaluator
from tabular_pg.search.candidates.instance import trusted_mdp
from tabular_pg.search.candidates.moves import LEAST_LOG, Limits, random_instance
from tabular_pg.search.candidates.optimum import plain_optimum, soft_optimum

SHAPES, GAMMA, AT = [(1, 2), (2, 2), (3, 3)], 0.9, np.array([0, 1, 2, 3, 7, 20])
CASES = [
    (cls, tau)
    for cls, method in METHODS.items()
    for tau in (0.0, 0.5)
    if method.native
    and cls not in COMPOSED
    and not integers_of(cls)
    and not (method.regularization is Regularization.NONE and tau > 0)
    and not (method.regularization is Regularization.REQUIRED and tau == 0)
]


def limits_of(cls, S, A):
    method, n = METHODS[cls], len(cls._fields)
    low, high = np.full(n, 1e-2), np.full(n, 0.9)
    for i, name in enumerate(cls._fields):
        if name in cls._field_defaults:
            low[i] = high[i] = cls._field_defaults[name]
    zeros = method.space is Space.SIMPLEX
    return Limits(S, A, zeros, False, False, method.visitation, low, high, low == high)


def candidates(cls, S, A):
    """Random candidates; then one with ties everywhere, and one that starts near to a vertex."""
    limits = limits_of(cls, S, A)
    rng = np.random.default_rng(1000 * S + A)
    found = [random_instance(rng, limits) for _ in range(12)]
    tied = found[0]._replace(r=np.ones((S, A)))
    log_policy = np.full((S, A), LEAST_LOG)
    log_policy[:, 0] = 0.0
    two_alike = found[1].r.copy()
    two_alike[:, 1] = two_alike[:, 0]
    return [*found, tied, found[1]._replace(r=two_alike), found[2]._replace(log_policy=log_policy)]


def log_gaps(run):
    with np.errstate(divide="ignore"):
        return np.log(run.scaled_gap) + run.log_scale[:, None]


@pytest.mark.parametrize(("cls", "tau"), CASES, ids=lambda x: getattr(x, "__name__", f"tau={x}"))
@pytest.mark.parametrize(("S", "A"), SHAPES)
def test_it_runs_as_optimize_does(cls, tau, S, A):
    evaluator, compared = Evaluator(cls, S, A, GAMMA, tau, AT), 0
    for instance in candidates(cls, S, A):
        rule = cls(*instance.parameters.tolist())
        found = evaluator.run(instance, rule)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = optimize(
                instance.mdp(GAMMA), rule, int(AT[-1]), tau=tau, at=AT,
                log_policy=instance.log_policy,
            )  # fmt: skip
        n = min(len(run.k), len(found.k))
        np.testing.assert_array_equal(found.k[:n], run.k[:n])
        assert abs(len(run.k) - len(found.k)) == 0 or run.scaled_gap[-1].max() == 0
        a, b = log_gaps(found)[:n], log_gaps(run)[:n]
        seen = b > np.log(1e-250)
        np.testing.assert_allclose(a[seen], b[seen], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found.gap_sum[:n], run.gap_sum[:n], rtol=1e-9, atol=1e-14)
        for name in ("iterates", "A", "least_policy"):
            np.testing.assert_allclose(
                getattr(found, name)[:n], getattr(run, name)[:n], rtol=1e-8, atol=1e-12,
                err_msg=name,
            )  # fmt: skip
        assert found.rule == run.rule
        np.testing.assert_allclose(found.start, run.start, rtol=1e-12)
        compared += int(seen.sum())
    assert compared > 5


def test_a_run_does_not_remember_the_one_before():
    for cls, tau in CASES:
        evaluator = Evaluator(cls, 2, 2, GAMMA, tau, AT)
        first, other = candidates(cls, 2, 2)[3:5]
        rule = cls(*first.parameters.tolist())
        alone = log_gaps(evaluator.run(first, rule)).copy()
        evaluator.run(other, cls(*other.parameters.tolist()))
        np.testing.assert_array_equal(log_gaps(evaluator.run(first, rule)), alone)


@pytest.mark.parametrize("gamma", [0.0, 0.9, 0.999])
@pytest.mark.parametrize(("S", "A"), [*SHAPES, (5, 2)])
def test_its_optima_are_those_of_optimum(S, A, gamma):
    for instance in candidates(ProjectedPG, S, A):
        mdp, trusted = instance.mdp(gamma), trusted_mdp(instance, gamma)
        V, V_low, A_star, optimal, _ = plain_optimum(trusted.P, trusted.r, gamma)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known, soft = optimum(mdp), optimum(mdp, 0.5)
        np.testing.assert_allclose(V, known.V, rtol=1e-13, atol=1e-13 / (1 - gamma))
        np.testing.assert_array_equal(optimal, known.optimal)
        np.testing.assert_allclose(A_star, known.A, rtol=1e-10, atol=1e-13 / (1 - gamma))
        V_tau, log_pi = soft_optimum(trusted.P, trusted.r, gamma, 0.5, V, V_low)
        np.testing.assert_allclose(V_tau, soft.V, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(log_pi, soft.log_pi, rtol=1e-11, atol=1e-11)
