"""What a paper shows of runs: bounds as curves, verdicts as tables; and jobs that resume."""

from tabular_pg._tables import csv_table, latex_table, markdown_table, scientific
from tabular_pg.plotting import bound_curve
from tabular_pg.report.jobs import resumed
from tabular_pg.report.verdicts import (
    VerdictRow,
    run_records,
    verdict_csv,
    verdict_latex,
    verdict_rows,
    verdict_table,
)

__all__ = [
    "VerdictRow",
    "bound_curve",
    "csv_table",
    "latex_table",
    "markdown_table",
    "resumed",
    "run_records",
    "scientific",
    "verdict_csv",
    "verdict_latex",
    "verdict_rows",
    "verdict_table",
]
