"""Direct Advantage Policy Optimization on problems whose true values are known."""

from tabular_pg.reasoning.dapo import theorems  # noqa: F401  (they are registered)
from tabular_pg.reasoning.dapo.actor import (
    Step,
    improvement,
    loss,
    loss_gradient,
    minimizer,
    step,
    trained,
)
from tabular_pg.reasoning.dapo.critic import (
    AggregatedCritic,
    ExactCritic,
    LinearCritic,
    TabularCritic,
    bce_loss,
)
from tabular_pg.reasoning.dapo.dataset import (
    Outcomes,
    balanced,
    complete,
    first_steps,
    outcomes,
    respond,
    states_of,
    steps_taken,
)
from tabular_pg.reasoning.dapo.iterates import DAPO, DapoRun, iterate, natural_step
from tabular_pg.reasoning.dapo.signals import Signal, signal
from tabular_pg.reasoning.dapo.trainer import DAPOHistory, Status, train

__all__ = [
    "DAPO",
    "AggregatedCritic",
    "DAPOHistory",
    "DapoRun",
    "ExactCritic",
    "LinearCritic",
    "Outcomes",
    "Signal",
    "Status",
    "Step",
    "TabularCritic",
    "balanced",
    "bce_loss",
    "complete",
    "first_steps",
    "improvement",
    "iterate",
    "loss",
    "loss_gradient",
    "minimizer",
    "natural_step",
    "outcomes",
    "respond",
    "signal",
    "states_of",
    "step",
    "steps_taken",
    "train",
    "trained",
]
