"""Lines of numbers in explicit model files, and which action a choice is."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from tabular_pg.checks.numbers import shown

NUMBERED = re.compile(r"a(0|[1-9]\d{0,6})")


class Lines:
    """The fields of all lines of a file that are neither empty nor comments."""

    def __init__(self, path):
        self.path = path
        text = Path(path).read_text(encoding="utf-8").splitlines()
        fields = ((i, line.split()) for i, line in enumerate(text, 1) if not line.startswith("#"))
        self.lines = [(i, line) for i, line in fields if line]
        if not self.lines:
            raise ValueError(f"{path} has no lines; expected an explicit model")
        self.first = [x.lower() for x in self.lines[0][1]]

    def width(self, skipped) -> int:
        """How many fields the first line after the skipped ones has; 2 if there is none."""
        return len(self.lines[skipped][1]) if len(self.lines) > skipped else 2

    def table(self, kinds, skipped, optional=False) -> list:
        """Rows of integers (i) and numbers (f); a last text may follow each, or '' does."""
        found = []
        for i, fields in self.lines[skipped:]:
            if len(fields) != len(kinds) and not (optional and len(fields) == len(kinds) + 1):
                raise ValueError(
                    f"{self.path}, line {i} has {len(fields)} fields; expected {len(kinds)}"
                )
            row = [self._number(i, x, kind) for x, kind in zip(fields, kinds, strict=False)]
            found.append((*row, *fields[len(kinds) :]) if len(fields) > len(kinds) else (*row, ""))
        if not optional:
            return [row[:-1] for row in found]
        if not found:
            raise ValueError(f"{self.path} has no transitions; expected at least one")
        return found

    def _number(self, i, text, kind):
        if kind == "i" and text.isdecimal() and len(text) < 10:
            return int(text)
        if kind == "f":
            try:
                numerator, _, denominator = text.partition("/")  # exact PRISM has fractions
                value = float(numerator) / float(denominator or 1)
            except (ValueError, ZeroDivisionError):
                value = math.nan
            if math.isfinite(value):
                return value
        expected = "an integer >= 0" if kind == "i" else "a finite number"
        raise ValueError(f"{self.path}, line {i} has {shown(text)}; expected {expected}")


def action_numbers(s, choice, names):
    """``(a, labels)`` of transitions: by the names of actions where they say it, else by choice."""
    of_choice = {}
    for key in zip(s.tolist(), choice.tolist(), names, strict=True):
        if of_choice.setdefault(key[:2], key[2]) != key[2]:
            raise ValueError(
                f"choice {key[1]} of state {key[0]} has the actions {of_choice[key[:2]]!r} and "
                f"{key[2]!r}; expected one"
            )
    named = {(state, name) for (state, _), name in of_choice.items()}
    if "" in names or len(named) < len(of_choice):
        return choice, None
    known = dict.fromkeys(names)
    if all(NUMBERED.fullmatch(name) for name in known):
        return np.array([int(name[1:]) for name in names]), None
    number = {name: a for a, name in enumerate(known)}
    return np.array([number[name] for name in names]), tuple(known)
