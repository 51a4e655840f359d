"""What theorems say about the gaps of a run, as numbers that Coq compares."""

from __future__ import annotations

from typing import NamedTuple

from flint import arb, fmpq, fmpz

from tabular_pg.certified.arithmetic.balls import precision

DIGITS = (4, 8, 16, 32, 64, 128)  # significant ones of a bound, the first that lie between


class Bound(NamedTuple):
    """That the gap of iterate ``k``, in the mean over the start or in the worst state, is at most
    ``b``, or above it."""

    name: str  # of the constructor in run.v
    k: int
    b: fmpq
    broken: bool = False  # whether a theorem says otherwise


def bounds_of(verdict, mean_gaps, sup_gaps) -> list:
    """What the bounds of a ``CertifiedVerdict`` come to, decided where balls decide.

    Between the exact gap and the proved number stands a number of few digits: a gap that is at
    most this is below what the theorem proves, and one above this is beyond it.

    Raises
    ------
    ValueError
        If the verdict compares nothing, or something else than these gaps.
    """
    id = verdict.theorem.id
    if verdict.outcomes is None:
        why = verdict.why_not or verdict.not_computable
        raise ValueError(f"{id} says nothing about this run: {why}")
    kinds = type(verdict.outcome)
    with precision(verdict.bits):
        gaps, name, later = _measured(verdict, mean_gaps, sup_gaps)
        found = [
            _between(name, k + later, gaps[k + later], proved)._replace(
                broken=outcome == kinds.VIOLATED
            )
            for k, proved, outcome in zip(
                verdict.k.tolist(), verdict.proved, verdict.outcomes, strict=True
            )
            if outcome in (kinds.HOLDS, kinds.VIOLATED) and proved.is_finite()
        ]
    if not found:
        raise ValueError(f"{id} has no bound that the gap is off: {verdict.found}")
    return found


def _measured(verdict, mean_gaps, sup_gaps):
    """Which of the gaps the verdict is about, what run.v calls it, and how many iterates later: one
    if steps are counted, which lead to the next."""
    k = verdict.k.tolist()
    if verdict.measured.shape == verdict.k.shape:
        for gaps, name in ((sup_gaps, "worst"), (mean_gaps, "mean")):
            for later in (0, 1):
                if k[-1] + later < len(gaps) and all(
                    ball.overlaps(arb(gaps[i + later]))
                    for i, ball in zip(k, verdict.measured, strict=True)
                ):
                    return gaps, name, later
    raise ValueError(
        f"{verdict.theorem.id} compares something else than gaps; expected a theorem about "
        "run.gap or run.sup_gap"
    )


def _between(name, k, gap, proved) -> Bound:
    """The bound of fewest digits between a gap and a ball that it is certainly off."""
    below = not arb(gap) > proved  # which may be equal, and 0
    name = f"{name}_at_most" if below else f"{name}_above"
    end = exactly(proved.lower() if below else proved.upper())
    for b in (*(rounded(end, digits, up=not below) for digits in DIGITS), end):
        if (gap <= b) if below else (gap > b):
            return Bound(name, k, b)
    raise ValueError(f"the gap of iterate {k} is too near to what is proved; expected more digits")


def exactly(ball) -> fmpq:
    """The number of an exact ball."""
    mantissa, exponent = ball.mid().man_exp()
    power = fmpz(2) ** abs(int(exponent))
    return fmpq(mantissa * power) if exponent >= 0 else fmpq(mantissa, power)


def rounded(x, digits, up) -> fmpq:
    """``x`` with about so many significant digits, no smaller if ``up``, else no larger."""
    if x == 0:
        return x
    size = len(str(abs(x.p))) - len(str(x.q))
    scale = fmpq(10) ** (digits - size)
    scaled = x * scale
    return fmpq(scaled.ceil() if up else scaled.floor()) / scale
