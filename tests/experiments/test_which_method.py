"""The table of all methods: counts that are right, nothing left out, files that belong together."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from experiments.shared.command_line import FIGURES
from experiments.shared.estimates import read
from experiments.shared.instances import make
from experiments.shared.tuned import CHANGING, CONSTANT, NONE, TAU, WEIGHT, WEIGHTS, entries, tried
from experiments.which_method import (
    STUDY,
    TARGETS,
    fewest,
    first_below,
    recorded,
    results,
    sound_run,
)
from tabular_pg import Status, optimize, steps
from tabular_pg.engine.method import METHODS, Regularization

KEPT = read((FIGURES / "which_method.json").read_text())
CHEAP = [("natural PG", CONSTANT), ("policy iteration", NONE), ("conservative PI", WEIGHT)]


@pytest.mark.parametrize("tau", [0.0, TAU])
def test_every_method_of_the_package_is_tried(tau):
    found = {type(rule) for place in entries(tau) for rule in tried(*place, tau).values()}
    other = Regularization.NONE if tau > 0 else Regularization.REQUIRED
    native = {r for r, m in METHODS.items() if m.native and m.regularization is not other}
    assert found == native
    kept = {(r["method"], r["steps"]) for r in KEPT["results"]["rows"] if r["tau"] == tau}
    assert kept == set(entries(tau))


def test_the_fewest_iterations_are_those_of_the_formula():
    """On a bandit the error of conservative policy iteration is (1 - alpha)^k at its start."""
    gap = optimize(make("arms"), tried("policy iteration", NONE, 0.0)[NONE], 0).gap[0]
    for budget in (1000, 20):
        for (k, weight), target in zip(
            fewest("conservative PI", WEIGHT, "arms", 0.0, budget), TARGETS, strict=True
        ):
            each = [math.log(target / gap) / math.log1p(-alpha) for alpha in WEIGHTS]
            expected = math.ceil(min(each))
            assert (k, weight) == ((expected, WEIGHTS[-1]) if expected <= budget else (None, None))


@pytest.mark.parametrize(("name", "kind"), [("SPMA", CONSTANT), ("softmax PG", CHANGING)])
def test_runs_in_stages_find_what_one_long_run_of_each_finds(name, kind):
    mdp, found = make("arms"), []
    with np.errstate(all="ignore"), pytest.warns() if name == "SPMA" else np.errstate():
        runs = {s: optimize(mdp, r, 500) for s, r in tried(name, kind, 0.0).items()}
    for target in TARGETS:
        counts = {s: np.flatnonzero(run.log_gap <= math.log(target)) for s, run in runs.items()}
        counts = {s: int(below[0]) for s, below in counts.items() if below.size}
        step = min(counts, key=counts.get)
        found.append([counts[step], step])
    assert fewest(name, kind, "arms", 0.0, 500) == found


@pytest.mark.parametrize("length", [10, 999, 1000, 1234, 30_000])
def test_numbers_of_three_digits_are_looked_at(length):
    numbers = [k for k in range(length) if len(str(k).rstrip("0")) <= 3]
    assert recorded(length).tolist() == [*numbers, length]


def test_runs_that_have_lost_their_accuracy_do_not_count():
    sea, lost = make("deepsea"), tried("TD-PMD", CHANGING, TAU)["100 x 2^k"]
    with pytest.warns(UserWarning, match="accurate to about"):
        optimize(sea, lost, 1000, tau=TAU)
    assert sound_run("deepsea", lost, TAU, 1000) is None
    assert first_below(None, 1.0) is None
    wild = tried("SPMA", CONSTANT, 0.0)[100.0]
    assert sound_run("arms", wild, 0.0, 10).status is Status.NOT_FINITE


def test_steps_mean_what_tables_call_them():
    rules = tried("natural PG", CHANGING, 0.0)
    assert rules["10 x 1.1^k"].eta == steps.Geometric(10.0, 1.1)
    assert rules["100 / max A"].eta == steps.AdvantageScaled(100.0)
    assert "adaptive" in rules and "adaptive" not in tried("natural PG", CHANGING, TAU)
    assert "adaptive" not in tried("softmax PG", CHANGING, 0.0)


def test_a_quick_run_writes_what_the_record_says(tmp_path, capsys):
    settings = STUDY.quick | {"methods": ("natural PG", "policy iteration"), "budget": 50}
    found = results(lambda function, jobs: [function(*job) for job in jobs], **settings)
    STUDY.write({"results": found}, tmp_path)
    text = (tmp_path / "which_method.md").read_text()
    assert text.count("| policy iteration | none | 1 | 3 |") == 2 and "(>= 10000)" in text
    assert json.loads((tmp_path / "which_method.json").read_text())["results"]["budget"] == 50
    assert {path.suffix for path in tmp_path.glob("which_method_entropy.*")} >= {".png", ".csv"}


@pytest.mark.parametrize(("name", "kind"), CHEAP)
def test_committed_counts_are_found_again(name, kind):
    budget = KEPT["results"]["budget"]
    rows = [r for r in KEPT["results"]["rows"] if (r["method"], r["steps"]) == (name, kind)]
    for instance in dict.fromkeys(row["instance"] for row in rows):
        own = [r for r in rows if r["instance"] == instance and r["tau"] == 0]
        found = [[row["iterations"], row["step"]] for row in own]
        assert fewest(name, kind, instance, 0.0, budget) == found


def test_the_committed_table_is_that_of_the_record():
    text = "\n".join(STUDY.tables(KEPT["results"]))
    assert (FIGURES / "which_method.md").read_text() == text
