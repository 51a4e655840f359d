"""Curation: every rule against a slow twin, what all rules have in common, and what they refuse."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import json
import tracemalloc
from dataclasses import replace
from functools import partial
from math import ceil, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tabular_pg
from support.strategies import seeds
from tabular_pg.preference.curation import agreement_rule, decontamination, pipeline
from tabular_pg.preference.curation import rules as curation
from tabular_pg.preference.curation.agreement_rule import agreement_filter
from tabular_pg.preference.curation.decontamination import decontaminate, overlaps
from tabular_pg.preference.curation.pipeline import Pipeline, skywork_rules
from tabular_pg.preference.curation.rules import (
    adversarial_only,
    deduplicate,
    rating_filter,
    score_offsets,
    top_fraction,
)
from tabular_pg.preference.data import pairs as data
from tabular_pg.preference.data.files import read_jsonl, read_table
from tabular_pg.preference.data.imported import preference_data, tokenized
from tabular_pg.preference.data.named_pairs import Pairs
from tabular_pg.preference.data.pairs import PreferenceData
from tabular_pg.preference.data.tokens import Tokens
from tabular_pg.preference.fitting.fit import fit
from tabular_pg.preference.world.making import make_world
from tabular_pg.preference.world.sources import pooled, sources

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
            partial(agreement_filter, rewards=scored([3, 1, 4, 1, 5, 9]), sources=("a", "b")),
            True,
        ),
        "two stages": (partial(agreement_filter, rewards=wins, sources=("c",)), True),
        "decontaminate": (partial(decontaminate, benchmark=BENCHMARK, n=3), True),
    }


def scored(scores):
    """A fit with these scores."""
    return replace(fit([[0, 1]], 2, ridge=1.0), scores=np.asarray(scores, dtype=float))


def wins(pairs):
    chosen, rejected = (np.bincount(x, minlength=6) for x in (pairs.chosen, pairs.rejected))
    return scored(chosen - rejected)


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
    others = wins(pool.select(pool.source != 2)).scores
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
    rewards = scored(WORLD.features.sum(axis=1))
    steps = skywork_rules(rewards=rewards, benchmark=WORLD.benchmark_tokens, of=POOL)
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


def test_a_source_that_was_emptied_is_left_alone():
    """Of Magpie Air nothing is left; the same pipeline finds nothing more to drop."""
    world = make_world(2000, 8, seed=0, nuisance=3, benchmark=200)
    pool = pooled(sources(world, 0.02, bias=0.5, flip=0.2, seed=0))
    steps = skywork_rules(benchmark=world.benchmark_tokens, of=pool)
    once = steps.run(pool)
    assert once.data.counts["Magpie Air"] == 0
    twice = steps.run(once.data)
    assert ids(twice.data) == ids(once.data)
    assert sum(record.dropped.size for record in twice.records) == 0
    none = SOME.select(SOME.source > 0)
    for rule in (
        partial(adversarial_only, sources=("a",)),
        partial(rating_filter, sources=("a",)),
        partial(agreement_filter, rewards=wins, sources=("a",)),
        partial(top_fraction, fractions={"x": 0.5}, sources=("a",), offsets={"a": 1}),
        partial(top_fraction, fractions={"x": 0.5}, sources=("a",), of=SOME),
    ):
        assert ids(rule(none).data) == ids(none)
    with pytest.raises(ValueError, match="'a' is empty"):
        top_fraction(none, {"x": 0.5}, sources=("a",), of=none)


def periodic(length):
    return Tokens([0, length], np.arange(length))


@pytest.mark.parametrize("size", (1000, 2000, 4000))
def test_what_decontamination_compares_is_no_more_than_the_texts(size, monkeypatch):
    """Texts that are the benchmark's as a whole match in size / 2 runs of size / 2 tokens."""
    compared, same = [], decontamination._same

    def counting(values, starts, others, their_starts, n):
        compared.append(starts.size * n)
        return same(values, starts, others, their_starts, n)

    monkeypatch.setattr(decontamination, "_same", counting)
    both = Tokens([0, size, 2 * size], np.tile(np.arange(size), 2))
    assert overlaps(both, periodic(size), size // 2).all()
    assert compared == [2 * (size // 2)]


def test_memory_of_decontamination_is_linear_in_the_texts():
    def peak(size):
        text = periodic(size)
        tracemalloc.start()
        assert overlaps(text, text, size // 2).all()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(8000) < 3 * peak(4000)  # 4 times, if all runs that match were compared


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rules_run_on_a_file(tmp_path):
    """From JSON lines to the data card: one pair is dropped by each of three rules."""
    known = "How many apples are left, if Anna eats two of nine?"
    rows = [
        ("Tell me a story.", "Once ...", "No.", "web", 4, 1),
        ("Tell me a story.", "Once ...", "No.", "web", 3, 2),  # again
        ("Please: how many APPLES are left if Anna eats two?", "7", "8", "web", 4, 0),  # known
        ("Tell me a joke.", "Knock", "Fine", "web", 1, 2),  # not rated higher
        ("Name a river.", "Rhine", "Everest", None, None, None),
    ]
    keys = ("prompt", "chosen", "rejected", "source", "chosen_score", "rejected_score")
    path = write_lines(
        tmp_path / "pairs.jsonl", [dict(zip(keys, row, strict=True)) for row in rows]
    )
    pool, vocabulary = preference_data(read_jsonl(path))
    assert pool.counts == {"web": 4, "unnamed": 1}
    assert pool.pairs.tolist() == [[0, 1], [0, 1], [2, 3], [4, 5], [6, 7]]
    assert pool.prompt.tolist() == [0, 0, 1, 2, 3]
    assert np.array_equal(pool.ratings[0], [4, 1])
    assert np.isnan(pool.scores[-1]).all()
    size = len(vocabulary)
    benchmark = tokenized([known], vocabulary)
    assert len(vocabulary) == size < len(benchmark.vocabulary)
    steps = Pipeline(
        (
            partial(decontaminate, benchmark=benchmark.tokens),
            partial(rating_filter, sources=("web",)),
            deduplicate,
        )
    )
    result = steps.run(pool)
    assert ids(result.data) == [0, 4]
    assert [record.dropped.tolist() for record in result.records] == [[2], [3], [1]]
    assert str(result).splitlines()[1].split() == ["web", "4", "3", "2", "1", "50.0%"]
    best = top_fraction(pool, {"all": 0.5}, sources=("web",)).data
    assert ids(best) == [0, 1, 4]
    named = preference_data(read_jsonl(path), tasks=["x", "x", "y", "x", "z"], unnamed="?").data
    assert named.about("x").sum() == 3
    assert named.counts["?"] == 1


def test_words_are_numbered_in_order():
    tokens, vocabulary = tokenized(["The cat, the CAT!", "", "a dog"])
    assert tokens.values.tolist() == [0, 1, 0, 1, 2, 3]
    assert tokens.ptr.tolist() == [0, 4, 4, 6]
    assert vocabulary == {"the": 0, "cat": 1, "a": 2, "dog": 3}
    assert tokenized(["a bird"], vocabulary).tokens.values.tolist() == [2, 4]


def test_items_that_are_no_responses_are_refused(tmp_path):
    table = tmp_path / "games.csv"
    table.write_text("winner,loser\nx,y\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"items\[0\] is 'x'; expected \(prompt, response\)"):
        preference_data(read_table(table))


def imports(source):
    """The modules of a source that it imports, by either statement."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def reached(module):
    """The modules of this package that a module imports, and what these import, and so on."""
    package, found, left = Path(inspect.getfile(tabular_pg)).parent, set(), {module}
    while left:
        found.add(module := left.pop())
        file = package.joinpath(*module.split(".")[1:])
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        for name in imports(file.read_text(encoding="utf-8")):
            if name.startswith("tabular_pg.preference"):
                own = name if spec_of(name) else name.rpartition(".")[0]  # or all that it exports
                left |= {own} - found
    return {module.removeprefix("tabular_pg.preference.") for module in found}


def spec_of(name):
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.util.find_spec(name)
    return None


def test_imports_are_seen_in_either_form():
    both = (
        "import tabular_pg.preference.world.world as w\n"
        "from tabular_pg.preference.world import sources"
    )
    seen = {"tabular_pg.preference.world.world", "tabular_pg.preference.world.sources"}
    assert seen <= set(imports(both))
    found = reached("tabular_pg.preference.world.sources")
    assert found >= {"world.world", "world.annotators", "world.specs"}


@pytest.mark.parametrize("module", (agreement_rule, curation, data, decontamination, pipeline))
def test_curation_cannot_reach_the_truth(module):
    """No module of a rule gets at what knows the true reward, and no rule takes it."""
    of_rules = reached(module.__name__)
    assert not [name for name in of_rules if name.startswith(("world", "control"))]
    assert "tabular_pg.preference" not in of_rules
    for _, function in inspect.getmembers(module, inspect.isfunction):
        assert not {"world", "reward"} & set(inspect.signature(function).parameters)


@pytest.mark.parametrize("rewards", (WORLD.reward, WORLD.reward.tolist(), WORLD, 1.0))
def test_true_rewards_are_refused(rewards):
    for each in (rewards, lambda pairs: rewards):
        with pytest.raises(ValueError, match=r"^rewards .*expected a Fit"):
            agreement_filter(POOL, each, sources=("WildGuardMix",))
        with pytest.raises(ValueError, match=r"^rewards .*expected a Fit"):
            skywork_rules(rewards=each).run(POOL)


def test_a_fit_is_read_by_its_scores():
    first = POOL.of("WildGuardMix")
    model = fit(POOL.pairs[~first], WORLD.n_items, features=WORLD.features, ridge=10.0)
    left = agreement_filter(POOL, model, sources=("WildGuardMix",)).data
    agrees = model.scores[POOL.chosen] > model.scores[POOL.rejected]
    assert ids(left) == POOL.pair_id[~first | agrees].tolist()

    def fitted(pairs):
        return fit(pairs.pairs, WORLD.n_items, features=WORLD.features, ridge=10.0)

    assert ids(agreement_filter(POOL, fitted, sources=("WildGuardMix",)).data) == ids(left)


SOME = random_data(1)
UNRATED = replace(SOME, ratings=np.where(SOME.source[:, None] == 1, nan, SOME.ratings))
LOADED = Pairs(
    (("p", "a"), ("p", "b")), np.array([[0, 1]]), np.ones(1), (None,), np.full((1, 2), nan)
)
UNSCORED = replace(SOME, scores=np.full_like(SOME.scores, nan))


def test_runs_longer_than_all_texts_are_not_there():
    for n in (10, 10**6, 10**30):
        assert not overlaps(BENCHMARK, BENCHMARK, n).any()


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
        (lambda: top_fraction(SOME, {"w": 0.5}, sources=("a",)), "fractions has the task 'w'"),
        (lambda: top_fraction(SOME, {"x": 1, ("x", "y"): 1}, sources=("a",)), "at most once"),
        (
            lambda: top_fraction(SOME, {"x": 0.5}, sources=("a",), offsets={"a": nan}),
            r"offsets\['a'\] is nan",
        ),
        (
            lambda: top_fraction(SOME, {"x": 1}, sources=("a",), of=SOME.select(slice(3, None))),
            "of lacks pairs",
        ),
        (
            lambda: agreement_filter(SOME, scored([1, 2]), sources=("a",)),
            r"rewards.scores has shape \(2,\)",
        ),
        (
            lambda: agreement_filter(SOME, scored([0, 0, nan, 0, 0, 0]), sources=("a",)),
            r"rewards.scores\[2\] is nan",
        ),
        (lambda: rating_filter(SOME, sources="b"), "sources is 'b'; expected a sequence"),
        (lambda: adversarial_only(SOME, sources=()), r"sources is \(\); expected"),
        (lambda: agreement_filter(SOME, wins, sources=3), "sources is 3; expected"),
        (
            lambda: top_fraction(SOME, {}, sources=("a",), default=1.5),
            r"^default is 1.5; expected a finite number in \(0, 1\]",
        ),
        (lambda: top_fraction(SOME, {}, sources=("a",), default=0), "^default is 0"),
        (lambda: top_fraction(SOME, 0.5, sources=("a",)), "fractions is 0.5; expected a dict"),
        (lambda: top_fraction(SOME, {3: 0.5}, sources=("a",)), "fractions has the task 3"),
        (lambda: top_fraction(SOME, {"x": "1"}, sources=("a",)), r"fractions\['x'\] is '1'"),
        (lambda: score_offsets(SOME, [1]), r"offsets is \[1\]; expected a dict"),
        (lambda: overlaps([[1, 2]], BENCHMARK, 2), "texts is of type list; expected Tokens"),
        (lambda: decontaminate(SOME, [[1, 2]], 2), "benchmark is of type list"),
        (lambda: tokenized("text"), "texts is 'text'; expected a sequence"),
        (lambda: tokenized(["a", 3]), r"texts\[1\] is 3"),
        (lambda: tokenized(["a"], {"b": 1}), "vocabulary has 1 words"),
        (lambda: preference_data(LOADED, tasks=[]), "tasks has length 0; expected 1"),
        (lambda: preference_data(replace(LOADED, weights=[2.0])), r"weights\[0\] is 2.0"),
        (
            lambda: preference_data(replace(LOADED, items=(("p", "a"), ("q", "b")))),
            r"pairs\[0\] has responses to two prompts",
        ),
        (lambda: agreement_filter(SOME, wins, sources=("a", "b", "c")), "expected others, too"),
        (lambda: decontaminate(SOME, BENCHMARK, 0), "n is 0; expected an integer >= 1"),
        (lambda: decontaminate(SOME, BENCHMARK, 2.0), "n is 2.0; expected an integer"),
    ),
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
