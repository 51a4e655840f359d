"""Searches over MDPs: the worst case of a bound, and small certified counterexamples."""

from tabular_pg.search.sharpest import SharpestConstant, sharpest_constant
from tabular_pg.search.small import SmallInstance
from tabular_pg.search.worst_case import WorstCase, worst_case

__all__ = ["SharpestConstant", "SmallInstance", "WorstCase", "sharpest_constant", "worst_case"]
