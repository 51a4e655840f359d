"""Certificates come back with every digit, without being computed again."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tabular_pg import (
    HadamardPG,
    NaturalPG,
    PolicyIteration,
    ProjectedPG,
    SoftmaxPG,
    SoftPolicyIteration,
    instances,
    optimize,
    steps,
)
from tabular_pg.saved.archive import reading, write_archive

pytest.importorskip("flint")

from flint import arb

from tabular_pg.certified import Certificate, RationalMDP, certified_run, certify
from tabular_pg.certified.arithmetic.balls import precision
from tabular_pg.saved.exact import ball

THIRD = Fraction(1, 3)
SMALL = RationalMDP(
    [[[THIRD, 1 - THIRD], [0, 1]], [[1, 0], [THIRD, 1 - THIRD]]], [[1, 0], [0, Fraction(2, 7)]],
    Fraction(9, 10), rho=[1, 0], name="thirds",
)  # fmt: skip


def parts(certificate):
    """Everything that a certificate holds, as text and plain arrays."""
    method, mdp = certificate.method, certificate.method.mdp
    rows = [[[(t, str(p)) for t, p in row.entries()] for row in rows] for rows in mdp.P]
    exact = [mdp.r, mdp.gamma, mdp.rho, mdp.mu, mdp.name, method.rule, method.tau, method.policy]
    middles = [ball(x.mid()) for x in certificate.gap]
    plain = method.k.tolist(), certificate.relative_errors.tobytes()
    rest = type(method.rule), certificate.digits, certificate.bits
    return rows, repr(exact), repr(method.steps), middles, plain, rest


def runs():
    mdp = instances.garnet(3, 2, 2, 0.9)
    yield certified_run(SMALL, NaturalPG(THIRD), 4, policy=[[THIRD, 1 - THIRD]] * 2, at=[0, 2, 4])
    yield certified_run(SMALL, SoftPolicyIteration(), 3, tau=THIRD, digits=300)
    yield certified_run(SMALL, PolicyIteration(), 5)  # gaps of 0
    yield certified_run(SMALL, NaturalPG(steps.Geometric(THIRD, Fraction(3, 2))), 3)
    for rule in (ProjectedPG(0.1), HadamardPG(0.1), SoftmaxPG(0.3)):
        yield certify(optimize(mdp, rule, 5))
    yield certify(optimize(mdp, SoftmaxPG(steps.Armijo(1.0)), 4))  # steps that were taken


@pytest.mark.parametrize("made", list(runs()), ids=lambda made: type(made.method.rule).__name__)
def test_a_certificate_comes_back_with_every_digit(tmp_path, made):
    path = made.save(tmp_path / "proof.npz")
    with precision(64):
        found = Certificate.load(path)
    assert parts(found) == parts(made)
    assert np.array_equal(found.k, made.k)
    for one, other in zip(found.gap, made.gap, strict=True):
        assert one.contains(other) and one.rad() <= other.rad() * (1 + arb(2) ** -29)
    again = Certificate.load(found.save(path))
    assert list(map(ball, again.gap)) == list(map(ball, found.gap))


def test_what_was_certified_can_be_run_again(tmp_path):
    made = certified_run(SMALL, NaturalPG(THIRD), 4)
    method = Certificate.load(made.save(tmp_path / "proof.npz")).method
    again = certified_run(method.mdp, method.rule, 4, tau=method.tau, policy=method.policy)
    assert [x.overlaps(y) for x, y in zip(again.gap, made.gap, strict=True)] == 5 * [True]


HOSTILE = {
    "a row that sums to 2": (lambda f: f["P"][0][0].append([0, "1"]), r"P\[0, 0\]"),
    "a state that is not there": (lambda f: f["P"][0][0].append([7, "1"]), "leads to state 7"),
    "no fraction": (lambda f: f.update(tau="1.5"), "tau is '1.5'; expected a fraction"),
    "a denominator of 0": (lambda f: f.update(tau="1/0"), "denominator of 0"),
    "a negative tau": (lambda f: f.update(tau="-1"), "tau is -1"),
    "gamma of 1": (lambda f: f.update(gamma="1"), "gamma"),
    "too few gaps": (lambda f: f["gap"].pop(), "4 gaps are kept; expected 5"),
    "a number as a ball": (lambda f: f.update(gap=[1.0] * 5), "gap is 1.0; expected two mantissas"),
    "no mantissa": (lambda f: f["gap"][0].__setitem__(0, "z"), "mantissa 'z'"),
    "a negative radius": (lambda f: f["gap"][0].__setitem__(2, "-1"), "radius '-1'"),
    "a vast exponent": (lambda f: f["gap"][0].__setitem__(1, 10**30), "exponent"),
    "a rule from elsewhere": (lambda f: f["rule"].update(name="Popen"), "not registered here"),
    "a step size of 0": (lambda f: f["rule"]["fields"].update(eta="0"), "eta is 0"),
    "steps that are too few": (lambda f: f.update(steps=["1"]), "1 steps are kept; expected 4"),
    "a policy that is none": (lambda f: f["policy"][1].__setitem__(0, "1"), r"policy\[1\]"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_contents_that_make_no_sense_are_refused(tmp_path, name):
    change, match = HOSTILE[name]
    path = certified_run(SMALL, NaturalPG(THIRD), 4).save(tmp_path / "proof.npz")
    with reading(path, "Certificate") as content:
        change(content.facts)
    write_archive(path, "Certificate", content)
    with pytest.raises(ValueError, match=match) as error:
        Certificate.load(path)
    assert "is not a file of a saved Certificate" in str(error.value)


def test_a_gap_that_is_unknown_stays_so(tmp_path):
    made = certified_run(SMALL, NaturalPG(THIRD), 1)
    wide = type(made)(**(vars(made) | {"gap": (arb(0, arb("inf")), made.gap[1])}))
    found = Certificate.load(wide.save(tmp_path / "proof.npz"))
    assert not found.gap[0].is_finite() and ball(found.gap[1]) == ball(made.gap[1])
