"""Fits of rewards to pairs against slow twins, and what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import minimize

from tabular_pg.preference import (
    BradleyTerry,
    CrossEntropy,
    Focal,
    FocalPenalty,
    Hinge,
    MarginMSE,
    Status,
    TemperatureBT,
    TemperedLog,
    fit,
    identify,
    pair_loss,
    separating,
    spectrum,
)
from tabular_pg.preference.fitting.losses import LOSSES

seeds = st.integers(0, 2**32 - 1)
SMOOTH = [BradleyTerry(), MarginMSE(), TemperatureBT(), CrossEntropy()]
BENT = [Focal(), FocalPenalty(), TemperedLog()]


def random_pairs(seed, n_items=7, n=40):
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(n_items, 2, replace=False) for _ in range(n)])
    return pairs, rng


def around(n_items):
    """A cycle, in which everyone has lost once."""
    items = np.arange(n_items)
    return np.column_stack([items, np.roll(items, 1)])


def maximum_likelihood(pairs, n_items, sweeps=20_000):
    """Hunter's (2004) MM algorithm, one item after the other."""
    strength = [1.0] * n_items
    for _ in range(sweeps):
        before = list(strength)
        for i in range(n_items):
            wins = sum(1 for winner, _ in pairs if winner == i)
            games = sum(1 / (strength[a] + strength[b]) for a, b in pairs if i in (a, b))
            strength[i] = wins / games
        total = sum(strength)
        strength = [p / total for p in strength]
        if max(abs(p / q - 1) for p, q in zip(strength, before, strict=True)) < 1e-13:
            break
    return np.log(strength) - np.log(strength).mean()


@settings(max_examples=15)
@given(seeds)
def test_bradley_terry_is_what_the_mm_algorithm_finds(seed):
    pairs, _ = random_pairs(seed, 5, 25)
    pairs = np.concatenate([pairs, around(5)])
    found = fit(pairs, 5)
    assert found.status is Status.MINIMUM
    np.testing.assert_allclose(found.scores, maximum_likelihood(pairs.tolist(), 5), atol=1e-8)


def written(theta, pairs, weights, loss, ridge, features):
    r = theta if features is None else features @ theta
    losses = [w * pair_loss(loss, r[i], r[j]) for (i, j), w in zip(pairs, weights, strict=True)]
    return sum(losses) + 0.5 * ridge * theta @ theta


@settings(max_examples=40)
@given(seeds, st.sampled_from(SMOOTH + BENT), st.booleans(), st.sampled_from([0.1, 3.0]))
def test_fits_are_minima_of_the_objective_as_it_is_written(seed, loss, linear, ridge):
    pairs, rng = random_pairs(seed)
    weights = rng.random(len(pairs)) + 0.1
    features = rng.standard_normal((7, 3)) if linear else None
    found = fit(pairs, 7, loss=loss, features=features, ridge=ridge, weights=weights)
    assume(found.status in (Status.MINIMUM, Status.STATIONARY))
    theta = found.coefficients if linear else found.scores
    arguments = pairs, weights, loss, ridge, features
    again = minimize(written, theta, arguments, method="BFGS", options={"gtol": 1e-7})
    assert written(theta, *arguments) <= again.fun + 1e-9
    np.testing.assert_allclose(theta, again.x, atol=1e-4)
    if linear:
        np.testing.assert_allclose(found.scores, features @ theta)


@settings(max_examples=25)
@given(seeds, st.booleans(), st.sampled_from([0.0, 0.2, 5.0]))
def test_hinge_is_a_minimum(seed, linear, ridge):
    pairs, rng = random_pairs(seed)
    pairs = np.concatenate([pairs, around(7)])
    features = rng.standard_normal((7, 3)) if linear else None
    found = fit(pairs, 7, loss=Hinge(1.5), features=features, ridge=ridge)
    assert found.status is (Status.MINIMUM if ridge else Status.ONE_OF_MINIMA)
    theta = found.coefficients if linear else found.scores
    arguments = pairs, np.ones(len(pairs)), Hinge(1.5), ridge, features
    reached = written(theta, *arguments)
    for size in (1e-3, 0.1, 1.0):  # convex: no direction may lead down, but for the gap
        for _ in range(30):
            nearby = theta + size * rng.standard_normal(theta.size)
            assert reached <= written(nearby, *arguments) + 1e-7


def test_both_methods_for_the_hinge_agree(monkeypatch):
    pairs, rng = random_pairs(0, 30, 300)
    small = fit(pairs, 30, loss=Hinge(), ridge=0.5)
    monkeypatch.setattr("tabular_pg.preference.fitting.hinge.DENSE", 0)
    large = fit(pairs, 30, loss=Hinge(), ridge=0.5)
    assert small.iterations < 40 < large.iterations
    np.testing.assert_allclose(small.scores, large.scores, atol=1e-5)


def test_large_systems_are_solved_as_small_ones_are(monkeypatch):
    pairs, rng = random_pairs(1, 40, 400)
    pairs = np.concatenate([pairs, around(40)])
    X = rng.standard_normal((40, 5))
    kinked = FocalPenalty()  # has many stationary points
    losses = [loss for loss in SMOOTH + BENT if loss != kinked]
    cases = [{"loss": loss, "ridge": r} for loss in losses for r in (0.0, 0.3)]
    cases += [{"features": X}, {"features": X, "ridge": 1.0, "loss": Focal()}]
    small = [fit(pairs, 40, **case).scores for case in cases]
    monkeypatch.setattr("tabular_pg.preference.fitting.newton.DENSE", 0)
    for case, expected in zip(cases, small, strict=True):
        np.testing.assert_allclose(fit(pairs, 40, **case).scores, expected, atol=1e-7)
    assert fit(pairs, 40, ridge=0.3, loss=kinked).status is Status.STATIONARY
    monkeypatch.setattr("tabular_pg.preference.fitting.newton.PRODUCTS", 2)  # now by elimination
    for loss in SMOOTH:
        expected = small[cases.index({"loss": loss, "ridge": 0.0})]
        np.testing.assert_allclose(fit(pairs, 40, loss=loss).scores, expected, atol=1e-7)


def test_a_long_chain():
    items = np.arange(4999)
    up, down = np.column_stack([items + 1, items]), np.column_stack([items, items + 1])
    found = fit(np.concatenate([up, up, down]), 5000)
    assert found.status is Status.MINIMUM
    np.testing.assert_allclose(np.diff(found.scores), np.log(2), atol=1e-8)


def test_weights_counts_and_features_agree():
    pairs, rng = random_pairs(2, 6, 60)
    counted, counts = np.unique(pairs, axis=0, return_counts=True)
    plain = fit(pairs, 6, ridge=0.4)
    others = [fit(counted, 6, ridge=0.4, weights=counts)]
    others += [fit(pairs, 6, ridge=0.4, features=eye) for eye in (np.eye(6), sparse.eye_array(6))]
    for other in others:
        np.testing.assert_allclose(other.scores, plain.scores, atol=1e-9)
    assert plain.coefficients is None


def reaches(pairs, n_items, start):
    seen, stack = {start}, [start]
    while stack:
        i = stack.pop()
        new = [a for a, b in pairs if b == i and a not in seen]
        seen.update(new)
        stack += new
    return len(seen) == n_items


@settings(max_examples=80)
@given(seeds, st.integers(6, 25))
def test_finite_maximum_if_and_only_if_strongly_connected(seed, n):
    pairs, _ = random_pairs(seed, 5, n)
    strongly = all(reaches(pairs.tolist(), 5, i) for i in range(5))
    known = identify(pairs, 5)
    assert strongly == (known.connected and known.finite)
    shifts_removed = np.eye(5)[:, 1:]
    if known.connected:
        assert strongly == (separating(pairs, 5, shifts_removed) is None)
    for loss in (BradleyTerry(), Focal(), TemperatureBT(), TemperedLog()):
        if strongly:
            assert np.isfinite(fit(pairs, 5, loss=loss).scores).all()
        else:
            with pytest.raises(ValueError, match="ridge is 0 and the"):
                fit(pairs, 5, loss=loss)
        assert np.isfinite(fit(pairs, 5, loss=loss, ridge=0.1).scores).all()
    for loss in (MarginMSE(), Hinge()):
        if known.connected:
            assert np.isfinite(fit(pairs, 5, loss=loss).scores).all()


@settings(max_examples=60)
@given(seeds, st.integers(2, 12), st.integers(1, 3))
def test_finite_maximum_if_and_only_if_features_do_not_separate(seed, n, n_features):
    pairs, rng = random_pairs(seed, 6, n)
    features = rng.integers(-2, 3, (6, n_features)).astype(float)
    differences = features[pairs[:, 0]] - features[pairs[:, 1]]
    assume(np.linalg.matrix_rank(differences) == n_features)
    direction = separating(pairs, 6, features)
    if n_features == 1:
        assert (direction is not None) == bool(np.ptp(np.sign(differences)) <= 1)
    if direction is None:
        assert fit(pairs, 6, features=features).status is Status.MINIMUM
    else:
        assert (differences @ direction >= -1e-9).all()
        assert (differences @ direction > 1e-9).any()
        with pytest.raises(ValueError, match="features separate the pairs"):
            fit(pairs, 6, features=features)
    assert fit(pairs, 6, features=features, ridge=0.01).status is Status.MINIMUM


def test_components():
    pairs = np.concatenate([around(3), 3 + around(4), [[4, 3], [4, 5]]])
    message = r"2 components: \[0, 1, 2\], \[3, 4, 5, 6\]; nothing says how they compare"
    for loss in LOSSES[:-1]:
        with pytest.raises(ValueError, match=message):
            fit(pairs, 7, loss=loss())
    apart, alone = fit(pairs, 7, per_component=True), fit(pairs[3:] - 3, 4)
    np.testing.assert_allclose(apart.scores[3:], alone.scores, atol=1e-12)
    np.testing.assert_allclose(apart.scores[:3], 0, atol=1e-12)
    held = fit(np.concatenate([pairs, [[0, 1]]]), 7, ridge=1.0).scores
    assert abs(held[:3].sum()) < 1e-9 > abs(held[3:].sum())
    with pytest.raises(ValueError, match=r"3 components: \[0, 1, 2\], \[3, 4, 5, 6\], \[7\]"):
        fit(pairs, 8)
    with pytest.raises(ValueError, match=r"the items \[7\] never lost to any other"):
        fit(np.concatenate([pairs, [[7, 0]]]), 8, per_component=True)
    assert np.isfinite(fit(pairs, 7, loss=CrossEntropy()).scores).all()
    with pytest.raises(ValueError, match=r"\[7\] have won or lost only, or were not compared"):
        fit(np.concatenate([pairs, [[7, 0]]]), 8, loss=CrossEntropy())


def test_status_says_how_a_fit_ended():
    nine_to_one = np.array([[0, 1]] * 9 + [[1, 0]])
    assert fit(nine_to_one, 2, loss=TemperedLog(0.0)).status is Status.UNBOUNDED
    found = fit(nine_to_one, 2, loss=TemperedLog(0.7))
    assert found.scores[0] - found.scores[1] == pytest.approx(np.log(9) / 0.7)
    stopped = fit(nine_to_one, 2, iterations=1)
    assert stopped.status is Status.STOPPED
    assert stopped.obstacle == Status.STOPPED.value
    assert stopped.gradient_norm > 1e-3 > fit(nine_to_one, 2).gradient_norm


def test_spectrum(monkeypatch):
    everyone = [[i, j] for i in range(5) for j in range(i)]
    found = spectrum(np.array([*everyone, [6, 5], [6, 5]]), 8)
    assert [s.items.tolist() for s in found] == [[0, 1, 2, 3, 4], [5, 6], [7]]
    np.testing.assert_allclose(found[0].eigenvalues, [0, 5, 5, 5, 5], atol=1e-12)
    assert [s.connectivity for s in found] == pytest.approx([5, 4, 0])
    pairs, _ = random_pairs(5, 30, 200)
    exact = spectrum(pairs, 30)[0].eigenvalues[:6]
    monkeypatch.setattr("tabular_pg.preference.fitting.identifiability.DENSE", 3)
    np.testing.assert_allclose(spectrum(pairs, 30)[0].eigenvalues, exact, atol=1e-8)


@pytest.mark.parametrize("n_items", (2, 3, 6))
@pytest.mark.parametrize("how", ({}, {"ridge": 0.1}, {"linear": True}))
def test_the_penalty_leaves_its_kink(n_items, how):
    """Everyone beats everyone once: equal scores balance, and are a maximum along every line."""
    pairs = [[i, j] for i in range(n_items) for j in range(n_items) if i != j]
    how = dict(how)
    if how.pop("linear", False):
        how["features"] = np.random.default_rng(0).standard_normal((n_items, 1))
    found = fit(pairs, n_items, loss=FocalPenalty(), **how)
    assert found.status is Status.STATIONARY
    assert np.abs(found.margins).min() > 0.01
    equal = 2 * np.log(2) * n_items * (n_items - 1) / 2
    assert FocalPenalty().value(found.margins).sum() < 0.99 * equal
    if n_items == 2:
        assert FocalPenalty().value(found.margins).sum() < 1.25
        if not how:
            assert abs(found.margins[0]) == pytest.approx(0.44, abs=0.01)
    again = fit(pairs, n_items, loss=FocalPenalty(), **how)
    assert np.array_equal(found.scores, again.scores)


def test_a_fit_that_ends_at_the_kink_says_so():
    stopped = fit([[0, 1], [1, 0]], 2, loss=FocalPenalty(), iterations=1)
    assert stopped.status is Status.STOPPED


def test_far_minima_of_the_tempered_loss_are_found():
    nine_to_one = np.array([[0, 1]] * 9 + [[1, 0]])
    found = fit(nine_to_one, 2, loss=TemperedLog(0.05))
    assert found.status is Status.STATIONARY
    assert np.ptp(found.scores) == pytest.approx(np.log(9) / 0.05, rel=1e-6)
    assert "no finite minimum found" in fit(nine_to_one, 2, loss=TemperedLog(0.0)).obstacle


def test_a_large_graph_is_connected():
    pairs, _ = random_pairs(7, 1200, 6000)
    pairs = np.concatenate([pairs, around(1200)])
    assert spectrum(pairs, 1200, eigenvalues=2)[0].connectivity > 0.1
    with pytest.raises(ValueError, match="eigenvalues is 1; expected an integer >= 2"):
        spectrum(pairs, 1200, eigenvalues=1)


def test_results_are_read_only():
    found = fit(GOOD, 3, features=np.eye(3)[:, 1:])
    for array in (found.scores, found.coefficients, found.comparisons.weight):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_an_undecided_linear_program_is_no_answer(monkeypatch):
    class Undecided:
        status, message, x = 4, "numerical difficulties", np.zeros(1)

    monkeypatch.setattr(
        "tabular_pg.preference.fitting.identifiability.linprog", lambda *_, **__: Undecided
    )
    with pytest.raises(RuntimeError, match="not decided: numerical difficulties"):
        separating(GOOD, 3, np.ones((3, 1)))


def test_separating_checks_features():
    with pytest.raises(ValueError, match=r"features has shape \(2, 1\); expected \(3, F\)"):
        separating(GOOD, 3, np.ones((2, 1)))


GOOD = around(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": []}, "pairs is empty"),
        ({"pairs": [[0, 1, 2]]}, r"pairs has shape \(1, 3\)"),
        ({"pairs": [[0.0, 1.0]]}, "type float64; expected"),
        ({"pairs": [[0, 1], [1, 3]]}, r"pairs\[1, 1\] is 3; expected an item from 0 to 2"),
        ({"pairs": [[0, 1], [-1, 2]]}, r"pairs\[1, 0\] is -1"),
        ({"pairs": [[0, 1], [2, 2]]}, r"pairs\[1\] is \[2, 2\]; expected a winner that is not"),
        ({"n_items": 1}, "n_items is 1"),
        ({"ridge": -1}, "ridge is -1; expected a finite number >= 0"),
        ({"ridge": float("nan")}, "ridge is nan"),
        ({"weights": [1, 2]}, r"weights has shape \(2,\); expected \(3,\)"),
        ({"weights": [1, 0, 1]}, r"weights\[1\] is 0.0; expected a number > 0"),
        ({"weights": [1, np.nan, 1]}, r"weights\[1\] is nan"),
        ({"features": np.ones((2, 1))}, r"features has shape \(2, 1\); expected \(3, F\)"),
        ({"features": [[0], [np.inf], [0]]}, r"features\[1, 0\] is inf"),
        ({"features": [[1, 0], [1, 2], [1, 3]]}, "feature 0 is the same in both items"),
        ({"features": sparse.eye_array(3)}, "rank 2; expected 3"),
        ({"features": sparse.csr_array((3, 2001))}, "ridge is 0 with 2001 features"),
        ({"loss": "bt"}, "loss is 'bt'"),
        ({"pairs": [[0, 1], [1]]}, r"pairs\[1\] has length 1; expected 2, as pairs\[0\] has"),
        ({"per_component": "yes"}, "per_component is 'yes'; expected True or False"),
        ({"features": sparse.eye_array(3) * 1j}, "features has type complex128"),
        ({"n_items": 10**12}, r"n_items is 1000000000000; expected an integer in \[2, 100000000"),
        ({"iterations": 0}, "iterations is 0"),
    ],
    ids=str,
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit(**{"pairs": GOOD, "n_items": 3, **arguments})
