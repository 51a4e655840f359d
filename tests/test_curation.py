"""Curation: every rule against a slow twin, what all rules have in common, and what they refuse."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from functools import partial
from math import ceil, nan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import seeds

from tabular_pg.preference import curation, data, decontamination, pipeline
from tabular_pg.preference.curation import (
    adversarial_only,
    agreement_filter,
    deduplicate,
    rating_filter,
    top_fraction,
)
from tabular_pg.preference.data import PreferenceData, Tokens
from tabular_pg.preference.decontamination import decontaminate, overlaps
from tabular_pg.preference.pipeline import Pipeline, skywork_rules
from tabular_pg.preference.sources import pooled, sources
from tabular_pg.preference.world import make_world

WORLD = make_world(600, 8, seed=0, benchmark=100, nuisance=0)
POOL = pooled(sources(WORLD, 0.01, bias=0.5, flip=0.2, seed=0))
BENCHMARK = Tokens([0, 6, 9], [1, 2, 0, 1, 2, 2, 0, 0, 1])


def texts(rng, count, letters=3, longest=9):
    lengths = rng.integers(0, longest, count)
    return Tokens(np.append(0, lengths.cumsum()), rng.integers(0, letters, lengths.sum()))


def random_data(seed):
    """Few items and texts, so that there are duplicates, ties and overlaps; ids in no order."""
    rng = np.random.default_rng(seed)
    n = rng.integers(30, 60)
    chosen = rng.integers(0, 6, n)
    return PreferenceData(
        pair_id=rng.permutation(5 * n)[:n],
        chosen=chosen,
        rejected=(chosen + rng.integers(1, 6, n)) % 6,
        prompt=rng.integers(0, 10, n),
        source=rng.integers(0, 3, n),
        task=rng.integers(0, 3, n),
        scores=rng.integers(0, 4, (n, 2)),
        ratings=rng.integers(0, 4, (n, 2)),
        adversarial=rng.random(n) < 0.5,
        source_names=("a", "b", "c"),
        task_names=("x", "y", "z"),
        tokens=texts(rng, 10),
    )


def rules(pool):
    """All rules, with arguments for random data; the flag: it looks at one pair at a time."""
    best = partial(top_fraction, sources=("a", "b"), fractions={"x": 0.4, ("y", "z"): 0.7})
    return {
        "deduplicate": (deduplicate, False),
        "top": (partial(best, offsets={"a": 0.5}, of=pool), True),
        "rating": (partial(rating_filter, sources=("b",)), True),
        "adversarial": (partial(adversarial_only, sources=("a", "c")), True),
        "agreement": (
            partial(agreement_filter, rewards=[3, 1, 4, 1, 5, 9], sources=("a", "b")),
            True,
        ),
        "two stages": (partial(agreement_filter, rewards=wins, sources=("c",)), True),
        "decontaminate": (partial(decontaminate, benchmark=BENCHMARK, n=3), True),
    }


def wins(pairs):
    return np.bincount(pairs.chosen, minlength=6) - np.bincount(pairs.rejected, minlength=6)


NAMES = tuple(rules(None))


def ids(data):
    return data.pair_id.tolist()


@pytest.mark.parametrize("name", NAMES)
@given(seeds)
def test_rules_select_and_say_what_they_dropped(name, seed):
    pool = random_data(seed)
    left, record = rules(pool)[name][0](pool)
    position = {pair: i for i, pair in enumerate(ids(pool))}
    rows = [position[pair] for pair in ids(left)]
    assert rows == sorted(rows)
    assert np.array_equal(left.pairs, pool.pairs[rows])
    assert np.array_equal(left.scores, pool.scores[rows])
    assert sorted(ids(left) + record.dropped.tolist()) == sorted(ids(pool))
    assert record.before == pool.counts
    assert record.after == left.counts


@pytest.mark.parametrize("name", NAMES)
@given(seeds)
def test_rules_are_idempotent_and_do_not_depend_on_the_order(name, seed):
    pool = random_data(seed)
    rule = rules(pool)[name][0]
    left = rule(pool).data
    assume(all(left.counts.values()))
    assert ids(rule(left).data) == ids(left)
    shuffled = pool.select(np.random.default_rng(seed).permutation(len(pool)))
    assert sorted(ids(rule(shuffled).data)) == sorted(ids(left))


@given(
    seeds, st.permutations([name for name in NAMES if name not in ("deduplicate", "two stages")])
)
def test_rules_for_one_pair_at_a_time_commute(seed, order):
    pool = random_data(seed)
    found = []
    for names in (order, sorted(order)):
        left = pool
        for name in names:
            rule, alone = rules(pool)[name]
            assert alone
            assume(all(left.counts.values()))
            left = rule(left).data
        found.append(ids(left))
    assert found[0] == found[1]


@given(seeds, st.floats(0.01, 1), st.floats(-2, 2))
def test_top_fraction_against_a_slow_twin(seed, fraction, offset):
    pool = random_data(seed)
    arguments = {"sources": ("a", "b"), "offsets": {"b": offset}, "default": 0.5}
    left = top_fraction(pool, {"x": fraction}, **arguments).data
    expected = [i for i, s in enumerate(pool.source) if s == 2]
    for tasks, f in (((0,), fraction), ((1, 2), 0.5)):
        mine = [i for i in range(len(pool)) if pool.source[i] < 2 and pool.task[i] in tasks]
        score = pool.scores.mean(axis=1) - offset * (pool.source == 1)
        mine.sort(key=lambda i, score=score: (-score[i], pool.pair_id[i]))
        expected += mine[: ceil(f * len(mine) - 1e-9)]
    assert ids(left) == ids(pool.select(sorted(expected)))


def test_top_fraction_is_not_fooled_by_rounding():
    hundred = replace(POOL.select(slice(100)), task=np.zeros(100, dtype=int))
    for percent in range(1, 101):
        rule = partial(top_fraction, sources=hundred.source_names[:1])
        assert len(rule(hundred, {hundred.task_names[0]: percent / 100}).data) == percent


@given(seeds)
def test_simple_rules_against_slow_twins(seed):
    pool = random_data(seed)
    rewards = np.array([3, 1, 4, 1, 5, 9])
    best = {}
    for i, (c, r) in enumerate(pool.pairs.tolist()):
        if (c, r) not in best or pool.pair_id[i] < pool.pair_id[best[c, r]]:
            best[c, r] = i
    others = wins(pool.select(pool.source != 2))
    expected = {
        "deduplicate": lambda i: i in best.values(),
        "rating": lambda i: pool.source[i] != 1 or pool.ratings[i, 0] > pool.ratings[i, 1],
        "adversarial": lambda i: pool.source[i] == 1 or pool.adversarial[i],
        "agreement": lambda i: pool.source[i] == 2 or np.diff(rewards[pool.pairs[i]]) < 0,
        "two stages": lambda i: pool.source[i] != 2 or np.diff(others[pool.pairs[i]]) < 0,
    }
    for name, keep in expected.items():
        left = rules(pool)[name][0](pool).data
        assert ids(left) == [ids(pool)[i] for i in range(len(pool)) if keep(i)], name


@given(seeds, st.integers(1, 5), st.integers(1, 4))
def test_overlaps_against_a_slow_twin(seed, n, letters):
    rng = np.random.default_rng(seed)
    mine, theirs = texts(rng, 12, letters), texts(rng, 3, letters)

    def runs(tokens, i):
        return {tuple(tokens[i][j : j + n]) for j in range(len(tokens[i]) - n + 1)}

    known = set().union(*(runs(theirs, i) for i in range(3)))
    assert overlaps(mine, theirs, n).tolist() == [bool(runs(mine, i) & known) for i in range(12)]


def test_equal_hashes_are_not_enough(monkeypatch):
    """With every hash the same, still only what is the same is found."""
    monkeypatch.setattr(decontamination, "_scrambled", lambda v: np.zeros(v.size, np.uint64))
    test_overlaps_against_a_slow_twin()


def test_planted_overlaps_are_all_found_and_no_others():
    found = overlaps(WORLD.tokens, WORLD.benchmark_tokens, 8)
    assert np.array_equal(found, WORLD.contaminated)
    assert found.sum() == 30
    assert overlaps(WORLD.tokens, WORLD.benchmark_tokens, 5).mean() > 0.9  # common openings
    disjoint = Tokens(WORLD.tokens.ptr, WORLD.tokens.values + 5000)
    assert not overlaps(disjoint, WORLD.benchmark_tokens, 1).any()
    left = decontaminate(POOL, WORLD.benchmark_tokens).data
    assert not WORLD.contaminated[left.prompt].any()
    assert len(left) == (~WORLD.contaminated[POOL.prompt]).sum()


def test_pipeline_prints_a_data_card():
    steps = skywork_rules(
        rewards=WORLD.features.sum(axis=1), benchmark=WORLD.benchmark_tokens, of=POOL
    )
    result = steps.run(POOL)
    assert ids(steps.run(result.data).data) == ids(result.data)
    assert sum(record.dropped.size for record in result.records) == len(POOL) - len(result.data)
    card = str(result).splitlines()
    assert card[0].split() == ["source", "before", "(1)", "(2)", "(3)", "(4)", "(5)", "share"]
    row = next(line for line in card if line.startswith("OffsetBias")).split()
    assert row[1] == "85"
    assert row[-2] == str(result.data.counts["OffsetBias"])
    total = next(line for line in card if line.startswith("all")).split()
    assert total[-2:] == [f"{len(result.data):,}", "100.0%"]
    assert card[-1].startswith("(5) decontaminate: ")
    assert str(Pipeline(()).run(POOL)).splitlines()[1].split()[-1].endswith("%")


@pytest.mark.parametrize("module", (curation, data, decontamination, pipeline))
def test_curation_cannot_reach_the_truth(module):
    """No module of a rule imports what knows the true reward, and no rule takes it."""
    tree = ast.parse(inspect.getsource(module))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    own = {name.split(".")[-1] for name in imported if name.startswith("tabular_pg.preference")}
    assert own <= {"curation", "data", "decontamination"}
    for _, function in inspect.getmembers(module, inspect.isfunction):
        assert not {"world", "reward"} & set(inspect.signature(function).parameters)


SOME = random_data(1)
UNRATED = replace(SOME, ratings=np.where(SOME.source[:, None] == 1, nan, SOME.ratings))
UNSCORED = replace(SOME, scores=np.full_like(SOME.scores, nan))


@pytest.mark.parametrize(
    "call, message",
    (
        (
            lambda: rating_filter(UNRATED, sources=("b",)),
            r"ratings\[\d+\] is \[nan nan\], of .* 'b'",
        ),
        (lambda: rating_filter(SOME, sources=("d",)), "source is 'd'; expected one of a, b, c"),
        (
            lambda: top_fraction(UNSCORED, {"x": 0.5}, sources=("a",)),
            r"scores\[\d+\] is \[nan nan\]",
        ),
        (lambda: top_fraction(SOME, {"x": 0}, sources=("a",)), r"is 0; expected .* in \(0, 1\]"),
        (
            lambda: top_fraction(SOME, {"x": 1.1}, sources=("a",)),
            "is 1.1; expected a finite number",
        ),
        (
            lambda: top_fraction(SOME, {"x": nan}, sources=("a",)),
            "is nan; expected a finite number",
        ),
        (lambda: top_fraction(SOME, {"w": 0.5}, sources=("a",)), "task is 'w'"),
        (lambda: top_fraction(SOME, {"x": 1, ("x", "y"): 1}, sources=("a",)), "at most once"),
        (
            lambda: top_fraction(SOME, {"x": 0.5}, sources=("a",), offsets={"a": nan}),
            r"offsets\['a'\] is nan",
        ),
        (
            lambda: top_fraction(SOME, {"x": 1}, sources=("a",), of=SOME.select(slice(3, None))),
            "of lacks pairs",
        ),
        (lambda: adversarial_only(SOME.select(SOME.source > 0), sources=("a",)), "'a' is empty"),
        (lambda: agreement_filter(SOME, [1, 2], sources=("a",)), r"rewards has shape \(2,\)"),
        (lambda: agreement_filter(SOME, [nan] * 6, sources=("a",)), "rewards has nan"),
        (lambda: agreement_filter(SOME, wins, sources=("a", "b", "c")), "expected others, too"),
        (lambda: decontaminate(SOME, BENCHMARK, 0), "n is 0; expected an integer >= 1"),
        (lambda: decontaminate(SOME, BENCHMARK, 2.0), "n is 2.0; expected an integer"),
    ),
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
