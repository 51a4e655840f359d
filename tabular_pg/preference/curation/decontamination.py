"""Texts that share a long run of tokens with a benchmark are found, whatever its length.

All runs of n tokens are hashed at once: with a unit u modulo 2^64 (an odd number) and
S_i = sum_{j < i} t_j u^{-j}, the run at i has the hash

    (S_{i+n} - S_i) u^i = sum_{j < n} t_{i+j} u^{-j}    modulo 2^64,

a few operations per token whatever n is. The tokens are scrambled first, or runs could be made that
collide. Runs of equal hash are then compared token by token: what is found is there. One run of a
text is enough, and has no more tokens than the text. So for N tokens and M of the benchmark it
takes O((N + M) log M) operations, for the search of the hashes, and O(N + M) numbers of memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tabular_pg.checks.numbers import check_number
from tabular_pg.preference.curation.rules import Curated, kept
from tabular_pg.preference.data.pairs import checked_data
from tabular_pg.preference.data.tokens import Tokens

UNIT = np.uint64(0x9E3779B97F4A7C15)  # odd; any one will do
INVERSE = np.uint64(pow(int(UNIT), -1, 2**64))


def decontaminate(data, benchmark, n=8) -> Curated:
    """Pairs are dropped whose prompt has n tokens in a row that a benchmark prompt has, too.

    Idempotent, and commutes with every rule that looks at one pair at a time.

    Parameters
    ----------
    benchmark : Tokens
        The benchmark's prompts.
    n : int >= 1
        The paper drops what matches in more than 7 tokens: n = 8.
    """
    checked_data("data", data)
    found = overlaps(data.tokens, benchmark, n)
    reason = f"the prompt has {n} tokens in a row of a benchmark's prompt"
    return kept(data, ~found[data.prompt], "decontaminate", reason)


def overlaps(texts, benchmark, n) -> np.ndarray:
    """(len(texts),) whether a text has n tokens in a row that a text of the benchmark has, too.

    Parameters
    ----------
    texts, benchmark : Tokens
    n : int >= 1
    """
    for name, value in (("texts", texts), ("benchmark", benchmark)):
        if not isinstance(value, Tokens):
            raise ValueError(f"{name} is of type {type(value).__name__}; expected Tokens")
    check_number("n", n, 1)
    found = np.zeros(len(texts), dtype=bool)
    if n > min(texts.values.size, benchmark.values.size):
        return found
    mine, theirs = _runs(texts, n), _runs(benchmark, n)
    order = np.argsort(theirs.hashes, kind="stable")
    known = theirs.hashes[order]
    # of each run, the runs of the benchmark with the same hash: order[low:high]
    low = np.searchsorted(known, mine.hashes)
    high = np.searchsorted(known, mine.hashes, side="right")
    left = np.flatnonzero(high > low)
    while left.size:  # once, but for runs whose hashes collide
        tried = left[np.flatnonzero(np.diff(mine.text[left], prepend=-1))]  # one run of every text
        others = theirs.start[order[low[tried]]]
        same = _same(texts.values, mine.start[tried], benchmark.values, others, n)
        found[mine.text[tried[same]]] = True
        low[tried] += 1
        left = left[~found[mine.text[left]] & (low[left] < high[left])]
    return found


class Runs(NamedTuple):
    """Runs of tokens: the text that each is in, its first token in all texts, and its hash."""

    text: np.ndarray
    start: np.ndarray
    hashes: np.ndarray


def _same(values, starts, others, their_starts, n):
    """Whether the runs of n values that start there are the same, one by one."""
    run = np.arange(n)
    return (values[starts[:, None] + run] == others[their_starts[:, None] + run]).all(axis=1)


def _runs(texts, n) -> Runs:
    """All runs of n tokens that lie within one text."""
    size = texts.values.size
    text = np.repeat(np.arange(len(texts)), np.diff(texts.ptr))  # of every token
    starts = np.flatnonzero(np.arange(size) + n <= texts.ptr[text + 1])
    terms = _scrambled(texts.values) * _powers(INVERSE, size)
    sums = np.append(np.uint64(0), np.cumsum(terms, dtype=np.uint64))
    hashes = (sums[starts + n] - sums[starts]) * _powers(UNIT, size)[starts]
    return Runs(text[starts], starts, hashes)


def _powers(base, count):
    """1, base, base^2, ... modulo 2^64."""
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _scrambled(values):
    """The finalizer of splitmix64: a bijection of the 64-bit integers without any pattern."""
    x = values.astype(np.uint64) + UNIT
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))
