"""An optimum as facts and arrays, and back with every bit of it."""

from __future__ import annotations

from tabular_pg.numerics.duals import Regularizer
from tabular_pg.optima.optimal import Optimum
from tabular_pg.optima.soft_optimal import Odds
from tabular_pg.saved.archive import Content
from tabular_pg.saved.values import number, read_number, text

NUMBERS = ("Delta", "tolerance", "tau")


def optimum_content(best) -> Content:
    """What a file of an optimum holds."""
    facts = {name: number(getattr(best, name)) for name in NUMBERS}
    facts |= {"doubt": best.doubt, "tie_tolerance": best.tie_tolerance}
    arrays = {"V": best.V, "A": best.A, "optimal": best.optimal, "log_softmax": best.log_softmax}
    if best.odds is not None:
        arrays |= {"odds_high": best.odds.high, "odds_low": best.odds.low}
    if best.regularizer is not None:
        facts |= {"regularizer": list(map(number, best.regularizer))}
        arrays |= {"powers": best.powers}
    return Content(facts, arrays)


def read_optimum(content, shape) -> Optimum:
    """The optimum of an MDP with rewards of this shape that :func:`optimum_content` wrote."""
    facts, soft = content.facts, "odds_high" in content.arrays
    regularizer = facts.get("regularizer")
    if regularizer is not None:
        regularizer = Regularizer(*(read_number("regularizer", x) for x in regularizer))
    tolerance = facts["tie_tolerance"]
    odds = (
        Odds(content.array("odds_high", shape), content.array("odds_low", shape)) if soft else None
    )
    return Optimum(
        V=content.array("V", shape[:1]),
        A=content.array("A", shape),
        optimal=content.array("optimal", shape, "b"),
        log_softmax=content.array("log_softmax", shape) if soft else None,
        doubt=text("doubt", facts["doubt"]),
        tie_tolerance=None if tolerance is None else read_number("tie_tolerance", tolerance),
        odds=odds,
        regularizer=regularizer,
        powers=content.array("powers", shape) if regularizer else None,
        **{name: read_number(name, facts[name]) for name in NUMBERS},
    )
