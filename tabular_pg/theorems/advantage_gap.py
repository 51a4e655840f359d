"""The advantage gap: what the advantages of a policy say about its error, whatever made it."""

from __future__ import annotations

from tabular_pg.engine.method import METHODS
from tabular_pg.methods.natural_pg import NaturalPG
from tabular_pg.theorem import Confidence, theorem
from tabular_pg.verdicts.quantities import best_advantage, best_advantage_rounding

RULES = (NaturalPG, *(rule for rule in METHODS if rule is not NaturalPG))  # searches: the first


@theorem(
    "A1",
    "max_a A^k(s, a) <= V*(s) - V^k(s)",
    rules=RULES,
    source="ju2026",
    confidence=Confidence.DERIVED,
    any_step=True,
    any_actions=True,
    any_gamma=True,
)
def below_the_gap(run):
    """max_a A^k(s, a) <= V*(s) - V^k(s) in every state, for every policy. Proof: the left side is
    T V^k - V^k, and T V^k <= V*."""
    return best_advantage(run), run.value_gap, best_advantage_rounding(run)


@theorem(
    "A2",
    "e_k <= max_{s,a} A^k / (1-gamma)",
    rules=RULES,
    source="ju2026",
    confidence=Confidence.DERIVED,
    regularized=None,
    any_step=True,
    any_actions=True,
)
def above_the_gap(run):
    """e_k <= max_{s, a} A^k(s, a) / (1 - gamma), for every policy: a bound on the error in every
    state that needs no V*, and where ``optimize(..., until=...)`` stops. For tau > 0 A^k is the
    soft advantage; under another regularizer Q^k - tau y^k less its mean, y^k the dual variable.
    Proof: V* - V^k <= (T V^k - V^k) + gamma e_k, and for tau > 0 T V^k - V^k is tau times the
    logarithm of a mean of e^{A^k / tau}, or at most max A^k by concavity."""
    horizon = 1 / (1 - run.mdp.gamma)
    bound = best_advantage(run).max(axis=1) * horizon
    return run.sup_gap, bound, best_advantage_rounding(run).max(axis=1) * horizon
