"""The world of preferences: what is known of it, and that labels are as accurate as they should."""

from __future__ import annotations

import gc
import itertools
import weakref
from dataclasses import fields, replace
from math import nan

import numpy as np
import pytest
from scipy.special import expit, ndtr

from tabular_pg.preference.curation.agreement import agreement_purity
from tabular_pg.preference.curation.agreement_rule import agreement_filter
from tabular_pg.preference.data.pairs import PreferenceData, concatenate
from tabular_pg.preference.data.tokens import Tokens
from tabular_pg.preference.fitting.fit import fit
from tabular_pg.preference.world.annotators import Annotator, Rater, Scorer, choose, label_accuracy
from tabular_pg.preference.world.making import make_world
from tabular_pg.preference.world.sources import SPECS, Annotated, Rated, ScoredPool, pooled, sources
from tabular_pg.preference.world.texts import OPENING
from tabular_pg.preference.world.world import CATEGORIES, GENERAL, SPECIFIC, TASK_NAMES

WORLD = make_world(400, 8, seed=3, benchmark=400, nuisance=4)
REGIME = {"bias": 0.7, "flip": 0.2, "seed": 5}


def column(world, name):
    return world.features[:, world.names.index(name)]


def test_reward_is_linear_in_quality_but_for_an_offset_of_the_prompt():
    weights = dict.fromkeys(GENERAL, np.sqrt(0.5 / 3))
    weights |= {name: np.sqrt(0.5 / 2) for group in SPECIFIC for name in group}
    rest = WORLD.reward - sum(w * column(WORLD, name) for name, w in weights.items())
    table = WORLD.table(rest)
    assert np.ptp(table, axis=1).max() < 1e-14
    assert np.std(table[:, 0]) == pytest.approx(1, abs=0.1)
    within = WORLD.table(WORLD.reward).std(axis=1, ddof=1)
    assert np.sqrt(np.mean(within**2)) == pytest.approx(1, abs=0.05)


def test_specific_attributes_exist_in_their_category_only():
    category = WORLD.category.repeat(WORLD.n_responses)
    for group, mine in zip(SPECIFIC, ((0, 1), (2,), (3,)), strict=True):
        for name in group:
            assert np.array_equal(column(WORLD, name) != 0, np.isin(category, mine))


@pytest.mark.parametrize("c, rho", ((0, 0.3), (1, -0.6), (2, 0.0), (3, 0.0)))
def test_spurious_attributes_go_with_quality_as_their_category_says(c, rho):
    world = make_world(2000, 8, seed=1, benchmark=4, nuisance=0)
    prompts = np.flatnonzero(world.category == c)
    r = world.table(world.reward, prompts)
    for z in world.spurious.T:
        both = np.stack([r, world.table(z, prompts)])
        both = both - both.mean(axis=2, keepdims=True)
        measured = np.corrcoef(both.reshape(2, -1))[0, 1]
        assert abs(measured - rho) < 4 * (1 - rho**2) / np.sqrt(both[0].size - len(prompts))


def test_held_out_prompts_are_separate_and_balanced():
    assert np.array_equal(WORLD.benchmark, np.arange(400, 800))
    assert np.bincount(WORLD.category[WORLD.benchmark]).tolist() == [100] * 4
    assert len(WORLD.tokens) == len(WORLD.benchmark_tokens) == 400
    for data in sources(WORLD, 0.003, **REGIME).values():
        assert data.prompt.max() < WORLD.n_training
        assert np.array_equal(data.chosen // WORLD.n_responses, data.prompt)
        assert np.array_equal(data.rejected // WORLD.n_responses, data.prompt)
    for task in range(len(TASK_NAMES)):  # its prompts start with the same words
        openings = {
            tuple(WORLD.tokens[x][:OPENING]) for x in np.flatnonzero(WORLD.task[:400] == task)
        }
        assert len(openings) < 0.3 * max(10, (WORLD.task[:400] == task).sum())


def test_seeds_reproduce():
    again, other = (make_world(400, 8, seed=s, benchmark=400, nuisance=4) for s in (3, 4))
    assert np.array_equal(again.features, WORLD.features)
    assert np.array_equal(again.tokens.values, WORLD.tokens.values)
    assert not np.array_equal(other.features, WORLD.features)
    one, two = (sources(w, 0.003, **REGIME) for w in (WORLD, again))
    three = sources(WORLD, 0.003, **REGIME | {"seed": 6})
    for name, data in one.items():
        assert np.array_equal(data.pairs, two[name].pairs)
        assert not np.array_equal(data.pairs, three[name].pairs)


@pytest.mark.parametrize(
    "annotator",
    (Annotator(0.7, 0.1, 0.5), Rater(0.6, 0.15, 0.4), Scorer(0.9, 0.05, 0.6, offset=3, unit=0.2)),
)
def test_labels_are_as_accurate_as_expected(annotator):
    """Simulated label by label: ratings and scores drawn, compared, then flipped."""
    rng = np.random.default_rng(0)
    n = 200_000
    prompts = rng.integers(0, WORLD.n_prompts, n) * WORLD.n_responses
    first, second = prompts + rng.permuted(np.tile(np.arange(8), (n, 1)), axis=1)[:, :2].T
    p = annotator.prefers(WORLD, first, second)
    assert np.abs(p + annotator.prefers(WORLD, second, first) - 1).max() < 1e-13
    if isinstance(annotator, Annotator):
        wins = choose(annotator, WORLD, first, second, rng)
    else:
        judge = annotator.rate if isinstance(annotator, Rater) else annotator.score
        gain = judge(WORLD, first, rng) - judge(WORLD, second, rng)
        wins = np.where(gain == 0, rng.random(n) < 0.5, gain > 0)
        wins ^= rng.random(n) < annotator.flip
    right = wins == (WORLD.reward[first] > WORLD.reward[second])
    expected = label_accuracy(annotator, WORLD, first, second)
    error = np.sqrt((expected * (1 - expected)).sum()) / n
    assert abs(right.mean() - expected.mean()) < 4 * error
    half = p > np.median(p)  # and where it is sure of itself
    assert (
        abs(wins[half].mean() - p[half].mean())
        < 4 * np.sqrt((p * (1 - p))[half].sum()) / half.sum()
    )


def test_preferences_are_the_formulas():
    i, j = np.array([0, 5]), np.array([3, 2])
    dr, dz = WORLD.reward[i] - WORLD.reward[j], (WORLD.spurious[i] - WORLD.spurious[j]).sum(axis=1)
    flipped = 0.1 + 0.8 * expit(dr / 0.7 + 0.5 * dz)
    assert Annotator(0.7, 0.1, 0.5).prefers(WORLD, i, j) == pytest.approx(flipped, rel=1e-13)
    seen = ndtr((dr + 0.6 * dz) / (0.9 * np.sqrt(2)))
    assert Scorer(0.9, 0.0, 0.6).prefers(WORLD, i, j) == pytest.approx(seen, rel=1e-12)
    one, other = np.arange(0, WORLD.n_items, 8), np.arange(3, WORLD.n_items, 8)
    rates = np.clip(np.rint(2 + (WORLD.reward + 0.4 * WORLD.spurious.sum(axis=1)) / 1.2), 0, 4)
    expected = (1 + np.sign(rates[one] - rates[other])) / 2
    assert np.array_equal(Rater(1e-12, 0.0, 0.4, 1.2).prefers(WORLD, one, other), expected)


def test_flips_and_bias_reach_each_source_as_its_shares_say():
    flips, biased = 0.4, 1.5
    specs = {
        "pool": ScoredPool(20_000, noise=0.01, flip_share=0.5),
        "pairs": Annotated(20_000, (1, 1, 1, 1), temperature=1e-3, flip_share=0.25),
        "rated": Rated(20_000, (1, 1, 1, 1), noise=1e-3, flip_share=0.5),
    }
    clean, flipped = (sources(WORLD, 1, bias=0, flip=f, seed=0, specs=specs) for f in (0, flips))
    for name, share in (("pool", 0.5), ("pairs", 0.25)):
        assert WORLD.correct(clean[name]).mean() > 0.995
        wrong = (~WORLD.correct(flipped[name])).mean()
        assert abs(wrong - share * flips) < 0.01
    differ = clean["rated"].ratings[:, 0] != clean["rated"].ratings[:, 1]
    assert WORLD.correct(clean["rated"])[differ].all()
    assert abs((~WORLD.correct(flipped["rated"]))[differ].mean() - 0.5 * flips) < 0.01
    specs = {"pool": specs["pool"], "hard": SPECS["OffsetBias"]}
    misled = sources(WORLD, 1, bias=biased, flip=0, seed=0, specs=specs)
    assert WORLD.correct(misled["pool"]).mean() < 0.95
    hard = misled["hard"]  # whose annotators are not biased, though the pairs would mislead
    assert WORLD.correct(hard).mean() > 0.95
    assert (WORLD.spurious[hard.rejected] - WORLD.spurious[hard.chosen]).sum(axis=1).mean() > 1


def test_scored_pools_choose_the_best_score_and_strength_pays():
    by_name = sources(WORLD, 0.02, bias=0, flip=0, seed=0)
    for name, data in by_name.items():
        scored, rated = (isinstance(SPECS[name], kind) for kind in (ScoredPool, Rated))
        assert np.isfinite(data.scores).all() if scored else np.isnan(data.scores).all()
        assert np.isfinite(data.ratings).all() if rated else np.isnan(data.ratings).all()
        assert data.adversarial.any() == (name == "WildGuardMix")
        assert len(data) == round(0.02 * SPECS[name].size)
        if scored:
            assert (data.scores[:, 0] >= data.scores[:, 1]).all()
    levels = [WORLD.reward[by_name["Magpie " + name].pairs].mean() for name in ("Air", "Ultra")]
    assert levels[1] > levels[0] + 0.3


def test_data_does_not_lead_to_the_true_reward():
    """The world and its arrays are freed while the data live: there is no way from one to other."""
    world = make_world(40, 6, seed=0, benchmark=8, nuisance=0)
    data = pooled(sources(world, 1e-3, **REGIME))
    watched = [weakref.ref(each) for each in (world, world.reward, world.features, world.spurious)]
    del world
    gc.collect()
    assert [ref() for ref in watched] == [None] * len(watched)
    kinds = {type(getattr(data, f.name)) for f in fields(data)}
    assert kinds == {np.ndarray, tuple, Tokens}


def test_agreement_filter_has_the_purity_of_the_law():
    """Labels right with probability p, rewards with probability a, independently of each other."""
    n, flip, a = 20_000, 0.3, 0.8
    data = sources(WORLD, 0.001, **REGIME)["Crowd"]
    rng = np.random.default_rng(0)
    items = rng.integers(0, WORLD.n_items // 8, n)[:, None] * 8 + [[0, 1]]
    annotator = Annotator(1e-6, flip)
    right = choose(annotator, WORLD, *items.T, rng)
    base = {name: np.zeros(n, int) for name in ("prompt", "source", "task")}
    fresh = np.arange(2 * n).reshape(n, 2)  # items of their own, so that rewards can err alone
    better = WORLD.reward[items[:, 0]] > WORLD.reward[items[:, 1]]
    agree = np.arange(n) < a * n
    rewards = np.zeros(2 * n)
    rewards[fresh[np.arange(n), np.where(agree == better, 0, 1)]] = 1
    pairs = replace(
        data.select(slice(0)),
        pair_id=np.arange(n),
        chosen=np.where(right, *fresh.T),
        rejected=np.where(right, *fresh.T[::-1]),
        scores=np.zeros((n, 2)),
        ratings=np.zeros((n, 2)),
        adversarial=np.zeros(n, bool),
        **base,
    )
    fitted = replace(fit([[0, 1]], 2, ridge=1.0), scores=rewards)
    left = agreement_filter(pairs, fitted, sources=pairs.source_names[:1]).data
    law = agreement_purity(1 - flip, a)
    measured = (right == better)[left.pair_id].mean()
    assert abs(measured - law) < 4 * np.sqrt(law * (1 - law) / len(left))
    p = annotator.prefers(WORLD, *items.T)  # of the first; in expectation over the labels:
    sure = np.abs(np.diff(WORLD.reward[items])[:, 0]) > 1e-4
    p_right = np.where(better, p, 1 - p)[sure]
    kept_right, kept_wrong = p_right @ agree[sure], (1 - p_right) @ ~agree[sure]
    exact = agreement_purity(1 - flip, agree[sure].mean())
    assert kept_right / (kept_right + kept_wrong) == pytest.approx(exact, rel=1e-12)
    assert law > 1 - flip


def test_agreement_purity_of_numbers_and_arrays():
    assert agreement_purity(1, 1) == 1
    assert agreement_purity(0.5, 0.8) == pytest.approx(0.8, rel=1e-15)
    assert np.allclose(agreement_purity([0.7, 1.0], 0.8), [0.56 / 0.62, 1])


def test_concatenate_and_select_are_inverse():
    by_name = sources(WORLD, 0.002, **REGIME)
    whole = concatenate(by_name.values())
    assert whole.counts == {name: len(data) for name, data in by_name.items()}
    for name, data in by_name.items():
        part = whole.select(whole.of(name))
        for f in fields(PreferenceData):
            if f.name not in ("source", "source_names", "tokens", "task_names"):
                assert np.array_equal(getattr(part, f.name), getattr(data, f.name), equal_nan=True)
    backwards = whole.select(np.arange(len(whole))[::-1])
    assert np.array_equal(backwards.pairs, whole.pairs[::-1])


def test_texts_are_numbered_from_0():
    texts = Tokens([0, 2, 2, 3], [5, 6, 7])
    assert [text.tolist() for text in texts] == [[5, 6], [], [7]]
    assert [text.tolist() for text in texts.part(1, 3)] == [[], [7]]
    assert len(texts.part(3, 3)) == 0
    for i in (-1, 3):
        with pytest.raises(IndexError, match=f"i is {i}; expected a text from 0 to 2"):
            texts[i]


DATA = sources(WORLD, 0.002, **REGIME)["HelpSteer2"]


@pytest.mark.parametrize(
    "make, message",
    (
        (lambda: Annotator(temperature=0), "temperature is 0; expected a finite number > 0"),
        (lambda: Annotator(temperature=nan), "temperature is nan"),
        (lambda: Annotator(flip=0.6), r"flip is 0.6; expected a finite number in \[0, 0.5\]"),
        (lambda: Rater(flip=-0.1), "flip is -0.1"),
        (lambda: Rater(noise=0.0), "noise is 0.0"),
        (lambda: Scorer(bias=np.inf), "bias is inf"),
        (lambda: make_world(100, 1, seed=0), "responses is 1; expected an integer >= 2"),
        (lambda: make_world(5, seed=0), "prompts is 5"),
        (lambda: make_world(seed=0, correlations=(0, 0, 2, 0)), r"correlations\[2\] is 2"),
        (lambda: make_world(seed=0, correlations=(0, 0)), r"expected \(4,\)"),
        (lambda: make_world(seed=0, contamination=1.5), "contamination is 1.5"),
        (lambda: sources(WORLD, 0.0, **REGIME), "scale is 0.0"),
        (lambda: sources(WORLD, 1, bias=0, flip=0.7, seed=0), "flip is 0.7"),
        (lambda: sources(WORLD, 1, **REGIME, specs={}), "specs is empty"),
        (lambda: sources(WORLD, 1, **REGIME, specs={"x": Rated(9, (1, -1, 0, 0))}), "mixture"),
        (
            lambda: replace(DATA, rejected=DATA.chosen),
            r"rejected\[0\] is \d+, which is chosen\[0\]",
        ),
        (lambda: replace(DATA, pair_id=DATA.pair_id * 0), r"pair_id\[1\] is 0, which pair_id\[0\]"),
        (lambda: replace(DATA, chosen=-DATA.chosen - 1), r"chosen\[0\] is -\d+; expected"),
        (lambda: replace(DATA, prompt=DATA.prompt + 400), r"prompt\[0\] is \d+; expected < 400"),
        (lambda: replace(DATA, task=DATA.task[1:]), "task has length 13; expected 14"),
        (lambda: replace(DATA, scores=DATA.scores[:, 0]), r"scores has shape \(14,\)"),
        (lambda: replace(DATA, ratings=DATA.ratings + np.inf), r"ratings\[0, 0\] is inf"),
        (lambda: replace(DATA, adversarial=DATA.task), "adversarial has shape"),
        (lambda: concatenate([]), "parts is empty"),
        (lambda: concatenate([DATA, DATA]), "expected distinct ones"),
        (
            lambda: concatenate([DATA, replace(DATA, task_names=tuple("abcdefghi"))]),
            r"parts\[1\] has other",
        ),
        (lambda: Tokens([0, 3], [1, 2]), "ptr is"),
        (lambda: DATA.of("Nectar"), "source is 'Nectar'; expected one of HelpSteer2"),
        (lambda: DATA.select(DATA.task < 0).of("HelpSteer2"), "source 'HelpSteer2' is empty"),
        (lambda: DATA.about("poetry"), "task is 'poetry'"),
        (lambda: agreement_purity(1, 0), "0 and 1, or 1 and 0"),
        (lambda: agreement_purity([0.5, 0], [1, 1]), "0 and 1, or 1 and 0"),
        (lambda: agreement_purity(1.2, 0.5), "label_accuracy is 1.2; expected"),
        (lambda: agreement_purity(0.5, nan), "reward_accuracy is nan; expected"),
        (lambda: agreement_purity("1", 0.5), "label_accuracy is not an array of real numbers"),
        (lambda: ScoredPool(0), "size is 0; expected an integer >= 1"),
        (lambda: ScoredPool(9, bias_share=1.1), r"bias_share is 1.1; .* in \[0, 1\]"),
        (lambda: ScoredPool(9, strength=nan), "strength is nan"),
        (lambda: ScoredPool(9, inflation=np.inf), "inflation is inf"),
        (lambda: ScoredPool(9, noise=0), "noise is 0; expected a finite number > 0"),
        (lambda: Annotated(9, (1, 1, 1)), r"mixture has shape \(3,\)"),
        (lambda: Annotated(9, (1, nan, 1, 1)), r"mixture\[1\] is nan"),
        (lambda: Annotated(9, (0, 0, 0, 0)), "mixture is"),
        (lambda: Annotated(9, (1, 0, 0, np.inf)), r"mixture\[3\] is inf"),
        (lambda: Annotated(9, (1, 0, 0, 0), opposed=-0.1), "opposed is -0.1"),
        (lambda: Annotated(9, (1, 0, 0, 0), temperature=-1), "temperature is -1"),
        (lambda: Annotated(9, (1, 0, 0, 0), flagged=1), "flagged is 1"),
        (lambda: Rated(9, (1, 0, 0, 0), flip_share="1"), "flip_share is '1'"),
        (lambda: Rated(9, (1, -1, 0, 0)), r"mixture\[1\] is -1"),
        (lambda: sources(WORLD, 1, **REGIME, specs={"x": 3}), r"specs\['x'\] is 3"),
        (lambda: replace(DATA, pair_id=3), r"pair_id has shape \(\)"),
        (lambda: replace(DATA, pair_id=None), "pair_id is not an array of integers: got None"),
        (lambda: replace(DATA, scores=[["a", "b"]] * 14), "scores is not an array of real numbers"),
        (lambda: replace(DATA, source_names=("x", "x")), r"source_names\[1\] is 'x', which"),
        (lambda: replace(DATA, source_names="x"), "source_names is 'x'; expected a tuple"),
        (lambda: replace(DATA, source_names=(3,)), r"source_names is \(3,\)"),
        (lambda: replace(DATA, tokens=[1]), "tokens is of type list"),
        (lambda: DATA.select(np.ones(3, dtype=bool)), r"rows has shape \(3,\); expected \(14,\)"),
        (lambda: DATA.select([3, 14]), r"rows\[1\] is 14; expected < 14"),
        (lambda: DATA.select([-1]), r"rows\[0\] is -1"),
        (lambda: DATA.select([0.5]), "rows has shape .* float64"),
        (lambda: WORLD.tokens.part(-1, 3), "first is -1"),
        (lambda: WORLD.tokens.part(0, 401), "last is 401"),
        (lambda: WORLD.tokens.part(5, 3), r"last is 3; expected an integer in \[5, 400\]"),
        (lambda: WORLD.training_prompts("Chat"), r"category is 'Chat'; expected .* in \[0, 3\]"),
        (lambda: Annotator().prefers(WORLD, 0, -1), "second is -1; expected an item from 0"),
        (lambda: Rater().rate(WORLD, [[0, 6400]], None), r"items\[0, 1\] is 6400"),
        (lambda: Scorer().score(WORLD, [0.5], None), "items is of type float64"),
        (lambda: label_accuracy(Scorer(), WORLD, [0], [6400]), r"second\[0\] is 6400"),
    ),
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_categories_of_every_source():
    expected = {
        "WildGuardMix": {2},
        "OffsetBias": {1},
        "HelpSteer2": {0, 1, 3},
        "Crowd": {0, 1, 2, 3},
    }
    for name, data in sources(WORLD, 0.01, **REGIME).items():
        found = set(WORLD.category[data.prompt].tolist())
        assert found == expected.get(name, {0, 3})
    assert len(CATEGORIES) == 4
    assert all(a.isdisjoint(b) for a, b in itertools.combinations(map(set, SPECIFIC), 2))
