"""R7: what the filter by agreement keeps."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabular_pg import check
from tabular_pg.preference.curation.agreement import Agreement, expected_agreement

shares = st.floats(0.05, 0.95)


def enumerated(run):
    """Purity from all joint outcomes of every pair."""
    kept, right = 0.0, 0.0
    for p, a in zip(run.label, run.reward, strict=True):
        for label, reward in product((True, False), repeat=2):
            chance = (p if label else 1 - p) * (a if reward else 1 - a)
            kept += chance * (label == reward)
            right += chance * (label and reward)
    return right / kept


@given(shares, st.lists(shares, min_size=1, max_size=9))
def test_labels_of_one_accuracy_follow_the_law(p, rewards):
    run = expected_agreement(np.full(len(rewards), p), rewards)
    assert run.purity == pytest.approx(enumerated(run), rel=1e-12)
    (verdict,) = check(run)
    assert verdict.theorem.id == "R7" and verdict.holds


@given(st.lists(shares, min_size=2, max_size=9))
def test_shared_errors_do_not(accuracies):
    run = expected_agreement(accuracies, accuracies)
    assert run.purity == pytest.approx(enumerated(run), rel=1e-12)
    if np.var(accuracies) > 1e-6:
        (verdict,) = check(run)
        assert not verdict.applies and "related" in verdict.why_not


def test_a_spoiled_purity_violates():
    class Spoiled(Agreement):
        purity = 0.9

    run = expected_agreement([0.7, 0.7], [1.0, 0.0])
    assert check(run)[0].holds
    assert check(Spoiled(run.label, run.reward))[0].holds is False
    assert check(replace(run, reward=np.array([1.0, 0.5])))[0].holds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 1.5], [0.5, 0.5]), r"label\[1\] is 1.5; expected a probability"),
        (([0.5], [-0.1]), r"reward\[0\] is -0.1; expected a probability"),
        (([0.5, 0.5], [0.5]), r"reward has shape \(1,\); expected \(2,\), one per pair"),
        (([np.nan], [0.5]), r"label\[0\] is nan"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        expected_agreement(*arguments)
