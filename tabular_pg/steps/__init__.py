"""Step sizes: what ``eta`` may be in every method that has one.

A plain number is a constant step. Each module is a record, its kernel and its registration; every
one in the folder is imported, so that adding a step size is adding a file. Your own is registered
by :func:`step_size`, or, if it is searched for, by :func:`step_search`.

>>> from tabular_pg import NaturalPG, instances, optimize, steps
>>> mdp = instances.garnet(5, 3, 2, 0.9, seed=0)
>>> run = optimize(mdp, NaturalPG(steps.Geometric(1.0, 2.0)), 4)
>>> print(run.steps)
[1. 2. 4. 8.]
"""

from importlib import import_module
from pkgutil import iter_modules

from tabular_pg.engine.search import step_search
from tabular_pg.engine.step_size import STEP_SIZES, step_size

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

_RECORDS = {record.__name__: record for record in STEP_SIZES}
globals().update(_RECORDS)
__all__ = [*sorted(_RECORDS), "step_search", "step_size"]
