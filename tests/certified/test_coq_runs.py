"""Coq accepts exported runs of rational methods, and refuses them once anything is changed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, fmpq  # noqa: E402

from support.coq.export import (  # noqa: E402
    CLASSICAL_REALS,
    axioms,
    coqc,
    exported,
    has_coq,
)  # fmt: skip
from support.coq.models import of_the_docs, table_mdp, two_arms  # noqa: E402
from support.coq.mutations import OF_RUNS, changed_iterate  # noqa: E402
from support.coq.runs import RUNS  # noqa: E402
from support.coq.verdicts import OF_RUNS as ABOUT_RUNS  # noqa: E402
from support.coq.verdicts import mutants, verdicts  # noqa: E402
from tabular_pg import REGISTRY, instances, optimize, steps  # noqa: E402
from tabular_pg.certified import RationalMDP, certified_run, certify, write_coq  # noqa: E402
from tabular_pg.certified.coq.iterates import RATIONAL, iterates_of  # noqa: E402
from tabular_pg.certified.coq.optimum import claim_of  # noqa: E402
from tabular_pg.methods import (  # noqa: E402
    SPMA,
    HadamardPG,
    NormalizedPG,
    PolicyIteration,
    ProjectedPG,
    ProjectedQAscent,
)

needs_coq = pytest.mark.skipif(not has_coq(), reason="needs coqc (Debian: apt-get install coq)")
TENTH = Fraction(1, 10)
EACH = 40
MUTATED = ("terminating", "terminating_q", "howard_tied", "spma", "hadamard")
RULES = (
    PolicyIteration(), ProjectedPG(TENTH), ProjectedPG(TENTH, 2), ProjectedQAscent(TENTH),
    SPMA(Fraction(1, 50)), HadamardPG(Fraction(1, 50)),
)  # fmt: skip


# ---------------------------------------------------------------- the iterates


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("mdp", [of_the_docs(), table_mdp(3, 3, 3)], ids=["docs", "tenths"])
def test_exact_iterates_are_those_of_the_certified_run(mdp, rule):
    certificate, goal = certified_run(mdp, rule, 3), claim_of(mdp)
    best = [fmpq(x, goal.unit) for x in goal.numerators]
    for ball, x in zip(certificate.gap, iterates_of(certificate.method, 3), strict=True):
        assert ball.overlaps(arb(((best - x.V) * mdp.rho).sum()))
        assert all(row.sum() == 1 and row.min() >= 0 for row in x.pi)


def test_every_rational_method_is_exported():
    assert {type(rule) for rule in RULES} == set(RATIONAL)


# ---------------------------------------------------------------- what Coq accepts


@needs_coq
def test_a_run_is_checked_alone(tmp_path):
    code, said = coqc(exported("terminating", tmp_path))
    assert code == 0, said
    first, *rest = said.partition("Axioms:")
    assert "Closed under the global context" in first  # the check itself
    assert axioms("".join(rest)) <= CLASSICAL_REALS


@needs_coq
@pytest.mark.parametrize("name", ["growing", "howard", "hadamard", "search_projected"])
def test_runs_are_checked_with_the_library(name, library):
    code, said = coqc(exported(name, library, alone=False), "-R", ".", "TabularPG")
    assert code == 0, said
    assert axioms(said[said.index("Axioms:") :]) <= CLASSICAL_REALS


def test_termination_is_claimed(tmp_path):
    text = exported("terminating", tmp_path, alone=False).read_text()
    assert "bounds := [worst_at_most 3 (0 # 1);" in text
    assert "P2s, e_k <= " in text and "which\n   holds here" in text


def test_what_a_search_has_refuted_is_a_theorem(tmp_path):
    text = exported("search_policy_iteration", tmp_path, alone=False).read_text()
    assert "is refuted here: PI1, half of" in text
    assert "Theorem refuted : bound_holds M claim (worst_above 1 (" in text


# ---------------------------------------------------------------- what it refuses


@needs_coq
@pytest.mark.parametrize("name", MUTATED)
def test_every_changed_run_is_refused(name, library, tmp_path):
    text, changed = mutants(exported(name, tmp_path, alone=False), OF_RUNS, EACH)
    said = verdicts(library, [text, *changed, text], ABOUT_RUNS)
    assert said[0] == said[len(changed) + 1] == (True, True)
    accepted = [changed[i - 1] for i in range(1, EACH + 1) if all(said.get(i, (False,)))]
    assert not accepted, accepted[0]
    # Most are refused by the claim, too: a step that leads to the same vertex is no lie.
    assert sum(said.get(i, (False, False))[1] for i in range(1, EACH + 1)) < EACH / 2


@needs_coq
@pytest.mark.parametrize("name", ["spma", "hadamard"])
def test_iterates_are_refused_by_the_checker_itself(name, library, tmp_path):
    """Whatever the sums of the digits."""
    text, changed = mutants(exported(name, tmp_path, alone=False), [changed_iterate], EACH)
    said = verdicts(library, [text, *changed, text], ABOUT_RUNS)
    assert said.pop(0) == said.pop(EACH + 1) == (True, True)
    assert not any(claim for _, claim in said.values())


# ---------------------------------------------------------------- bad input


def refused(tmp_path, error, match, subject, **options):
    with pytest.raises(error, match=match):
        write_coq(tmp_path / "x.v", subject, **options)
    assert not list(tmp_path.iterdir())


def test_runs_that_are_not_rational_are_refused(tmp_path):
    softmax = certified_run(of_the_docs(), NormalizedPG(1), 2)
    refused(tmp_path, ValueError, "run of NormalizedPG, whose .*ProjectedPG, SPMA, H", softmax)
    floats = optimize(instances.two_armed_bandit(0.5), ProjectedPG(0.1), 3)
    refused(tmp_path, TypeError, r"ProjectedPG in float64; .* certify\(run\)", floats)
    fading = certified_run(of_the_docs(), ProjectedPG(steps.Decaying(TENTH, Fraction(1, 2))), 2)
    refused(tmp_path, ValueError, "step sizes Decaying.*; expected rational ones", fading)


def test_long_runs_are_refused_with_the_length_that_works(tmp_path):
    long = certified_run(of_the_docs(), SPMA(Fraction(1, 50)), 12)
    refused(tmp_path, ValueError, r"iterate 7 has .* of \d+ bits.* at most 6 iterations", long)
    large = RationalMDP.of(instances.garnet(40, 4, 4, gamma=0.95, seed=1))
    large = certified_run(large, ProjectedPG(1), 1)
    refused(tmp_path, ValueError, "expected fewer states, or numbers", large)


def test_theorems_about_something_else_are_refused(tmp_path):
    run = certified_run(of_the_docs(), ProjectedPG(TENTH), 2)
    refused(tmp_path, ValueError, "P1 compares something", run, theorems=[REGISTRY["P1"]])
    refused(tmp_path, ValueError, "PI1 says nothing .*PolicyIt", run, theorems=[REGISTRY["PI1"]])
    refused(tmp_path, ValueError, r"theorems\[0\] is 'P1'", run, theorems=["P1"])
    refused(
        tmp_path, ValueError, "subject is a RationalMDP", of_the_docs(), theorems=[REGISTRY["P1"]]
    )


def test_steps_that_a_run_took_in_floats_are_rational(tmp_path):
    rule = ProjectedPG(steps.ExactLineSearch(1.0))
    run = certify(optimize(instances.two_armed_bandit(0.5), rule, 3))
    assert "made_by := projected_pg" in write_coq(tmp_path / "x.v", run).read_text()


def test_comments_do_not_end_in_a_claim(tmp_path):
    statement = replace(REGISTRY["P2s"], claim='an end *) and "another (* start')
    run = certified_run(two_arms(), ProjectedPG(TENTH), 2)
    text = write_coq(tmp_path / "x.v", run, theorems=[statement], alone=False).read_text()
    assert "an end * ) and 'another ( * start" in text


def test_runs_have_names():
    assert all(name.isidentifier() for name in RUNS)
