"""Finite-horizon deterministic problems that are evaluated exactly, whatever their size."""

from tabular_pg.reasoning.episodic.graphs import Image, reachable, unfolded
from tabular_pg.reasoning.episodic.mdp import EpisodicMDP
from tabular_pg.reasoning.episodic.rollouts import (
    Trajectories,
    checked_trajectories,
    sample_trajectories,
)
from tabular_pg.reasoning.episodic.validation import checked_policy

__all__ = [
    "EpisodicMDP",
    "Image",
    "Trajectories",
    "checked_policy",
    "checked_trajectories",
    "reachable",
    "sample_trajectories",
    "unfolded",
]
