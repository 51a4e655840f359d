"""Pairs of responses as a curator sees them: who won, where from, with which scores and ratings.

Nothing here knows the true reward. Items are numbers; their features, what a model of rewards may
use of them, are with the world they are from.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from tabular_pg._reprs import compact
from tabular_pg.checks.arrays import class_numbers, integer_array, plain_array, real_array
from tabular_pg.checks.numbers import check_flag, check_type, checked_list, shown
from tabular_pg.preference.data.tokens import Tokens, freeze


@dataclass(frozen=True, eq=False)
class PreferenceData:
    """N pairs of responses to the same prompts, the one chosen and the one rejected.

    Parameters
    ----------
    pair_id : array_like of int (N,)
        Distinct.
    chosen, rejected : array_like of int (N,)
        Items.
    prompt : array_like of int (N,)
        The number of the text in ``tokens``.
    source, task : array_like of int (N,)
        Positions in the two tuples of names.
    source_names, task_names : tuple of str
        Distinct. The sources that there ever were, also those of which no pair is left.
    scores, ratings : array_like (N, 2)
        Of the chosen and of the rejected item; nan where the source has none.
    adversarial : array_like of bool (N,)
        Whether the source says that the prompt was written to mislead.
    tokens : Tokens
        The prompts' texts.

    Raises
    ------
    ValueError
        Names the argument, the first offending index, its value and what was expected.
    """

    pair_id: np.ndarray
    chosen: np.ndarray
    rejected: np.ndarray
    prompt: np.ndarray
    source: np.ndarray
    task: np.ndarray
    scores: np.ndarray
    ratings: np.ndarray
    adversarial: np.ndarray
    source_names: tuple[str, ...]
    task_names: tuple[str, ...]
    tokens: Tokens

    __repr__ = compact

    def __post_init__(self):
        pair_id = integer_array("pair_id", self.pair_id)
        size = pair_id.size
        for name in ("source_names", "task_names"):
            _check_names(name, getattr(self, name))
        if not isinstance(self.tokens, Tokens):
            raise ValueError(f"tokens is of type {type(self.tokens).__name__}; expected Tokens")
        limits = {
            "chosen": np.inf,
            "rejected": np.inf,
            "prompt": len(self.tokens),
            "source": len(self.source_names),
            "task": len(self.task_names),
        }
        arrays = {"pair_id": pair_id}
        for name, limit in limits.items():
            arrays[name] = _numbers(name, getattr(self, name), limit, size)
        for name in ("scores", "ratings"):
            arrays[name] = _of_both(name, getattr(self, name), size)
        adversarial = plain_array("adversarial", self.adversarial, "booleans").copy()
        if adversarial.dtype != bool or adversarial.shape != (size,):
            raise ValueError(
                f"adversarial has shape {adversarial.shape} and type {adversarial.dtype}; expected "
                f"({size},) bool, one per pair"
            )
        _check_distinct(arrays)
        freeze(self, **arrays, adversarial=adversarial)

    def __len__(self):
        return self.pair_id.size

    @property
    def pairs(self) -> np.ndarray:
        """(N, 2) the items chosen and rejected: what a reward is fitted to."""
        return np.column_stack([self.chosen, self.rejected])

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs there are of every source, also of those with none."""
        counts = np.bincount(self.source, minlength=len(self.source_names))
        return dict(zip(self.source_names, counts.tolist(), strict=True))

    def of(self, *names, empty=False) -> np.ndarray:
        """(N,) whether a pair is from one of these; each has one, or if ``empty`` is known."""
        check_flag("empty", empty)
        return _named("source", self.source, self.source_names, names, empty)

    def about(self, *names) -> np.ndarray:
        """(N,) whether a pair's prompt is of one of these tasks; each must be known."""
        return _named("task", self.task, self.task_names, names, empty=True)

    def select(self, rows) -> PreferenceData:
        """The pairs at these positions, in a slice, or where the mask holds, in that order."""
        rows = rows if isinstance(rows, slice) else _positions(rows, len(self))
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: v[rows] for k, v in arrays.items() if isinstance(v, np.ndarray)})


def checked_data(name, data):
    """``data`` is a PreferenceData, else TypeError."""
    check_type(name, data, PreferenceData)


def checked_names(name, values) -> list[str]:
    """``values``, a sequence of strings, as a list, else ValueError."""
    return checked_list(name, values, "strings", str)


def concatenate(parts) -> PreferenceData:
    """The pairs of all parts, one part after the other; their texts and tasks are the same.

    Raises
    ------
    ValueError
        If there are no parts, they are about different texts or tasks, or share a pair id.
    """
    parts = checked_list("parts", parts, "PreferenceData", PreferenceData)
    if not parts:
        raise ValueError("parts is empty; expected at least one data set")
    first = parts[0]
    for i, part in enumerate(parts):
        if part.task_names != first.task_names or part.tokens is not first.tokens:
            raise ValueError(f"parts[{i}] has other tasks or texts; expected those of parts[0]")
    names = tuple(dict.fromkeys(name for part in parts for name in part.source_names))
    codes = [np.array([names.index(n) for n in part.source_names])[part.source] for part in parts]
    arrays = {f.name: [getattr(p, f.name) for p in parts] for f in fields(first)}
    joined = {k: np.concatenate(v) for k, v in arrays.items() if isinstance(v[0], np.ndarray)}
    return replace(first, **joined | {"source": np.concatenate(codes), "source_names": names})


def _check_names(name, names):
    if not isinstance(names, tuple) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"{name} is {shown(names)}; expected a tuple of strings")
    for i, each in enumerate(names):
        if each in names[:i]:
            raise ValueError(f"{name}[{i}] is {each!r}, which is there before; expected another")


def _positions(rows, size):
    """Rows of a mask or an array of positions."""
    rows = plain_array("rows", rows, "integers or booleans")
    if rows.dtype == bool:
        if rows.shape != (size,):
            raise ValueError(f"rows has shape {rows.shape}; expected ({size},), one per pair")
        return np.flatnonzero(rows)
    return _numbers("rows", rows, size, rows.size)


def _numbers(name, values, limit, size):
    values = class_numbers(name, values)
    if values.size != size:
        raise ValueError(f"{name} has length {values.size}; expected {size}, one per pair")
    if (values >= limit).any():
        i = int((values >= limit).argmax())
        raise ValueError(f"{name}[{i}] is {values[i]}; expected < {limit}")
    return values


def _of_both(name, values, size):
    values = real_array(name, values, missing=True)
    if values.shape != (size, 2):
        raise ValueError(
            f"{name} has shape {values.shape}; expected ({size}, 2), for the chosen and the "
            "rejected item of every pair"
        )
    return values


def _check_distinct(arrays):
    same = arrays["chosen"] == arrays["rejected"]
    if same.any():
        i = int(same.argmax())
        raise ValueError(
            f"rejected[{i}] is {arrays['rejected'][i]}, which is chosen[{i}], too; expected "
            "another item"
        )
    order = np.argsort(arrays["pair_id"], kind="stable")
    again = np.diff(arrays["pair_id"][order]) == 0
    if again.any():
        i, j = order[again.argmax()], order[again.argmax() + 1]
        raise ValueError(
            f"pair_id[{j}] is {arrays['pair_id'][j]}, which pair_id[{i}] is, too; expected "
            "distinct ones"
        )


def _named(what, codes, known, names, empty=False):
    mask = np.zeros(codes.size, dtype=bool)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"{what} is {shown(name)}; expected one of {', '.join(known)}")
        mine = codes == known.index(name)
        if not empty and not mine.any():
            raise ValueError(f"{what} {name!r} is empty; expected at least one pair")
        mask |= mine
    return mask
