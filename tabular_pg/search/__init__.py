"""Searches over MDPs: the worst case of a bound, and small certified counterexamples."""

from tabular_pg.search.population import slacks
from tabular_pg.search.sequences import ConstantSequence, constant_sequence
from tabular_pg.search.sharpest import SharpestConstant, sharpest_constant
from tabular_pg.search.small import SmallInstance
from tabular_pg.search.worst_case import WorstCase, worst_case

__all__ = [
    "ConstantSequence",
    "SharpestConstant",
    "SmallInstance",
    "WorstCase",
    "constant_sequence",
    "sharpest_constant",
    "slacks",
    "worst_case",
]
