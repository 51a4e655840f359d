"""The methods: importing this package registers every rule.

Each module is a rule, its kernel and its registration; every one in the folder and in those below
is imported, so that adding a method is adding a file. Its NamedTuple records are re-exported here
and in ``tabular_pg``.
"""

from importlib import import_module
from pkgutil import walk_packages

from tabular_pg.engine.method import METHODS

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)

RULES = {rule.__name__: rule for rule in METHODS}
globals().update(RULES)
__all__ = sorted(RULES)
