"""Direct Advantage Policy Optimization on problems whose exact values are known."""

from tabular_pg.dapo.actor import (
    Step,
    improvement,
    loss,
    loss_gradient,
    minimizer,
    step,
    trained,
)
from tabular_pg.dapo.iterates import DAPO, DapoRun, iterate, natural_step

__all__ = [
    "DAPO",
    "DapoRun",
    "Step",
    "improvement",
    "iterate",
    "loss",
    "loss_gradient",
    "minimizer",
    "natural_step",
    "step",
    "trained",
]
