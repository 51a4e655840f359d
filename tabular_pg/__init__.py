"""A theory lab for policy optimization with exact gradients on finite discounted MDPs."""

from tabular_pg import instances, methods, mirrors, steps, theorems  # noqa: F401  (theorems are registered)
from tabular_pg.engine.method import Space, method
from tabular_pg.engine.optimize import optimize, optimize_many
from tabular_pg.engine.run import Run, Status
from tabular_pg.mdps.mdp import MDP
from tabular_pg.methods import *  # noqa: F403  (every registered rule)
from tabular_pg.numerics.systems.solver import Solver
from tabular_pg.optima.optimal import Optimum, optimum
from tabular_pg.theorem import REGISTRY, Theorem, Verdict, check, theorem

__version__ = "0.1.0"
__all__ = [
    "MDP",
    "REGISTRY",
    "Optimum",
    "Run",
    "Solver",
    "Space",
    "Status",
    "Theorem",
    "Verdict",
    "check",
    "instances",
    "method",
    "mirrors",
    "optimize",
    "optimize_many",
    "optimum",
    "steps",
    "theorem",
    *methods.__all__,
]
