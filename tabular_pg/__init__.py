"""A theory lab for policy optimization with exact gradients on finite discounted MDPs."""

from tabular_pg import algorithms, instances
from tabular_pg.algorithms import *  # noqa: F403  (every registered rule)
from tabular_pg.engine.optimize import optimize, optimize_many
from tabular_pg.engine.run import Run, Status
from tabular_pg.mdps.mdp import MDP
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import Optimum, optimum
from tabular_pg.theorem import REGISTRY, Theorem, Verdict, check

__version__ = "0.1.0"
__all__ = [
    "MDP",
    "REGISTRY",
    "Optimum",
    "Run",
    "Solver",
    "Status",
    "Theorem",
    "Verdict",
    "check",
    "instances",
    "optimize",
    "optimize_many",
    "optimum",
    *algorithms.__all__,
]
