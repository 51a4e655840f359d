"""What a search accepts: each check names the argument, its value and what was expected."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real

from tabular_pg.checks.numbers import check_number, shown
from tabular_pg.checks.tables import tables_of
from tabular_pg.engine.arguments import refuse_regularization
from tabular_pg.engine.method import METHODS, Regularization
from tabular_pg.engine.rules import COMPOSED, integers_of
from tabular_pg.theorem import REGISTRY, Theorem

TAU = 0.5  # of what is about entropy, unless told otherwise


def found_theorem(theorem) -> Theorem:
    """The theorem that is meant by an id, a record, or a function that was registered."""
    if isinstance(theorem, Theorem):
        return theorem
    if isinstance(theorem, str):
        if theorem in REGISTRY:
            return REGISTRY[theorem]
        raise ValueError(f"theorem is {theorem!r}; expected one of {', '.join(REGISTRY)}")
    for known in REGISTRY.values():
        if known.formula is theorem:
            return known
    raise TypeError(f"theorem is {shown(theorem)}; expected an id, a Theorem or its function")


def usual_tau(theorem, rule) -> float:
    """A tau that a theorem about a rule can be asked at: 1/2 if it is about entropy, 0 if not."""
    needs = METHODS[rule].regularization is Regularization.REQUIRED
    return TAU if theorem.regularized or needs else 0.0


def posed(theorem, formula) -> Theorem:
    """The claim of a function run -> (measured, proved) in place of a theorem's."""
    name = getattr(formula, "__name__", "conjecture")
    claim = " ".join((formula.__doc__ or name).split())
    return replace(theorem, id=name, claim=claim, statement=claim, formula=formula)


def checked_range(parameters) -> tuple[float, float]:
    """The least and the largest hyper-parameter that is tried."""
    if not isinstance(parameters, tuple | list) or len(parameters) != 2:
        raise TypeError(f"parameters is {shown(parameters)}; expected a pair (least, largest)")
    low, high = (check_number("parameters", x, 0, kind=Real) for x in parameters)
    if not 0 < low <= high:
        raise ValueError(f"parameters is {parameters!r}; expected 0 < least <= largest")
    return float(low), float(high)


def checked_rule_class(theorem, rule, tau):
    cls = rule if isinstance(rule, type) else type(rule)
    if cls not in METHODS:
        known = ", ".join(sorted(known.__name__ for known in METHODS))
        raise TypeError(f"rule is {shown(rule)}; expected one of {known}")
    if cls in COMPOSED or tables_of(cls) or integers_of(cls):
        raise ValueError(
            f"rule is {cls.__name__}, which has fields that are no real numbers; expected one of "
            "numbers alone"
        )
    if cls not in theorem.rules:
        about = ", ".join(known.__name__ for known in theorem.rules)
        raise ValueError(f"rule is {cls.__name__}; {theorem.id} is about {about}")
    if theorem.regularized is not None and theorem.regularized != (tau > 0):
        stated = "> 0" if theorem.regularized else "= 0"
        raise ValueError(f"tau is {tau}; {theorem.id} is stated for tau {stated}")
    refuse_regularization(cls.__name__, METHODS[cls], tau)
    return cls
