"""Policies argmax_p <y, p> - h(p) in balls, for the regularizers of ``numerics.duals``.

With m = q - 1 a dual variable y stands for the probability p = (1 + m y)_+^(1/m). What a row is
written as are its ``levels`` w = 1 + m y, of which negative ones are kept, too; a policy near it is
known by its ``x``, what its dual variables have more, and has the levels w + m x.
"""

from __future__ import annotations

from typing import NamedTuple

from flint import arb

from tabular_pg.certified.arithmetic.balls import (
    Undecided,
    bregman_term,
    log,
    positive_power,
    subtract,
)
from tabular_pg.certified.arithmetic.exact import rational

STEPS, TRIES = 1000, 400


class Powers(NamedTuple):
    """h(p) = sum_a phi(p_a) + constant with phi(p) = (p^q - p) / (q m), or -log p for q = 0."""

    q: arb
    m: arb
    constant: arb

    @classmethod
    def of(cls, regularizer):
        """A Regularizer of ``numerics.duals`` at flint's present precision, its numbers exact."""
        q, constant = (rational("q", x) for x in regularizer)
        return cls(arb(q), arb(q - 1), arb(constant))

    def probability(self, level) -> arb:
        """p, of a level."""
        return level if self.m == 1 and level > 0 else positive_power(level, 1 / self.m)

    def level(self, p) -> arb:
        """Its level p^m: 0 for the probability 0 (q > 1)."""
        return positive_power(p, self.m)

    def weight(self, pi) -> arb:
        """h of a row."""
        if self.q == 0:
            return self.constant - sum((p.log() for p in pi), arb(0))
        terms = [(positive_power(p, self.q) - p) / (self.q * self.m) for p in pi]
        return self.constant + sum(terms, arb(0))

    def change(self, x, w, reference) -> arb:
        """p - p*, for p* = ``reference`` of level ``w``: relatively accurate where both are > 0."""
        level = w + self.m * x
        if not (w > 0 and level > 0):
            return subtract(self.probability(level), reference)
        if self.m == 1:
            return x
        if self.m == -1:
            return reference * x / level
        return reference * ((self.m * x / w).log1p() / self.m).expm1()

    def moved(self, x, w, reference) -> arb:
        """p, which is the very ball ``reference`` if nothing has moved."""
        return reference if x.is_zero() else self.probability(w + self.m * x)

    def slope(self, level) -> arb:
        """dp / dy = p^(2-q)."""
        return positive_power(level, (2 - self.q) / self.m) if level > 0 else arb(0)

    def divergence(self, x, p, w, reference) -> arb:
        """The term phi(p) - phi(p*) - y* (p - p*) of one action, up to what adds up to 0: p is that
        of ``x``, perhaps known better."""
        if x.is_zero() or subtract(p, reference).is_zero():
            return arb(0)
        level = w + self.m * x
        if w > 0 and p.is_zero():
            return reference * w / self.q
        if w > 0 and level > 0:
            if self.m == 1:
                return x * x / 2
            if self.m == -1:
                return bregman_term(-(-x / w).log1p(), self.q)
            return reference * w * bregman_term((self.m * x / w).log1p() / self.m, self.q)
        gained = positive_power(p, self.q) - positive_power(reference, self.q)
        return (gained / self.q - w * (p - reference)) / self.m

    def log_ratio(self, x, w, reference) -> arb:
        """log p - log p*; 0 where both are 0, infinite where one is."""
        level = w + self.m * x
        if w > 0 and level > 0:
            return (self.m * x / w).log1p() / self.m
        p = self.probability(level)
        return arb(0) if p.is_zero() and reference.is_zero() else log(p) - log(reference)


def shift(powers, x, w, reference, excess) -> arb:
    """A ball around the s for which the levels w + m (x + s) have probabilities that sum to 1;
    ``excess`` is what those of w, the ``reference``, have above 1.

    The sum is convex in s (q <= 2), so that Newton's method falls to its root from the right.
    """

    def summed(s, x, w, reference):
        rows = zip(x, w, reference, strict=True)
        return sum((powers.change(y + s, *rest) for y, *rest in rows), excess)

    found = summed(arb(0), x, w, reference)
    if found.is_zero():
        return arb(0)
    centres = [[value.mid() for value in row] for row in (x, w, reference)]
    s, slope = _newton(powers, lambda s: summed(s, *centres), excess.is_zero(), *centres[:2])
    left = summed(s, x, w, reference)
    if left.is_zero():
        return s
    if not (left.is_finite() and slope > 0):
        raise Undecided("probabilities are undecided")
    radius = (1.125 * abs(left) / slope).upper()
    for step in range(TRIES):
        if summed(s - radius, x, w, reference) < 0 < summed(s + radius, x, w, reference):
            return arb(s, radius)
        radius = radius * 2 ** (step + 1)  # rounding may be far larger than what is left
    raise Undecided("what makes probabilities sum to 1 is undecided")


def _newton(powers, excess, near, x, w):
    """(about the root of ``excess``, its slope there), for exact numbers."""
    top = max(range(len(x)), key=lambda a: (w[a] / powers.m + x[a]).mid())
    s = (1 - w[top]) / powers.m - x[top]  # the probability of this action is 1
    if near:
        s = s.min(-min(x))  # no change is negative
    s, slope = s.mid(), arb(1)
    for _ in range(STEPS):
        value = excess(s)
        slope = sum((powers.slope(v + powers.m * (y + s)) for y, v in zip(x, w, strict=True)))
        slope = slope.mid()
        ahead = (s - value.mid() / slope).mid() if slope > 0 else s
        if not (value > 0 and ahead < s):
            return s, slope
        s = ahead
    raise Undecided("Newton's method for what makes probabilities sum to 1 does not end")
