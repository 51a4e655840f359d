"""Rational MDPs, numbers and lists of them in Coq's notation."""

from __future__ import annotations

import math
from typing import NamedTuple

from flint import fmpq

LARGE = 10**18
MOST_PLACES = 12  # of a number that is not written with a power of ten
PRIME = 2147483647  # of table.v's checksum


def integer(x) -> str:
    """An integer as Coq reads it; large ones hexadecimal, which it reads a hundred times faster."""
    x = int(x)
    text = str(abs(x)) if abs(x) < LARGE else hex(abs(x))
    return f"(-{text})" if x < 0 else text


def fraction(x) -> str:
    """A rational number as Coq reads it."""
    return f"({integer(x.p)} # {integer(x.q)})"


class Decimal(NamedTuple):
    """numerator / 10^places"""

    numerator: int
    places: int

    @property
    def exact(self) -> fmpq:
        return fmpq(self.numerator, 10**self.places)

    def __str__(self):
        """As Coq reads it in its scope Q."""
        if self.places > MOST_PLACES:
            return f"({integer(self.numerator)} # 10^{self.places})"
        digits = str(abs(self.numerator)).rjust(self.places + 1, "0")
        whole, rest = digits[: len(digits) - self.places], digits[len(digits) - self.places :]
        text = f"{whole}.{rest}" if rest else whole
        return f"(-{text})" if self.numerator < 0 else text


def decimal(x, digits, up) -> Decimal:
    """A rational number to so many significant digits, or as an integer of more, no smaller if
    ``up``, else no larger."""
    places = digits - len(str(abs(x.p))) + len(str(x.q))  # str of an int refuses 4300 digits
    if abs(x) * fmpq(10) ** places >= 10**digits:
        places -= 1
    places = max(0, places)
    scaled = x * 10**places
    return Decimal(int(scaled.ceil() if up else scaled.floor()), places)


def listed(texts, indent=0) -> str:
    """Coq's list of these texts, one line if it is short, else one line an entry."""
    texts = list(texts)
    line = f"[{'; '.join(texts)}]"
    if len(line) + indent <= 96 and "\n" not in line:
        return line
    return "[" + f";\n{' ' * (indent + 1)}".join(texts) + "]"


def over_one(numbers) -> tuple:
    """Rational numbers as their common denominator, and numerators."""
    unit = math.lcm(*(int(x.q) for x in numbers))
    return unit, [int(x.p) * (unit // int(x.q)) for x in numbers]


def share(distribution) -> str:
    """The value of table.v's type ``shares`` for rational numbers that sum to 1."""
    whole, parts = over_one(distribution)
    return f"share {integer(whole)} {listed(map(integer, parts))}"


def values(unit, numerators) -> str:
    """The value of values.v's type ``valuation``."""
    return f"{{| unit := {integer(unit)}; numerators := {listed(map(integer, numerators), 4)} |}}"


def table(mdp) -> str:
    """The value of table.v's type ``table`` whose meaning is ``mdp``."""
    rows = [
        listed([_move(r, row) for r, row in zip(*pair, strict=True)], 4)
        for pair in zip(mdp.r, mdp.P, strict=True)
    ]
    return (
        "{|\n"
        f"  discount := {fraction(mdp.gamma)};\n"
        f"  start := {share(mdp.rho)};\n"
        f"  moves :=\n   {listed(rows, 3)}\n|}}"
    )


def _move(reward, row) -> str:
    leads = "; ".join(f"{integer(w)} to {t}" for t, w in row.weights)
    return f"does {fraction(reward)} {integer(row.total)} [{leads}]"


def checksum(mdp) -> int:
    """What table.v's ``checksum`` gives for the table of ``mdp``."""
    whole, parts = over_one(mdp.rho)
    numbers = [mdp.gamma.p, mdp.gamma.q, whole, *parts, -1]
    for rewards, rows in zip(mdp.r, mdp.P, strict=True):
        for r, row in zip(rewards, rows, strict=True):
            numbers += [r.p, r.q, row.total, *(x for t, w in row.weights for x in (w, t)), -1]
        numbers.append(-2)
    return stirred(numbers)


def stirred(numbers) -> int:
    """What table.v's ``stir`` makes of these one after the other."""
    state = 0
    for x in numbers:
        state = (state * 31 + int(x)) % PRIME
    return state
