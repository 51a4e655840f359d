"""What a paper has of runs: bounds as curves, verdicts as tables, a study as a page."""

from tabular_pg._tables import csv_table, latex_table, markdown_table, scientific
from tabular_pg.citing import bibtex
from tabular_pg.plotting import bound_curve
from tabular_pg.report.jobs import resumed
from tabular_pg.report.page import write_report
from tabular_pg.report.policies import policy_table
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
    "bibtex",
    "bound_curve",
    "csv_table",
    "latex_table",
    "markdown_table",
    "policy_table",
    "resumed",
    "run_records",
    "scientific",
    "verdict_csv",
    "verdict_latex",
    "verdict_rows",
    "verdict_table",
    "write_report",
]
