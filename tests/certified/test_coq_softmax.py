"""Coq encloses the gaps of softmax methods, and refuses files once anything is changed."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("flint", reason="needs python-flint: tabular_pg[certified]")

from flint import arb, fmpq  # noqa: E402

from support.coq.export import WITH_EXP, axioms, coqc, exported, has_intervals  # noqa: E402
from support.coq.models import of_the_docs, table_mdp  # noqa: E402
from support.coq.mutations import MUTATIONS, changed_gap, changed_stride  # noqa: E402
from support.coq.verdicts import OF_SOFTMAX_RUNS, guesses, mutants, verdicts  # noqa: E402
from tabular_pg import steps  # noqa: E402
from tabular_pg.certified import COUNTEREXAMPLES, certified_run, write_coq  # noqa: E402
from tabular_pg.certified.arithmetic.balls import precision  # noqa: E402
from tabular_pg.certified.coq.optimum import claim_of  # noqa: E402
from tabular_pg.certified.coq.softmax import softmax_claim  # noqa: E402
from tabular_pg.certified.coq_export import seen_exactly  # noqa: E402
from tabular_pg.methods import NaturalPG, SoftmaxPG  # noqa: E402

needs_intervals = pytest.mark.skipif(
    not has_intervals(), reason="needs coqc and coq-interval (apt-get install coq libcoq-interval)"
)
TENTH = Fraction(1, 10)
EACH = 24


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize("rule", [NaturalPG(1), NaturalPG(40), SoftmaxPG(TENTH), SoftmaxPG(5)])
@pytest.mark.parametrize("digits", [2, 6, 25])
def test_ends_lie_around_the_gap_and_near_it(rule, digits):
    run = certified_run(table_mdp(3, 3, 3), rule, 4, digits=60)
    claim = softmax_claim(
        run, claim_of(run.method.mdp), lambda mean, worst: [], seen_exactly, digits
    )
    with precision(run.bits):
        for ball, (low, high) in zip(run.gap, claim.gaps, strict=True):
            assert arb(low.exact) < ball < arb(high.exact)
            assert arb(high.exact - low.exact) < 3 * ball * arb(10) ** -digits


def test_decimals_are_written_as_coq_reads_them(tmp_path):
    run = certified_run(of_the_docs(), NaturalPG(60), 2)
    text = write_coq(tmp_path / "x.v", run, alone=False, digits=3).read_text()
    gaps = text[text.index("gaps :=") : text.index("limits :=")]
    ends = re.findall(r"\(([\d.]+|\(\d+ # 10\^\d+\)), ", gaps)
    assert len(ends) == 3 and "10^" in ends[-1]
    assert float(ends[0]) == pytest.approx(4.4705882, rel=1e-3)


def test_all_iterates_are_written_whatever_was_recorded(tmp_path):
    run = certified_run(of_the_docs(), SoftmaxPG(1), 5, at=[0, 5])
    text = write_coq(tmp_path / "x.v", run, alone=False).read_text()
    assert text.count("near :=") == 6 and "strides := repeat (1 # 1) 5;" in text


@pytest.mark.parametrize(("id", "iterates"), [("S3p", 301), ("S5m", 9)])
def test_known_counterexamples_are_short_enough(id, iterates, tmp_path):
    text = write_coq(tmp_path / "x.v", COUNTEREXAMPLES[id], alone=False).read_text()
    assert text.count("near :=") == iterates and "Theorem refuted" in text


# ---------------------------------------------------------------- what Coq accepts


@needs_intervals
def test_a_softmax_run_is_checked_alone(tmp_path):
    code, said = coqc(exported("natural", tmp_path))
    assert code == 0, said
    first, *rest = said.partition("Axioms:")
    assert "Closed under the global context" in first  # the check itself
    assert axioms("".join(rest)) <= WITH_EXP


@needs_intervals
@pytest.mark.parametrize("name", ["softmax_growing", "nothing_to_gain", "natural_fast"])
def test_softmax_runs_are_checked_with_the_library(name, library):
    code, said = coqc(exported(name, library, alone=False), "-R", ".", "TabularPG")
    assert code == 0, said
    assert axioms(said[said.index("Axioms:") :]) <= WITH_EXP


@needs_intervals
@pytest.mark.parametrize(
    ("name", "bound"),
    [("large_by_exponent", "worst_at_most 8 "), ("search_natural", "worst_above 2 ")],
)
def test_counterexamples_of_softmax_methods_are_refuted(name, bound, library):
    file = exported(name, library, alone=False)
    assert f"is_softmax_run M claim pi V -> limit_holds M best V ({bound}" in file.read_text()
    code, said = coqc(file, "-R", ".", "TabularPG")
    assert code == 0, said


# ---------------------------------------------------------------- what it refuses


@needs_intervals
@pytest.mark.parametrize("name", ["natural", "softmax"])
def test_every_changed_softmax_run_is_refused(name, library, tmp_path):
    file = exported(name, tmp_path, alone=False)
    text, changed = mutants(file, [*MUTATIONS, changed_gap, changed_stride], EACH)
    more = guesses(file.read_text())
    said = verdicts(library, [text, *changed, text], OF_SOFTMAX_RUNS, more)
    assert said[0] == said[EACH + 1] == (True, True)
    accepted = [changed[i - 1] for i in range(1, EACH + 1) if all(said.get(i, (False,)))]
    assert not accepted, accepted[0]
    # Most are refused by the claim, too: an end that moves away from the gap is no lie.
    assert sum(said.get(i, (False, False))[1] for i in range(1, EACH + 1)) < EACH / 2


@needs_intervals
@pytest.mark.parametrize("change", [changed_gap, changed_stride])
def test_gaps_and_steps_are_refused_by_the_checker_itself(change, library, tmp_path):
    """Whatever the sums of the digits."""
    file = exported("softmax", tmp_path, alone=False)
    text, changed = mutants(file, [change], 8)
    more = guesses(file.read_text())
    said = verdicts(library, [text, *changed, text], OF_SOFTMAX_RUNS, more)
    assert said.pop(0) == said.pop(9) == (True, True)
    assert not any(claim for _, claim in said.values())


@needs_intervals
def test_far_guesses_prove_nothing(library, tmp_path):
    """They widen the intervals, and move none."""
    file = exported("natural", tmp_path, alone=False)
    text, _ = mutants(file, [changed_gap], 1)
    more = guesses(file.read_text())
    far = re.sub(r"numerators := \[0x\w", "numerators := [0x1", more)
    assert far != more
    said = verdicts(library, [text], OF_SOFTMAX_RUNS, far)
    assert said == {0: (True, False)}


# ---------------------------------------------------------------- bad input


def refused(tmp_path, error, match, subject, **options):
    with pytest.raises(error, match=match):
        write_coq(tmp_path / "x.v", subject, **options)
    assert not list(tmp_path.iterdir())


def test_long_softmax_runs_are_refused_with_the_length_that_works(tmp_path):
    long = certified_run(of_the_docs(), SoftmaxPG(1), 80)
    with pytest.raises(ValueError, match="run of 80 iterations, too many .* 6 digits") as said:
        write_coq(tmp_path / "x.v", long)
    works = int(re.search(r"at most (\d+) iterations", str(said.value))[1])
    assert 20 < works < 80
    write_coq(tmp_path / "x.v", certified_run(of_the_docs(), SoftmaxPG(1), works))


def test_softmax_runs_without_rational_numbers_are_refused(tmp_path):
    fading = certified_run(of_the_docs(), SoftmaxPG(steps.Decaying(TENTH, Fraction(1, 2))), 2)
    refused(tmp_path, ValueError, "step sizes Decaying.*; expected rational ones", fading)
    run = certified_run(of_the_docs(), NaturalPG(1), 2)
    refused(tmp_path, ValueError, "digits is 0; expected an integer", run, digits=0)
    refused(tmp_path, ValueError, "too many for .*; expected fewer states, fewer", run, digits=999)
    refused(tmp_path, ValueError, "run of 2000 iterations, .*", _longer(COUNTEREXAMPLES["S3p"]))


def _longer(example):
    return certified_run(example.mdp(), example.rule, 2000, policy=example.policy, at=[0, 2000])


def test_policies_and_start_distributions_are_written(tmp_path):
    policy = [[Fraction(1, 4), Fraction(3, 4)], [Fraction(1, 2), Fraction(1, 2)]]
    run = certified_run(of_the_docs(), NaturalPG(1), 1, policy=policy)
    text = write_coq(tmp_path / "x.v", run, alone=False).read_text()
    assert "begins := [share 4 [1; 3]; share 2 [1; 1]];" in text
    assert np.all(run.method.policy.sum(axis=1) == fmpq(1))
