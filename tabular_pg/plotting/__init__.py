"""Figures for papers: measured solid, proved dashed, and the data beside every picture.

This is the only part of the package that imports matplotlib.
"""

from tabular_pg._files import plain, write_all, write_whole
from tabular_pg.plotting.curves import bound_curve
from tabular_pg.plotting.figures import save_figure
from tabular_pg.plotting.mdps import draw_mdp
from tabular_pg.plotting.picture import Picture
from tabular_pg.plotting.policies import draw_policy
from tabular_pg.plotting.polytopes import draw_value_polytope
from tabular_pg.plotting.records import Curve, HeatMap, Panel, decades, log10
from tabular_pg.plotting.replotting import replot
from tabular_pg.plotting.runs import plot

__all__ = [
    "Curve",
    "HeatMap",
    "Panel",
    "Picture",
    "bound_curve",
    "decades",
    "draw_mdp",
    "draw_policy",
    "draw_value_polytope",
    "log10",
    "plain",
    "plot",
    "replot",
    "save_figure",
    "write_all",
    "write_whole",
]
