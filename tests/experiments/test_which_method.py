"""The table of all methods: counts that are right, nothing left out, files that belong together."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

from experiments import which_method
from experiments.shared.command_line import FIGURES
from experiments.shared.estimates import read
from experiments.shared.instances import make
from experiments.shared.tuned import CHANGING, CONSTANT, NONE, TAU, WEIGHT, WEIGHTS, entries, tried
from experiments.which_method import (
    INSTANCES,
    STUDY,
    TARGETS,
    fewest,
    is_steady,
    recorded,
    results,
    sound_count,
    watched,
)
from tabular_pg import MDP, PolicyMirrorDescent, SoftPolicyIteration, Status, optimize, steps
from tabular_pg.engine.method import METHODS, Regularization

KEPT = read((FIGURES / "which_method.json").read_text())
CHEAP = [("natural PG", CONSTANT), ("policy iteration", NONE), ("conservative PI", WEIGHT)]


@pytest.mark.parametrize("tau", [0.0, TAU])
def test_every_method_of_the_package_is_tried(tau):
    found = {type(rule) for place in entries(tau) for rule in tried(*place, tau).values()}
    other = Regularization.NONE if tau > 0 else Regularization.REQUIRED
    native = {r for r, m in METHODS.items() if m.native and m.regularization is not other}
    if tau > 0:  # it is natural policy gradient there
        native.discard(PolicyMirrorDescent)
    assert found == native
    kept = {(r["method"], r["steps"]) for r in KEPT["results"]["rows"] if r["tau"] == tau}
    assert kept == set(entries(tau))


def test_the_fewest_iterations_are_those_of_the_formula():
    """On a bandit the error of conservative policy iteration is (1 - alpha)^k at its start."""
    gap = optimize(make("arms"), tried("policy iteration", NONE, 0.0)[NONE], 0).gap[0]
    for budget in (1000, 20):
        for (k, weight, steady), target in zip(
            fewest("conservative PI", WEIGHT, "arms", 0.0, budget), TARGETS, strict=True
        ):
            each = [math.log(target / gap) / math.log1p(-alpha) for alpha in WEIGHTS]
            expected = math.ceil(min(each))
            right = (expected, WEIGHTS[-1], True) if expected <= budget else (None, None, None)
            assert (k, weight, steady) == right


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
    assert [entry[:2] for entry in fewest(name, kind, "arms", 0.0, 500)] == found


@pytest.mark.parametrize("length", [10, 999, 1000, 1234, 30_000])
def test_numbers_of_three_digits_are_looked_at(length):
    numbers = [k for k in range(length) if len(str(k).rstrip("0")) <= 3]
    assert recorded(length).tolist() == [*numbers, length]


def test_errors_count_up_to_where_a_run_has_lost_its_accuracy(monkeypatch):
    """Two mirror images with starts 1e-13 apart: the second step is a difference of equal gaps."""
    P = np.zeros((2, 2, 2))
    P[0], P[1] = [[0.9, 0.1], [0.3, 0.7]], [[0.1, 0.9], [0.7, 0.3]]
    mdp, policy = MDP(P, [[1, 0], [1, 0]], 0.9), [[0.3, 0.7], [0.3 + 1e-13, 0.7 - 1e-13]]
    monkeypatch.setattr(which_method, "make", lambda instance: mdp)
    monkeypatch.setattr(which_method, "start", lambda instance: policy)
    run, doubtful = watched("images", SoftPolicyIteration(), 1.0, 8)
    assert doubtful and run.log_gap[-1] < math.log(1e-100)
    assert sound_count("images", run, True, 10.0) == 0
    assert sound_count("images", run, True, 1e-100) is None
    assert sound_count("images", run, False, 1e-100) > 1


def test_counts_that_are_up_to_rounding_are_known():
    for step, steady in ((100.0, False), (3.0, True)):
        rule = tried("softmax PG", CONSTANT, TAU)[step]
        run, doubtful = watched("gridworld", rule, TAU, 1000)
        k = sound_count("gridworld", run, doubtful, 1e-8)
        assert k is not None and is_steady(run, k, 1e-8) is steady


def test_runs_that_leave_the_simplex_say_so_by_their_status():
    run, doubtful = watched("arms", tried("SPMA", CONSTANT, 0.0)[100.0], 0.0, 10)
    assert run.status is Status.NOT_FINITE and not doubtful


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
        found = [[row["iterations"], row["step"], row["steady"]] for row in own]
        assert fewest(name, kind, instance, 0.0, budget) == found


def test_the_committed_table_is_that_of_the_record():
    text = "\n".join(STUDY.tables(KEPT["results"]))
    assert (FIGURES / "which_method.md").read_text() == text


def most(target, tau, *method):
    """The largest count of a method over all MDPs; infinite if one has none."""
    rows = [r for r in KEPT["results"]["rows"] if (r["target"], r["tau"]) == (target, tau)]
    own = [r["iterations"] or math.inf for r in rows if (r["method"], r["steps"]) == method]
    assert len(own) == len(INSTANCES)
    return max(own)


def counts(target, instance, tau=0.0):
    """Those on one MDP, by method and kind of steps."""
    rows = [r for r in KEPT["results"]["rows"] if (r["target"], r["tau"]) == (target, tau)]
    own = [r for r in rows if r["instance"] == instance]
    return {(r["method"], r["steps"]): r["iterations"] or math.inf for r in own}


def test_what_the_page_says_is_in_the_record():
    rough, fine = TARGETS
    for name in ("projected PG", "projected Q-ascent", "PMD, Tsallis 3/2"):
        for instance, target in itertools.product(INSTANCES, TARGETS):
            found = counts(target, instance)
            assert found[name, CONSTANT] <= found["policy iteration", NONE] + 1 <= 16
        assert most(fine, 0.0, name, CONSTANT) == 15
    assert counts(fine, "gridworld")["natural PG", CONSTANT] == 104
    assert most(fine, 0.0, "natural PG", CHANGING) == 15
    for name in ("softmax PG", "enlightened PG", "delightful PG, 0.5"):
        for instance in ("garnet", "gridworld", "gammachain"):
            assert counts(rough, instance)[name, CONSTANT] == math.inf
        assert most(rough, 0.0, name, CHANGING) < math.inf
    assert most(rough, 0.0, "softmax PG", CHANGING) == 21
    assert most(fine, 0.0, "softmax PG", CHANGING) == 328
    assert most(fine, 0.0, "normalized PG", CONSTANT) == 20
    assert most(rough, 0.0, "accelerated PG", CONSTANT) == 3530
    assert most(fine, 0.0, "accelerated PG", CONSTANT) == math.inf
    limited = [counts(rough, i)[n, CONSTANT] for n in ("SPMA", "Hadamard PG") for i in INSTANCES]
    assert min(limited) == 10 and sorted(set(limited))[-2:] == [1010, math.inf]
    for name, instance in itertools.product(("SPMA", "Hadamard PG"), ("garnet", "gridworld")):
        assert counts(fine, instance)[name, CHANGING] == math.inf
    ahead = "PMD, entropy, lookahead 2"
    for target in TARGETS:
        chain = counts(target, "gammachain")
        apart = (ahead, "lookahead PMD", "homotopic PMD")
        assert min(k for (name, _), k in chain.items() if name not in apart) == 15
        assert chain["homotopic PMD", WEIGHT] == 4
        assert chain["lookahead PMD", CONSTANT] == chain["lookahead PMD", CHANGING] == 14
        assert chain[ahead, CONSTANT] == chain[ahead, CHANGING] == 8


def test_what_the_page_says_of_fading_regularization_is_in_the_record():
    rough, fine = TARGETS
    assert most(rough, 0.0, "homotopic PMD", WEIGHT) == 4
    assert most(fine, 0.0, "homotopic PMD", WEIGHT) == 5


def test_what_the_page_says_of_entropy_is_in_the_record():
    rough, fine = TARGETS
    assert most(rough, TAU, "soft policy iteration", NONE) == 6
    assert most(fine, TAU, "soft policy iteration", NONE) == 8
    for instance in INSTANCES:
        found = counts(rough, instance, TAU)
        assert found["natural PG", CONSTANT] <= found["soft policy iteration", NONE] + 1
    assert most(fine, TAU, "natural PG", CONSTANT) == 21
    assert most(fine, TAU, "natural PG", CHANGING) == 10
    assert most(rough, TAU, "GPMD, Euclidean", CHANGING) == 4
    assert most(fine, TAU, "GPMD, Euclidean", CHANGING) == 8
    grid, arms = counts(fine, "gridworld", TAU), counts(fine, "arms", TAU)
    assert grid["TD-PMD", CONSTANT] == grid["TD-PMD", CHANGING] == 482
    assert grid["natural PG", CHANGING] == 8
    assert grid["softmax PG", CHANGING] == pytest.approx(371, rel=0.2)
    assert arms["softmax PG", CHANGING] == 2650
    assert counts(rough, "arms", TAU)["softmax PG", CONSTANT] == 1
