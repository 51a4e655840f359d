"""Texts of prompts in a file as numbers: their words, and the pairs that are of them."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import NamedTuple

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.numbers import check_dict, check_number, check_type, shown
from tabular_pg.preference.data.named_pairs import Pairs
from tabular_pg.preference.data.pairs import PreferenceData, checked_names
from tabular_pg.preference.data.tokens import Tokens

WITHOUT_SPACES = (
    (0x0E00, 0x0EFF), (0x0F00, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
JOINERS = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))  # not to be seen


class Tokenized(NamedTuple):
    """Texts as numbers of words, and the number of every word."""

    tokens: Tokens
    vocabulary: dict[str, int]

    __repr__ = compact


class Imported(NamedTuple):
    """Pairs from a file as data to curate, and the numbers of the words of their prompts."""

    data: PreferenceData
    vocabulary: dict[str, int]

    __repr__ = compact


def tokenized(texts, vocabulary=None) -> Tokenized:
    """Texts as sequences of words: runs of letters, digits and _, whatever their case.

    Letters keep the marks that go with them; how these are encoded (NFC or NFD) does not matter.
    Of scripts that put no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese,
    Tibetan) every character is a word, with its marks.

    Parameters
    ----------
    texts : sequence of str
    vocabulary : dict of int by word, optional
        Numbers from 0 that are given already, as by another call, so that the tokens of both can
        be compared. It is not changed: the one returned has the new words, too.
    """
    texts = checked_names("texts", texts)
    numbers, ptr, values = _checked_vocabulary(vocabulary), [0], []
    for text in texts:
        words = _words(text)
        values += [numbers.setdefault(word, len(numbers)) for word in words]
        ptr.append(len(values))
    return Tokenized(Tokens(ptr, values), numbers)


def _checked_vocabulary(vocabulary) -> dict:
    if vocabulary is None:
        return {}
    check_dict("vocabulary", vocabulary, "numbers by word")
    for word, number in vocabulary.items():
        if not isinstance(word, str):
            raise ValueError(f"vocabulary has {shown(word)}; expected words")
        check_number(f"vocabulary[{word!r}]", number, 0)
    if set(vocabulary.values()) != set(range(len(vocabulary))):
        raise ValueError(f"vocabulary has {len(vocabulary)} words; expected the numbers from 0")
    return dict(vocabulary)


def _words(text):
    if text.isascii():
        return re.findall(r"\w+", text.lower())
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return _pattern().findall(text.translate(JOINERS))


@functools.cache
def _pattern():
    """A character of a script without spaces, or a run of others, each with its marks."""
    marks = [c for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c))[0] == "M"]
    ends = np.flatnonzero(np.diff(marks, append=-1) != 1)
    starts = np.append(0, ends[:-1] + 1)
    marked = "".join(f"{chr(marks[i])}-{chr(marks[j])}" for i, j in zip(starts, ends, strict=True))
    alone = "".join(f"{chr(i)}-{chr(j)}" for i, j in WITHOUT_SPACES)
    return re.compile(
        rf"(?![{marked}])[{alone}][{marked}]*|(?:(?![{alone}])[\w{marked}]|(?<=[\w])[{marked}])+"
    )


def preference_data(pairs, vocabulary=None, *, unnamed="unnamed", tasks=None) -> Imported:
    """The pairs of a file, one by one, as data to curate.

    What a file has of scores, of the one kind that it can have, are scores and ratings alike. No
    prompt is called adversarial.

    Parameters
    ----------
    pairs : Pairs
        From :func:`read_jsonl`: items are (prompt, response), and weights are 1.
    vocabulary : dict of int by word, optional
        See :func:`tokenized`; the one returned serves for the benchmark's texts.
    unnamed : str
        The source of pairs that name none.
    tasks : sequence of str, optional
        One per pair; by default all are of the task "all".

    Raises
    ------
    ValueError
        If an item is no (prompt, response), a pair has two prompts or a weight other than 1.
    """
    check_type("pairs", pairs, Pairs)
    if not isinstance(unnamed, str):
        raise ValueError(f"unnamed is {shown(unnamed)}; expected a string")
    for i, item in enumerate(pairs.items):
        if not isinstance(item, tuple) or len(item) != 2:
            raise ValueError(f"items[{i}] is {item!r:.60}; expected (prompt, response)")
    for i, weight in enumerate(pairs.weights):
        if weight != 1:
            raise ValueError(f"weights[{i}] is {weight}; expected 1, as of pairs one by one")
    size = len(pairs.pairs)
    tasks = ["all"] * size if tasks is None else checked_names("tasks", tasks)
    if len(tasks) != size:
        raise ValueError(f"tasks has length {len(tasks)}; expected {size}, one per pair")
    numbers = {}
    of_item = np.array([numbers.setdefault(text, len(numbers)) for text, _ in pairs.items])
    prompt, other = of_item[np.transpose(pairs.pairs)]
    if (prompt != other).any():
        i = int((prompt != other).argmax())
        raise ValueError(f"pairs[{i}] has responses to two prompts; expected one prompt")
    source, source_names = _coded(unnamed if name is None else name for name in pairs.sources)
    task, task_names = _coded(tasks)
    tokens, vocabulary = tokenized(list(numbers), vocabulary)
    data = PreferenceData(
        pair_id=np.arange(size),
        chosen=pairs.pairs[:, 0],
        rejected=pairs.pairs[:, 1],
        prompt=prompt,
        source=source,
        task=task,
        scores=pairs.ratings,
        ratings=pairs.ratings,
        adversarial=np.zeros(size, dtype=bool),
        source_names=source_names,
        task_names=task_names,
        tokens=tokens,
    )
    return Imported(data, vocabulary)


def _coded(names):
    """Positions in the tuple of distinct names, and that tuple."""
    numbers = {}
    return [numbers.setdefault(name, len(numbers)) for name in names], tuple(numbers)
