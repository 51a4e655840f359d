"""What is claimed of the methods, by families: importing this package registers every theorem.

Every file in the folder and in those below is imported, so that adding theorems is adding a file.
``proofs`` holds what a computer proves: nothing registers there.
"""

from importlib import import_module
from pkgutil import walk_packages

FIRST = (  # verdicts are listed in the order in which their theorems register
    "mirror_descent.dual_averaged",
    "natural_pg.steps",
    "soft_policy_iteration",
    "softmax_pg.steps",
    "softmax_pg.sharpened",
    "entropy.natural",
    "entropy.natural_sharpened",
    "entropy.softmax_steps",
    "entropy.softmax_rates",
    "hadamard_pg.steps",
    "hadamard_pg.rates",
    "hadamard_pg.sharpened",
    "natural_pg.rates",
    "policy_iteration",
    "simplex_method",
    "value_iteration",
    "projected_pg.steps",
    "projected_pg.rates",
    "projected_pg.line_search",
    "softmax_pg.literature",
    "softmax_pg.limits",
    "mirror_descent.family",
    "mirror_descent.adaptive",
    "mirror_descent.multiplicative",
    "mirror_descent.td_pmd",
)
for _name in FIRST:
    import_module(f"{__name__}.{_name}")
for _module in walk_packages(__path__, f"{__name__}."):
    if not _module.name.startswith(f"{__name__}.proofs"):
        import_module(_module.name)
