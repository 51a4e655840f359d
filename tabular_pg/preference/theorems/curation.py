"""What is known of the filter by agreement: theorem R7."""

from __future__ import annotations

from tabular_pg.preference.curation.agreement import AgreementFilter, agreement_purity
from tabular_pg.theorem import Kind, theorem

ROUNDING = 1e-12  # of sums over pairs, relative


def unrelated(run) -> str:
    """Labels that are easier to get right are not those that the reward gets right."""
    p, a = run.label, run.reward
    agreed = p @ a + (1 - p) @ (1 - a)
    related = abs((p - p.mean()) @ (a - a.mean())) > ROUNDING * agreed
    return "the errors of labels and rewards are related over the pairs" if related else ""


@theorem(
    "R7",
    "purity = p a / (p a + (1 - p)(1 - a))",
    rules=(AgreementFilter,),
    kind=Kind.EQUAL,
    regularized=None,
    assumes=(unrelated,),
)
def purity_law(run):
    """With p the mean accuracy of the labels and a that of the reward, the share of right labels
    among those kept is p a / (p a + (1 - p)(1 - a)), in expectations, if the two accuracies are
    uncorrelated over the pairs, and not otherwise. Proof: the mean of a product is that of the
    means, for the pairs where both are right and for those where both are wrong."""
    law = agreement_purity(run.label.mean(), run.reward.mean())
    return [run.purity], [float(law)], [8 * ROUNDING]
