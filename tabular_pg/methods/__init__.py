"""The methods: importing this package registers every rule.

Each module is a rule, its kernel and its registration; every one in the folder is imported, so that
adding a method is adding a file. Its NamedTuple records are re-exported here and in ``tabular_pg``.
"""

from importlib import import_module
from pkgutil import iter_modules

from tabular_pg.engine.method import METHODS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

RULES = {rule.__name__: rule for rule in METHODS}
globals().update(RULES)
__all__ = sorted(RULES)
