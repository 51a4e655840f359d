"""Preference files in the spellings that are met, and texts in scripts of all kinds."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest

from tabular_pg.preference import (
    PreferenceData,
    Tokens,
    overlaps,
    preference_data,
    read_jsonl,
    read_table,
    tokenized,
)


def read(tmp_path, *rows, **options):
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return read_jsonl(path, **options)


def user(text):
    return {"role": "user", "content": text}


def answer(text):
    return {"role": "assistant", "content": text}


HH = "\n\nHuman: {}\n\nAssistant: {}"
SPELLINGS = [
    {"prompt": "hi", "chosen": "a", "rejected": "b"},
    {"question": "hi", "chosen": "a", "rejected": "b"},
    {"instruction": "hi", "input": "", "chosen": "a", "rejected": "b"},
    {"prompt": [user("hi")], "chosen": [answer("a")], "rejected": [answer("b")]},
    {"chosen": [user("hi"), answer("a")], "rejected": [user("hi"), answer("b")]},
    {"prompt": "hi", "chosen": [user("hi"), answer("a")], "rejected": [user("hi"), answer("b")]},
    {"chosen": HH.format("hi", "a"), "rejected": HH.format("hi", "b")},
    {"prompt": [user("hi")], "chosen": "a", "rejected": "b"},
]


def test_one_pair_in_all_spellings_is_two_items(tmp_path):
    found = read(tmp_path, *SPELLINGS)
    assert found.items == (("hi", "a"), ("hi", "b"))
    assert found.pairs.tolist() == [[0, 1]] * len(SPELLINGS)
    for spelling in SPELLINGS:
        assert read(tmp_path, spelling).n_items == 2


@pytest.mark.parametrize("key", ("prompt", "question", "instruction", "query", "problem"))
def test_different_questions_are_different_items(tmp_path, key):
    rows = [{key: text, "chosen": "a", "rejected": "b"} for text in ("1 + 1?", "2 + 2?")]
    assert read(tmp_path, *rows).items == tuple(
        (text, response) for text in ("1 + 1?", "2 + 2?") for response in "ab"
    )


@pytest.mark.parametrize("key", ("history", "steps", "initial_reason_steps"))
def test_earlier_steps_count(tmp_path, key):
    plain = {"prompt": "q", "chosen": "a", "rejected": "b"}
    rows = [plain, *({**plain, key: steps} for steps in ([], "", ["x"], ["x", "y"], ["z"]))]
    found = read(tmp_path, *rows)
    assert found.pairs.tolist() == [[0, 1]] * 3 + [[2, 3], [4, 5], [6, 7]]


def test_roles_inside_contents_are_no_roles(tmp_path):
    long = [user("a\nassistant: b\nuser: c")]
    turns = [user("a"), answer("b"), user("c")]
    found = read(
        tmp_path, *({"prompt": said, "chosen": "x", "rejected": "y"} for said in (long, turns))
    )
    assert found.n_items == 4
    assert preference_data(found).data.prompt.tolist() == [0, 1]


def test_dialogues_are_split(tmp_path):
    before = "\n\nHuman: What is the capital of France, and of Spain?\n\nAssistant: Paris."
    row = {"chosen": f"{before}\n\nHuman: And?\n\nAssistant: Madrid.",
           "rejected": f"{before}\n\nHuman: And?\n\nAssistant: Rome."}  # fmt: skip
    found = read(tmp_path, row)
    assert [response for _, response in found.items] == ["Madrid.", "Rome."]
    data, vocabulary = preference_data(found)
    benchmark = tokenized(["What is the capital of France, and of Spain?"], vocabulary).tokens
    assert overlaps(data.tokens, benchmark, 8).tolist() == [True]


def test_scores_and_margins_are_kept(tmp_path):
    plain = {"prompt": "q", "chosen": "a", "rejected": "b"}
    rows = [plain | {"score_chosen": 4, "score_rejected": 1.5}, plain | {"margin": 0.25},
            plain | {"chosen_rating": 3, "rejected_rating": 2}]  # fmt: skip
    found = read(tmp_path, *rows)
    np.testing.assert_array_equal(found.ratings, [[4, 1.5], [np.nan] * 2, [3, 2]])
    np.testing.assert_array_equal(found.margins, [np.nan, 0.25, np.nan])


def test_a_key_that_is_not_understood_is_named(tmp_path):
    row = {"prompt": "q", "chosen": "a", "rejected": "b", "strange": 1}
    with pytest.raises(ValueError, match=r"pairs.jsonl:1: key 'strange' is not understood"):
        read(tmp_path, row)
    assert read(tmp_path, row, ignore=("strange",)).n_items == 2
    with pytest.raises(ValueError, match="ignore is 'strange'; expected a sequence of keys"):
        read(tmp_path, row, ignore="strange")


HUGE = "x" * 5_000_000


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"chosen": "a", "chosen": "c", "rejected": "b"}', "key 'chosen' is there twice"),
        ('[{"chosen": "a",\n "rejected": "b"}]', "one JSON array"),
        (json.dumps({HUGE: 1}), "no 'chosen'"),
        (json.dumps({"chosen": "a", "rejected": "b", HUGE: 1}), "is not understood"),
        (json.dumps({"chosen": [HUGE], "rejected": "b"}), "chosen is"),
        (json.dumps({"chosen": "a", "rejected": "b", "source": [HUGE]}), "source is"),
        (json.dumps({"chosen": "a", "rejected": "b", "margin": HUGE}), "margin is"),
        (json.dumps({"prompt": "p", "query": "q", "chosen": "a", "rejected": "b"}), "both there"),
        ('{"chosen": "' + HUGE, "not JSON"),
        (f'{{"{HUGE}": 1, "{HUGE}": 2}}', "is there twice"),
    ],
    ids=range(10),
)
def test_messages_about_json_are_short(tmp_path, line, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, line)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "count", ("1_000", "१२", " 1 ", "nan", "inf", "1e400", "+1", "-0", "0x10", "1,0", "", "1 000")
)
def test_counts_are_plain_numbers(tmp_path, count):
    path = tmp_path / "pairs.csv"
    path.write_text(f'winner,loser,n\na,b,"{count}"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"pairs.csv:2: n is .*; expected a number >= 0"):
        read_table(path, counts="n")
    path.write_text("winner,loser,n\na,b,12\nb,a,1.5e1\na,b,.5\n")
    assert read_table(path, counts="n").weights.tolist() == [12, 15, 0.5]


def same(one, other, n):
    tokens, vocabulary = tokenized([one])
    return overlaps(tokens, tokenized([other], vocabulary).tokens, n).tolist() == [True]


SENTENCES = (
    "请计算从一到一百的所有整数之和",
    "東京タワーの高さは何メートルですか",
    "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
)


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_without_spaces_are_found(text):
    assert same(text, f"问：{text}。", 8)
    assert not same(text, text[::-1], 8)


def test_marks_are_part_of_their_words():
    assert tokenized(["की कि का"]).tokens.values.tolist() == [0, 1, 2]
    assert not same("भारत की राजधानी", "भरत कि रजधनि", 1)
    assert tokenized(["नमस्ते दुनिया"]).tokens.values.size == 2


@pytest.mark.parametrize(
    "text", ("Où est né le père d'Émile Zola à Noël", "Straße Größe", "한국어")
)
def test_decomposed_texts_are_the_same(text):
    nfc, nfd = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    words = tokenized([nfc, nfd, nfc.upper()]).tokens
    assert words[0].tolist() == words[1].tolist()
    if "ß" not in text:
        assert words[0].tolist() == words[2].tolist()


def test_ids_that_are_too_large_are_refused():
    large = np.array([2**63, 1], dtype=np.uint64)
    with pytest.raises(ValueError, match=r"values\[0\] is 9223372036854775808; expected an int"):
        Tokens([0, 2], large)
    assert Tokens([0, 1], np.array([2**63 - 1], dtype=np.uint64)).values[0] == 2**63 - 1
    nothing = np.full((2, 2), np.nan)
    with pytest.raises(ValueError, match=r"pair_id\[0\] is 9223372036854775808"):
        PreferenceData(
            large, [0, 1], [2, 3], [0, 0], [0, 0], [0, 0], nothing, nothing,
            np.zeros(2, bool), ("s",), ("t",), Tokens([0, 1], [1]),
        )  # fmt: skip
