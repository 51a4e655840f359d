"""Theorems as checkable objects: statement, source, assumptions, and (measured, proved) on a run.

A theorem is one decorated function from a run to the pair (measured, proved); its docstring is
the statement. Registering it is all it takes: ``check`` finds it by the rule's type, the tests run
it over random instances and show that sabotaged runs violate it, the README lists it.

The first axis of both arrays decides what is compared: one entry per recorded iterate, one per
recorded pair (k, k + 1), or a single value for the whole run. Where a statement claims nothing
(a regime that is not reached, say) ``proved`` is infinite. A third array, where a formula returns
one, bounds the rounding error of ``measured`` where that cannot be relative.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tabular_pg._docstring import docstring
from tabular_pg.quantities import steps
from tabular_pg.references import OWN, REFERENCES
from tabular_pg.run import Run

ROUNDING = 1e-9  # relative tolerance of every inequality
UNRESOLVED = 1e-290  # numbers below this have lost their relative accuracy to underflow

REGISTRY: dict[str, Theorem] = {}


class Kind(enum.Enum):
    """What is claimed about the measured quantity."""

    UPPER = "measured <= proved"
    LOWER = "measured >= proved"
    EQUAL = "measured = proved"
    ASYMPTOTIC = "measured -> proved"


class Confidence(enum.Enum):
    """How sure we are of the constants."""

    DERIVED = "constants proved here"
    CHECKED = "argued here; one step rests on a numerical check, which the statement names"
    QUOTED = "constants as printed in the source"
    RECALLED = "constants recalled from the source, consistent with every check"


@dataclass(frozen=True)
class Theorem:
    """A registered claim; see ``theorem`` for the fields."""

    id: str
    statement: str
    source: str
    kind: Kind
    confidence: Confidence
    rules: tuple
    regularized: bool | None
    assumes: tuple
    tolerance: float
    claim: str
    formula: Callable

    @property
    def reference(self) -> str:
        return REFERENCES[self.source]


class Violation(NamedTuple):
    """Where an inequality first fails."""

    k: int
    measured: float
    proved: float


@dataclass(frozen=True)
class Verdict:
    """What a theorem says about a run.

    Attributes
    ----------
    theorem : Theorem
    applies : whether its assumptions hold; ``why_not`` says which one does not.
    holds : True, False, or None where it does not apply.
    first_violation : Violation or None.
    slack : smallest proved / measured (measured / proved for lower bounds); 1 means tight, inf
        that nothing was left to compare (both sides 0, or below rounding).
    k, measured, proved : what was compared, for figures.
    """

    theorem: Theorem
    applies: bool
    why_not: str = ""
    holds: bool | None = None
    first_violation: Violation | None = None
    slack: float = np.nan
    k: np.ndarray | None = None
    measured: np.ndarray | None = None
    proved: np.ndarray | None = None

    def __str__(self):
        head = f"{self.theorem.id:<4} {self.theorem.claim}:"
        if not self.applies:
            return f"{head} n/a: {self.why_not}"
        if self.holds:
            return f"{head} holds" + (f", slack {self.slack:.4g}" if self.slack < np.inf else "")
        k, measured, proved = self.first_violation
        return f"{head} VIOLATED at k = {k}: measured {measured:.6g}, proved {proved:.6g}"


def theorem(
    id,
    claim,
    *,
    rules,
    kind=Kind.UPPER,
    source=OWN,
    confidence=Confidence.DERIVED,
    regularized=False,
    assumes=(),
    tolerance=ROUNDING,
):
    """Register the decorated function, run -> (measured, proved), as a theorem.

    Parameters
    ----------
    id : str
        Short unique name; its first letter is the section: P projected, S softmax, N natural,
        H Hadamard and phi-update, E entropy softmax, G entropy natural.
    claim : str
        The statement in half a line, for tables.
    rules : tuple of types
        The rules that it is about.
    kind : Kind
    source : str
        Key into ``REFERENCES``.
    confidence : Confidence
    regularized : bool or None
        Whether it is stated for tau > 0, tau = 0 (default), or both (None).
    assumes : tuple of functions
        Each maps a run to '' or to the reason why the assumption fails.
    tolerance : float
        Relative tolerance; for asymptotic laws, how near the limit must be.
    """

    if not isinstance(rules, tuple) or not all(isinstance(rule, type) for rule in rules):
        raise TypeError(f"rules is {rules!r}; expected a tuple of rule classes")
    if source not in REFERENCES:
        raise ValueError(f"source is {source!r}; expected one of {', '.join(REFERENCES)}")

    def register(formula):
        statement = docstring(formula) or (claim if sys.flags.optimize > 1 else "")
        if not statement:
            raise ValueError(f"{formula.__name__} has no docstring; expected the statement")
        known = REGISTRY.get(id)
        if known and known.formula.__module__.startswith("tabular_pg."):
            raise ValueError(f"id is {id!r}, which {known.formula.__name__} already has")
        statement = " ".join(statement.split())
        REGISTRY[id] = Theorem(
            id, statement, source, kind, confidence, rules, regularized, tuple(assumes),
            tolerance, claim, formula,
        )  # fmt: skip
        return formula

    return register


def theorems_about(rule) -> list[Theorem]:
    """Every registered theorem about the type of ``rule``, in order of registration."""
    return [t for t in REGISTRY.values() if type(rule) in t.rules]


def sorted_theorems() -> list[Theorem]:
    """Every registered theorem: projected, softmax, natural, Hadamard, entropy, general, DAPO,
    rewards, and others."""
    sections = "PSNHEGDR"
    return sorted(
        REGISTRY.values(),
        key=lambda theorem: sections.find(theorem.id[0]) % (len(sections) + 1),
    )


def check(run: Run) -> list[Verdict]:
    """A verdict for every registered theorem about the run's rule.

    Parameters
    ----------
    run : Run

    Returns
    -------
    list of Verdict
        Theorems whose assumptions fail are included, with the reason in ``why_not``.
    """
    return [verdict(theorem, run) for theorem in theorems_about(run.rule)]


def verdict(theorem, run) -> Verdict:
    """Compare measured and proved for one theorem on one run."""
    why_not = why_not_applicable(theorem, run)
    if why_not:
        return Verdict(theorem, False, why_not)
    with np.errstate(all="ignore"):
        measured, proved, *rest = theorem.formula(run)
        measured, proved = np.broadcast_arrays(
            np.asarray(measured, dtype=float), np.asarray(proved, dtype=float)
        )
        k = iterations_of(run, measured)
        claimed = np.isfinite(proved) & ~np.isnan(measured)  # NaN: a formula overflowed
        if k.size == 0 or not claimed.any():
            overflow = (np.isnan(proved) | (np.isnan(measured) & np.isfinite(proved))).any()
            regime = "no recorded iterate is in the regime that it is about"
            return Verdict(theorem, False, "the formula overflows" if overflow else regime)
        rounding = np.broadcast_to(rest[0] if rest else 0.0, measured.shape)
        wrong = claimed & ~_agrees(theorem, measured, proved, rounding)
        compared = claimed & (rounding <= 0.01 * np.abs(proved))
        if measured.ndim and k.size > 1 and k[0] == 0:
            compared[0] = False  # most bounds are equalities at k = 0
        slack = _slack(theorem.kind, measured[compared], proved[compared])
    violation = None
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        violation = Violation(
            int(k[at[0]] if at else k[-1]), float(measured[at]), float(proved[at])
        )
    return Verdict(theorem, True, "", violation is None, violation, slack, k, measured, proved)


def why_not_applicable(theorem, run) -> str:
    """'' or the reason why the theorem says nothing about the run."""
    if theorem.regularized is not None and theorem.regularized != (run.tau > 0):
        return f"tau is {run.tau}; stated for tau {'> 0' if theorem.regularized else '= 0'}"
    if run.obstacle:
        return run.obstacle
    return next(filter(None, (assumption(run) for assumption in theorem.assumes)), "")


def iterations_of(run, measured) -> np.ndarray:
    """The iterations that the first axis of ``measured`` stands for."""
    if measured.ndim == 0:
        return run.k[-1:]
    pairs = steps(run)
    for k in (run.k, run.k[pairs]):
        if len(measured) == len(k):
            return k
    raise ValueError(f"measured has {len(measured)} rows; expected {len(run.k)} or {len(pairs)}")


def _agrees(theorem, measured, proved, rounding):
    margin = theorem.tolerance * np.abs(proved) + rounding + UNRESOLVED
    if theorem.kind is Kind.UPPER:
        return measured <= proved + margin
    if theorem.kind is Kind.LOWER:
        return measured >= proved - margin
    return np.abs(measured - proved) <= margin


def _slack(kind, measured, proved) -> float:
    above, below = (measured, proved) if kind is Kind.LOWER else (proved, measured)
    if kind in (Kind.EQUAL, Kind.ASYMPTOTIC):
        counted = np.abs(below) > UNRESOLVED
        ratios = above[counted] / below[counted]
        return float(ratios[np.argmax(np.abs(ratios - 1))]) if ratios.size else 1.0
    counted = below > UNRESOLVED
    return float((above[counted] / below[counted]).min()) if counted.any() else np.inf
