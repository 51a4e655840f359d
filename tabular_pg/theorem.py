"""Theorems as checkable objects: statement, source, assumptions, and (measured, proved) on a run.

A theorem is one decorated function from a run to the pair (measured, proved); its docstring is
the statement. Registering it is all it takes: ``check`` finds it by the rule's type, the tests run
it over random instances and show that sabotaged runs violate it, the documentation proves it.

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
from importlib import import_module
from numbers import Real

import numpy as np

from tabular_pg._docstring import docstring
from tabular_pg.checks.numbers import (
    check_number,
    check_text,
    check_type,
    checked_flag,
    checked_list,
    shown,
)
from tabular_pg.engine.rules import kinds_of, shown_rule
from tabular_pg.engine.run import Run
from tabular_pg.engine.step_size import step_of
from tabular_pg.references import OWN, REFERENCES
from tabular_pg.verdicts.about import beyond, checked_run
from tabular_pg.verdicts.comparison import compared
from tabular_pg.verdicts.once import computed_once
from tabular_pg.verdicts.sides import iterations_of, neutral, sides_of, wide_sides_of
from tabular_pg.verdicts.verdict import (
    ROUNDING,
    Kind,
    Verdict,
    Verdicts,
    Violation,  # noqa: F401  (part of a verdict, from here as well)
)

REGISTRY: dict[str, Theorem] = {}


class Confidence(enum.Enum):
    """How sure we are of the constants."""

    DERIVED = "constants proved here"
    CHECKED = "argued here; one step rests on a numerical check, which the statement names"
    QUOTED = "constants as printed in the source"
    RECALLED = "constants recalled from the source, consistent with every check"


def _registered(id, module):
    """The theorem with an id, of a module that registers it."""
    import_module(module)
    return REGISTRY[id]


@dataclass(frozen=True, repr=False)
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
    any_step: bool
    any_actions: bool
    any_gamma: bool
    tolerance: float
    claim: str
    formula: Callable

    def __reduce__(self):
        """As the one with this id where it is registered: assumptions may be closures."""
        if REGISTRY.get(self.id) is self:
            return _registered, (self.id, self.formula.__module__)
        return super().__reduce__()

    @property
    def reference(self) -> str:
        """The source, cited in full."""
        return REFERENCES[self.source]

    def __repr__(self):
        return f"Theorem({self.id}: {self.claim})"


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
    any_step=False,
    any_actions=False,
    any_gamma=False,
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
    any_step : bool
        Whether it is stated for step sizes that change from step to step; its formula then reads
        ``run.step_sizes`` or ``run.all_steps``, not ``run.rule.eta``.
    any_actions : bool
        Whether it is stated where states have different actions; its formula then sees
        probability and advantages 0 where there is no action.
    any_gamma : bool
        Whether it is stated for gamma = 1 as well.
    tolerance : float
        Relative tolerance; for asymptotic laws, how near the limit must be.
    """

    if not isinstance(rules, tuple) or not all(isinstance(rule, type) for rule in rules):
        raise TypeError(f"rules is {shown(rules)}; expected a tuple of rule classes")
    check_text("id", id)
    check_text("claim", claim)
    check_type("kind", kind, Kind)
    check_type("confidence", confidence, Confidence)
    if regularized is not None:
        checked_flag("regularized", regularized)
    for flag in ("any_step", any_step), ("any_actions", any_actions), ("any_gamma", any_gamma):
        checked_flag(*flag)
    assumes = checked_list("assumes", assumes, "functions of a run", Callable)
    tolerance = check_number("tolerance", tolerance, 0, kind=Real)
    if not isinstance(source, str) or source not in REFERENCES:
        raise ValueError(f"source is {shown(source)}; expected one of {', '.join(REFERENCES)}")

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
            any_step, any_actions, any_gamma, tolerance, claim, formula,
        )  # fmt: skip
        return formula

    return register


def theorems_about(rule) -> list[Theorem]:
    """Every registered theorem about the type of ``rule``, in order of registration."""
    return [t for t in REGISTRY.values() if is_about(t, rule)]


def is_about(theorem, rule) -> bool:
    """Whether it is stated for a class that ``rule`` is of."""
    return any(kind in theorem.rules for kind in kinds_of(rule))


def sorted_theorems() -> list[Theorem]:
    """Every registered theorem: projected, softmax, natural, mirror descent, Hadamard, entropy,
    general, about any method, DAPO, rewards, and others."""
    sections = "PSNMHEGADR"
    return sorted(
        REGISTRY.values(),
        key=lambda theorem: sections.find(theorem.id[0]) % (len(sections) + 1),
    )


def check(run: Run) -> list[Verdict]:
    """A verdict for every registered theorem about the run's rule.

    Parameters
    ----------
    run : Run
        Or what else has theorems: a DAPO run, a fit, anything with the ``rule`` it is about.

    Returns
    -------
    list of Verdict
        Theorems whose assumptions fail are included, with the reason in ``why_not``; so are those
        whose formula raises, with what it raised.

    Raises
    ------
    TypeError
        If ``run`` is not a run.
    """
    with computed_once():
        return Verdicts(verdict(theorem, run) for theorem in theorems_about(checked_run(run).rule))


def _check_about(theorem, run):
    if not isinstance(theorem, Theorem):
        raise TypeError(f"theorem is {shown(theorem)}; expected a Theorem, as in REGISTRY")
    checked_run(run)


def verdict(theorem, run) -> Verdict:
    """Compare measured and proved for one theorem on one run."""
    _check_about(theorem, run)
    try:
        if why_not := why_not_applicable(theorem, run):
            return Verdict(theorem, False, why_not)
        with np.errstate(all="ignore"):
            sides = sides_of(theorem, run)
            k = iterations_of(run, sides[0])
            return compared(theorem, run, sides, k, lambda: wide_sides_of(theorem, run, sides[0]))
    except Exception as error:  # of one theorem, which must not stop the others
        return Verdict(theorem, False, f"its formula raised {type(error).__name__}: {error}")


def why_not_applicable(theorem, run) -> str:
    """'' or the reason why the theorem says nothing about the run."""
    _check_about(theorem, run)
    if not is_about(theorem, run.rule):
        rules = ", ".join(rule.__name__ for rule in theorem.rules)
        return f"the method is {shown_rule(run.rule)}; stated for {rules}"
    if theorem.regularized is not None and theorem.regularized != (run.tau > 0):
        return f"tau is {run.tau}; stated for tau {'> 0' if theorem.regularized else '= 0'}"
    if run.obstacle:
        return run.obstacle
    if why_not := beyond(theorem, run):
        return why_not
    if not (theorem.any_step or getattr(run, "constant_step", True)):
        return f"eta is {step_of(run.rule)}; stated for a constant step size"
    return next(filter(None, (assumes(neutral(run)) for assumes in theorem.assumes)), "")
