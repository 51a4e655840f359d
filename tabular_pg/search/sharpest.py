"""The least constant with which a bound survives a search, and the instance that shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Real

from tabular_pg.checks.numbers import check_number
from tabular_pg.search.arguments import found_theorem
from tabular_pg.search.small import SmallInstance
from tabular_pg.search.worst_case import WorstCase, worst_case
from tabular_pg.theorem import Theorem
from tabular_pg.verdicts.verdict import Kind

MARGIN = 1e-3  # by which a constant that is refuted lies below the one that survives
LARGEST = 60  # denominator of a hint
IDENTIFIED = 1e-6  # relative; a constant that is this near to a simple number may be that


@dataclass(frozen=True, eq=False)
class SharpestConstant:
    """What a search says about the constant of a bound.

    Attributes
    ----------
    theorem : Theorem
    constant : float
        The largest ratio that was found: "measured <= constant x proved" survived (for a lower
        bound "constant x measured >= proved").
    worst : WorstCase, the search itself.
    refuted : float, a smaller constant
    counterexample : SmallInstance or None
        Certified to violate the theorem with the constant ``refuted``.
    hint : str
        A simple number near ``constant``, or ''; a hint, not a claim.
    """

    theorem: Theorem
    constant: float
    worst: WorstCase
    refuted: float
    counterexample: SmallInstance | None
    hint: str

    def __repr__(self):
        hint = f", perhaps {self.hint}" if self.hint else ""
        shown = "certified" if self.counterexample else "not certified"
        return (
            f"SharpestConstant({self.theorem.id}: {self.constant:.8g}{hint}; "
            f"{self.refuted:.8g} refuted, {shown})"
        )


def sharpest_constant(theorem, rule, *, margin=MARGIN, **search) -> SharpestConstant:
    """The least c for which "measured <= c x proved" survives a search.

    Parameters
    ----------
    theorem : str, Theorem, or a function that ``theorem`` has registered; an upper or lower bound
    rule : as for :func:`worst_case`
    margin : float in (0, 1)
        How far below the constant the one lies that is refuted, relative to it.
    **search : what :func:`worst_case` takes

    Returns
    -------
    SharpestConstant

    Raises
    ------
    ValueError
        If the theorem is an equality or a limit: these have no constant; and as ``worst_case``.
    """
    theorem = found_theorem(theorem)
    margin = check_number("margin", margin, 0, 1, kind=Real, open_ends=True)
    if theorem.kind not in (Kind.UPPER, Kind.LOWER):
        raise ValueError(f"{theorem.id} is of the kind {theorem.kind.name}; expected a bound")
    worst = worst_case(theorem, rule, **search)
    refuted = worst.ratio * (1.0 - margin)
    if not refuted > 0:
        return SharpestConstant(theorem, worst.ratio, worst, refuted, None, "")
    small = worst.refuted(scaled(theorem, refuted))
    return SharpestConstant(theorem, worst.ratio, worst, refuted, small, hint(worst.ratio))


def scaled(theorem, constant) -> Theorem:
    """The same statement with another constant: proved times it, or over it for a lower bound."""

    def formula(run):
        measured, proved, *rounding = theorem.formula(run)
        factor = constant if theorem.kind is Kind.UPPER else 1.0 / constant
        return (measured, proved * factor, *rounding)

    claim = f"{theorem.claim}, times {constant:.8g}"
    if theorem.kind is Kind.LOWER:
        claim = f"{theorem.claim}, over {constant:.8g}"
    return replace(theorem, formula=formula, claim=claim, id=f"{theorem.id}*")


def hint(x, tolerance=IDENTIFIED) -> str:
    """The simplest fraction, or square root of one, that is next to ``x``; or ''."""
    largest = max(2, min(LARGEST, int(0.25 / tolerance**0.5)))  # of more some are always near
    for power, form in ((1, "{}"), (2, "sqrt({})")):
        for denominator in range(1, largest + 1):
            fraction = Fraction(x**power).limit_denominator(denominator)
            if fraction and abs(float(fraction) ** (1.0 / power) / x - 1.0) < tolerance:
                return form.format(fraction)
    return ""
