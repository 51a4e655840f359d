"""Every argument of everything public that is certified takes odd values rightly."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from support.odd_calls import call, forgotten
from support.odd_inputs import complaints

pytest.importorskip("flint")

from support.core_calls import CALLS as CORE
from support.odd_inputs import MODEL, P, policy, r
from tabular_pg import REGISTRY, NaturalPG, ProjectedPG, certified, optimize
from tabular_pg.certified import COUNTEREXAMPLES, RationalMDP, certified_check

RUN = optimize(MODEL, NaturalPG(1.0), 2)
EXACT = RationalMDP(P, r, 0.75)
EXACT_RUN = certified.certified_run(EXACT, ProjectedPG(1), 2)
THEOREM, P2S = REGISTRY["N1"], REGISTRY["P2s"]


def coq_text(subject, alone, theorems=()):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.v"
        return certified.write_coq(path, subject, alone=alone, theorems=theorems).read_text()


CALLS = {
    "certified_check": call(
        certified_check, digest=lambda found: [verdict.holds for verdict in found], run=RUN,
        theorems=[THEOREM], digits=5, most_bits=2**12,
    )._replace(optional=("theorems", "most_bits"), fine=("empty list", "empty array")),
    "Counterexample.run": call(
        COUNTEREXAMPLES["P7a"].run, digest=lambda found: str(found.gap), digits=10
    ),
    "RationalMDP.q": call(
        EXACT.q, digest=lambda Q: [str(x) for x in Q.ravel()], pi=policy
    )._replace(fine=("nested huge one",)),  # a number like any other
    "RationalMDP.of": call(RationalMDP.of, digest=RationalMDP.source, mdp=MODEL),
    "write_coq": call(
        coq_text, digest=lambda text: text, subject=EXACT_RUN, alone=False, theorems=[P2S]
    )._replace(
        optional=("theorems",),
        fine=("True", "False", "numpy True", "empty list", "empty array"),
    ),  # flags, for alone
    "update": call(
        lambda rule: certified.update(rule), digest=lambda register: register.__name__,
        rule=NaturalPG,
    ),
}  # fmt: skip
WITHOUT = {
    "Certificate CertifiedVerdict Counterexample": "results, and three records of the package",
    "NotAPolicy Undecided Outcome": "exceptions and an enumeration",
    "Certificate.save RationalMDP.called": "a path, tried with MDP.save; a number of its own",
    "Counterexample.decided RationalMDP.rounded RationalMDP.source coq_library": "no arguments",
}


@pytest.mark.parametrize("name", CALLS)
def test_odd_inputs_are_taken_rightly_or_refused_by_name(name):
    found = complaints(CALLS[name])
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


def test_nothing_public_is_forgotten():
    assert not forgotten([certified], {**CORE, **CALLS}, WITHOUT)


@pytest.mark.parametrize("most_bits", [2**70, 2**20 + 1, 10**400, 1])
def test_a_precision_beyond_memory_is_refused(most_bits):
    with pytest.raises(ValueError, match=r"most_bits is \d+.*; expected an integer in"):
        certified_check(RUN, theorems=[THEOREM], most_bits=most_bits)


def test_the_most_digits_have_their_bits():
    with pytest.raises(ValueError, match=r"digits is 39438; expected an integer in \[1, 39437\]"):
        certified_check(RUN, theorems=[], digits=39_438)
    assert certified_check(RUN, theorems=[], digits=39_437) == []


def test_weights_of_a_policy_are_counted():
    with pytest.raises(ValueError, match=r"pi has 2 entries; expected 3 \(pi has shape \(3, 2\)\)"):
        EXACT.q(np.eye(2))
