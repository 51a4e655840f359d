"""Rational numbers and balls as text, every digit of them; python-flint is asked for by its users.

Middles come back exactly; python-flint rounds a radius up, by 2^-29 of it at most.

A fraction is ``"-2/3"``. A ball is ``[mantissa, exponent, mantissa, exponent]`` of its middle and
its radius, mantissas in hexadecimal digits, exponents of 2; None if it is not finite.
"""

from __future__ import annotations

import re

from tabular_pg.checks.numbers import shown
from tabular_pg.saved.values import text

FRACTION = re.compile(r"-?[0-9]+(/[0-9]+)?")
HEXADECIMAL = re.compile(r"-?[0-9a-f]+")
FARTHEST = 2**62  # exponent


def fraction(x) -> str:
    """A flint.fmpq as text."""
    return str(x)


def read_fraction(flint, name, written):
    """The fraction that :func:`fraction` wrote.

    Raises
    ------
    ValueError
        If it is no fraction of integers.
    """
    if not FRACTION.fullmatch(text(name, written)):
        raise ValueError(f"{name} is {shown(written)}; expected a fraction of integers")
    numerator, _, denominator = written.partition("/")
    denominator = flint.fmpz(denominator or "1")
    if denominator == 0:
        raise ValueError(f"{name} is {shown(written)}, with a denominator of 0")
    return flint.fmpq(flint.fmpz(numerator), denominator)


def ball(x) -> list | None:
    """A flint.arb, in exact parts."""
    if not x.is_finite():
        return None
    (middle, a), (radius, b) = x.mid().man_exp(), x.rad().man_exp()
    return [format(int(middle), "x"), int(a), format(int(radius), "x"), int(b)]


def read_ball(flint, name, parts):
    """The ball that :func:`ball` wrote.

    Raises
    ------
    ValueError
        If its parts are not two mantissas and two exponents, the radius not negative.
    """
    if parts is None:
        return flint.arb(0, flint.arb("inf"))
    if not (isinstance(parts, list) and len(parts) == 4):
        raise ValueError(f"{name} is {shown(parts)}; expected two mantissas and two exponents")
    middle, a, radius, b = parts
    for digits in (middle, radius):
        if not HEXADECIMAL.fullmatch(text(name, digits)):
            raise ValueError(f"{name} has the mantissa {shown(digits)}; expected hexadecimal")
    for exponent in (a, b):
        if type(exponent) is not int or abs(exponent) > FARTHEST:
            raise ValueError(f"{name} has the exponent {shown(exponent)}; expected an integer")
    if radius.startswith("-"):
        raise ValueError(f"{name} has the radius {shown(radius)}; expected a number >= 0")
    return flint.arb((int(middle, 16), a), (int(radius, 16), b))
