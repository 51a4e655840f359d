"""What DAPO is compared with: methods that learn from the outcomes of whole responses."""

from tabular_pg.baselines.imitation import outcome_dpo, outcome_pairs, rft
from tabular_pg.baselines.response_level import (
    Baseline,
    greedy_edges,
    response_level_signal,
    response_signals,
)

__all__ = [
    "Baseline",
    "greedy_edges",
    "outcome_dpo",
    "outcome_pairs",
    "response_level_signal",
    "response_signals",
    "rft",
]
