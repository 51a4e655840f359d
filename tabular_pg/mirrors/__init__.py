"""Mirror maps: the geometry in which policy mirror descent takes its steps.

Each module is a record, its kernels and its registration; every one in the folder is imported, so
that adding a map is adding a file. Your own is registered by :func:`separable`, if it is a sum over
actions, or by :func:`mirror_map`.

>>> from tabular_pg import PolicyMirrorDescent, instances, mirrors, optimize
>>> mdp = instances.garnet(5, 3, 2, 0.9, seed=0)
>>> optimize(mdp, PolicyMirrorDescent(mirrors.Tsallis(0.5), 1.0), 4).k
array([0, 1, 2, 3, 4])
"""

from importlib import import_module
from pkgutil import iter_modules

from tabular_pg.mirrors.registration import MIRRORS, mirror_map, separable
from tabular_pg.numerics.gains import exists, gain

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

_RECORDS = {record.__name__: record for record in MIRRORS}
globals().update(_RECORDS)
__all__ = [*sorted(_RECORDS), "exists", "gain", "mirror_map", "separable"]
