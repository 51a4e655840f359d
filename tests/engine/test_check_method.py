"""`tabular_pg.testing.check_method` passes right methods and names what is wrong with others."""

from __future__ import annotations

import re
from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest

from support.grid import CHANGING_STEPS, MILD_RULES
from support.reference import TWINS, WHOLE, Model, Now
from tabular_pg import BlandPolicyIteration, NaturalPG, SoftmaxPG, instances, optimum
from tabular_pg.engine.method import METHODS, Space, method
from tabular_pg.engine.rules import flat_rule, method_of
from tabular_pg.testing import check_method, situation

BANDIT = [instances.bandit([0.9, 0.5, 0.1])]
MDPS = [instances.garnet(3, 2, 2, 0.5, seed=2)]


def natural_twin(rule, k, now):
    weights = now.pi * np.exp(rule.eta * (now.Q - now.V[:, None]))
    return weights / weights.sum(axis=1, keepdims=True)


def whole_twin(rule, k, now):
    """One that looks at all states together, or remembers something, likewise."""
    pi, V = ([*map(mp.mpf, row)] for row in now.pi), [*map(mp.mpf, now.V)]
    eta = getattr(rule, "eta", 0.0)
    model = Model(now.mdp, now.tau, getattr(rule, "mirror", None))
    pi, memory = WHOLE[type(rule)](rule, k, model, list(pi), V, now.memory, eta)
    pi = np.array(pi, dtype=float)
    return (pi, memory) if method_of(rule).memory else pi


SOME = MILD_RULES + CHANGING_STEPS[::3]  # the solvers of each take seconds to compile


@pytest.mark.parametrize(("rule", "tau"), SOME, ids=str)
def test_methods_of_the_package_pass(rule, tau):
    pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")
    from tabular_pg.certified.registration import UPDATES

    def twin(rule, k, now):
        """The twin of the tests, in floats."""
        if type(rule) in WHOLE:
            return whole_twin(rule, k, now)
        memory = now.Q if now.memory is None else now.memory
        ahead = now.Q
        for _ in range(getattr(rule, "lookahead", 1) - 1):
            ahead = now.mdp.r + now.mdp.gamma * now.mdp.P @ ahead.max(axis=1)
        eta, S = getattr(rule, "eta", 0.0), now.mdp.n_states
        visits = eta * now.d / (1 - now.mdp.gamma)
        given, sizes = (now.pi, ahead, now.A, memory), now.mdp.r.shape
        soft = now.tau > 0  # no twin asks for the gap there
        gap = now.V if soft else optimum(now.mdp).V - now.V
        rows = [
            Now(*(x[s].tolist() for x in given), eta, visits[s], now.tau, *sizes, gap[s])
            for s in range(S)
        ]
        pi = np.array([TWINS[type(rule)](rule, k, row) for row in rows], dtype=float)
        if not method_of(rule).memory:
            return pi
        mdp = now.mdp
        return pi, mdp.r + mdp.gamma * mdp.P @ (pi * (memory - now.tau * np.log(pi))).sum(axis=1)

    if type(rule) is BlandPolicyIteration:
        with pytest.raises(AssertionError, match="other names: Bland"):
            check_method(rule, twin=twin, tau=tau, mdps=MDPS)
        return
    report = check_method(rule, twin=twin, tau=tau, mdps=MDPS)
    assert {"twin", "solvers", "hyper-parameters"} <= set(report.passed)
    exact = type(flat_rule(rule)) in UPDATES
    assert set(report.skipped) == {"monotone"} | (set() if exact else {"certified"})


def test_masks_and_bandits_are_among_the_default_problems():
    report = check_method(SoftmaxPG(0.5), monotone=True)
    assert "monotone" in report.passed and "passed   policies" in str(report)


class Wrong(NamedTuple):
    """A rule whose kernels in this file are wrong in one way or another."""

    eta: float


def half(rule, k, problem, point):
    point.x[:] = point.x + 0.5 * rule.eta * point.A


def backwards(rule, k, problem, point):
    point.x[:] = point.x - rule.eta * point.A


def by_number(rule, k, problem, point):
    point.x[:] = point.x + rule.eta * point.A
    point.x[:, 0] += rule.eta


@pytest.mark.parametrize(
    ("kernel", "check", "arguments"),
    [
        (half, "twin", {"twin": natural_twin}),
        (backwards, "monotone", {"monotone": True}),
        (by_number, "other names", {}),
    ],
)
def test_what_is_wrong_is_named(kernel, check, arguments):
    method(Wrong, space=Space.SOFTMAX)(kernel)
    try:
        with pytest.raises(AssertionError, match=f"^{check}: Wrong on .*k = 0|{check}.*k = 1"):
            check_method(Wrong(1.0), mdps=MDPS, tau=0.0, **arguments)
    finally:
        del METHODS[Wrong]


class Lenient(NamedTuple):
    eta: float

    def refuse(self):
        raise ValueError("no")


def test_messages_that_name_nothing_are_named():
    method(Lenient, space=Space.SOFTMAX)(half)
    try:
        with pytest.raises(ValueError, match="no"):
            check_method(Lenient(1.0))
    finally:
        del METHODS[Lenient]


def test_a_twin_of_another_shape():
    with pytest.raises(AssertionError, match=re.escape("the twin's policy has shape (2,)")):
        check_method(NaturalPG(1.0), twin=lambda rule, k, now: [0.5, 0.5], tau=0.0, mdps=BANDIT)


def test_a_situation_is_evaluated_plainly():
    now = situation(BANDIT[0], np.array([[0.5, 0.25, 0.25]]))
    assert now.V[0] == pytest.approx(0.6) and now.A[0] == pytest.approx([0.3, -0.1, -0.5])
    assert now.d.tolist() == [1.0]
