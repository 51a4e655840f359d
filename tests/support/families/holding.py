"""That theorems hold on a run, for every method and both problems."""

from __future__ import annotations

import os
import warnings

import pytest

from support.counterexample import second_opinion
from tabular_pg import REGISTRY, check, optimize
from tabular_pg.engine.method import METHODS, Regularization
from tabular_pg.verdicts.assumptions import undiscounted

FAMILIES = [
    (kind, tau)
    for kind, method in METHODS.items()
    for tau, only in (("tau = 0", Regularization.NONE), ("tau > 0", Regularization.REQUIRED))
    if method.native and method.regularization in (Regularization.ANY, only)
]
# Random runs of each family beyond the usual MDPs; EXAMPLES=500 takes three times as long.
EXAMPLES = int(os.environ.get("EXAMPLES", "120"))
families = pytest.mark.parametrize(
    ("kind", "tau"), FAMILIES, ids=[f"{kind.__name__}, {tau}" for kind, tau in FAMILIES]
)

# Theorems about methods on MDPs, discounted or not; others are tested with what they are about.
ABOUT_METHODS = [id for id, theorem in REGISTRY.items() if set(theorem.rules) & set(METHODS)]
UNDISCOUNTED = [id for id in ABOUT_METHODS if undiscounted in REGISTRY[id].assumes]
CORE = [id for id in ABOUT_METHODS if id not in UNDISCOUNTED]

# Inequalities that no algorithm can violate: they are checked on numbers that do not fit together.
ABOUT_EVERY_POLICY = (
    "A1", "A2", "S3l", "S3lt", "SB1", "SB2", "SF3", "SF7", "E1l", "E1lt", "E3g", "E5", "G3e", "H1v",
    "M8e",
)  # fmt: skip


def violations(run):
    return violated(check(run))


def violated(verdicts):
    return [v for v in verdicts if v.applies and not v.holds]


def hold_on(experiment):
    """Every theorem holds on this run, or ball arithmetic says whose fault it is that not."""
    with warnings.catch_warnings():
        # Theorems hold for the MDP in which doubtful ties are ties.
        warnings.filterwarnings("ignore", message=".*which actions are optimal is doubtful")
        warnings.filterwarnings("ignore", message="the gap is (nan|inf) at k = ")
        # What is left of the digits of gaps that all states share has to do.
        warnings.filterwarnings("ignore", message="steps depend on differences of which rounding")
        warnings.filterwarnings("ignore", message="dual variables are large where tau is")
        warnings.filterwarnings("ignore", message="gaps of [0-9]+ states are too far below")
        # A search that finds no step ends the run: what it has recorded counts.
        warnings.filterwarnings("ignore", message="no step size passed the test of")
        run = optimize(**experiment)
        verdicts = check(run)
    found = violated(verdicts)
    overflowing = [str(v) for v in verdicts if "overflows" in v.why_not or "raised" in v.why_not]
    assert not overflowing, overflowing
    assert not found, "\n".join(
        [
            repr(run),
            repr(run.mdp),
            *map(str, found),
            second_opinion(run, [v.theorem for v in found])
            if run.mdp.actions is None and run.mdp.ends is None and run.optimum.regularizer is None
            else "ball arithmetic needs every action in every state, gamma < 1 and the entropy",
        ]
    )
