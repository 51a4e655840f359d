"""Grids of runs on any executor, kept as they finish: what is killed goes on where it was."""

from tabular_pg.sweeps.driver import collect, estimate, sweep
from tabular_pg.sweeps.estimate import Estimate
from tabular_pg.sweeps.execution import Level
from tabular_pg.sweeps.grid import Grid, Task
from tabular_pg.sweeps.results import Results
from tabular_pg.sweeps.workers import Workers

__all__ = [
    "Estimate",
    "Grid",
    "Level",
    "Results",
    "Task",
    "Workers",
    "collect",
    "estimate",
    "sweep",
]
