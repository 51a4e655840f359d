"""Every registered theorem decided rigorously on a run, from the formula that floats use, too."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from flint import arb

from tabular_pg._reprs import cut
from tabular_pg.certified.arithmetic import functions  # noqa: F401  (what numpy does with balls)
from tabular_pg.certified.arithmetic.arrays import NotComputable, ball_array
from tabular_pg.certified.arithmetic.balls import NotAPolicy, Undecided, precision
from tabular_pg.certified.certify import (
    BITS_PER_DIGIT,
    SPARE_BITS,
    Certificate,
    checked_digits,
)
from tabular_pg.certified.enclosed import EnclosedRun
from tabular_pg.certified.rerun import rerun_of
from tabular_pg.checks.numbers import check_number, checked_list
from tabular_pg.theorem import (
    Kind,
    Theorem,
    iterations_of,
    theorems_about,
    why_not_applicable,
)
from tabular_pg.verdicts.verdict import MOST, no_truth_value

MOST_BITS = 2**14
LARGEST_BITS = 2**20  # what the most digits ask for; of more, numbers alone fill the memory
ZERO = arb("1e-3")


class Outcome(enum.IntEnum):
    """What was decided about one inequality; the larger, the worse."""

    NOTHING = 0  # the statement claims nothing here
    HOLDS = 1  # certainly
    ATTAINED = 2  # both sides agree to the digits asked for, or are 0 to thrice as many digits
    UNDECIDED = 3  # at the largest precision that was tried
    VIOLATED = 4  # certainly


class CertifiedViolation(NamedTuple):
    """Where an inequality is certainly wrong; ``measured`` and ``proved`` are flint.arb."""

    k: int
    measured: arb
    proved: arb


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedVerdict:
    """What a theorem says about a run, decided in ball arithmetic; it has no truth value.

    Attributes
    ----------
    theorem : Theorem
    applies : whether its assumptions hold and it can be computed; ``why_not`` says what fails.
    outcomes : array of Outcome, shaped like the two sides; None where it does not apply.
    k : the iterations that its first axis stands for.
    measured, proved : the two sides, object arrays of flint.arb; None where nothing was compared.
    first_violation : CertifiedViolation or None.
    not_computable : what the formula asks for that balls do not offer, or ''.
    bits : the precision at which it was decided.
    """

    theorem: Theorem
    applies: bool
    why_not: str = ""
    outcomes: np.ndarray | None = None
    k: np.ndarray | None = None
    measured: np.ndarray | None = None
    proved: np.ndarray | None = None
    first_violation: CertifiedViolation | None = None
    not_computable: str = ""
    bits: int = 0

    __bool__ = no_truth_value

    @property
    def outcome(self) -> Outcome:
        """The worst of ``outcomes``."""
        if self.outcomes is None:
            return Outcome.NOTHING
        return Outcome(self.outcomes.max(initial=Outcome.NOTHING))

    @property
    def holds(self) -> bool | None:
        """True if every inequality is HOLDS or ATTAINED, False if one is certainly violated, None
        where that is undecided or the theorem does not apply."""
        if self.outcome is Outcome.VIOLATED:
            return False
        return True if self.outcome in (Outcome.HOLDS, Outcome.ATTAINED) else None

    @property
    def found(self) -> str:
        """What was found, in words."""
        if self.not_computable:
            return f"not computable in balls: {self.not_computable}"
        if not self.applies:
            return f"n/a: {self.why_not}"
        if self.first_violation:
            k, measured, proved = self.first_violation
            return f"VIOLATED at k = {k}: measured {measured.str(8)}, proved {proved.str(8)}"
        counts = [f"{(self.outcomes == x).sum()} {x.name.lower()}" for x in list(Outcome)[1:4]]
        return ", ".join(c for c in counts if not c.startswith("0 "))

    def __str__(self):
        return f"{self.theorem.id:<4} {self.theorem.claim}: {self.found}"

    def __repr__(self):
        return f"CertifiedVerdict({self.theorem.id} {cut(self.found, MOST)})"


def certified_check(run, *, theorems=None, digits=30, most_bits=None) -> list:
    """A rigorous verdict for every registered theorem about the run's rule.

    The method is rerun in ball arithmetic and each theorem's own formula is evaluated on the
    enclosures. Where an inequality is open the precision is doubled.

    Parameters
    ----------
    run : Run or Certificate
    theorems : sequence of Theorem, optional
        All registered ones about the rule by default.
    digits : int
        To how many digits two sides must agree to count as attained, or as equal.
    most_bits : int up to 2^20, optional
        The largest precision to try; by default 16384, or eight times what ``digits`` ask for.

    Returns
    -------
    list of CertifiedVerdict
        Theorems whose assumptions fail, or that cannot be computed, are included, with the reason.

    Raises
    ------
    TypeError, ValueError
        As :func:`certify` does.

    Notes
    -----
    Whatever a formula makes of quantities of the run encloses. What it makes of plain numbers
    alone, such as the literal 1 / 3, a shape or ``int(run.k[-1])``, is float64, as it stands in the
    formula; and assumptions allow a step size 1e-12 more than its limit, for its rounding.
    """
    method = run.method if isinstance(run, Certificate) else rerun_of(run)
    about = theorems_about(method.rule) if theorems is None else _checked_theorems(theorems)
    bits = int(checked_digits(digits) * BITS_PER_DIGIT) + SPARE_BITS
    most_bits = max(MOST_BITS, 8 * bits) if most_bits is None else most_bits
    most_bits = check_number("most_bits", most_bits, bits, LARGEST_BITS)
    verdicts = [_open(theorem, method.k[-1:], 0) for theorem in about]
    while bits <= most_bits and any(v.outcome is Outcome.UNDECIDED for v in verdicts):
        try:
            with precision(bits):
                enclosed = EnclosedRun(method)
                verdicts = [
                    _verdict(v.theorem, enclosed, digits, bits)
                    if v.applies and v.outcome is Outcome.UNDECIDED
                    else v
                    for v in verdicts
                ]
        except Undecided:
            pass
        except NotAPolicy as error:
            return [CertifiedVerdict(theorem, False, str(error)) for theorem in about]
        bits *= 2
    return verdicts


def _checked_theorems(theorems) -> list:
    return checked_list("theorems", theorems, "a Theorem, as in REGISTRY", Theorem)


def _open(theorem, k, bits) -> CertifiedVerdict:
    outcomes = np.full(k.shape, int(Outcome.UNDECIDED))
    return CertifiedVerdict(theorem, True, outcomes=outcomes, k=k, bits=bits)


def _verdict(theorem, run, digits, bits) -> CertifiedVerdict:
    nothing = CertifiedVerdict(theorem, False, bits=bits)
    try:
        why_not = why_not_applicable(theorem, run)
        if why_not:
            return replace(nothing, why_not=why_not)
        with np.errstate(all="ignore"):
            measured, proved, *_ = theorem.formula(run)
            measured, proved = np.broadcast_arrays(ball_array(measured), proved)
    except Undecided:
        return _open(theorem, np.asarray(run.k[-1:]), bits)
    except NotComputable as error:
        return replace(nothing, not_computable=str(error))
    except Exception as error:  # of a formula that nobody has tried on balls
        return replace(nothing, not_computable=f"{type(error).__name__}: {error}")
    k = np.asarray(iterations_of(run, measured))
    decide = np.frompyfunc(lambda m, p: _decided(theorem, m, p, digits), 2, 1)
    outcomes = np.asarray(decide(measured.data, proved.data), dtype=int)
    if not (outcomes > Outcome.NOTHING).any():
        return replace(nothing, why_not="no recorded iterate is in the regime that it is about")
    violation = None
    if (outcomes == Outcome.VIOLATED).any():
        at = tuple(np.argwhere(outcomes == Outcome.VIOLATED)[0])
        where = int(k[at[0]] if at else k[-1])
        violation = CertifiedViolation(where, measured.data[at], proved.data[at])
    return replace(
        nothing, applies=True, outcomes=outcomes, k=k, measured=measured.data,
        proved=proved.data, first_violation=violation,
    )  # fmt: skip


def _decided(theorem, measured, proved, digits) -> Outcome:
    """The outcome for two balls; the first line that fits decides:

    ================================  =====================================
    proved is infinite                NOTHING
    a law for large k                 by how near its limit must be
    an inequality, difference >= 0    HOLDS
    difference surely not 0           VIOLATED
    both vanish, or agree to digits   ATTAINED: equal as far as one can see
    else                              UNDECIDED: more digits may tell
    ================================  =====================================
    """
    if proved == arb.pos_inf() or proved == arb.neg_inf():
        return Outcome.NOTHING
    difference = proved - measured if theorem.kind is not Kind.LOWER else measured - proved
    size = abs(proved)
    agree = abs(difference) <= size / 10**digits
    vanish = all(x.contains(0) and abs(x) <= ZERO**digits for x in (measured, proved))
    if theorem.kind is Kind.ASYMPTOTIC:
        tolerated = size * theorem.tolerance
        inside, outside = abs(difference) <= tolerated, abs(difference) > tolerated
        return Outcome.HOLDS if inside else Outcome.VIOLATED if outside else Outcome.UNDECIDED
    if theorem.kind is not Kind.EQUAL and difference >= 0:
        return Outcome.HOLDS
    if difference < 0 or difference > 0:
        return Outcome.VIOLATED
    return Outcome.ATTAINED if vanish or agree else Outcome.UNDECIDED
