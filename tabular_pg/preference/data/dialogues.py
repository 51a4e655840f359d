"""Rows of preference files as conversations: who said what before the two responses, and these.

==========================================  =====================================================
Key                                         What it holds
==========================================  =====================================================
``chosen``, ``rejected``                    the responses: strings, or lists of messages {"role",
                                            "content"} that are the same up to the last one, or
                                            dialogues "\\n\\nHuman: ...\\n\\nAssistant: ..." in one
                                            string, that are the same up to the last turn
``prompt``, ``question``, ``instruction``,  what was asked, under one of these: a string, a list of
``query``, ``problem``                      messages, or such a dialogue; not needed where the
                                            responses' messages have it, and counted once if both do
``input``                                   a string that follows ``instruction``
``system``                                  a string, the first message
``history``, ``steps``,                     earlier steps of the response: a string, or a list of
``initial_reason_steps``                    strings, or of messages
``source``                                  a string
``chosen_score``, ``score_chosen``,         a number, and likewise for the rejected response
``chosen_rating``
``margin``                                  a number, by how much the chosen response is better
==========================================  =====================================================

Any other key is an error that names it, unless the caller says to ignore it.
"""

from __future__ import annotations

import json
import math
import re
import sys
from typing import NamedTuple

from tabular_pg.checks.numbers import shown

ASKED = ("prompt", "question", "instruction", "query", "problem")
EARLIER = ("history", "steps", "initial_reason_steps")
SCORES = ("{}_score", "score_{}", "{}_rating")
BOTH = ("chosen", "rejected")
KNOWN = {*BOTH, *ASKED, *EARLIER, "input", "system", "source", "margin"} | {
    name.format(which) for name in SCORES for which in BOTH
}
MESSAGES = 'messages {"role", "content"}'
TURN = re.compile(r"\n\n(Human|Assistant):[ ]?")
ROLES = {"Human": "user", "Assistant": "assistant"}
QUOTED = 60  # characters of a value that a message shows


class Row(NamedTuple):
    """One pair: what was said before, as ((role, content), ...) and as text, and the responses."""

    said: tuple
    text: str
    chosen: str
    rejected: str
    source: str | None
    ratings: tuple[float, float]
    margin: float


def parsed(row, ignore) -> Row:
    """The pair of a JSON object, else ValueError with what is wrong."""
    for key in BOTH:
        if key not in row:
            raise ValueError(f"no {key!r}; the keys are {listed(row)}")
    unknown = [key for key in row if key not in KNOWN and key not in ignore]
    if unknown:
        raise ValueError(
            f"key {short(unknown[0])} is not understood; expected keys of the table in "
            f"tabular_pg.preference.data.dialogues, or ignore=({short(unknown[0])},)"
        )
    row = {key: value for key, value in row.items() if key not in ignore or key in BOTH}
    source = row.get("source")
    if source is not None and not isinstance(source, str):
        raise ValueError(f"source is {short(source)}; expected a string")
    before, plain = _asked(row)
    (start, chosen), (other, rejected) = (_response(key, row[key]) for key in BOTH)
    if start != other:
        raise ValueError("chosen and rejected differ before the last message")
    if start[: len(before)] == before:
        before = ()
    if not start:
        text = plain if plain is not None else spoken(before)
    else:
        text = (
            spoken(before + start) if plain is None or not before else f"{plain}\n{spoken(start)}"
        )
    ratings = tuple(_score(row, which) for which in BOTH)
    margin = _number("margin", row.get("margin"))
    return Row(before + start, text, chosen, rejected, source, ratings, margin)


def spoken(said) -> str:
    """The text of a conversation, a line for each message."""
    return "\n".join(f"{role}: {content}" for role, content in said)


def unmistakable(said) -> str:
    """Another text of a conversation, for one whose own text is also another's."""
    return json.dumps(said, ensure_ascii=False)


def unique_keys(pairs) -> dict:
    """A JSON object, else ValueError if a key is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {short(twice)} is there twice")
    return found


def short(value) -> str:
    """A value as messages show it, cut off where it is long."""
    return shown(value, QUOTED)


def listed(names, most=300) -> str:
    text = ", ".join(str(name) for name in names) or "none"
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def _asked(row):
    """What was said before the responses; and its text, where that was given as plain strings."""
    keys = [key for key in ASKED if row.get(key) is not None]
    if len(keys) > 1:
        raise ValueError(f"{keys[0]} and {keys[1]} are both there; expected one of {listed(ASKED)}")
    said, plain = (), ""
    for key in keys:
        said = _messages(key, row[key])
        plain = row[key] if isinstance(row[key], str) and not _dialogue(row[key]) else None
    more = row.get("input")
    if more is not None:
        if keys != ["instruction"] or plain is None or not isinstance(more, str):
            raise ValueError(f"input is {short(more)}; expected a string, after an instruction")
        plain = f"{plain}\n{more}" if more else plain
        said = (("user", plain),)
    if row.get("system") is not None:
        if not isinstance(row["system"], str):
            raise ValueError(f"system is {short(row['system'])}; expected a string")
        said, plain = (("system", row["system"]), *said), None
    for key in EARLIER:
        if row.get(key) is not None:
            said, plain = said + _steps(key, row[key]), None
    said = tuple(message for message in said if message != ("user", ""))
    return said, plain


def _steps(key, value):
    if isinstance(value, str):
        value = [value] if value else []
    if isinstance(value, list) and all(isinstance(step, str) for step in value):
        return tuple(("step", step) for step in value)
    return _messages(key, value)


def _response(key, value):
    """What is said before the response, and the response."""
    if isinstance(value, str) and not _dialogue(value):
        return (), value
    said = _messages(key, value)
    return said[:-1], said[-1][1]


def _messages(key, value):
    """((role, content), ...) of a string, of a dialogue in one, or of a list of messages."""
    if isinstance(value, str):
        if not _dialogue(value):
            return (("user", value),)
        parts = TURN.split(value)[1:]
        turns = zip(parts[::2], parts[1::2], strict=True)
        return tuple((ROLES[who], what.strip()) for who, what in turns)
    if not isinstance(value, list) or not value or not all(
        isinstance(m, dict) and all(isinstance(m.get(k), str) for k in ("role", "content"))
        for m in value
    ):  # fmt: skip
        raise ValueError(f"{key} is {short(value)}; expected a string, or {MESSAGES}")
    return tuple((message["role"], message["content"]) for message in value)


def _dialogue(text) -> bool:
    return TURN.match(text) is not None


def _score(row, which) -> float:
    keys = [name.format(which) for name in SCORES if row.get(name.format(which)) is not None]
    if len(keys) > 1:
        raise ValueError(f"{keys[0]} and {keys[1]} are both there; expected one of them")
    return _number(keys[0], row[keys[0]]) if keys else math.nan


def _number(key, value) -> float:
    if value is None:
        return math.nan
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if good and abs(value) <= sys.float_info.max:
        return float(value)
    raise ValueError(f"{key} is {short(value)}; expected a finite number")
