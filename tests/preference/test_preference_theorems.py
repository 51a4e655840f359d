"""The theorems about fitted rewards hold on random instances, and notice what does not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular_pg import check
from tabular_pg.preference import (
    DPO,
    BradleyTerry,
    CrossEntropy,
    Focal,
    FocalPenalty,
    MarginMSE,
    Status,
    TemperatureBT,
    TemperedLog,
    controlled,
    fit,
    optimize_directly,
)
from tabular_pg.preference.control.tilted import tilted_policy
from tabular_pg.reasoning.baselines import step_dpo, step_pairs
from tabular_pg.reasoning.dapo import respond
from tabular_pg.reasoning.episodic import EpisodicMDP
from tabular_pg.theorem import theorems_about

seeds = st.integers(0, 2**32 - 1)
LOSSES = [BradleyTerry(), TemperatureBT(3.0), MarginMSE(0.7), CrossEntropy()]


def comparisons(seed, n_items=8, n=30):
    rng = np.random.default_rng(seed)
    pairs = [rng.choice(n_items, 2, replace=False) for _ in range(n)]
    cycle = np.column_stack([np.arange(n_items), np.roll(np.arange(n_items), 1)])
    return np.concatenate([pairs, cycle]), rng


def balanced(seed, n_items=6, games=4):
    """Every two items compared equally often, everyone wins and loses."""
    rng = np.random.default_rng(seed)
    pairs = []
    for i in range(n_items):
        for j in range(i):
            won = rng.integers(1, games)
            pairs += [[i, j]] * won + [[j, i]] * (games - won)
    return np.array(pairs)


def verdicts(run):
    return {verdict.theorem.id: verdict for verdict in check(run)}


@settings(max_examples=60)
@given(seeds, st.sampled_from(LOSSES), st.sampled_from([0.0, 0.3, 20.0]), st.booleans())
def test_theorems_hold_on_random_comparisons(seed, loss, ridge, linear):
    pairs, rng = comparisons(seed)
    features = rng.standard_normal((8, 2)) if linear else None
    weights = rng.integers(1, 4, len(pairs))
    found = fit(pairs, 8, loss=loss, ridge=ridge, features=features, weights=weights)
    judged = verdicts(found)
    assert len(judged) == len(theorems_about(loss)) > 1
    for id, verdict in judged.items():
        if verdict.applies:
            assert verdict.holds, str(verdict)
        else:
            assert id == "R2" or linear, str(verdict)


@settings(max_examples=40)
@given(seeds, st.sampled_from(LOSSES), st.sampled_from([0.0, 0.3]))
def test_scores_of_balanced_designs_are_ordered_as_wins_are(seed, loss, ridge):
    """R2, and as rank correlations of what was counted here."""
    pairs = balanced(seed)
    found = fit(pairs, 6, loss=loss, ridge=ridge)
    verdict = verdicts(found)["R2"]
    assert verdict.applies
    assert verdict.holds, str(verdict)
    wins = [sum(1 for winner, _ in pairs if winner == i) for i in range(6)]
    for i in range(6):
        for j in range(6):
            if wins[i] > wins[j]:
                assert found.scores[i] > found.scores[j]


@settings(max_examples=20)
@given(seeds)
def test_the_rank_counts_the_components(seed):
    pairs, _ = comparisons(seed)
    apart = np.concatenate([pairs, pairs + 8])
    found = fit(apart, 17, ridge=0.5)
    verdict = verdicts(found)["R1h"]
    assert verdict.holds
    assert verdict.proved.item() == 17 - 3


SPOILED = {
    "R1": (BradleyTerry(), lambda f: replace(f, scores=1.001 * f.scores)),
    "R1h": (BradleyTerry(), lambda f: replace(f, scores=500.0 * f.scores)),
    "R2": (BradleyTerry(), lambda f: replace(f, scores=f.scores[::-1])),
    "R3": (TemperatureBT(3.0), lambda f: replace(f, ridge=2 * f.ridge)),
    "R4": (MarginMSE(), lambda f: replace(f, loss=MarginMSE(1.01))),
    "R5": (CrossEntropy(), lambda f: replace(f, scores=f.scores + 0.01)),
    "R1g": (TemperedLog(), lambda f: replace(f, ridge=1.01 * f.ridge)),
}
BENT = [Focal(), Focal(0.5), FocalPenalty(), FocalPenalty(1.0), TemperedLog(), TemperedLog(0.2)]


@settings(max_examples=60)
@given(seeds, st.sampled_from(BENT), st.sampled_from([0.0, 0.3, 20.0]), st.booleans())
def test_forces_balance_where_losses_are_not_convex(seed, loss, ridge, linear):
    pairs, rng = comparisons(seed)
    features = rng.standard_normal((8, 2)) if linear else None
    try:
        found = fit(pairs, 8, loss=loss, ridge=ridge, features=features)
    except ValueError as error:
        assert "ridge is 0 and the features separate" in str(error)
        return
    verdict = verdicts(found)["R1g"]
    assert verdict.applies == (found.status is Status.STATIONARY)
    assert verdict.holds is not False, str(verdict)


@pytest.mark.parametrize("loss", BENT, ids=str)
def test_forces_of_spoiled_fits_do_not_balance(loss):
    found = fit(balanced(1), 6, loss=loss, ridge=0.3)
    assert verdicts(found)["R1g"].holds
    for spoilt in (replace(found, ridge=0.29), replace(found, scores=1.001 * found.scores)):
        assert verdicts(spoilt)["R1g"].holds is False


def test_the_kink_is_left_out():
    found = fit([[0, 1], [1, 0]], 2, loss=FocalPenalty())
    assert verdicts(found)["R1g"].holds
    assert "at the kink" in verdicts(replace(found, scores=np.zeros(2)))["R1g"].why_not


@pytest.mark.parametrize("id", SPOILED)
def test_spoiled_fits_violate(id):
    loss, spoil = SPOILED[id]
    found = fit(balanced(1), 6, loss=loss, ridge=0.3)
    assert verdicts(found)[id].holds
    verdict = verdicts(spoil(found))[id]
    assert verdict.applies
    assert verdict.holds is False, str(verdict)


def test_another_loss_violates_the_theorems_about_one():
    """What cross-entropy finds does not satisfy Bradley and Terry's equations, and conversely."""
    pairs, _ = comparisons(4)
    plain, pointwise = fit(pairs, 8), fit(pairs, 8, loss=CrossEntropy())
    assert verdicts(replace(pointwise, loss=BradleyTerry()))["R1"].holds is False
    assert verdicts(replace(plain, loss=CrossEntropy()))["R5"].holds is False


def test_score_equations_of_many_items():
    rng = np.random.default_rng(0)
    score, n = rng.standard_normal(20_000), 20_000
    pairs = rng.integers(0, n, (200_000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    lost = rng.random(len(pairs)) > 1 / (1 + np.exp(score[pairs[:, 1]] - score[pairs[:, 0]]))
    pairs[lost] = pairs[lost, ::-1]
    found = fit(pairs, n, ridge=0.1)
    judged = verdicts(found)
    assert judged["R1"].holds
    assert "dense matrix" in judged["R1h"].why_not
    assert np.corrcoef(found.scores, score)[0, 1] > 0.8
    assert verdicts(replace(found, scores=found.scores + 0.01 * score))["R1"].holds is False


def test_no_theorem_is_about_a_fit_that_was_stopped():
    stopped = fit(comparisons(0)[0], 8, iterations=1)
    assert stopped.status is Status.STOPPED
    assert not any(verdict.applies for verdict in check(stopped))


def tables(seed, error):
    rng = np.random.default_rng(seed)
    reference = rng.dirichlet(np.full(5, 0.7), 4)
    reference[0, 0] = 0.0
    reference /= reference.sum(axis=1, keepdims=True)
    reward = rng.standard_normal((4, 5))
    return reference, reward, reward + error * rng.standard_normal((4, 5))


@settings(max_examples=80)
@given(seeds, st.sampled_from([0.0, 1e-6, 0.1, 3.0]), st.sampled_from([0.05, 1.0, 40.0]))
def test_theorems_about_control_hold(seed, error, beta):
    run = controlled(*tables(seed, error), beta)
    judged = verdicts(run)
    assert set(judged) == {"R6", "R6r", "R6q"}
    for verdict in judged.values():
        assert verdict.holds, str(verdict)


def test_the_bound_by_the_squared_span_is_nearly_attained():
    """By an error that takes two values, as likely, and is small beside beta."""
    half = np.full((1, 2), 0.5)
    run = controlled(half, np.zeros((1, 2)), np.array([[0.01, 0.0]]), 1.0)
    assert verdicts(run)["R6q"].slack == pytest.approx(1, abs=1e-4)


def test_spoiled_policies_violate():
    reference, reward, estimate = tables(0, 0.1)
    run = controlled(reference, reward, estimate, 0.5)
    other = replace(run, policy=tilted_policy(reference, -reward, 0.5))
    for id in ("R6r", "R6q"):
        assert verdicts(run)[id].holds
        assert verdicts(other)[id].holds is False
    assert verdicts(other)["R6"].holds  # about every policy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(run), "regret", property(lambda run: np.full(4, 0.1)))
        assert verdicts(run)["R6"].holds is False


def within_prompts(seed):
    """Comparisons of responses to three prompts with four, three and two of them."""
    rng = np.random.default_rng(seed)
    prompts = np.repeat([0, 1, 2], [4, 3, 2])
    pairs = []
    for x in range(3):
        items = np.flatnonzero(prompts == x)
        pairs += np.column_stack([items, np.roll(items, 1)]).tolist()
        pairs += [rng.choice(items, 2, replace=False).tolist() for _ in range(6)]
    reference = rng.random(9) + 0.1
    return np.array(pairs), prompts, reference / np.bincount(prompts, reference)[prompts]


@settings(max_examples=25)
@given(seeds, st.sampled_from([0.1, 1.0]), st.sampled_from([0.0, 0.5]))
def test_direct_optimization_is_a_fit_and_its_best_policy(seed, beta, ridge):
    pairs, prompts, reference = within_prompts(seed)
    run = optimize_directly(pairs, prompts, reference, DPO(beta, ridge))
    verdict = verdicts(run)["R6d"]
    assert verdict.holds, str(verdict)
    r = fit(pairs, 9, ridge=ridge, per_component=True).scores
    expected = tilted_policy(reference[None, :4], r[None, :4], beta)[0]
    np.testing.assert_allclose(run.policy[:4], expected, atol=1e-6)
    tilted = replace(run, log_policy=1.01 * run.log_policy)
    assert verdicts(tilted)["R6d"].holds is False


def test_direct_optimization_needs_connected_prompts():
    run = optimize_directly([[0, 1], [1, 0]], [0, 0, 0], np.full(3, 1 / 3), DPO(1.0))
    assert "no chain of comparisons" in verdicts(run)["R6d"].why_not


@pytest.mark.parametrize("beta", (1e-3, 1e-8))
def test_direct_optimization_at_small_beta(beta):
    run = optimize_directly([[0, 1]] * 3 + [[1, 0]], [0, 0], [0.5, 0.5], DPO(beta))
    assert run.status is Status.MINIMUM
    assert beta * np.subtract(*run.log_policy) == pytest.approx(np.log(3), rel=1e-6)
    assert run.policy.tolist() == [1.0, 0.0]
    assert verdicts(run)["R6d"].holds


def test_direct_optimization_that_was_stopped_says_so(monkeypatch):
    pairs, prompts, reference = within_prompts(0)
    monkeypatch.setitem(optimize_directly.__globals__["TOLERANCES"], "maxiter", 1)
    run = optimize_directly(pairs, prompts, reference, DPO(1.0))
    assert run.status is Status.STOPPED
    assert verdicts(run)["R6d"].why_not == Status.STOPPED.value


def test_direct_optimization_of_separable_pairs():
    with pytest.raises(ValueError, match=r"ridge is 0 and the items \[0\] never lost"):
        optimize_directly([[0, 1]], [0, 0], [0.5, 0.5], DPO(1.0))
    run = optimize_directly([[0, 1]], [0, 0], [0.5, 0.5], DPO(1.0, 0.1))
    assert verdicts(run)["R6d"].holds
    why_not = verdicts(replace(run, rule=DPO(1.0)))["R6d"].why_not
    assert "never lost to the others" in why_not


def test_step_dpo_of_the_baselines_is_the_same():
    """On one-step problems, with a ridge: the same policy from another objective."""
    mdp = EpisodicMDP([0, 2, 4], [0, 4, 7, 7, 7], [2, 2, 3, 3, 2, 3, 3], [0, 0, 1.0, 0.0])
    rng = np.random.default_rng(0)
    reference = mdp.uniform_policy()
    found = respond(mdp, reference, 12, rng)
    pairs = step_pairs(found)
    policy = step_dpo(mdp, reference, found, 0.5, ridge=0.3)
    r = fit(pairs, mdp.n_edges, ridge=0.3).scores
    for s in range(2):
        edges = slice(mdp.action_ptr[s], mdp.action_ptr[s + 1])
        expected = tilted_policy(reference[None, edges], r[None, edges], 0.5)[0]
        np.testing.assert_allclose(policy[edges], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": 1.0}, r"rule is 1.0; expected DPO"),
        ({"prompts": [0, 0, -1]}, r"prompts\[2\] is -1; expected an integer >= 0"),
        ({"prompts": [0, 0, 0.5]}, "prompts has shape.*expected a vector of integers"),
        ({"rule": DPO(0)}, "beta is 0; expected a finite number > 0"),
        ({"rule": DPO(1.0, -1)}, "ridge is -1; expected"),
        ({"pairs": [[0, 2]]}, "pairs compare 0 and 2; expected responses to the same prompt"),
        ({"reference": [0.5, 0.5]}, r"reference has shape \(2,\); expected \(3,\)"),
        ({"reference": [0, 1, 1]}, r"reference\[0\] is 0; expected > 0"),
        ({"reference": [0.5, 0.4, 1]}, "reference sums to 0.9 over prompt number 0"),
    ],
    ids=str,
)
def test_bad_input(arguments, message):
    good = {"pairs": [[0, 1]], "prompts": [0, 0, 1], "reference": [0.5, 0.5, 1], "rule": DPO(1.0)}
    with pytest.raises(ValueError, match=message):
        optimize_directly(**{**good, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reward": [[0.0]]}, r"reward has shape \(1, 1\); expected \(1, 2\)"),
        ({"reward": [[0.0, np.nan]]}, r"reward\[0, 1\] is nan"),
        ({"estimate": [[0.0] * 3]}, r"estimate has shape \(1, 3\)"),
        ({"estimate": [[np.inf, 0.0]]}, r"estimate\[0, 0\] is inf"),
    ],
    ids=str,
)
def test_bad_tables(arguments, message):
    good = {"reference": [[0.5, 0.5]], "reward": [[0, 1]], "estimate": [[0, 1]], "beta": 1.0}
    with pytest.raises(ValueError, match=message):
        controlled(**{**good, **arguments})
