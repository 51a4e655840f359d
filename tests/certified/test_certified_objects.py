"""Certified results as objects: pickled and copied exactly, and made in several threads at once."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, ctx  # noqa: E402

from tabular_pg import NaturalPG, ProjectedPG, instances, optimize  # noqa: E402
from tabular_pg.certified import (  # noqa: E402
    Outcome,
    RationalMDP,
    certified_check,
    certified_run,
    certify,
    update,
)
from tabular_pg.certified.arithmetic.balls import precision  # noqa: E402
from tabular_pg.certified.registration import UPDATES  # noqa: E402
from tabular_pg.engine.method import METHODS, Space, method  # noqa: E402

RUN = optimize(instances.garnet(3, 2, 2, 0.9), NaturalPG(1.0), 5)
WAYS = [
    copy.copy,
    copy.deepcopy,
    *(
        lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
]


def same(x, y):
    """Whether two balls have one centre and one radius."""
    if x.is_nan() or y.is_nan():
        return x.is_nan() and y.is_nan()
    return all(a.str(9999, more=True) == b.str(9999, more=True) for a, b in ((x, y),)) and (
        x.mid() == y.mid() and x.rad() == y.rad()
    )


def some_balls():
    with precision(3000):
        yield from ((-(arb(10) ** n)).exp() for n in range(4))
    for bits in (2, 53, 1000):
        with precision(bits):
            yield from (arb(1) / 3, arb(2) ** -50_000 / 7, -arb(7).sqrt(), arb(5))
    yield from (arb(0), arb(1), arb(0, 1), arb(0, 1e-300), arb(3) + arb(0, 1e300))
    yield from (arb.nan(), arb.pos_inf(), arb.neg_inf(), arb(0, arb.pos_inf()))


@pytest.mark.parametrize("way", WAYS)
def test_balls_are_copied_exactly_at_any_precision(way):
    for ball in some_balls():
        with precision(20):
            assert same(way(ball), ball), ball


@pytest.mark.parametrize("way", WAYS)
def test_certificates_and_verdicts_are_copied(way):
    certificate = certify(RUN)
    again = way(certificate)
    assert all(map(same, again.gap, certificate.gap))
    assert all(map(same, again.upper, certificate.upper))
    assert repr(again) == repr(certificate)
    assert again.method.mdp.source() == certificate.method.mdp.source()
    np.testing.assert_array_equal(again.relative_errors, certificate.relative_errors)
    verdicts = certified_check(RUN)
    assert [str(v) for v in way(verdicts)] == [str(v) for v in verdicts]
    assert all(v.outcome in (Outcome.HOLDS, Outcome.ATTAINED) for v in verdicts if v.applies)


def test_copies_are_certified_further():
    again = pickle.loads(pickle.dumps(certify(RUN, digits=10)))
    assert [str(v) for v in certified_check(again)] == [str(v) for v in certified_check(RUN)]


def test_threads_share_one_precision_and_leave_it_as_it_was():
    before, found = ctx.prec, {}
    digits = [12, 40, 150, 25, 90, 300]

    def work(n):
        found[n] = certify(RUN, digits=n), certified_check(RUN, digits=n)
        assert found[n][0].lower[-1] > 0

    threads = [threading.Thread(target=work, args=(n,)) for n in digits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ctx.prec == before
    for n in digits:
        certificate, verdicts = found[n]
        alone = certify(RUN, digits=n)
        assert certificate.bits == alone.bits and all(map(same, certificate.gap, alone.gap))
        assert [str(v) for v in verdicts] == [str(v) for v in certified_check(RUN, digits=n)]


def test_the_precision_is_restored_after_errors():
    before = ctx.prec
    with pytest.raises(ZeroDivisionError), precision(500):
        raise ZeroDivisionError
    assert ctx.prec == before
    mdp = RationalMDP([[[1], [1]]], [[0, 1]], 0)
    with pytest.raises(ValueError, match="eta is -1"):
        certified_run(mdp, ProjectedPG(-1), 3)
    assert ctx.prec == before


class Rising(NamedTuple):
    """log pi <- log pi + eta A + const."""

    eta: float


def rise(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] += rule.eta * point.A[s, a]


def sink(rule, k, problem, point):
    for s in range(point.x.shape[0]):
        for a in range(point.x.shape[1]):
            point.x[s, a] -= rule.eta * point.A[s, a]


def test_an_update_is_that_of_the_present_kernel():
    """After the kernel was registered again its old exact update says nothing of it."""
    method(Rising, space=Space.SOFTMAX)(rise)
    update(Rising)(lambda rule, k, model, point: point.x + rule.eta * point.A)
    run = optimize(RUN.mdp, Rising(0.5), 4)
    assert certify(run).relative_error < 1e-9
    method(Rising, space=Space.SOFTMAX)(sink)
    for function in (certify, certified_check):
        with pytest.raises(TypeError, match="rule is Rising, whose kernel was registered again"):
            function(optimize(RUN.mdp, Rising(0.5), 4))
    update(Rising)(lambda rule, k, model, point: point.x - rule.eta * point.A)
    assert certify(optimize(RUN.mdp, Rising(0.5), 4)).relative_error < 1e-9
    del UPDATES[Rising], METHODS[Rising]
