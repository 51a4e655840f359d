"""Preference data in files, and real data against published numbers and a reference
implementation."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tabular_pg.preference import (
    Ties,
    baseball_1987,
    baseball_1987_at_home,
    fit,
    journal_citations,
    read_jsonl,
    read_table,
)


def written(tmp_path, text, name="pairs.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def messages(*contents):
    roles = ["user", "assistant"] * len(contents)
    return [{"role": r, "content": c} for r, c in zip(roles, contents, strict=False)]


def lines(*rows):
    return "\n".join(json.dumps(row) for row in rows) + "\n\n"


def test_json_lines(tmp_path):
    rows = [
        {"prompt": "2 + 2?", "chosen": "4", "rejected": "5", "source": "sums"},
        {"prompt": "2 + 2?", "chosen": "4", "rejected": "22", "chosen_score": 3,
         "rejected_score": -1.5},
        {"prompt": "1 + 3?", "chosen": "4", "rejected": "5"},
        {"chosen": messages("hi", "hello"), "rejected": messages("hi", "no")},
    ]  # fmt: skip
    found = read_jsonl(written(tmp_path, lines(*rows), "pairs.jsonl"))
    assert found.items == (
        ("2 + 2?", "4"), ("2 + 2?", "5"), ("2 + 2?", "22"), ("1 + 3?", "4"), ("1 + 3?", "5"),
        ("user: hi", "hello"), ("user: hi", "no"),
    )  # fmt: skip
    assert found.pairs.tolist() == [[0, 1], [0, 2], [3, 4], [5, 6]]
    assert found.sources == ("sums", None, None, None)
    np.testing.assert_array_equal(found.ratings[:2], [[np.nan] * 2, [3, -1.5]])
    assert found.n_items == 7
    assert fit(found.pairs, 7, ridge=1.0).scores[0] > 0


def test_ties_in_json_lines_are_counted_where_asked_for(tmp_path):
    rows = [{"chosen": "a", "rejected": "a"}, {"chosen": "a", "rejected": "b"}]
    path = written(tmp_path, lines(*rows), "pairs.jsonl")
    with pytest.raises(ValueError, match=r"pairs.jsonl:1: chosen and rejected are the same"):
        read_jsonl(path)
    found = read_jsonl(path, ties=Ties.DROP)
    assert (found.ties, found.pairs.tolist()) == (1, [[0, 1]])
    with pytest.raises(ValueError, match=r"ties is <Ties.HALVE.*expected one of Ties.REFUSE"):
        read_jsonl(path, ties=Ties.HALVE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no pairs; expected at least one"),
        ("\n \n", "has no pairs"),
        ("{}\n", r"pairs.jsonl:1: no 'chosen'; the keys are none"),
        ('{"chosen": "a"}', r":1: no 'rejected'; the keys are chosen"),
        ('{"chosen": "a", "rejected": "b"}\n{oops', r"pairs.jsonl:2: not JSON"),
        ("[1, 2]", r":1: list; expected an object"),
        ('{"chosen": 1, "rejected": "b"}', r":1: chosen is 1; expected a string, or messages"),
        ('{"chosen": [], "rejected": "b"}', r"chosen is \[\]; expected a string"),
        ('{"chosen": "a", "rejected": [{"role": "user"}]}', r"rejected is \[\{'role': 'user'\}\]"),
        ('{"chosen": "a", "rejected": "b", "prompt": 3}', "prompt is 3; expected a string"),
        ('{"chosen": "a", "rejected": "b", "prompt": false}', ":1: prompt is False; expected"),
        ('{"chosen": "a", "rejected": "b", "prompt": []}', r":1: prompt is \[\]; expected"),
        ('{"chosen": "a", "rejected": "b", "source": 0}', ":1: source is 0; expected a string"),
        ('{"chosen": "a", "rejected": "b", "source": []}', r":1: source is \[\]; expected"),
        ('{"chosen": "a", "rejected": "b", "chosen_score": 1' + "0" * 400 + "}", ":1: chosen_s"),
        ('{"chosen": "a", "rejected": "b", "chosen_score": 1' + "0" * 9000 + "}", ":1: not JSON"),
        ('{"chosen": "a", "rejected": "b", "chosen_score": []}', r":1: chosen_score is \[\]"),
        ('{"chosen": "a", "rejected": "b", "source": 3}', "source is 3; expected a string"),
        ('{"chosen": "a", "rejected": "b", "chosen_score": NaN}', "chosen_score is nan; expected"),
        ('{"chosen": "a", "rejected": "b", "rejected_score": "9"}', "rejected_score is '9'"),
        (
            lines({"chosen": messages("hi", "a"), "rejected": messages("ho", "b")}),
            r":1: chosen and rejected differ before the last message",
        ),
    ],
    ids=str,
)
def test_bad_json_lines(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_jsonl(written(tmp_path, text, "pairs.jsonl"))


def test_tables(tmp_path):
    plain = read_table(written(tmp_path, "winner,loser\na,b\nb,c\na,b\n"))
    assert plain.items == ("a", "b", "c")
    assert plain.pairs.tolist() == [[0, 1], [1, 2], [0, 1]]
    assert plain.weights.tolist() == [1, 1, 1]
    tabbed = written(tmp_path, "loser\tn\twinner\nb\t2\ta, b\nc\t0\tb\n", "pairs.tsv")
    found = read_table(tabbed, counts="n")
    assert (found.items, found.pairs.tolist()) == (("a, b", "b", "c"), [[0, 1]])
    assert found.weights.tolist() == [2]


def test_ties_in_tables(tmp_path):
    path = written(tmp_path, "x,y,won,lost,drawn\na,b,3,1,2\nb,a,0,0,1\n")
    options = {"columns": ("x", "y"), "counts": ("won", "lost"), "tied": "drawn"}
    with pytest.raises(ValueError, match=r"pairs.csv:2: drawn is 2; expected no ties"):
        read_table(path, **options)
    dropped = read_table(path, **options, ties=Ties.DROP)
    assert (dropped.ties, dropped.weights.tolist()) == (3, [3, 1])
    halved = read_table(path, **options, ties=Ties.HALVE)
    assert halved.pairs.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    assert (halved.ties, halved.weights.tolist()) == (0, [4, 2, 0.5, 0.5])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, r"pairs.csv:1: no column 'winner'; the header has nothing"),
        ("a,b\n", {}, r":1: no column 'winner'; the header has a, b"),
        ("winner,loser\n", {}, "has no pairs"),
        ("winner,loser\na,b\nc,c\n", {}, r"pairs.csv:3: 'c' is compared with itself"),
        ("winner,loser\na,\n", {}, r":2: winner is 'a', loser ''; both needed"),
        ("winner,loser\na\n", {}, r":2: winner is 'a', loser ''"),
        ("winner,loser\na,b\n", {"counts": "n"}, "no column 'n'"),
        ("winner,loser,n\na,b,-1\n", {"counts": "n"}, r":2: n is '-1'; expected a number >= 0"),
        ("winner,loser,n\na,b,inf\n", {"counts": "n"}, "n is 'inf'"),
        ("winner,loser,n\na,b,many\n", {"counts": "n"}, "n is 'many'"),
        ("winner,loser,n\na,b\n", {"counts": "n"}, "n is None"),
        ("winner,loser,winner\na,b,c\n", {}, ":1: 2 columns 'winner'; the header has"),
        ("winner,loser\na,b,c,d\n", {}, ":2: 2 fields more than the header has"),
        ("winner,loser\na,b\n", {"columns": "winner"}, "columns is 'winner'; expected two"),
        ("a,b,c\nx,y,z\n", {"columns": ("a", "b", "c")}, "columns is .*; expected two headers"),
        ("a,b,c\nx,y,z\n", {"counts": ("a", "b", "c")}, "counts is .*; expected one header"),
        ("winner,loser\na,b\n", {"columns": ("loser",) * 2}, "expected different headers"),
        (
            "winner,loser,t\na,b,1\n",
            {"tied": "t", "ties": Ties.HALVE},
            "tied is .*expected a header, beside counts",
        ),
        ("winner,loser\na,b\n", {"counts": 3}, "counts is 3; expected"),
        ("winner,loser\na,b\n", {"ties": "drop"}, "ties is 'drop'; expected one of"),
    ],
    ids=str,
)
def test_bad_tables(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=message):
        read_table(written(tmp_path, text), **options)


def test_conversational_prompts(tmp_path):
    rows = [
        {"prompt": messages("hi"), "chosen": [{"role": "assistant", "content": "hello"}],
         "rejected": [{"role": "assistant", "content": "no"}]},
        {"chosen": messages("hi", "hello"), "rejected": messages("hi", "what")},
    ]  # fmt: skip
    found = read_jsonl(written(tmp_path, lines(*rows), "pairs.jsonl"))
    assert found.items == (("user: hi", "hello"), ("user: hi", "no"), ("user: hi", "what"))
    assert found.pairs.tolist() == [[0, 1], [0, 2]]


def test_encodings(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes("winner,loser\nä,b\n".encode("utf-8-sig"))
    assert read_table(path).items == ("ä", "b")
    path.write_bytes('{"chosen": "ä", "rejected": "b"}'.encode("utf-8-sig"))
    assert read_jsonl(path).items == (("", "ä"), ("", "b"))
    path.write_bytes("winner,loser\na,b\nä,b\n".encode("latin-1"))
    for read in (read_table, read_jsonl):
        with pytest.raises(ValueError, match=r"pairs.csv:3: not UTF-8"):
            read(path)


def test_halves_of_ties_are_counted(tmp_path):
    path = written(tmp_path, "winner,loser,n,t\na,b,1,0.5\nb,a,1,1\n")
    assert read_table(path, counts="n", tied="t", ties=Ties.DROP).ties == 1.5
    halved = read_table(path, counts="n", tied="t", ties=Ties.HALVE)
    assert halved.weights.tolist() == [1.25, 0.25, 1.5, 0.5]


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_choix(seed):
    choix = pytest.importorskip("choix", reason="needs choix, a test extra")
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(12, 2, replace=False) for _ in range(150)])
    pairs = np.concatenate([pairs, np.column_stack([np.arange(12), np.roll(np.arange(12), 1)])])
    reference = choix.opt_pairwise(12, [tuple(p) for p in pairs], method="Newton-CG", tol=1e-12)
    np.testing.assert_allclose(fit(pairs, 12).scores, reference, atol=1e-6)
    games = baseball_1987()
    repeated = np.repeat(games.pairs, games.weights.astype(int), axis=0)
    reference = choix.ilsr_pairwise(7, [tuple(p) for p in repeated], tol=1e-12)
    found = fit(games.pairs, 7, weights=games.weights)
    np.testing.assert_allclose(found.scores, reference - reference.mean(), atol=1e-6)


def test_published_estimates_for_baseball():
    """Agresti (2002), tables 10.10 and 10.11, as the tests of the R package BradleyTerry2 have
    them: abilities less Baltimore's; with an advantage at home of 0.302, their exponentials."""
    games = baseball_1987()
    assert games.weights.sum() == 273
    scores = fit(games.pairs, 7, weights=games.weights).scores
    less = np.sort(scores - scores[games.items.index("Baltimore")])
    np.testing.assert_allclose(less, [0, 0.68, 1.11, 1.25, 1.29, 1.44, 1.58], atol=0.0051)
    games, features = baseball_1987_at_home()
    assert games.items[12] == games.items[13] == "Baltimore"
    kept = np.delete(features, 6, axis=1)
    found = fit(games.pairs, 14, weights=games.weights, features=kept)
    assert found.coefficients[-1] == pytest.approx(0.302, abs=0.00051)
    ability = np.exp(np.append(found.coefficients[:-1], 0.0))
    expected = [0.044, 0.088, 0.137, 0.157, 0.164, 0.190, 0.220]
    np.testing.assert_allclose(np.sort(ability / ability.sum()), expected, atol=0.00051)
    with pytest.raises(ValueError, match="have rank 7; expected 8, or ridge > 0"):
        fit(games.pairs, 14, weights=games.weights, features=features)


def test_estimates_for_journals():
    """The vignette of BradleyTerry2 has -2.9491, -0.4796 and 0.2690 (recalled)."""
    cited = journal_citations()
    scores = fit(cited.pairs, 4, weights=cited.weights).scores
    assert cited.items[0] == "Biometrika"
    np.testing.assert_allclose(scores[1:] - scores[0], [-2.9491, -0.4796, 0.2690], atol=6e-5)
