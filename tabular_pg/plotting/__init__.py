"""Figures for papers: measured solid, proved dashed, and the data beside every picture.

This is the only part of the package that imports matplotlib.
"""

from tabular_pg.plotting.files import save_figure, write_whole
from tabular_pg.plotting.panels import Curve, HeatMap, Panel, log10

__all__ = ["Curve", "HeatMap", "Panel", "log10", "save_figure", "write_whole"]
