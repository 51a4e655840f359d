"""Between which decimals the gaps of a softmax method lie: what a Coq file claims of its run."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from flint import arb, fmpq

from tabular_pg.certified.arithmetic.balls import precision
from tabular_pg.certified.coq.bounds import exactly
from tabular_pg.certified.coq.enclosing import (
    Top,
    depth,
    followed,
    guess_of_best,
    guesses_of,
    soft_top,
    surely_between,
)
from tabular_pg.certified.coq.iterates import exact_steps
from tabular_pg.certified.coq.optimum import Claim
from tabular_pg.certified.coq.sizes import (
    MOST_SECONDS,
    bearable_iterations,
    enclosure_seconds,
)
from tabular_pg.certified.coq.tables import (
    Decimal,
    decimal,
)
from tabular_pg.engine.rules import flat_rule
from tabular_pg.methods import NaturalPG, SoftmaxPG, SoftPolicyIteration

SOFTMAX = (NaturalPG, SoftmaxPG, SoftPolicyIteration)  # in the order of enclosures.v
DIGITS = 6  # of the ends between which a gap is said to lie
BITS_PER_DIGIT, SPARE_BITS = 3.33, 24


class SoftmaxClaim(NamedTuple):
    """What ``checks_softmax`` is asked about."""

    method: object  # a Rerun
    goal: Claim | None  # with entropy nothing is said of the largest values
    steps: list
    gaps: list  # pairs of Decimal
    limits: list
    guesses: list  # with entropy the first is one of the largest values
    bits: int


def is_softmax(rule) -> bool:
    """Whether iterates of the rule are enclosed in Coq."""
    return isinstance(flat_rule(rule), SOFTMAX)


def softmax_methods() -> str:
    """Their names."""
    return ", ".join(kind.__name__ for kind in SOFTMAX)


def softmax_claim(certificate, goal, limits_of, seen_exactly, digits=DIGITS) -> SoftmaxClaim:
    """The gaps of a certified run at every iterate, to about so many digits.

    ``goal`` is the optimum of tau = 0, else None; ``limits_of`` (mean gaps, worst gaps) -> bounds,
    of iterates that are enclosed in balls; ``seen_exactly`` (Rerun, bits) -> the largest values,
    and the points and gaps of iterates, or None.

    Raises
    ------
    ValueError
        If steps are not rational, or Coq would take too long; with the number of iterations that
        works.
    """
    method = certificate.method
    last = int(method.k[-1])
    attempt = partial(_attempt, certificate, goal, digits=digits, seen_exactly=seen_exactly)
    claim = attempt(limits_of, last=last)
    if isinstance(claim, SoftmaxClaim):
        return claim
    shorter = _longest(method, partial(attempt, _no_limits), last, claim, _first_bits(digits))
    fewer = f"at most {shorter} iterations, " if shorter >= 0 else "fewer states, "
    raise ValueError(
        f"subject is a run of {last} iterations, too many for Coq to enclose their gaps to "
        f"{digits} digits in 30 s; expected {fewer}fewer digits, or numbers with smaller "
        "denominators"
    )


def _longest(method, attempt, fails, bits, first) -> int:
    """How many iterations work, or -1; so many fail, which take ``bits`` bits."""
    works = bearable_iterations(method, fails, bits, first)
    while works >= 0 and not isinstance(bits := attempt(last=works), SoftmaxClaim):
        fails, works = works, bearable_iterations(method, works, bits, first)
    while fails - works > 1:
        middle = (works + fails) // 2
        if isinstance(attempt(last=middle), SoftmaxClaim):
            works = middle
        else:
            fails = middle
    return works


def _no_limits(mean, worst):
    return []


def _first_bits(digits) -> int:
    return int(BITS_PER_DIGIT * digits) + SPARE_BITS


def _attempt(certificate, goal, limits_of, *, seen_exactly, digits, last):
    """The claim about iterates up to number ``last``, or the number of bits that takes too long."""
    method, bits, more = certificate.method, _first_bits(digits), certificate.bits
    steps, every = exact_steps(method)[: max(last, 0)], method._replace(k=np.arange(last + 1))
    limits = None
    while last >= 0 and enclosure_seconds(method, last, bits) <= MOST_SECONDS:
        seen = seen_exactly(every, more + 2 * bits)
        if seen is None:
            more *= 2
            continue
        deepest = 0 if goal else max(depth(gap.mean) for _, gap in seen.iterates)
        if bits < _first_bits(digits) + deepest:  # what is near the largest values cancels there
            bits = _first_bits(digits) + deepest
            continue
        with precision(more + 2 * bits):
            gaps = [_ends(gap.mean, digits) for _, gap in seen.iterates]
            worst = [_largest(gap.states) for _, gap in seen.iterates]
        if limits is None:
            limits = limits_of([gap.mean for _, gap in seen.iterates], worst)
        guesses = _guesses(method, goal, seen, bits)
        with precision(bits):
            top, rest = _top(method, goal, guesses)
            certain = _all_certain(followed(every, steps, top, rest), gaps, limits)
        if certain:
            return SoftmaxClaim(method, goal, steps, gaps, limits, guesses, bits)
        bits += bits // 16
    return bits


def _guesses(method, goal, seen, bits) -> list:
    """What Coq is told of the iterates, and before them, with entropy, of the largest values."""
    visits = isinstance(flat_rule(method.rule), SoftmaxPG)
    if goal is not None:
        return guesses_of(seen.iterates, _exact_values(goal), bits, visits)
    V = [exactly(v.mid()) for v in seen.V]
    return [guess_of_best(seen.V, bits), *guesses_of(seen.iterates, V, bits, visits)]


def _top(method, goal, guesses) -> tuple:
    """What Coq sees of the largest values, and the guesses of iterates."""
    if goal is not None:
        return Top(_exact_values(goal), arb(0)), guesses
    return soft_top(method, guesses[0]), guesses[1:]


def _exact_values(goal) -> np.ndarray:
    return np.array([fmpq(x, goal.unit) for x in goal.numerators], dtype=object)


def _largest(balls) -> arb:
    top = balls[0]
    for x in balls[1:]:
        top = top.max(x)
    return top


def _ends(gap, digits) -> tuple:
    """Two decimals of about ``digits`` + 1 digits, the nearest that surely lie around a gap."""
    low, high = exactly(gap.lower()), exactly(gap.upper())
    if low <= 0:
        least = Decimal(1, digits)
        return Decimal(-1, digits), decimal(high + least.exact, digits + 1, up=True)
    spare = fmpq(1, 10 ** (digits + 2))
    return (
        decimal(low * (1 - spare), digits + 1, up=False),
        decimal(high * (1 + spare), digits + 1, up=True),
    )


def _all_certain(seen, gaps, limits) -> bool:
    """Whether Coq will find all of it, in its own intervals."""
    for k, (x, ends) in enumerate(zip(seen, gaps, strict=True)):
        here = (limit for limit in limits if limit.k == k)
        if not (
            surely_between(x.mean, ends[0].exact, ends[1].exact)
            and all(_is_certain(x, limit) for limit in here)
        ):
            return False
    return True


def _is_certain(seen, bound) -> bool:
    gaps = [seen.mean] if bound.name.startswith("mean") else seen.states
    if bound.name.endswith("at_most"):
        return all(surely_between(gap, arb.neg_inf(), bound.b) for gap in gaps)
    return any(surely_between(gap, bound.b, arb.pos_inf()) for gap in gaps)
