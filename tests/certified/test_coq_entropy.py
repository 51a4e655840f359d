"""Coq encloses gaps of runs with entropy to the least upper bound of all values."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, fmpq  # noqa: E402

from support.coq.export import WITH_EXP, axioms, coqc, exported, has_intervals  # noqa: E402
from support.coq.models import of_the_docs, table_mdp  # noqa: E402
from support.coq.mutations import (  # noqa: E402
    MUTATIONS,
    changed_gap,
    changed_stride,
    changed_tau,
    lost_transition,
    moved_transition,
    other_softmax_method,
)
from support.coq.verdicts import OF_SOFTMAX_RUNS, guesses, mutants, verdicts  # noqa: E402
from tabular_pg import REGISTRY, steps  # noqa: E402
from tabular_pg.certified import RationalMDP, certified_run, write_coq  # noqa: E402
from tabular_pg.certified.arithmetic.balls import precision  # noqa: E402
from tabular_pg.certified.coq.softmax import softmax_claim  # noqa: E402
from tabular_pg.certified.coq_export import seen_exactly  # noqa: E402
from tabular_pg.methods import NaturalPG, SoftmaxPG, SoftPolicyIteration  # noqa: E402

needs_intervals = pytest.mark.skipif(
    not has_intervals(), reason="needs coqc and coq-interval (apt-get install coq libcoq-interval)"
)
TENTH, HALF = Fraction(1, 10), Fraction(1, 2)
RULES = (NaturalPG(1), NaturalPG(40), SoftmaxPG(TENTH), SoftmaxPG(5), SoftPolicyIteration())
EACH = 24


def claimed(run, digits=6):
    return softmax_claim(run, None, lambda mean, worst: [], seen_exactly, digits)


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("digits", [2, 6, 25])
def test_ends_lie_around_the_gap_and_near_it(rule, digits):
    run = certified_run(table_mdp(3, 3, 3), rule, 3, tau=TENTH, digits=60)
    with precision(run.bits):
        for ball, (low, high) in zip(run.gap, claimed(run, digits).gaps, strict=True):
            assert arb(low.exact) < ball < arb(high.exact)
            assert arb(high.exact - low.exact) < 3 * ball * arb(10) ** -digits


def test_ends_lie_around_the_gaps_of_two_arms():
    """From 1/4, 3/4: the odds of the better arm are 3^-alpha^k e^((1 - alpha^k) / tau)."""
    tau, eta, start = Fraction(1, 3), 2, [[Fraction(1, 4), Fraction(3, 4)]]
    mdp = RationalMDP([[[1], [1]]], [[1, 0]], 0)
    run = certified_run(mdp, NaturalPG(eta), 4, tau=tau, policy=start)
    temperature, alpha = arb(fmpq(1, 3)), fmpq(3, 5)
    for k, (low, high) in enumerate(claimed(run).gaps):
        odds = ((1 - arb(alpha**k)) / temperature - arb(alpha**k) * arb(3).log()).exp()
        p = odds / (1 + odds)
        value = p - temperature * (p * p.log() + (1 - p) * (1 - p).log())
        gap = temperature * ((1 / temperature).exp() + 1).log() - value
        assert arb(low.exact) < gap < arb(high.exact)


def test_soft_policy_iteration_and_its_temperature_are_written(tmp_path):
    run = certified_run(of_the_docs(), SoftPolicyIteration(), 2, tau=0.1)
    text = write_coq(tmp_path / "x.v", run, alone=False).read_text()
    assert "moved_by := soft_policy_iteration;" in text
    assert "aim := with_entropy (3602879701896397 # 36028797018963968);" in text
    assert text.count("near :=") == 4  # of the largest values, and of three iterates
    assert "strides := repeat (0 # 1) 2;" in text


# ---------------------------------------------------------------- what Coq accepts


@needs_intervals
def test_a_run_with_entropy_is_checked_alone(tmp_path):
    code, said = coqc(exported("entropy_natural", tmp_path))
    assert code == 0, said
    first, *rest = said.partition("Axioms:")
    assert "Closed under the global context" in first  # the check itself
    assert axioms("".join(rest)) <= WITH_EXP


@needs_intervals
@pytest.mark.parametrize(
    "name", ["entropy_natural_tenths", "entropy_natural_garnet", "entropy_softmax"]
)
def test_runs_with_entropy_are_checked_with_the_library(name, library):
    code, said = coqc(exported(name, library, alone=False), "-R", ".", "TabularPG")
    assert code == 0, said
    assert axioms(said[said.index("Axioms:") :]) <= WITH_EXP


@needs_intervals
def test_a_bound_on_soft_policy_iteration_is_checked(library):
    file = exported("soft_iteration", library, alone=False)
    assert file.read_text().count("worst_at_most") == 3
    code, said = coqc(file, "-R", ".", "TabularPG")
    assert code == 0, said


@needs_intervals
def test_a_statement_about_entropy_is_refuted(library):
    file = exported("search_entropy", library, alone=False)
    assert re.search(r"limit_holds M best V \(worst_above \d", file.read_text())
    code, said = coqc(file, "-R", ".", "TabularPG")
    assert code == 0, said


# ---------------------------------------------------------------- what it refuses


@needs_intervals
@pytest.mark.parametrize("name", ["entropy_natural", "entropy_softmax"])
def test_every_changed_run_with_entropy_is_refused(name, library, tmp_path):
    file = exported(name, tmp_path, alone=False)
    changes = [*MUTATIONS, changed_gap, changed_stride, changed_tau, other_softmax_method]
    text, changed = mutants(file, changes, EACH)
    said = verdicts(library, [text, *changed, text], OF_SOFTMAX_RUNS, guesses(file.read_text()))
    assert said[0] == said[EACH + 1] == (True, True)
    accepted = [changed[i - 1] for i in range(1, EACH + 1) if all(said.get(i, (False,)))]
    assert not accepted, accepted[0]


@needs_intervals
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("entropy_softmax", [changed_gap]),
        ("entropy_softmax", [changed_stride, changed_tau]),
        ("entropy_natural", [changed_stride, changed_tau, other_softmax_method]),
        ("entropy_natural", [lost_transition, moved_transition]),
        ("soft_iteration", [changed_gap, changed_tau]),
    ],
)
def test_the_checker_refuses_whatever_the_sums(name, changes, library, tmp_path):
    file = exported(name, tmp_path, alone=False)
    text, changed = mutants(file, changes, 6)
    said = verdicts(library, [text, *changed, text], OF_SOFTMAX_RUNS, guesses(file.read_text()))
    assert said.pop(0) == said.pop(7) == (True, True)
    assert not any(claim for _, claim in said.values())


@needs_intervals
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_far_guess_proves_nothing(which, library, tmp_path):
    """The first is that of the largest values: theirs is no more trusted than another."""
    file = exported("entropy_natural", tmp_path, alone=False)
    text, _ = mutants(file, [changed_gap], 1)
    more = guesses(file.read_text())
    digit = [*re.finditer(r"numerators := \[0x(\w)", more)][which]
    other = "2" if digit[1] != "2" else "3"
    far = more[: digit.start(1)] + other + more[digit.end(1) :]
    assert verdicts(library, [text, text], OF_SOFTMAX_RUNS, far) == {
        0: (True, False),
        1: (True, False),
    }


@needs_intervals
def test_actions_that_are_never_taken_are_refused(library, tmp_path):
    """With entropy a first policy that leaves an action out has no logarithm."""
    file = exported("entropy_natural", tmp_path, alone=False)
    text, _ = mutants(file, [changed_gap], 1)
    without = text.replace("begins := [share 2 [1; 1]", "begins := [share 1 [1; 0]")
    assert without != text
    said = verdicts(library, [without], OF_SOFTMAX_RUNS, guesses(file.read_text()))
    assert said == {0: (False, False)}


# ---------------------------------------------------------------- bad input


def refused(tmp_path, match, subject, **options):
    with pytest.raises(ValueError, match=match) as said:
        write_coq(tmp_path / "x.v", subject, **options)
    assert not list(tmp_path.iterdir())
    return str(said.value)


@pytest.mark.parametrize(("rule", "least"), [(NaturalPG(1), 20), (SoftPolicyIteration(), 3)])
def test_the_length_that_works_is_named(rule, least, tmp_path):
    long = certified_run(of_the_docs(), rule, 120 if least == 20 else 15, tau=TENTH)
    said = refused(tmp_path, "iterations, too many for Coq .* to 6 digits", long)
    works = int(re.search(r"at most (\d+) iterations", said)[1])
    assert least <= works < 100
    run = certified_run(of_the_docs(), rule, works, tau=TENTH)
    write_coq(tmp_path / "x.v", run)
    (tmp_path / "x.v").unlink()
    refused(tmp_path, "too many", certified_run(of_the_docs(), rule, works + 1, tau=TENTH))


def test_runs_with_entropy_that_coq_cannot_enclose_are_refused(tmp_path):
    cold = certified_run(of_the_docs(), NaturalPG(1), 1, tau=Fraction(1, 10**5))
    refused(tmp_path, "tau = 1/100000, whose optimum has .*; expected a larger tau", cold)
    fading = SoftmaxPG(steps.Decaying(TENTH, HALF))
    run = certified_run(of_the_docs(), fading, 2, tau=TENTH)
    refused(tmp_path, "step sizes Decaying.*; expected rational ones", run)
    run = certified_run(of_the_docs(), NaturalPG(1), 2, tau=TENTH)
    refused(tmp_path, "E5 compares something else", run, theorems=[REGISTRY["E5"]])
