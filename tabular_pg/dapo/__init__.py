"""Direct Advantage Policy Optimization on problems whose true values are known."""

from tabular_pg.dapo.critic import (
    AggregatedCritic,
    ExactCritic,
    LinearCritic,
    TabularCritic,
    bce_loss,
)
from tabular_pg.dapo.dataset import (
    Outcomes,
    Signal,
    balanced,
    complete,
    first_steps,
    outcomes,
    respond,
    signal,
    states_of,
)
from tabular_pg.dapo.trainer import DAPOHistory, Status, train

__all__ = [
    "AggregatedCritic",
    "DAPOHistory",
    "ExactCritic",
    "LinearCritic",
    "Outcomes",
    "Signal",
    "Status",
    "TabularCritic",
    "balanced",
    "bce_loss",
    "complete",
    "first_steps",
    "outcomes",
    "respond",
    "signal",
    "states_of",
    "train",
]
