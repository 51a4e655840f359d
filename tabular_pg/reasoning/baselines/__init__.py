"""What DAPO is compared with: methods that learn from the outcomes of whole responses."""

from tabular_pg.reasoning.baselines.actor_critic import ActorCriticHistory, Advantage, actor_critic
from tabular_pg.reasoning.baselines.imitation import awr, rft
from tabular_pg.reasoning.baselines.pairwise import (
    dro,
    outcome_dpo,
    outcome_pairs,
    step_dpo,
    step_pairs,
)
from tabular_pg.reasoning.baselines.response_level import (
    Baseline,
    greedy_edges,
    response_level_signal,
    response_signals,
)

__all__ = [
    "ActorCriticHistory",
    "Advantage",
    "Baseline",
    "actor_critic",
    "awr",
    "dro",
    "greedy_edges",
    "outcome_dpo",
    "outcome_pairs",
    "response_level_signal",
    "response_signals",
    "rft",
    "step_dpo",
    "step_pairs",
]
